"""What the contract suite needs of each channel: its receiver, its addresses, how each trouble comes about."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, Self

from aiosmtpd.smtp import AuthResult

from bot.channels.discord import DiscordChannel
from bot.channels.mail import MailChannel
from bot.channels.slack import SlackChannel
from bot.errors import FailureKind
from bot.settings import Secret
from bot.text.templates import Templates
from tests.channels import reading
from tests.servers import discord, slack
from tests.servers.smtp import DROP, SmtpReceiver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.channels.channel import Channel
    from bot.model import Message
    from bot.settings import Address

UNPLUGGED, LOCKED = "unplugged", "locked"
"""Answers that are none: nobody listens; the login is refused."""


@dataclass(frozen=True, slots=True)
class Row:
    """One class of errors, and what it means."""

    kind: FailureKind
    answer: Any
    """As the channel's receiver takes it, or one of the words above."""
    attempts: int = 1
    """How often a message was given to the other side: 0 where it never came to that."""


class Harness(Protocol):
    """One channel at its receiver, between `async with` and its end."""

    address_kinds: Mapping[str, Mapping[str, Row]]
    """Kind of address -> the classes of errors that come from there."""
    never: Mapping[str, Mapping[FailureKind, str]]
    """Kind of address -> the trouble that cannot come from there, and why."""
    channel: Channel

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be seen."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...

    def address(self, address_kind: str) -> Address:
        """An address of that kind at the receiver."""
        ...

    async def expect(self, answer: Any) -> None:
        """The next message is answered so."""
        ...

    askable: frozenset[str]
    """The kinds of addresses of which the other side can be asked whether it has a message."""
    questions: Mapping[str, Any]
    """Failures of a question -> the answer, as the channel's receiver takes it. aiohttp repeats a lost GET once."""

    def expect_lookup(self, answer: Any) -> None:
        """The next question is answered so."""
        ...

    def deny_history(self) -> None:
        """From now on what was posted cannot be read."""
        ...

    def revoke(self) -> None:
        """From now on the credential is not known."""
        ...

    @property
    def attempts(self) -> int:
        """How often a message was given to the receiver, taken or not."""
        ...

    @property
    def taken(self) -> int:
        """How many it took."""
        ...

    def views(self, message: Message) -> Iterator[reading.View]:
        """The forms of a message as their readers see them."""
        ...

    def misconfigured(self) -> Iterator[tuple[Channel, str]]:
        """The channel with one wrong setting each, and the name of that setting."""
        ...


class _Receiving:
    """What the harnesses have in common: a receiver that can go away, and the channel at it."""

    receiver: Any
    channel: Channel
    askable: frozenset[str] = frozenset()
    questions: Mapping[str, Any] = {}

    def __init__(self) -> None:
        self._plugged = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._plugged.enter_async_context(self.receiver)
        self.channel = self.build()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.channel.aclose()
        await self._plugged.aclose()

    async def expect(self, answer: Any) -> None:
        if answer == UNPLUGGED:
            await self._plugged.aclose()
        else:
            self.script(answer)

    def script(self, answer: Any) -> None:
        self.receiver.script.append(answer)

    def build(self) -> Channel:
        raise NotImplementedError

    def expect_lookup(self, answer: Any) -> None:
        raise NotImplementedError

    def deny_history(self) -> None:
        raise NotImplementedError

    def revoke(self) -> None:
        self.receiver.token = "another"

    @property
    def taken(self) -> int:
        return len(self.receiver.messages)


def _said(error: str) -> slack.FaultScript:
    return slack.FaultScript(body={"ok": False, "error": error})


_SLACK_LOST = slack.FaultScript(takes=True, drops=True)


