"""Posts to Discord, looks messages up and checks channels, with discord.py but without its gateway (websocket).

Imported only to send, because discord.py loads slowly. The rest of the channel is in `DiscordChannel`.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import discord

from bot.channels.buttons import addressed
from bot.channels.channel import CannotTellError
from bot.channels.discord.addresses import FORUM_KINDS, is_webhook, webhook_parts
from bot.channels.discord.check import check_bot, check_place
from bot.channels.discord.client import Bot, webhook_session
from bot.channels.discord.errors import NO_FORUM, messages_in, platform_id, snowflake_in
from bot.channels.discord.forum import (
    FORUMS,
    WRONG_CHANNEL_TYPE,
    check_opened,
    check_thread,
    find_thread,
    outside_thread,
    start_thread,
    start_thread_below,
    tag_ids,
    thread_name,
)
from bot.channels.discord.lookup import PAGE, find_message
from bot.channels.discord.reactions import read_reactions
from bot.channels.discord.request import Answer, ask
from bot.errors import DeliveryError, FailureKind
from bot.model import Receipt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    import aiohttp

    from bot.channels.channel import CheckResult
    from bot.channels.discord.lookup import Messages
    from bot.channels.reactions import PostedMessage, Reacted, Turn
    from bot.model import Delivery, UnknownDelivery
    from bot.settings import Address, Secret

NONCE_WINDOW = timedelta(seconds=120)
"""Discord recognises a nonce for "the past few minutes": https://docs.discord.com/developers/resources/message."""


class _FrozenView(discord.ui.View):
    """Components that are JSON already, which discord.py sends as they are, and without waiting for a press.

    Who listens knows them by their ids, so that they outlive this process.
    """

    def __init__(self, components: list[dict[str, Any]]) -> None:
        super().__init__(timeout=None)
        self._components = components

    def to_components(self) -> list[dict[str, Any]]:
        """The JSON."""
        return self._components


