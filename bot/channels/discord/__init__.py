"""The Discord channel: posts through a bot token or webhooks, with discord.py and without its gateway.

Sends one message per call; never retries and never sleeps (see `request.ask`).
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bot.channels.channel import CannotTellError
from bot.channels.discord.check import check_bot, check_place
from bot.channels.discord.client import Bot, webhook_session
from bot.channels.discord.digest import render_digest, render_note
from bot.channels.discord.errors import NO_FORUM, messages_in, platform_id
from bot.channels.discord.forum import (
    FORUMS,
    check_thread,
    find_thread,
    outside_thread,
    start_thread,
    tag_ids,
    thread_name,
)
from bot.channels.discord.lookup import PAGE, find_message
from bot.channels.discord.request import Answer, ask
from bot.channels.tokens import Token  # noqa: TC001 - pydantic reads the annotation at run time
from bot.errors import DeliveryError, FailureKind
from bot.model import Limit, Limits, Receipt
from bot.settings import Address, Secret, fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import aiohttp
    import discord

    from bot.channels.channel import CheckResult
    from bot.channels.discord.lookup import Messages
    from bot.model import Delivery, Digest, Message, Note, UnknownDelivery
    from bot.text.templates import Templates

_SNOWFLAKE = re.compile(r"[0-9]{15,20}")
_WEBHOOK = re.compile(
    r"(?:https://(?:ptb\.|canary\.)?discord(?:app)?\.com|https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]+)?)"
    r"/api(?:/v[0-9]+)?/webhooks/(?P<id>[0-9]{15,20})/(?P<token>[A-Za-z0-9_-]+)/?"
    r"(?:\?thread_id=(?P<thread>[0-9]{15,20}))?"
)
"""Discord's own hosts, and loopback, where also plain http may be."""

# 50 requests a second for a bot; for a webhook 30 a minute on its channel, which no header announces:
# https://github.com/discord/discord-api-docs/issues/367
_BOT_SECONDS = 1.0
_BOT_CREDENTIAL_SECONDS = 0.02
_WEBHOOK_SECONDS = 2.4

_CONNECTIONS = 50

NONCE_WINDOW = timedelta(seconds=120)
"""Discord knows a nonce again for "the past few minutes": https://docs.discord.com/developers/resources/message."""

_FORUMS = ("forum", "forum webhook")
"""The kinds of addresses at which each digest opens a thread."""


@dataclass(frozen=True, slots=True)
class DiscordSettings:
    """`channels.discord` in the YAML."""

    token: Token | None = None
    """A bot's; webhooks need none."""
    api_url: str = "https://discord.com/api/v10"


@dataclass(frozen=True, slots=True)
class DiscordOptions:
    """What a subscriber may set for Discord alone."""

    forum: bool = False
    """It is a forum channel: each digest is a thread of its own there."""
    tags: tuple[str, ...] = ()
    """The forum's tags, by name, that each thread bears; a webhook knows them by their ids only."""