class SlackHarness(_Receiving):
    """https://docs.slack.dev/reference/methods/chat.postMessage#errors, and incoming webhooks."""

    address_kinds: Mapping[str, Mapping[str, Row]] = {
        "bot": {
            "rate": Row(
                FailureKind.RATE_LIMITED,
                slack.FaultScript(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "7"}),
            ),
            "ambiguous": Row(FailureKind.UNKNOWN, _said("internal_error")),
            "server error": Row(FailureKind.UNKNOWN, slack.FaultScript(503, "<html>oops</html>")),
            "answer lost": Row(FailureKind.UNKNOWN, _SLACK_LOST),
            "transient": Row(FailureKind.TRANSIENT, _said("service_unavailable")),
            "no connection": Row(FailureKind.TRANSIENT, UNPLUGGED, attempts=0),
            "thread gone": Row(FailureKind.THREAD_GONE, _said("thread_not_found")),
            "destination dead": Row(FailureKind.DESTINATION_GONE, _said("is_archived")),
            "credential dead": Row(FailureKind.CREDENTIAL, _said("token_revoked")),
            "our bug": Row(FailureKind.REJECTED, _said("msg_blocks_too_long")),
        },
        "webhook": {
            "rate": Row(FailureKind.RATE_LIMITED, slack.FaultScript(429, "", {"Retry-After": "7"})),
            "server error": Row(FailureKind.UNKNOWN, slack.FaultScript(500, "rollup_error")),
            "answer lost": Row(FailureKind.UNKNOWN, _SLACK_LOST),
            "no connection": Row(FailureKind.TRANSIENT, UNPLUGGED, attempts=0),
            "channel gone": Row(FailureKind.DESTINATION_GONE, slack.FaultScript(410, "channel_is_archived")),
            "webhook revoked": Row(FailureKind.DESTINATION_GONE, slack.FaultScript(403, "invalid_token")),
            "our bug": Row(FailureKind.REJECTED, slack.FaultScript(400, "invalid_blocks")),
        },
    }
    never: Mapping[str, Mapping[FailureKind, str]] = {
        "bot": {},
        "webhook": {
            FailureKind.CREDENTIAL: "its URL opens one channel only",
            FailureKind.THREAD_GONE: "it knows no thread",
        },
    }

    askable = frozenset({"bot"})
    questions: Mapping[str, Any] = {
        "rate": slack.FaultScript(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "7"}),
        "server error": slack.FaultScript(502, "<html>oops</html>"),
        "ambiguous": _said("fatal_error"),
        "transient": _said("service_unavailable"),
        "answer lost twice": slack.FaultScript(drops=True),
        "nonsense": slack.FaultScript(body="<html>"),
    }

    def __init__(self) -> None:
        super().__init__()
        self.receiver = slack.SlackReceiver()

    def expect_lookup(self, answer: Any) -> None:
        self.receiver.looks.append(answer)

    def deny_history(self) -> None:
        self.receiver.scopes = "chat:write"

    def build(self, token: str = slack.TOKEN, api_url: str = "") -> SlackChannel:
        settings = SlackChannel.Settings(Secret(token), api_url or self.receiver.api_url)
        return SlackChannel(settings, Templates(), contact="ops@example.org")

    @property
    def secrets(self) -> tuple[str, ...]:
        return slack.TOKEN, self.receiver.webhook_url("lab").rpartition("/")[2]

    def address(self, address_kind: str) -> Address:
        value = "C0123456789" if address_kind == "bot" else self.receiver.webhook_url("lab")
        return SlackChannel.addresses(value, SlackChannel.Options())[0]

    @property
    def attempts(self) -> int:
        return sum(path.startswith(("/api/chat.", "/services/")) for _, path in self.receiver.requests)

    def views(self, message: Message) -> Iterator[reading.View]:
        return reading.slack_views(message)

    def misconfigured(self) -> Iterator[tuple[Channel, str]]:
        yield self.build(token="xoxb-old"), "channels.slack.token"
        yield self.build(api_url="http://127.0.0.1:1/api/"), "channels.slack.api_url"


def _refused(status: int, code: int) -> discord.FaultScript:
    return discord.FaultScript(status, {"code": code, "message": "no"})


