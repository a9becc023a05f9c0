"""The Slack channel: bot tokens through `chat.postMessage`, and incoming webhooks.

Never retries, sleeps or logs: slack_sdk's retries are off (it would post twice), and so is its log, which shows
webhook URLs. `digest` renders, `errors` interprets the answers.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator

from bot.channels.channel import CannotTellError, CheckResult
from bot.channels.slack.digest import render_digest, render_note
from bot.channels.slack.errors import (
    connection_errors_as_failures,
    raise_for_lookup,
    raise_for_method,
    raise_for_webhook,
)
from bot.channels.slack.lookup import find_message, metadata
from bot.channels.slack.secrets import HOSTS, check_kind, check_webhook
from bot.channels.tokens import Token  # noqa: TC001 - pydantic reads the annotation at run time
from bot.errors import DeliveryError, FailureKind
from bot.model import Limit, Limits, Receipt
from bot.settings import Address, Secret, fingerprint, is_loopback

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    import aiohttp
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.channels.channel import ReaderLinks
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
_TOKEN = "channels.slack.token"  # noqa: S105 - the setting's name
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{6,20}|#[^\s#@,:]{1,80}")
_WEBHOOK = re.compile(r"/services/(?:(T\w+)/(B\w+)/)?.+", re.ASCII)
_EXPECTED = (
    "expected a channel's id such as C0123456789 (it stands at the end of the channel's details, and stays when the "
    "channel is renamed), a name such as #papers, or the URL of an incoming webhook "
    "(https://hooks.slack.com/services/...)"
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


class SlackChannel:
    """The `Channel` for Slack."""

    Settings = SlackSettings
    Options = SlackOptions

    def __init__(
        self, settings: SlackSettings, templates: Templates, *, contact: str, links: ReaderLinks | None = None
    ) -> None:
        del contact, links  # Slack asks for no contact, and who reads a channel is many
        self._settings = settings
        self._templates = templates
        self._sessions: dict[Callable[[aiohttp.ClientResponse], Awaitable[None]], aiohttp.ClientSession] = {}

    @property
    def max_concurrent_sends(self) -> int:
        """So many that a few that hang hold up no other; each has a connection of its own."""
        return _CONNECTIONS

    @staticmethod
    def addresses(value: object, options: SlackOptions) -> tuple[Address, ...]:
        """A channel's id or `#name` (kind `channel`), or an incoming webhook's URL (kind `webhook`).

        Raises:
            ValueError: it is neither, or a webhook is to make a thread.
        """
        text = value.strip() if isinstance(value, str) else ""
        if _CHANNEL.fullmatch(text):
            return (Address(Secret(text), "channel", text),)
        if not text.lower().startswith(("https://", "http://")):
            raise ValueError(_EXPECTED)
        address = Address(Secret(text), "webhook", _webhook_label(text))
        if options.thread:
            raise ValueError("a thread needs a bot token: give the channel's id instead of a webhook, or no thread")
        return (address,)

    def render(self, digest: Digest, *, max_messages: int, options: SlackOptions) -> tuple[Message, ...]:
        """The digest in Block Kit, see `slack_digest`.

        Raises:
            RenderError: a template is broken.
        """
        return render_digest(self._templates, digest, max_messages=max_messages, thread=options.thread)

    def render_note(self, note: Note) -> Message:
        """A short message that is no digest.

        Raises:
            RenderError: a template is broken.
        """
        return render_note(self._templates, note)

    def limits(self, address: Address) -> Limits:
        """One message a second per channel; a token's channels share a second gate, a webhook has its own."""
        if address.kind == "webhook":
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
        if address.kind == "webhook":
            return await self._post_to_webhook(delivery, address)
        client = self._client()
        with connection_errors_as_failures():
            answer = await client.chat_postMessage(
                **delivery.payload,
                channel=address.value.reveal(),
                metadata=metadata(delivery.id),
                thread_ts=delivery.parent if delivery.reply else None,
            )
        return Receipt(platform_id=str(answer.get("ts", "")))

    async def lookup(self, question: UnknownDelivery, address: Address) -> Receipt | None:
        """Look for the delivery's id in the channel's history, or in its thread.

        Raises:
            CannotTellError: it is a webhook, or Slack does not let us look.
            DeliveryError: the question failed.
        """
        if address.kind == "webhook":
            raise CannotTellError("Slack cannot be asked what became of a webhook's message")
        client = self._client(raise_for_lookup)
        with connection_errors_as_failures():
            return await find_message(client, address.value.reveal(), question.delivery)

    async def check(self, addresses: Sequence[Address]) -> tuple[CheckResult, ...]:
        """Whether Slack knows the token, and the channels as far as the token may look; a webhook is only named."""
        results: list[CheckResult] = []
        channels = [address for address in addresses if address.kind == "channel"]
        if channels:
            token, scopes = await self._check_token()
            results.append(token)
            if token.ok:
                results.extend([await self._check_channel(channel.value.reveal(), scopes) for channel in channels])
        results.extend(check_webhook(address) for address in addresses if address.kind == "webhook")
        return tuple(results)

    async def aclose(self) -> None:
        """Close the connections' sessions."""
        while self._sessions:
            _, session = self._sessions.popitem()
            await session.close()

    async def _post_to_webhook(self, delivery: Delivery, address: Address) -> Receipt:
        from slack_sdk.webhook.async_client import AsyncWebhookClient  # noqa: PLC0415 - 200 ms that only sending needs

        client = AsyncWebhookClient(
            address.value.reveal(),
            session=self._session(raise_for_webhook),
            retry_handlers=[],
            logger=_SILENT,
        )
        client.proxy = None  # the session heeds the environment's proxies, and its exceptions too
        with connection_errors_as_failures():
            await client.send_dict(dict(delivery.payload))
        return Receipt()

    def _client(
        self, raise_for_status: Callable[[aiohttp.ClientResponse], Awaitable[None]] = raise_for_method
    ) -> AsyncWebClient:
        from slack_sdk.web.async_client import AsyncWebClient  # noqa: PLC0415 - as above

        if self._settings.token is None:
            raise DeliveryError(FailureKind.CREDENTIAL, f"{_TOKEN} is not set")
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
                raise_for_status=raise_for_status,
            )
        return self._sessions[raise_for_status]

    async def _check_token(self) -> tuple[CheckResult, frozenset[str]]:
        try:
            client = self._client()
            with connection_errors_as_failures():
                answer = await client.auth_test()
        except DeliveryError as error:
            if error.kind is FailureKind.CREDENTIAL:
                advice = "take the bot token (xoxb-...) from the app's page, OAuth & Permissions"
                return CheckResult(_TOKEN, ok=False, message=f"{error.reason}; {advice}"), frozenset()
            return CheckResult("channels.slack.api_url", ok=False, message=error.reason), frozenset()
        scopes = frozenset(_words(answer.headers.get("x-oauth-scopes", "")))
        if scopes and "chat:write" not in scopes:
            message = "lacks the scope chat:write: add it on the app's page and install the app again"
            return CheckResult(_TOKEN, ok=False, message=message), scopes
        message = f"is {answer.get('user')} in {answer.get('team')}; posting needs the scope chat:write"
        return CheckResult(_TOKEN, ok=True, message=message), scopes

    async def _check_channel(self, channel: str, scopes: frozenset[str]) -> CheckResult:
        if channel.startswith("#"):
            message = "a name cannot be looked up, and breaks when the channel is renamed: its id would last"
            return CheckResult(channel, ok=True, message=message)
        try:
            client = self._client()
            with connection_errors_as_failures():
                answer = await client.conversations_info(channel=channel)
        except DeliveryError as error:
            if error.kind is FailureKind.CREDENTIAL:  # missing_scope: the token itself was found good
                message = (
                    f"not looked at, which needs channels:read, for a private channel groups:read: {error.reason}"
                )
                return CheckResult(channel, ok=True, message=message)
            message = f"{error.reason}; a private channel is only seen once the app is invited to it"
            return CheckResult(channel, ok=False, message=message)
        return _channel_result(channel, answer.get("channel") or {}, scopes)


def _channel_result(channel: str, found: dict[str, Any], scopes: Iterable[str]) -> CheckResult:
    if found.get("is_archived"):
        return CheckResult(channel, ok=False, message="the channel is archived")
    if not found.get("is_member", True) and "chat:write.public" not in scopes:
        return CheckResult(channel, ok=False, message="the app is not in the channel: /invite it there")
    return CheckResult(channel, ok=True, message=f"is #{found['name']}" if found.get("name") else "is there")


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


def _words(listed: str) -> list[str]:
    return [word.strip() for word in listed.split(",") if word.strip()]
