"""The Slack channel: bot tokens through `chat.postMessage`, and incoming webhooks.

Never retries, sleeps or logs: slack_sdk's retries are off (it would post twice), and so is its log, which shows
webhook URLs. `digest` renders, `errors` interprets the answers.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from bot.channels.channel import CannotTellError, CheckResult
from bot.channels.http_answers import bounded_response
from bot.channels.slack.blocks import outside_thread
from bot.channels.slack.check import TOKEN, check_bot
from bot.channels.slack.compatible import compatible_label, compatible_payload, raise_for_compatible, text_only
from bot.channels.slack.digest import render_digest, render_note
from bot.channels.slack.errors import (
    connection_errors_as_failures,
    raise_for_lookup,
    raise_for_method,
    raise_for_webhook,
)
from bot.channels.slack.lookup import direct_message, find_message, metadata, timestamp
from bot.channels.slack.secrets import HOSTS, check_kind, check_webhook
from bot.channels.tokens import Token  # noqa: TC001 - pydantic reads the annotation at run time
from bot.errors import DeliveryError, FailureKind
from bot.model import Limit, Limits, Receipt
from bot.settings import Address, Secret, fingerprint, is_loopback

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    import aiohttp
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.model import Delivery, Digest, Message, Note, UnknownDelivery
    from bot.text.templates import Templates

ANSWER_SECONDS = 30.0
"""From opening the connection to the end of the answer."""
CONNECT_SECONDS = 10.0
"""For the connection alone: what fails within it was surely not sent."""
DESTINATION_SECONDS = 1.0
"""https://docs.slack.dev/apis/web-api/rate-limits: about one message a second per channel or webhook."""
CREDENTIAL_SECONDS = 0.2
"""The same page: several hundred messages a minute per workspace."""

_CONNECTIONS = 50
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{6,20}|#[^\s#@,:]{1,80}")
_PERSON = re.compile(r"[UW][A-Z0-9]{6,20}")
_WEBHOOK = re.compile(r"/services/(?:(T\w+)/(B\w+)/)?.+", re.ASCII)
_EXPECTED = (
    "expected a channel's id such as C0123456789 (it stands at the end of the channel's details, and stays when the "
    "channel is renamed), a name such as #papers, a person's id such as U0123456789, or the URL of an incoming "
    "webhook (https://hooks.slack.com/services/...; with `compatible: true` also Mattermost's and the like)"
)
_SILENT = logging.Logger("slack_sdk, silenced", level=logging.CRITICAL + 1)  # noqa: LOG001 - must hang under no parent


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """`channels.slack`. Webhooks need neither."""

    token: Annotated[Token, AfterValidator(check_kind)] | None = None
    """A bot token, `xoxb-...`, with the scope chat:write."""
    api_url: str = "https://slack.com/api/"

    def __post_init__(self) -> None:
        if not _is_safe(self.api_url):
            raise ValueError("api_url must be an https URL, or plain http on loopback")


@dataclass(frozen=True, slots=True)
class SlackOptions:
    """What a subscriber may set for Slack alone."""

    thread: bool = False
    """One message in the channel, the papers in its thread. Needs a bot token."""
    compatible: bool = False
    """The webhook is not Slack's but one of Mattermost, Zulip or Rocket.Chat that takes what Slack's takes."""


