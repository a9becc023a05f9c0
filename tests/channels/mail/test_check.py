"""`check` on the relay: it sends nothing and names the setting that is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.channels.channel import CheckResult
from bot.channels.mail.check import _diagnosis, check_relay
from bot.channels.mail.errors import RelayError
from bot.channels.mail.settings import MailSettings
from bot.errors import FailureKind
from bot.settings import Address, Secret
from tests.channels.relays import EOF, ScriptedSmtp, certificate
from tests.servers.smtp import SmtpReceiver

if TYPE_CHECKING:
    from pathlib import Path

ALICE = Address(Secret("alice@example.org"), "mailbox", "alice@example.org")
BOB = Address(Secret("bob@example.org"), "mailbox", "bob@example.org")


async def results(relay: SmtpReceiver | ScriptedSmtp, *addresses: Address, **changes: Any) -> list[CheckResult]:
    settings = replace(MailSettings(relay.host, relay.port), **changes)
    return [result async for result in check_relay(settings, addresses)]


async def test_a_good_relay_is_said_to_be_one_and_gets_no_mail() -> None:
    async with SmtpReceiver() as receiver:
        found = await results(receiver, ALICE, BOB)
        assert [(result.setting, result.ok) for result in found] == [
            ("channels.mail.host", True),
            ("channels.mail.sender", True),
            ("alice@example.org", True),
            ("bob@example.org", True),
        ]
        assert found[0].message == f"127.0.0.1:{receiver.port} answers"
        assert receiver.messages == []


async def test_a_login_and_encryption_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    async with ScriptedSmtp(EHLO="250-hi\r\n250 AUTH PLAIN", AUTH="235 in") as scripted:
        (host, sender) = await results(scripted, username="me", password=Secret("p"))
        assert host.message.endswith("answers, logged in")
        assert sender.ok
        assert "DATA" not in scripted.asked
    async with SmtpReceiver(tls_context=context) as receiver:
        assert (await results(receiver, security="starttls"))[0].message.endswith("answers, over STARTTLS")


async def test_one_refused_address_does_not_hide_the_others() -> None:
    async with SmtpReceiver() as receiver:
        receiver.script["RCPT"].append("550 5.1.1 no such user")
        found = await results(receiver, ALICE, BOB)
        assert found[2] == CheckResult("alice@example.org", ok=False, message="RCPT: 550 5.1.1 no such user")
        assert found[3].ok


async def test_an_address_whose_letters_the_relay_does_not_take_is_named() -> None:
    juergen = Address(Secret("jürgen@example.org"), "mailbox", "jürgen@example.org")
    async with SmtpReceiver() as relay:
        found = await results(relay, juergen, ALICE)
    assert [(each.setting, each.ok) for each in found[2:]] == [(juergen.label, False), (ALICE.label, True)]
    assert "SMTPUTF8" in found[2].message


async def test_a_relay_that_goes_away_is_told() -> None:
    async with ScriptedSmtp(RCPT=EOF) as scripted:
        found = await results(scripted, ALICE, BOB)
        assert [(result.setting, result.ok) for result in found[2:]] == [("channels.mail.host", False)] * 2


@pytest.mark.parametrize(
    ("replies", "changes", "setting", "words"),
    [
        ({"greeting": "421 busy"}, {}, "host", "connect: 421 busy"),
        ({}, {"security": "starttls"}, "security", "STARTTLS: the relay does not offer it"),
        ({}, {"security": "tls"}, "security", "set security: starttls"),
        ({}, {"username": "me", "password": Secret("p")}, "username", "Perhaps only over TLS"),
        ({"EHLO": "250-x\r\n250 AUTH PLAIN", "AUTH": "535 5.7.8 no"}, {"username": "me", "password": Secret("p")},
         "password", "AUTH: 535 5.7.8. The relay does not know this username and password"),
        ({"MAIL": "553 5.1.8 unknown sender"}, {}, "sender", "The relay takes no mail from this address"),
        ({"MAIL": "530 5.7.0 Must issue a STARTTLS command first"}, {}, "security", "Set security: starttls"),
        ({"MAIL": "530 5.7.0 Authentication required"}, {}, "username", "only for those who log in"),
        ({"RCPT": "554 5.7.1 Relay access denied"}, {}, "username", "only for those who log in"),
        ({"RCPT": "504 5.5.2 bad helo"}, {}, "hello", "504 5.5.2 bad helo; set channels.mail.hello"),
        ({"MAIL": "504 5.5.2 bad helo"}, {}, "hello", "set channels.mail.hello"),
        ({"EHLO": "550 who?", "HELO": "550 who?"}, {}, "hello", "set channels.mail.hello"),
        ({"RCPT": "550 5.1.8 unknown domain"}, {}, "sender", "is channels.mail.sender right"),
        ({"RCPT": "554 Client host blocked by a blocklist"}, {}, "host", "takes no mail from us at present"),
    ],
)  # fmt: skip
async def test_the_setting_that_is_wrong_is_named(
    replies: dict[str, str], changes: dict[str, Any], setting: str, words: str
) -> None:
    async with ScriptedSmtp(**replies) as scripted:
        wrong = [result for result in await results(scripted, ALICE, BOB, **changes) if not result.ok]
        assert [result.setting for result in wrong] == [f"channels.mail.{setting}"]
        assert words in wrong[0].message


async def test_a_certificate_of_an_unknown_authority_is_told_with_the_way_out(tmp_path: Path) -> None:
    _, context = certificate(tmp_path)
    async with SmtpReceiver(tls=context) as receiver:
        (wrong,) = await results(receiver, security="tls")
        assert (wrong.setting, wrong.ok) == ("channels.mail.security", False)
        assert "SSL_CERT_FILE" in wrong.message
    async with SmtpReceiver(tls_context=context) as receiver:
        (wrong,) = await results(receiver, security="starttls")
        assert "SSL_CERT_FILE" in wrong.message


LOGIN: dict[str, Any] = {"username": "me", "password": Secret("p"), "security": "starttls"}


@pytest.mark.parametrize(
    ("step", "code", "changes", "setting", "words"),
    [
        ("connect", 0, {"port": 465}, "security", "set security: tls"),
        ("connect", 0, {"port": 587, "security": "tls"}, "security", "set security: starttls"),
        ("connect", 0, {"port": 25}, "host", "block port 25"),
        ("connect", 0, {"port": 465, "security": "tls"}, "host", "Is this the relay's name"),
        ("connect", 0, {"port": 587}, "host", "Is this the relay's name"),
        ("STARTTLS", 0, {"security": "starttls"}, "security", "port: 465"),
        ("AUTH", 535, LOGIN | {"host": "smtp.gmail.com"}, "password", "app password"),
        ("AUTH", 535, LOGIN | {"host": "smtp-mail.outlook.com"}, "password", "Microsoft has ended"),
        ("AUTH", 535, LOGIN | {"host": "smtp.office365.com"}, "password", "ask your administrator"),
        ("AUTH", 454, LOGIN, "host", "cannot check logins now"),
        ("AUTH", 0, LOGIN, "username", ""),
    ],
)
def test_the_classic_mistakes_have_their_advice(
    step: str, code: int, changes: dict[str, Any], setting: str, words: str
) -> None:
    kind = FailureKind.CREDENTIAL if step in ("AUTH", "STARTTLS") and code != 454 else FailureKind.TRANSIENT
    error = RelayError(step, kind, "said so", code=code)
    found, advice = _diagnosis(error, MailSettings(**({"host": "smtp.example.org"} | changes)))
    assert found == setting
    assert words in advice