_DISCORD_RATE = {"message": "You are being rate limited.", "retry_after": 1.5, "global": False}
_DISCORD_ROWS = {
    "rate": Row(FailureKind.RATE_LIMITED, discord.FaultScript(429, _DISCORD_RATE)),
    "Cloudflare": Row(
        FailureKind.RATE_LIMITED, discord.FaultScript(429, "<html>banned</html>", {"Retry-After": "900"})
    ),
    "server error": Row(FailureKind.UNKNOWN, discord.FaultScript(502, "<html>oops</html>")),
    "answer lost": Row(FailureKind.UNKNOWN, discord.FaultScript(takes=True, drops=True)),
    "no connection": Row(FailureKind.TRANSIENT, UNPLUGGED, attempts=0),
    "no permission": Row(FailureKind.DESTINATION_GONE, _refused(403, 50013)),
    "invalid body": Row(FailureKind.REJECTED, _refused(400, 50035)),
    "AutoMod": Row(FailureKind.REJECTED, _refused(400, 200000)),
}


_DISCORD_BOT = _DISCORD_ROWS | {
    "unknown channel": Row(FailureKind.DESTINATION_GONE, _refused(404, 10003)),
    "credential dead": Row(FailureKind.CREDENTIAL, _refused(401, 0)),
}
_DISCORD_WEBHOOK = _DISCORD_ROWS | {
    "unknown webhook": Row(FailureKind.DESTINATION_GONE, _refused(404, 10015)),
    "webhook's token wrong": Row(FailureKind.DESTINATION_GONE, _refused(401, 50027)),
}


_NO_THREAD = {FailureKind.THREAD_GONE: "only a later part of a forum's digest goes into a thread (test_forum)"}


class DiscordHarness(_Receiving):
    """https://docs.discord.com/developers/topics/opcodes-and-status-codes."""

    _CHANNEL, _FORUM = "123456789012345678", "123456789012345679"

    address_kinds: Mapping[str, Mapping[str, Row]] = {
        "bot": _DISCORD_BOT,
        "forum": _DISCORD_BOT
        | {
            "a tag is required": Row(FailureKind.DESTINATION_GONE, _refused(400, 40067)),
            "too many threads": Row(FailureKind.DESTINATION_GONE, _refused(400, 160006)),
        },
        "webhook": _DISCORD_WEBHOOK,
        "forum webhook": _DISCORD_WEBHOOK | {"no forum": Row(FailureKind.DESTINATION_GONE, _refused(400, 220003))},
    }
    never: Mapping[str, Mapping[FailureKind, str]] = {
        "bot": _NO_THREAD,
        "forum": _NO_THREAD,
        "webhook": {FailureKind.CREDENTIAL: "its URL opens one channel only", **_NO_THREAD},
        "forum webhook": {FailureKind.CREDENTIAL: "its URL opens one channel only", **_NO_THREAD},
    }

    askable = frozenset({"bot", "forum"})
    questions: Mapping[str, Any] = {
        "rate": discord.FaultScript(429, _DISCORD_RATE, method="GET"),
        "server error": discord.FaultScript(502, "<html>oops</html>", method="GET"),
        "answer lost twice": discord.FaultScript(drops=True, method="GET"),
        "nonsense": discord.FaultScript(200, "<html>", method="GET"),
    }

    def __init__(self) -> None:
        super().__init__()
        self.receiver = discord.DiscordReceiver()
        for forum in (self._FORUM, "forum-lab"):
            self.receiver.make_forum(forum)

    def expect_lookup(self, answer: Any) -> None:
        self.receiver.script.append(answer)

    def deny_history(self) -> None:
        self.receiver.no_history |= {self._CHANNEL, self._FORUM}

    def build(self, token: str = discord.TOKEN, api_url: str = "") -> DiscordChannel:
        settings = DiscordChannel.Settings(Secret(token), api_url or self.receiver.api_url)
        return DiscordChannel(settings, Templates(), contact="ops@example.org")

    @property
    def secrets(self) -> tuple[str, ...]:
        return discord.TOKEN, *(self.receiver.webhook_url(name).rpartition("/")[2] for name in ("lab", "forum-lab"))

    def address(self, address_kind: str) -> Address:
        value = {
            "bot": self._CHANNEL,
            "forum": self._FORUM,
            "webhook": self.receiver.webhook_url("lab"),
            "forum webhook": self.receiver.webhook_url("forum-lab"),
        }[address_kind]
        return DiscordChannel.addresses(value, DiscordChannel.Options(forum="forum" in address_kind))[0]

    @property
    def attempts(self) -> int:
        return sum(method == "POST" for method, _ in self.receiver.requests)

    def views(self, message: Message) -> Iterator[reading.View]:
        return reading.discord_views(message)

    def misconfigured(self) -> Iterator[tuple[Channel, str]]:
        yield self.build(token="revoked"), "channels.discord.token"
        yield self.build(api_url="http://127.0.0.1:1/api/v10"), "channels.discord.api_url"