class SlackChannel:
    """The `Channel` for Slack."""

    Settings = SlackSettings
    Options = SlackOptions
    NEEDED_BY: Mapping[str, frozenset[str]] = MappingProxyType({"token": frozenset({"channel", "person"})})
    """Setting -> the kinds of address that need it."""

    def __init__(self, settings: SlackSettings, templates: Templates, *, contact: str) -> None:  # noqa: ARG002 - Slack asks for no contact
        self._settings = settings
        self._templates = templates
        self._sessions: dict[Callable[[aiohttp.ClientResponse], Awaitable[None]], aiohttp.ClientSession] = {}

    @property
    def max_concurrent_sends(self) -> int:
        """So many that a few that hang hold up no other; each has a connection of its own."""
        return _CONNECTIONS

    @staticmethod
    def addresses(value: object, options: SlackOptions) -> tuple[Address, ...]:
        """A channel's id or `#name`, a person's id, or a webhook's URL.

        The kinds are `channel`, `person`, `webhook` and, for another program's, `compatible webhook`.

        Raises:
            ValueError: it is none of these, or a webhook is to make a thread.
        """
        text = value.strip() if isinstance(value, str) else ""
        is_person = bool(_PERSON.fullmatch(text))
        if is_person or _CHANNEL.fullmatch(text):
            if options.compatible:
                raise ValueError("compatible: true is for webhooks' URLs")
            return (Address(Secret(text), "person" if is_person else "channel", text),)
        if not text.lower().startswith(("https://", "http://")):
            raise ValueError(_EXPECTED)
        if options.compatible:
            address = Address(Secret(text), "compatible webhook", compatible_label(text))
        else:
            address = Address(Secret(text), "webhook", _webhook_label(text))
        if options.thread:
            raise ValueError("a thread needs a bot token: give the channel's id instead of a webhook, or no thread")
        return (address,)

    def render(self, digest: Digest, *, max_messages: int, options: SlackOptions) -> tuple[Message, ...]:
        """The digest in Block Kit, see `slack_digest`.

        Raises:
            RenderError: a template is broken.
        """
        messages = render_digest(self._templates, digest, max_messages=max_messages, thread=options.thread)
        return tuple(map(text_only, messages)) if options.compatible else messages

    def render_note(self, note: Note) -> Message:
        """A short message that is no digest.

        Raises:
            RenderError: a template is broken.
        """
        return render_note(self._templates, note)

    def limits(self, address: Address) -> Limits:
        """One message a second per channel; a token's channels share a second gate, a webhook has its own."""
        if _is_webhook(address):
            credential = f"slack-webhook:{address.key}"
        else:
            token = self._settings.token
            credential = f"slack-token:{fingerprint(token.reveal() if token else '')}"
        return Limits(
            destination=Limit(f"slack:{address.key}", DESTINATION_SECONDS),
            credential=Limit(credential, CREDENTIAL_SECONDS),
        )

    async def send(self, delivery: Delivery, address: Address) -> Receipt:
        """Post the payload once. Slack has no idempotency key: the delivery's id goes along as metadata.

        https://docs.slack.dev/messaging/message-metadata. A webhook takes no metadata, knows no thread and gives
        no id back.

        Raises:
            DeliveryError: Slack did not say yes.
        """
        if _is_webhook(address):
            return await self._post_to_webhook(delivery, address)
        client = self._client()
        with connection_errors_as_failures():
            answer = await client.chat_postMessage(
                **(outside_thread(delivery.payload) if delivery.thread_gone else delivery.payload),
                channel=address.value.reveal(),
                metadata=metadata(delivery.id),
                thread_ts=delivery.parent if delivery.reply else None,
            )
        return Receipt(timestamp(answer.get("ts")))

    async def lookup(self, question: UnknownDelivery, address: Address) -> Receipt | None:
        """Look for the delivery's id in the channel's history, or in its thread.

        Raises:
            CannotTellError: it is a webhook, or Slack does not let us look.
            DeliveryError: the question failed.
        """
        if _is_webhook(address):
            raise CannotTellError("Slack cannot be asked what became of a webhook's message")
        client = self._client(raise_for_lookup)
        with connection_errors_as_failures():
            channel = address.value.reveal()
            if address.kind == "person":
                channel = await direct_message(client, channel)
            return await find_message(client, channel, question.delivery)

    async def check(self, addresses: Sequence[Address]) -> tuple[CheckResult, ...]:
        """Whether Slack knows the token, and the channels as far as the token may look; a webhook is only named."""
        asked = [address for address in addresses if not _is_webhook(address)]
        results = await check_bot(self._client, asked) if asked else []
        results.extend(check_webhook(address) for address in addresses if _is_webhook(address))
        return tuple(results)

    async def aclose(self) -> None:
        """Close the connections' sessions."""
        while self._sessions:
            _, session = self._sessions.popitem()
            await session.close()

    async def _post_to_webhook(self, delivery: Delivery, address: Address) -> Receipt:
        from slack_sdk.webhook.async_client import AsyncWebhookClient  # noqa: PLC0415 - 200 ms that only sending needs

        is_slack = address.kind == "webhook"
        client = AsyncWebhookClient(
            address.value.reveal(),
            session=self._session(raise_for_webhook if is_slack else raise_for_compatible),
            retry_handlers=[],
            logger=_SILENT,
        )
        client.proxy = None  # the session heeds the environment's proxies, and its exceptions too
        with connection_errors_as_failures():
            await client.send_dict(dict(delivery.payload) if is_slack else compatible_payload(delivery.payload))
        return Receipt()

    def _client(
        self, raise_for_status: Callable[[aiohttp.ClientResponse], Awaitable[None]] = raise_for_method
    ) -> AsyncWebClient:
        from slack_sdk.web.async_client import AsyncWebClient  # noqa: PLC0415 - as above

        if self._settings.token is None:
            raise DeliveryError(FailureKind.CREDENTIAL, f"{TOKEN} is not set")
        client = AsyncWebClient(
            self._settings.token.reveal(),
            base_url=self._settings.api_url,
            session=self._session(raise_for_status),
            retry_handlers=[],
            logger=_SILENT,
        )
        client.proxy = None  # as above
        return client

    def _session(
        self, raise_for_status: Callable[[aiohttp.ClientResponse], Awaitable[None]]
    ) -> aiohttp.ClientSession:
        """The session whose every answer passes that judge before slack_sdk sees it."""
        import aiohttp  # noqa: PLC0415 - as above

        if raise_for_status not in self._sessions:
            self._sessions[raise_for_status] = aiohttp.ClientSession(
                # A kept connection that the other side has closed meanwhile looks like a lost answer.
                connector=aiohttp.TCPConnector(force_close=True),
                timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS, connect=CONNECT_SECONDS),
                trust_env=True,
                response_class=bounded_response(),
                raise_for_status=raise_for_status,
            )
        return self._sessions[raise_for_status]


def _is_webhook(address: Address) -> bool:
    return address.kind.endswith("webhook")


def _webhook_label(url: str) -> str:
    """What may be shown of a webhook's URL: the workspace and the webhook, not its secret.

    Raises:
        ValueError: it is no such URL, or one that would send the secret in clear.
    """
    if not _is_safe(url):
        raise ValueError("a webhook's URL must begin with https://, or be on loopback")
    parts = urlsplit(url)
    path = _WEBHOOK.fullmatch(parts.path)
    if parts.hostname in HOSTS and parts.path.startswith("/services/") and not (path and path[1]):
        raise ValueError(f"the webhook's URL is cut short, copy all of it: {_EXPECTED}")
    if not path and not is_loopback(parts.hostname or ""):
        raise ValueError(_EXPECTED)
    return f"webhook {path[1]}/{path[2]}" if path and path[1] else f"webhook {fingerprint(url)[:8]}"


def _is_safe(url: str) -> bool:
    """Whether it is an https URL, or plain http on loopback."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
