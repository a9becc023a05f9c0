"""The Slack channel: bot tokens through `chat.postMessage`, and incoming webhooks.

Its settings, addresses and limits; `digest` renders, `api` posts, `errors` interprets the answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from bot.channels.slack.addresses import is_safe, is_webhook, read_address
from bot.channels.slack.blocks import text_only
from bot.channels.slack.digest import render_digest, render_note
from bot.channels.slack.secrets import check_kind
from bot.channels.tokens import Token  # noqa: TC001 - pydantic reads the annotation at run time
from bot.model import Limit, Limits
from bot.settings import fingerprint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from bot.channels.channel import CheckResult, ReaderLinks
    from bot.channels.reactions import PostedMessage, Reacted, Turn
    from bot.channels.slack.api import SlackApi
    from bot.model import Delivery, Digest, Message, Note, Receipt, UnknownDelivery
    from bot.settings import Address
    from bot.text.templates import Templates

DESTINATION_SECONDS = 1.0
"""Slack allows about one message a second per channel or webhook: https://docs.slack.dev/apis/web-api/rate-limits."""
CREDENTIAL_SECONDS = 0.2
"""Slack allows several hundred messages a minute per workspace (the same page)."""

_CONNECTIONS = 50


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """`channels.slack`. Webhooks need neither."""

    token: Annotated[Token, AfterValidator(check_kind)] | None = None
    """A bot token, `xoxb-...`, with the scope chat:write."""
    api_url: str = "https://slack.com/api/"

    def __post_init__(self) -> None:
        if not is_safe(self.api_url):
            raise ValueError("api_url must be an https URL, or plain http on loopback")


@dataclass(frozen=True, slots=True)
class SlackOptions:
    """What a subscriber may set for Slack alone."""

    thread: bool | None = None
    """One message in the channel, the papers in its thread. If not said: a bot's digest of more than three."""
    compatible: bool = False
    """The webhook is not Slack's but one of Mattermost, Zulip or Rocket.Chat that takes what Slack's takes."""
    buttons: bool | None = None
    """Whether each paper has a menu: more like this, less like this, save, why. As `chat.buttons` if not said."""
    reactions: bool = False
    """Each paper in full is a message of its own, and what people react with counts as their word on it."""


class SlackChannel:
    """The `Channel` for Slack."""

    Settings = SlackSettings
    Options = SlackOptions
    NEEDED_BY: Mapping[str, frozenset[str]] = MappingProxyType({"token": frozenset({"channel", "person"})})
    """By setting, the kinds of address that need it."""

    def __init__(
        self, settings: SlackSettings, templates: Templates, *, contact: str, links: ReaderLinks | None = None
    ) -> None:
        del contact, links  # Slack asks for no contact, and who reads a channel is many
        self._settings = settings
        self._templates = templates

    @property
    def max_concurrent_sends(self) -> int:
        """Many, so that a few slow ones do not block others; each has a connection of its own."""
        return _CONNECTIONS

    @staticmethod
    def addresses(value: object, options: SlackOptions) -> tuple[Address, ...]:
        """Parses a channel's id or `#name`, a person's id, or a webhook's URL.

        The kinds are `channel`, `person`, `webhook` and, for another program's, `compatible webhook`.

        Raises:
            ValueError: it is none of these, or a webhook is to make a thread, or to have buttons or reactions, or
                a channel that is to have reactions is given by its name.
        """
        address = read_address(value, compatible=options.compatible, thread=bool(options.thread))
        if options.buttons and is_webhook(address):
            raise ValueError("buttons need a bot token: give the channel's id instead of a webhook, or no buttons")
        if options.reactions and is_webhook(address):
            raise ValueError("reactions need a bot token: give the channel's id instead of a webhook, or none")
        if options.reactions and address.value.reveal().startswith("#"):
            raise ValueError("reactions need the channel's id (C0123456789) instead of its name")
        return (address,)

    def render(
        self, digest: Digest, *, max_messages: int, options: SlackOptions, full: int | None = None
    ) -> tuple[Message, ...]:
        """Renders the digest in Block Kit, see `digest`.

        Raises:
            RenderError: a template is broken.
        """
        messages = render_digest(
            self._templates,
            digest,
            max_messages=max_messages,
            thread=options.thread,
            buttons=bool(options.buttons),
            alone=options.reactions,
            full=full,
        )
        return tuple(map(text_only, messages)) if options.compatible else messages

    def render_note(self, note: Note) -> Message:
        """Renders a short message other than a digest.

        Raises:
            RenderError: a template is broken.
        """
        return render_note(self._templates, note)

    def limits(self, address: Address) -> Limits:
        """One message a second per channel; a token's channels share a second limit, a webhook has its own."""
        if is_webhook(address):
            credential = f"slack-webhook:{address.key}"
        else:
            token = self._settings.token
            credential = f"slack-token:{fingerprint(token.reveal() if token else '')}"
        return Limits(
            destination=Limit(f"slack:{address.key}", DESTINATION_SECONDS),
            credential=Limit(credential, CREDENTIAL_SECONDS),
        )

    @cached_property
    def _api(self) -> SlackApi:
        from bot.channels.slack.api import SlackApi  # noqa: PLC0415 - slack_sdk: 0.2 s that only who sends needs

        return SlackApi(self._settings.token, self._settings.api_url)

    async def send(self, delivery: Delivery, address: Address) -> Receipt:
        """Post the payload once; see `SlackApi.send`.

        Raises:
            DeliveryError: Slack did not confirm it.
        """
        return await self._api.send(delivery, address)

    async def lookup(self, question: UnknownDelivery, address: Address) -> Receipt | None:
        """Look for the delivery's id in the channel's history, or in its thread.

        Raises:
            CannotTellError: it is a webhook, or Slack does not let us look.
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
        """Checks the token, and the channels as far as the token may read; a webhook's URL only by its form."""
        return await self._api.check(addresses)

    async def aclose(self) -> None:
        """Close the connections' sessions."""
        await self._api.aclose()
