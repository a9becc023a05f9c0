"""The Discord channel: posts through a bot token or webhooks, with discord.py and without its gateway.

Its settings, addresses and limits; `digest` renders, `api` posts, `errors` interprets the answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.channels.discord.addresses import is_webhook, read_address
from bot.channels.discord.digest import render_digest, render_note
from bot.channels.discord.options import DiscordOptions
from bot.channels.tokens import Token  # noqa: TC001 - pydantic reads the annotation at run time
from bot.model import Limit, Limits
from bot.settings import fingerprint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from bot.channels.channel import CheckResult, ReaderLinks
    from bot.channels.discord.api import DiscordApi
    from bot.channels.reactions import PostedMessage, Reacted, Turn
    from bot.model import Delivery, Digest, Message, Note, Receipt, UnknownDelivery
    from bot.settings import Address
    from bot.text.templates import Templates

# 50 requests a second for a bot; 30 a minute for a webhook, per channel, which no header announces:
# https://github.com/discord/discord-api-docs/issues/367
_BOT_SECONDS = 1.0
_BOT_CREDENTIAL_SECONDS = 0.02
_WEBHOOK_SECONDS = 2.4

_CONNECTIONS = 50


@dataclass(frozen=True, slots=True)
class DiscordSettings:
    """`channels.discord` in the YAML."""

    token: Token | None = None
    """A bot's; webhooks need none."""
    api_url: str = "https://discord.com/api/v10"


class DiscordChannel:
    """Discord as a `Channel`."""

    Settings = DiscordSettings
    Options = DiscordOptions
    NEEDED_BY: Mapping[str, frozenset[str]] = MappingProxyType({"token": frozenset({"channel", "forum"})})
    """By setting, the kinds of address that need it."""

    def __init__(
        self, settings: DiscordSettings, templates: Templates, *, contact: str, links: ReaderLinks | None = None
    ) -> None:
        del contact, links  # Discord is told the library and our version, and who reads a channel is many
        self._token = settings.token
        self._api_url = settings.api_url.rstrip("/")
        self._templates = templates

    @property
    def max_concurrent_sends(self) -> int:
        """Many, so that a few slow ones do not block others; each has a connection of its own."""
        return _CONNECTIONS

    @staticmethod
    def addresses(value: object, options: DiscordOptions) -> tuple[Address, ...]:
        """Parses a channel's or thread's id, or a webhook's URL, which may name a thread by `?thread_id=ID`.

        Raises:
            ValueError: it is neither, or names a thread and is to open threads, or is a webhook and is to have
                buttons or reactions or to make a thread; the message does not repeat it.
        """
        address = read_address(value, options.tags, forum=options.forum)
        if options.thread and is_webhook(address):
            raise ValueError("a thread needs a bot: give the channel's id instead of a webhook, or no thread")
        if options.buttons and is_webhook(address):
            raise ValueError("buttons need a bot: give the channel's id instead of a webhook, or no buttons")
        if options.reactions and is_webhook(address):
            raise ValueError("reactions need a bot: give the channel's id instead of a webhook, or none")
        return (address,)

    def render(
        self, digest: Digest, *, max_messages: int, options: DiscordOptions, full: int | None = None
    ) -> tuple[Message, ...]:
        """Renders the digest with embeds, as at most `max_messages` messages.

        Raises:
            RenderError: a template is broken.
        """
        return render_digest(digest, self._templates, max_messages, options=options, full=full)

    def render_note(self, note: Note) -> Message:
        """Renders a short message other than a digest.

        Raises:
            RenderError: a template is broken.
        """
        return render_note(note, self._templates)

    def limits(self, address: Address) -> Limits:
        """A bot's token is shared by its channels; a webhook is a credential of its own."""
        key = f"discord:{address.key}"
        if is_webhook(address):
            return Limits(Limit(key, _WEBHOOK_SECONDS), Limit(f"discord-webhook:{address.key}", _WEBHOOK_SECONDS))
        token = fingerprint(self._token.reveal() if self._token else "")
        return Limits(Limit(key, _BOT_SECONDS), Limit(f"discord-token:{token}", _BOT_CREDENTIAL_SECONDS))

    @cached_property
    def _api(self) -> DiscordApi:
        from bot.channels.discord.api import DiscordApi  # noqa: PLC0415 - discord.py: 0.4 s that only who sends needs

        return DiscordApi(self._token, self._api_url)

    async def send(self, delivery: Delivery, address: Address) -> Receipt:
        """Post the payload once; see `DiscordApi.send`.

        Raises:
            DeliveryError: with the kind of failure; no token and no webhook URL in it.
        """
        return await self._api.send(delivery, address)

    async def lookup(self, question: UnknownDelivery, address: Address) -> Receipt | None:
        """Look for the message in the channel; see `DiscordApi.lookup`.

        Raises:
            CannotTellError: it is a webhook, or the bot may not read what was posted there.
            DeliveryError: the lookup failed.
        """
        return await self._api.lookup(question, address)

    def reactions(self, messages: Sequence[PostedMessage], address: Address, turn: Turn) -> AsyncIterator[Reacted]:
        """Asks for the reactions under messages of ours; see `ReadsReactions`.

        Raises:
            CannotTellError: we may not look.
            DeliveryError: a request failed.
        """
        return self._api.reactions(messages, address, turn)

    async def check(self, addresses: Sequence[Address]) -> tuple[CheckResult, ...]:
        """Checks the bot's token, and whether each channel and webhook can be seen; posts nothing."""
        return await self._api.check(addresses)

    async def aclose(self) -> None:
        """Closes the bot's connections."""
        await self._api.aclose()