class DiscordChannel:
    """Discord as a `Channel`."""

    Settings = DiscordSettings
    Options = DiscordOptions
    NEEDED_BY: Mapping[str, frozenset[str]] = MappingProxyType({"token": frozenset({"channel", "forum"})})
    """Setting -> the kinds of address that need it."""

    def __init__(self, settings: DiscordSettings, templates: Templates, *, contact: str) -> None:
        del contact  # Discord is told the library and our version, not who runs us
        self._token = settings.token
        self._api_url = settings.api_url.rstrip("/")
        self._templates = templates
        self._bot = Bot(settings.token, self._api_url)
        self._forums: dict[int, Mapping[str, Any]] = {}
        """Channels that were seen to be one, as Discord shows them."""

    @property
    def max_concurrent_sends(self) -> int:
        """So many that a few that hang hold up no other; each has a connection of its own."""
        return _CONNECTIONS

    @staticmethod
    def addresses(value: object, options: DiscordOptions) -> tuple[Address, ...]:
        """A channel's (or thread's) id, or a webhook's URL, which may name a thread by `?thread_id=ID`.

        Raises:
            ValueError: it is neither, or names a thread and is to open threads; the message does not repeat it.
        """
        given = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
        if options.tags and not options.forum:
            raise ValueError("tags are for forums: set `forum: true` too")
        if _SNOWFLAKE.fullmatch(given):
            kind = "forum" if options.forum else "channel"
            return (Address(Secret(given), kind, f"channel {given}", options.tags),)
        if webhook := _WEBHOOK.fullmatch(given):
            if options.forum and webhook["thread"]:
                raise ValueError(
                    "thread_id names one thread, and forum: true opens one for each digest: leave out either"
                )
            kind = "forum webhook" if options.forum else "webhook"
            if not all(map(_SNOWFLAKE.fullmatch, options.tags)):
                raise ValueError(
                    "a webhook cannot look up tags by their names: give their ids, or the forum's own id"
                )
            return (Address(Secret(given), kind, f"webhook {webhook['id']}", options.tags),)
        raise ValueError(
            "a Discord channel's id (15 to 20 digits: Copy Channel ID in Developer Mode) "
            "or a webhook's URL (https://discord.com/api/webhooks/ID/TOKEN) is expected"
        )

    def render(self, digest: Digest, *, max_messages: int, options: DiscordOptions) -> tuple[Message, ...]:
        """The digest as embeds, at most `max_messages` messages; a cut is always said.

        Raises:
            RenderError: a template is broken.
        """
        return render_digest(digest, self._templates, max_messages, forum=options.forum)

    def render_note(self, note: Note) -> Message:
        """A short message that is no digest.

        Raises:
            RenderError: a template is broken.
        """
        return render_note(note, self._templates)

    def limits(self, address: Address) -> Limits:
        """A bot's token is shared by its channels; a webhook is a credential of its own."""
        key = f"discord:{address.key}"
        if _is_webhook(address):
            return Limits(Limit(key, _WEBHOOK_SECONDS), Limit(f"discord-webhook:{address.key}", _WEBHOOK_SECONDS))
        token = fingerprint(self._token.reveal() if self._token else "")
        return Limits(Limit(key, _BOT_SECONDS), Limit(f"discord-token:{token}", _BOT_CREDENTIAL_SECONDS))

    async def send(self, delivery: Delivery, address: Address) -> Receipt:
        """Post the payload once. A bot's post carries a nonce, so that Discord drops a repetition for some minutes.

        In a forum a digest's first part opens a thread, which takes no nonce, and the others go into it.

        Raises:
            DeliveryError: with the kind of trouble; no token and no webhook URL in it.
        """
        thread = _thread(delivery, address)
        if _is_webhook(address):
            answer = await self._execute_webhook(delivery, address, thread)
        elif address.kind == "forum" and not thread:
            answer = await self._start_thread(delivery, address)
        else:
            answer = await self._create_message(delivery, int(thread or address.value.reveal()))
        if thread:
            check_thread(answer)
        return Receipt(platform_id(answer, webhook=_is_webhook(address)))

    async def lookup(self, question: UnknownDelivery, address: Address) -> Receipt | None:
        """Look for the message in the channel; where that proves nothing, leave it to the nonce while it is known.

        Raises:
            CannotTellError: it is a webhook, or the bot may not read what was posted there.
            DeliveryError: the question failed.
        """
        if _is_webhook(address):
            raise CannotTellError("Discord cannot be asked what became of a webhook's message")
        client, asking = await self._bot.client(), partial(ask, self._api_url)
        thread = _thread(question.delivery, address)
        if address.kind == "forum" and not thread:
            return await find_thread(question, int(address.value.reveal()), self._bot.id, client, asking)
        channel = int(thread or address.value.reveal())
        if thread:  # an earlier message of ours there is the one that opened it
            question = replace(question, last_known_id=thread)

        async def read_one(message: int) -> Messages:
            return messages_in(await asking(lambda: client.http.get_message(channel, message)))

        async def read_after(message: int) -> Messages:
            return messages_in(await asking(lambda: client.http.logs_from(channel, PAGE, after=message)))

        try:
            return await find_message(question, self._bot.id, read_one, read_after)
        except CannotTellError:
            if question.asked_at - question.delivery.created_at < NONCE_WINDOW:
                return None  # no attempt was before that, so Discord answers a repetition with the message it has
            raise

    async def check(self, addresses: Sequence[Address]) -> tuple[CheckResult, ...]:
        """Ask Discord who the bot is, and whether it sees each channel and webhook; nothing is posted."""
        channels = [address for address in addresses if not _is_webhook(address)]
        webhooks = [address for address in addresses if _is_webhook(address)]
        asks_bot = channels or self._token is not None
        results = await check_bot(self._api_url, self._bot.client, channels) if asks_bot else []
        for address in webhooks:
            async with webhook_session() as session:
                fetch = partial(self._partial(address, session).fetch, prefer_auth=False)
                results.append(await check_place(self._api_url, address, fetch))
        return tuple(results)

    async def aclose(self) -> None:
        """Close the bot's connections."""
        await self._bot.aclose()

    async def _create_message(self, delivery: Delivery, number: int) -> Answer:
        import discord  # noqa: PLC0415 - 0.4 s that only who sends needs

        client = await self._bot.client()
        channel = client.get_partial_messageable(number)
        return await ask(
            self._api_url,
            lambda: channel.send(
                delivery.payload["content"],
                embeds=_embeds(delivery),
                # discord.py adds enforce_nonce: within some minutes Discord answers with the message it has
                nonce=_nonce(delivery.id),
                allowed_mentions=discord.AllowedMentions.none(),
            ),
        )

    async def _start_thread(self, delivery: Delivery, address: Address) -> Answer:
        client, forum = await self._bot.client(), int(address.value.reveal())
        if forum not in self._forums:
            # A text channel would open a thread too, and not post the message.
            channel = await ask(self._api_url, lambda: client.http.get_channel(forum))
            platform_id(channel, webhook=False)
            if (channel.body or {}).get("type") not in FORUMS:
                raise DeliveryError(FailureKind.DESTINATION_GONE, f"{address.label}: {NO_FORUM}")
            self._forums[forum] = channel.body or {}
        tags = tag_ids(address.tags, self._forums[forum])
        payload = _payload(delivery)
        return await ask(self._api_url, lambda: start_thread(client, forum, payload, _embeds(delivery), tags))

    async def _execute_webhook(self, delivery: Delivery, address: Address, thread: str) -> Answer:
        import discord  # noqa: PLC0415 - as above

        missing: Any = discord.utils.MISSING
        thread = thread or _webhook(address)["thread"] or ""
        opens = address.kind in _FORUMS and not thread
        payload = _payload(delivery)
        tags: Any = [discord.Object(int(tag)) for tag in address.tags]  # of which only the ids are read
        async with webhook_session() as session:
            webhook = self._partial(address, session)
            return await ask(
                self._api_url,
                lambda: webhook.send(
                    payload["content"],
                    embeds=_embeds(delivery),
                    allowed_mentions=discord.AllowedMentions.none(),
                    thread=discord.Object(int(thread)) if thread else missing,
                    thread_name=thread_name(payload) if opens else missing,
                    applied_tags=tags if opens and tags else missing,
                    wait=True,  # else "a message that is not saved does not return an error"
                ),
            )

    @staticmethod
    def _partial(address: Address, session: aiohttp.ClientSession) -> discord.Webhook:
        import discord  # noqa: PLC0415 - as above

        parts = _webhook(address)
        return discord.Webhook.partial(int(parts["id"]), parts["token"], session=session)


def _is_webhook(address: Address) -> bool:
    return address.kind.endswith("webhook")


def _thread(delivery: Delivery, address: Address) -> str:
    """The thread that the delivery goes into: the one that its digest's first part opened in a forum."""
    return delivery.parent or "" if address.kind in _FORUMS and delivery.reply else ""


def _payload(delivery: Delivery) -> Mapping[str, Any]:
    return outside_thread(delivery.payload) if delivery.thread_gone else delivery.payload


def _webhook(address: Address) -> re.Match[str]:
    parts = _WEBHOOK.fullmatch(address.value.reveal())
    if parts is None:
        raise DeliveryError(FailureKind.DESTINATION_GONE, f"{address.label} is not a webhook's URL")
    return parts


def _embeds(delivery: Delivery) -> list[discord.Embed]:
    import discord  # noqa: PLC0415 - as above

    return [discord.Embed.from_dict(embed) for embed in delivery.payload.get("embeds", ())]


def _nonce(delivery_id: str) -> str:
    """The delivery's id as at most 25 characters, the same on every attempt."""
    return base64.b32encode(hashlib.sha256(delivery_id.encode()).digest()).decode()[:25]