class DiscordApi:
    """All requests that `DiscordChannel` makes to Discord."""

    def __init__(self, token: Secret | None, api_url: str) -> None:
        self._token = token
        self._api_url = api_url
        self._bot = Bot(token, api_url)
        self._forums: dict[int, Mapping[str, Any]] = {}
        """The forums that were looked up, by id, as Discord describes them."""
        self._threads: set[str] = set()
        """Threads in ordinary channels that are known to have been opened."""

    async def send(self, delivery: Delivery, address: Address) -> Receipt:
        """Posts the payload once. A bot's post has a nonce, so that Discord ignores a repeat for some minutes.

        In a forum a digest's first part opens a thread, without a nonce, and the other parts go into it.

        Raises:
            DeliveryError: Discord did not confirm it; without a token or webhook URL.
        """
        thread = _thread(delivery, address)
        if thread and address.kind == "channel" and not await self._has_thread(delivery, address, thread):
            thread = ""
        if is_webhook(address):
            answer = await self._execute_webhook(delivery, address, thread)
        elif address.kind == "forum" and not thread:
            answer = await self._start_thread(delivery, address)
        else:
            answer = await self._create_message(delivery, address, int(thread or address.value.reveal()))
        if thread:
            check_thread(answer)
        return Receipt(platform_id(answer, webhook=is_webhook(address)))

    async def lookup(self, question: UnknownDelivery, address: Address) -> Receipt | None:
        """Looks the message up in the channel. None: it is not there, or its nonce still makes sending again safe.

        Raises:
            CannotTellError: it is a webhook, or the bot may not read what was posted there.
            DeliveryError: the lookup failed.
        """
        if is_webhook(address):
            raise CannotTellError("Discord cannot be asked what became of a webhook's message")
        client, asking = await self._bot.client(), partial(ask, self._api_url)
        thread = _thread(question.delivery, address)
        if address.kind == "forum" and not thread:
            return await find_thread(question, int(address.value.reveal()), self._bot.id, client, asking)
        channel = int(thread or address.value.reveal())
        home = channel if address.kind == "forum" else int(address.value.reveal())
        if thread:  # an earlier message of ours is the one that opened it; a forum has it in the thread itself
            question = replace(question, last_known_id=thread)

        async def read_one(message: int) -> Messages:
            return messages_in(await asking(lambda: client.http.get_message(home, message)))

        async def read_after(message: int) -> Messages:
            return messages_in(await asking(lambda: client.http.logs_from(channel, PAGE, after=message)))

        try:
            return await find_message(question, self._bot.id, read_one, read_after)
        except CannotTellError:
            if question.asked_at - question.delivery.created_at < NONCE_WINDOW:
                return None  # no attempt was before that, so Discord answers a repetition with the message it has
            raise

    async def reactions(
        self, messages: Sequence[PostedMessage], address: Address, turn: Turn
    ) -> AsyncIterator[Reacted]:
        """Asks for the reactions under messages of ours; see `ReadsReactions`.

        Raises:
            CannotTellError: the bot may not read what was posted there.
            DeliveryError: a request failed.
        """
        ours = [
            replace(each, thread=each.id) if address.kind == "forum" and each.thread is None else each
            for each in messages
            if snowflake_in(each.id)
        ]
        client, asking = await self._bot.client(), partial(ask, self._api_url)
        async for reacted in read_reactions(client, asking, int(address.value.reveal()), ours, turn):
            yield reacted

    async def check(self, addresses: Sequence[Address]) -> tuple[CheckResult, ...]:
        """Checks the bot's token, and whether each channel and webhook can be seen; posts nothing."""
        channels = [address for address in addresses if not is_webhook(address)]
        webhooks = [address for address in addresses if is_webhook(address)]
        asks_bot = channels or self._token is not None
        results = await check_bot(self._api_url, self._bot.client, channels) if asks_bot else []
        for address in webhooks:
            async with webhook_session() as session:
                fetch = partial(self._partial(address, session).fetch, prefer_auth=False)
                results.append(await check_place(self._api_url, address, fetch))
        return tuple(results)

    async def aclose(self) -> None:
        """Closes the bot's connections."""
        await self._bot.aclose()

    async def _has_thread(self, delivery: Delivery, address: Address, thread: str) -> bool:
        """Whether the digest's first message has its thread, which has that message's id; it is opened if need be.

        Not in direct messages and not in a thread: there the papers follow their first message as they are.

        Raises:
            DeliveryError: THREAD_GONE, there can be no thread just here; or another, and nothing was posted.
        """
        if thread in self._threads:
            return True
        client, channel = await self._bot.client(), int(address.value.reveal())
        try:
            answer = await ask(
                self._api_url, lambda: start_thread_below(client, channel, int(thread), delivery.payload)
            )
            if answer.code == WRONG_CHANNEL_TYPE:
                return False
            check_opened(answer)
        except DeliveryError as error:
            if error.kind is not FailureKind.UNKNOWN:
                raise
            # To ask again is safe: a message has one thread at most.
            raise DeliveryError(FailureKind.TRANSIENT, error.reason, about_message=False) from None
        self._threads.add(thread)
        return True

    async def _create_message(self, delivery: Delivery, address: Address, number: int) -> Answer:
        client = await self._bot.client()
        channel = client.get_partial_messageable(number)
        view: Any = _frozen_view(delivery)
        content = _payload(delivery, address)["content"]
        return await ask(
            self._api_url,
            lambda: channel.send(
                content,
                embeds=_embeds(delivery),
                view=view,
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
        payload, view = _payload(delivery, address), _frozen_view(delivery)
        embeds = _embeds(delivery)
        return await ask(self._api_url, lambda: start_thread(client, forum, payload, embeds, tags=tags, view=view))

    async def _execute_webhook(self, delivery: Delivery, address: Address, thread: str) -> Answer:
        missing: Any = discord.utils.MISSING
        thread = thread or webhook_parts(address)["thread"] or ""
        opens = address.kind in FORUM_KINDS and not thread
        payload = _payload(delivery, address)
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
        parts = webhook_parts(address)
        return discord.Webhook.partial(int(parts["id"]), parts["token"], session=session)


def _thread(delivery: Delivery, address: Address) -> str:
    """The thread for the delivery: that of its digest's first part."""
    has_thread = address.kind in FORUM_KINDS or (address.kind == "channel" and not delivery.thread_gone)
    return delivery.parent or "" if has_thread and delivery.reply else ""


def _payload(delivery: Delivery, address: Address) -> Mapping[str, Any]:
    if not delivery.thread_gone:
        return delivery.payload
    return outside_thread(delivery.payload, forum=address.kind in FORUM_KINDS)


def _embeds(delivery: Delivery) -> list[discord.Embed]:
    return [discord.Embed.from_dict(embed) for embed in delivery.payload.get("embeds", ())]


def _frozen_view(delivery: Delivery) -> _FrozenView | None:
    """What stands below the delivery's message, with the subscriber's name in it; None if nothing does."""
    components = delivery.payload.get("components")
    return _FrozenView(addressed(components, delivery.subscriber)) if components else None


def _nonce(delivery_id: str) -> str:
    """The nonce of a delivery: its id in at most 25 characters, the same on every attempt."""
    return base64.b32encode(hashlib.sha256(delivery_id.encode()).digest()).decode()[:25]