class MailHarness(_Receiving):
    """https://www.rfc-editor.org/rfc/rfc5321#section-4.2."""

    address_kinds: Mapping[str, Mapping[str, Row]] = {
        "mailbox": {
            "no connection": Row(FailureKind.TRANSIENT, UNPLUGGED, attempts=0),
            "4yz to MAIL": Row(FailureKind.TRANSIENT, ("MAIL", "451 4.3.0 try later")),
            "4yz to RCPT": Row(FailureKind.TRANSIENT, ("RCPT", "450 4.2.0 greylisted")),
            "4yz to DATA": Row(FailureKind.TRANSIENT, ("DATA", "451 4.3.0 try later")),
            "4yz after the dot": Row(FailureKind.TRANSIENT, (".", "452 4.3.1 queue full")),
            "421": Row(FailureKind.TRANSIENT, ("RCPT", "421 4.3.2 going down")),
            "5yz to RCPT": Row(FailureKind.DESTINATION_GONE, ("RCPT", "550 5.1.1 no such user")),
            "5yz to MAIL": Row(FailureKind.CREDENTIAL, ("MAIL", "550 5.1.8 no such sender")),
            "relaying denied": Row(FailureKind.CREDENTIAL, ("RCPT", "550 5.7.1 relaying denied")),
            "login refused": Row(FailureKind.CREDENTIAL, LOCKED, attempts=0),
            "5yz after the dot": Row(FailureKind.REJECTED, (".", "554 5.6.0 not a mail")),
            "answer lost": Row(FailureKind.UNKNOWN, (".", DROP)),
        },
    }
    never: Mapping[str, Mapping[FailureKind, str]] = {
        "mailbox": {
            FailureKind.RATE_LIMITED: "a relay names no seconds: its 4yz is TRANSIENT",
            FailureKind.THREAD_GONE: "a mail is in no thread",
        },
    }
    secrets = ("correct-horse-battery", "AG1lAGNvcnJlY3QtaG9yc2UtYmF0dGVyeQ==")
    """The password, and as AUTH PLAIN carries it."""

    def __init__(self) -> None:
        super().__init__()
        self._locked = False
        # aiosmtpd takes only STARTTLS for TLS, and on loopback a login in clear is allowed
        self.receiver = SmtpReceiver(authenticator=self._authenticate, auth_require_tls=False)

    def build(self, **changes: Any) -> MailChannel:
        login: dict[str, Any] = {"username": "me", "password": Secret(self.secrets[0])}
        settings = MailChannel.Settings(self.receiver.host, self.receiver.port, **login)
        return MailChannel(replace(settings, **changes), Templates(), contact="ops@example.org")

    def _authenticate(self, *given: Any) -> AuthResult:
        known = given[-1].password == self.secrets[0].encode()
        return AuthResult(success=known and not self._locked, handled=False)

    def script(self, answer: Any) -> None:
        if answer == LOCKED:
            self._locked = True
        else:
            step, reply = answer
            self.receiver.script[step].append(reply)

    def address(self, address_kind: str) -> Address:
        del address_kind
        return MailChannel.addresses("alice@example.org", MailChannel.Options())[0]

    @property
    def attempts(self) -> int:
        return int(self.receiver.steps.count("MAIL"))

    def views(self, message: Message) -> Iterator[reading.View]:
        return reading.mail_views(message)

    def misconfigured(self) -> Iterator[tuple[Channel, str]]:
        yield self.build(password=Secret("old-password")), "channels.mail.password"
        yield self.build(port=1), "channels.mail.host"
        yield self.build(security="starttls"), "channels.mail.security"


HARNESSES: dict[str, type[Harness]] = {
    "slack": SlackHarness,
    "discord": DiscordHarness,
    "mail": MailHarness,
}
"""One per channel in `bot.channels.CHANNELS`."""
