"""The conversation with the relay: never less safe than asked, and surely known what became of each mail."""

from __future__ import annotations

import asyncio
import logging
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.smtp import AuthResult
from aiosmtplib import SMTP
from aiosmtplib.protocol import SMTPProtocol

from bot.channels.mail import smtp
from bot.channels.mail.errors import RelayError
from bot.channels.mail.settings import CONNECTIONS, MailSettings
from bot.channels.mail.smtp import SmtpPool, _send_data, connect
from bot.errors import FailureKind
from bot.settings import Secret
from tests.channels.relays import EOF, SILENCE, ScriptedSmtp, certificate
from tests.servers.smtp import DROP, SmtpReceiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SENDER, ALICE = "paperboy@example.org", "alice@example.org"
MAIL = b"Subject: Hi\r\n\r\nHello\r\n"
PASSWORD = "correct-horse-battery"
ENCODED = "AG1lAGNvcnJlY3QtaG9yc2UtYmF0dGVyeQ=="


def settings_for(relay: SmtpReceiver | ScriptedSmtp, **changes: Any) -> MailSettings:
    return replace(MailSettings(relay.host, relay.port), **changes)


def login(relay: SmtpReceiver | ScriptedSmtp, password: str = PASSWORD, **changes: Any) -> MailSettings:
    return settings_for(relay, username="me", password=Secret(password), **changes)


def authenticator(_server: object, _session: object, _envelope: object, _mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


@pytest.fixture
async def receiver() -> AsyncIterator[SmtpReceiver]:
    async with SmtpReceiver() as running:
        yield running


@pytest.fixture
async def relay(receiver: SmtpReceiver) -> AsyncIterator[SmtpPool]:
    running = SmtpPool(settings_for(receiver))
    yield running
    await running.aclose()


async def refused(settings: MailSettings) -> RelayError:
    relay = SmtpPool(settings)
    with pytest.raises(RelayError) as caught:
        await relay.send(SENDER, ALICE, MAIL)
    await relay.aclose()
    return caught.value


@pytest.mark.parametrize("first", [b"Subject: dots\r\n", b".first: of all\r\n"])
async def test_a_mail_arrives_as_it_was_given(receiver: SmtpReceiver, relay: SmtpPool, first: bytes) -> None:
    data = first + b"\r\n.\r\n..two\r\n.end\r\nlast\r\n"
    await relay.send(SENDER, ALICE, data)
    (mail,) = receiver.messages
    assert (mail.envelope_from, mail.rcpt, mail.data) == (SENDER, (ALICE,), data)


TRANSIENT, CREDENTIAL, CLOSED = FailureKind.TRANSIENT, FailureKind.CREDENTIAL, FailureKind.DESTINATION_GONE
MALFORMED, UNKNOWN = FailureKind.REJECTED, FailureKind.UNKNOWN


@pytest.mark.parametrize(
    ("step", "answer", "expected"),
    [
        ("MAIL", "451 4.3.0 try later", TRANSIENT),
        ("MAIL", "421 4.3.2 shutting down", TRANSIENT),
        ("MAIL", "550 5.1.8 no such sender", CREDENTIAL),
        ("MAIL", "553 sender not owned by you", CREDENTIAL),
        ("MAIL", "530 5.7.0 Authentication required", CREDENTIAL),
        ("MAIL", DROP, TRANSIENT),
        ("RCPT", "450 4.2.0 greylisted", TRANSIENT),
        ("RCPT", "452 4.2.2 mailbox full", TRANSIENT),
        ("RCPT", "421 4.7.0 slow down", TRANSIENT),
        ("RCPT", "550 5.1.1 no such user", CLOSED),
        ("RCPT", "550 no such user here", CLOSED),
        ("RCPT", "550 5.7.13 account disabled", CLOSED),
        ("RCPT", "550 5.7.1 relaying denied", CREDENTIAL),
        ("RCPT", "554 5.7.1 Relay access denied", CREDENTIAL),
        ("RCPT", "530 5.7.0 log in first", CREDENTIAL),
        ("RCPT", DROP, TRANSIENT),
        ("DATA", "451 4.3.0 try later", TRANSIENT),
        ("DATA", "554 5.5.1 no valid recipients", CLOSED),
        ("DATA", "299 what?", TRANSIENT),
        ("DATA", DROP, TRANSIENT),
        (".", "451 4.3.0 queue full", TRANSIENT),
        (".", "421 4.3.0 going down", TRANSIENT),
        (".", "554 5.6.0 not a mail", MALFORMED),
        (".", "552 5.3.4 too big", MALFORMED),
        (".", "554 5.7.1 looks like spam", MALFORMED),
        (".", "550 5.7.26 not authenticated", CREDENTIAL),
        (".", "354 again?", UNKNOWN),
        (".", "hello", UNKNOWN),
        (".", DROP, UNKNOWN),
    ],
)
async def test_every_answer_has_its_meaning_and_the_next_mail_goes(
    receiver: SmtpReceiver, relay: SmtpPool, step: str, answer: str, expected: FailureKind
) -> None:
    receiver.script[step].append(answer)
    with pytest.raises(RelayError) as caught:
        await relay.send(SENDER, ALICE, MAIL)
    assert (caught.value.kind, caught.value.affects_credential) == (expected, answer.startswith("421"))
    assert len(receiver.messages) == (1 if (step, answer) == (".", DROP) else 0)
    await relay.send(SENDER, ALICE, MAIL)
    assert receiver.messages[-1].data == MAIL


async def test_a_clear_no_keeps_the_connection_and_anything_else_ends_it(
    receiver: SmtpReceiver, relay: SmtpPool
) -> None:
    receiver.script["RCPT"] += ["550 5.1.1 no", "421 4.3.2 bye"]
    for connections in (1, 1, 2):
        if connections == 1:
            with pytest.raises(RelayError):
                await relay.send(SENDER, ALICE, MAIL)
        else:
            await relay.send(SENDER, ALICE, MAIL)
        assert receiver.connections == connections


async def test_a_connection_that_cannot_be_reset_is_not_used_again() -> None:
    async with ScriptedSmtp(RCPT="550 5.1.1 no", RSET="500 what?") as scripted:
        relay = SmtpPool(settings_for(scripted))
        for connections in (1, 2):
            with pytest.raises(RelayError, match=r"RCPT: 550 5\.1\.1 no"):
                await relay.send(SENDER, ALICE, MAIL)
            assert scripted.connections == connections


async def test_a_fresh_connection_is_used_again(receiver: SmtpReceiver, relay: SmtpPool) -> None:
    for _ in range(3):
        await relay.send(SENDER, ALICE, MAIL)
    assert (len(receiver.messages), receiver.connections) == (3, 1)


@pytest.mark.parametrize(("limit", "value"), [("IDLE_SECONDS", -1.0), ("MAILS_PER_CONNECTION", 1)])
async def test_an_old_connection_is_replaced(
    receiver: SmtpReceiver, relay: SmtpPool, monkeypatch: pytest.MonkeyPatch, limit: str, value: float
) -> None:
    monkeypatch.setattr(smtp, limit, value)
    for _ in range(3):
        await relay.send(SENDER, ALICE, MAIL)
    assert (len(receiver.messages), receiver.connections) == (3, 3)


async def test_a_connection_that_the_relay_closed_meanwhile_is_no_trouble() -> None:
    async with ScriptedSmtp() as scripted:
        relay = SmtpPool(settings_for(scripted))
        await relay.send(SENDER, ALICE, MAIL)
        for writer in scripted._writers:
            writer.close()
        await asyncio.sleep(0.05)
        await relay.send(SENDER, ALICE, MAIL)
        assert scripted.connections == 2
        await relay.aclose()


async def test_a_mail_that_is_pondered_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ScriptedSmtp(DOT=SILENCE) as scripted:
        monkeypatch.setattr(smtp, "ANSWER_SECONDS", 0.5)
        relay = SmtpPool(settings_for(scripted))
        slow = asyncio.create_task(relay.send(SENDER, ALICE, MAIL))
        await scripted.heard["DOT"].wait()
        scripted.replies["DOT"] = "250 taken"
        await asyncio.gather(*(relay.send(SENDER, ALICE, MAIL) for _ in range(8)))
        assert not slow.done()
        assert scripted.connections == CONNECTIONS
        with pytest.raises(RelayError) as caught:
            await slow
        assert caught.value.kind is FailureKind.UNKNOWN
        assert "no answer came: Timed out" in caught.value.reason
        await relay.aclose()


async def test_as_many_connections_are_opened_as_the_settings_allow(receiver: SmtpReceiver) -> None:
    relay = SmtpPool(settings_for(receiver, connections=2))
    await asyncio.gather(*(relay.send(SENDER, ALICE, MAIL) for _ in range(6)))
    assert (len(receiver.messages), receiver.connections) == (6, 2)
    await relay.aclose()


@pytest.mark.parametrize("connections", [0, 101])
def test_a_number_of_connections_that_no_relay_takes_is_refused(connections: int) -> None:
    with pytest.raises(ValueError, match=f"connections: {connections} is not from 1 to 100"):
        MailSettings(connections=connections)


async def test_the_relay_may_take_its_time_over_the_dot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "READY_SECONDS", 0.2)
    async with ScriptedSmtp(DOT=SILENCE) as scripted:
        relay = SmtpPool(settings_for(scripted))
        sending = asyncio.create_task(relay.send(SENDER, ALICE, MAIL))
        await asyncio.sleep(0.4)
        scripted._writers[0].write(b"250 taken\r\n")
        await sending
        await relay.aclose()


async def test_a_relay_that_is_not_ready_in_time_has_surely_not_taken_the_mail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smtp, "READY_SECONDS", 0.1)
    async with ScriptedSmtp(RCPT=SILENCE) as scripted:
        error = await refused(settings_for(scripted))
        assert (error.kind, error.affects_credential) == (FailureKind.TRANSIENT, True)
        assert "not ready within" in error.reason


async def test_a_send_that_is_cancelled_leaves_no_connection_behind() -> None:
    async with ScriptedSmtp(DOT=SILENCE) as scripted:
        relay = SmtpPool(settings_for(scripted))
        sending = asyncio.create_task(relay.send(SENDER, ALICE, MAIL))
        await scripted.heard["DOT"].wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        scripted.replies["DOT"] = "250 taken"
        await relay.send(SENDER, ALICE, MAIL)
        assert scripted.connections == 2
        await relay.aclose()


async def test_a_connection_attempt_that_is_cancelled_is_given_up() -> None:
    async with ScriptedSmtp(EHLO=SILENCE) as scripted:
        connecting = asyncio.create_task(connect(settings_for(scripted)))
        await scripted.heard["EHLO"].wait()
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting


async def test_closing_says_good_bye_and_takes_no_answer_for_one() -> None:
    async with ScriptedSmtp(QUIT=EOF) as scripted:
        relay = SmtpPool(settings_for(scripted))
        await relay.send(SENDER, ALICE, MAIL)
        await relay.aclose()
        assert scripted.asked[-1] == "QUIT"


@pytest.mark.parametrize(
    ("replies", "step"),
    [
        ({"greeting": "421 4.3.2 busy"}, "connect: 421 4.3.2 busy"),
        ({"greeting": "554 5.7.1 you are on a list"}, "connect: 554"),
        ({"greeting": EOF}, "connect: "),
        ({"greeting": "hello"}, "connect: "),
        ({"EHLO": "421 busy"}, "EHLO: 421"),
        ({"EHLO": EOF}, "EHLO: "),
    ],
)
async def test_a_relay_that_does_not_greet_is_a_trouble_of_everybody(replies: dict[str, str], step: str) -> None:
    async with ScriptedSmtp(**replies) as scripted:
        error = await refused(settings_for(scripted))
        assert (error.kind, error.affects_credential) == (FailureKind.TRANSIENT, True)
        assert error.reason.startswith(step)
        assert "DATA" not in scripted.asked


@pytest.mark.parametrize("ehlo", ["500 5.5.1 what?", "502 no", "550 who?"])
async def test_helo_is_said_where_ehlo_is_refused_and_nothing_is_wanted_of_it(ehlo: str) -> None:
    async with ScriptedSmtp(EHLO=ehlo) as scripted:
        relay = SmtpPool(settings_for(scripted, hello="bot.example.net"))
        await relay.send(SENDER, ALICE, MAIL)
        await relay.aclose()
        assert scripted.asked[:3] == ["EHLO bot.example.net", "HELO bot.example.net", f"MAIL FROM:<{SENDER}>"]


@pytest.mark.parametrize("changes", [{"username": "me", "password": Secret("p")}, {"security": "starttls"}])
@pytest.mark.parametrize(("ehlo", "says"), [("502 5.5.1 what?", "the relay does not know it"), ("550 who?", "hello")])
async def test_helo_is_never_said_where_a_login_or_tls_is_wanted(
    changes: dict[str, Any], ehlo: str, says: str
) -> None:
    async with ScriptedSmtp(EHLO=ehlo) as scripted:
        error = await refused(settings_for(scripted, **changes))
        assert (error.kind, error.step, error.about_message) == (FailureKind.CREDENTIAL, "EHLO", False)
        assert says in error.reason
        assert [line.split(" ")[0] for line in scripted.asked] == ["EHLO"]


async def test_a_greeting_that_is_refused_in_both_forms_names_its_setting() -> None:
    async with ScriptedSmtp(EHLO="500 what?", HELO="504 5.5.2 no full name") as scripted:
        error = await refused(settings_for(scripted))
        assert error.kind is FailureKind.CREDENTIAL
        assert error.reason == "HELO: 504 5.5.2 no full name; set channels.mail.hello to this machine's full name"


@pytest.mark.parametrize(
    ("step", "answer", "setting"),
    [
        ("RCPT", "504 5.5.2 <bot>: Helo command rejected: need fully-qualified hostname", "hello"),
        ("RCPT", "550 5.1.8 the domain of the sender is not there", "sender"),
        (".", "550 5.7.60 not as this sender", "sender"),
    ],
)
async def test_a_refused_greeting_or_sender_is_the_relays_trouble_and_names_its_setting(
    receiver: SmtpReceiver, relay: SmtpPool, step: str, answer: str, setting: str
) -> None:
    receiver.script[step].append(answer)
    with pytest.raises(RelayError) as caught:
        await relay.send(SENDER, ALICE, MAIL)
    assert (caught.value.kind, caught.value.about_message) == (FailureKind.CREDENTIAL, False)
    assert f"channels.mail.{setting}" in caught.value.reason


@pytest.mark.parametrize(
    ("step", "answer", "about"),
    [
        ("MAIL", "452 4.3.1 no room", "the relay"),
        ("RCPT", "451 4.3.0 try later", "the mail"),
        ("RCPT", "450 4.7.1 Helo command rejected: Host not found", "the relay"),
        (".", "451 4.3.0 try later", "the mail"),
        (".", "454 Throttling failure: daily message quota exceeded", "the relay"),
        (".", "554 Administrative prohibition", "the mail"),
        (".", "554 5.6.0 malformed", "the mail"),
        (".", DROP, "the relay"),
    ],
)
async def test_only_what_may_be_the_mails_own_counts_against_it(
    receiver: SmtpReceiver, relay: SmtpPool, step: str, answer: str, about: str
) -> None:
    receiver.script[step].append(answer)
    with pytest.raises(RelayError) as caught:
        await relay.send(SENDER, ALICE, MAIL)
    assert caught.value.about_message is (about == "the mail")


@pytest.mark.parametrize(
    "raw",
    [
        b"550 5.1.1 \x9b31mred\x1b[0m",
        b"550 5.1.1 \xc2\x9b31mred \xe2\x80\xae",
        b"550-5.1.1 a\x07\r\n550 5.1.1 \xff\xfe",
    ],
)
async def test_what_a_relay_says_is_clean_text(raw: bytes) -> None:
    async with ScriptedSmtp(RCPT=raw.decode("latin-1")) as scripted:
        scripted.encoding = "latin-1"
        reason = (await refused(settings_for(scripted))).reason
    assert reason.isprintable()
    assert reason.encode()


@pytest.mark.parametrize(
    "answer",
    [
        "250-" + "x" * 100_000,
        "\r\n".join(["250-more"] * 10_000),
        "-99 what",
        "99999999999999999999 what",
        "25",
        "abc def",
    ],
)
async def test_a_reply_without_end_or_sense_is_the_relays_trouble(answer: str) -> None:
    async with ScriptedSmtp(EHLO=answer) as scripted:
        error = await refused(settings_for(scripted))
        assert (error.kind, error.affects_credential) == (FailureKind.TRANSIENT, True)
        assert len(error.reason) < 300


async def test_a_relay_that_says_nothing_is_given_up() -> None:
    async with ScriptedSmtp(greeting=SILENCE) as scripted:
        with pytest.raises(RelayError, match="Timed out"):
            await connect(settings_for(scripted), timeout=0.1)


async def test_nobody_at_the_port_is_a_trouble_of_everybody(unused_port: int) -> None:
    error = await refused(MailSettings(host="127.0.0.1", port=unused_port))
    assert (error.kind, error.affects_credential, error.code) == (FailureKind.TRANSIENT, True, 0)
    assert "Connect call failed" in error.reason


@pytest.fixture
async def unused_port() -> int:
    async with ScriptedSmtp() as scripted:
        return scripted.port


async def test_a_connection_lost_before_the_mail_is_written_is_no_unknown() -> None:
    smtp = SMTP()
    with pytest.raises(RelayError) as caught:
        await _send_data(smtp, MAIL)
    assert caught.value.kind is FailureKind.TRANSIENT
    smtp.protocol = SMTPProtocol(asyncio.get_running_loop())
    with pytest.raises(RelayError) as caught:
        await _send_data(smtp, MAIL)
    assert caught.value.kind is FailureKind.TRANSIENT


@pytest.mark.parametrize(
    ("replies", "kind"),
    [
        ({}, FailureKind.CREDENTIAL),
        ({"EHLO": "250-hi\r\n250 STARTTLS", "STARTTLS": "502 5.5.1 not today"}, FailureKind.CREDENTIAL),
        ({"EHLO": "250-hi\r\n250 STARTTLS", "STARTTLS": "454 4.7.0 not now"}, FailureKind.TRANSIENT),
        ({"EHLO": "250-hi\r\n250 STARTTLS", "STARTTLS": EOF}, FailureKind.TRANSIENT),
    ],
)
async def test_a_refused_starttls_sends_nothing_in_clear(replies: dict[str, str], kind: FailureKind) -> None:
    async with ScriptedSmtp(**replies) as scripted:
        error = await refused(login(scripted, security="starttls"))
        assert (error.kind, error.step) == (kind, "STARTTLS")
        assert {line.split(" ")[0] for line in scripted.asked} <= {"EHLO", "STARTTLS"}


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_is_verified_and_an_authority_of_ones_own_can_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    authority, context = certificate(tmp_path)
    given: dict[str, Any] = {"tls" if security == "tls" else "tls_context": context}
    # aiosmtpd takes only STARTTLS for TLS
    async with SmtpReceiver(authenticator=authenticator, auth_require_tls=False, **given) as receiver:
        error = await refused(login(receiver, security=security))
        assert (error.kind, error.affects_credential) == (FailureKind.TRANSIENT, True)
        assert "CERTIFICATE_VERIFY_FAILED" in error.reason
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        relay = SmtpPool(login(receiver, security=security))
        await relay.send(SENDER, ALICE, MAIL)
        await relay.aclose()
        assert len(receiver.messages) == 1


async def test_a_certificate_for_another_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, context = certificate(tmp_path, "DNS:relay.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    async with SmtpReceiver(tls=context) as receiver:
        error = await refused(settings_for(receiver, security="tls"))
        assert "not valid for '127.0.0.1'" in error.reason


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_a_login_works() -> None:
    async with SmtpReceiver(authenticator=authenticator, auth_required=True, auth_require_tls=False) as receiver:
        relay = SmtpPool(login(receiver))
        await relay.send(SENDER, ALICE, MAIL)
        await relay.aclose()
        assert len(receiver.messages) == 1


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5 LOGIN"])
async def test_a_refused_login_is_tried_once(mechanism: str) -> None:
    ehlo = f"250-hi\r\n250 AUTH {mechanism}"
    async with ScriptedSmtp(EHLO=ehlo, AUTH="535 5.7.8 no") as scripted:
        error = await refused(login(scripted))
        assert (error.kind, error.reason) == (FailureKind.CREDENTIAL, "AUTH: 535 5.7.8")
        assert sum(line.startswith("AUTH") for line in scripted.asked) == 1


@pytest.mark.parametrize(
    ("auth", "kind"),
    [
        ("534 5.7.9 app password required", FailureKind.CREDENTIAL),
        ("504 5.5.4 not this way", FailureKind.CREDENTIAL),
        ("454 4.7.0 cannot check now", FailureKind.TRANSIENT),
        ("334 more?", FailureKind.TRANSIENT),
        (EOF, FailureKind.TRANSIENT),
    ],
)
async def test_a_login_that_fails_otherwise(auth: str, kind: FailureKind) -> None:
    async with ScriptedSmtp(EHLO="250-hi\r\n250 AUTH PLAIN", AUTH=auth) as scripted:
        error = await refused(login(scripted))
        assert (error.kind, error.affects_credential) == (kind, True)


async def test_a_relay_without_login_is_not_used_without_one() -> None:
    async with ScriptedSmtp() as scripted:
        error = await refused(login(scripted))
        assert (error.kind, error.step) == (FailureKind.CREDENTIAL, "AUTH")
        assert not any(line.startswith("MAIL") for line in scripted.asked)


@pytest.mark.parametrize(
    "echo", ["535 5.7.8 bad: {line}", "nonsense {line}", f"235 ok {PASSWORD}\r\n999 x", "454 {line}"]
)
async def test_no_password_is_ever_shown(echo: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with ScriptedSmtp(EHLO="250-hi\r\n250 AUTH PLAIN", AUTH=echo, MAIL="550 no") as scripted:
        error = await refused(login(scripted))
        assert any(ENCODED in line for line in scripted.asked)
    shown = "".join(traceback.format_exception(error)) + repr(error) + caplog.text + repr(login(scripted))
    assert PASSWORD not in shown
    assert ENCODED not in shown


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"username": "me"}, "username is set but password is not"),
        ({"password": Secret(PASSWORD)}, "password is set but username is not"),
        ({"host": "smtp.example.org", "username": "me", "password": Secret(PASSWORD)}, "in clear"),
        ({"host": "smtp.example.org", "username": "", "password": Secret(PASSWORD)}, "in clear"),
        ({"port": 0}, "port: 0 is not a port"),
        ({"port": 70_000}, "port: 70000 is not a port"),
        ({"sender": "Paperboy"}, "sender: 'Paperboy' is not a mail address"),
        ({"sender": "käfig@example.org"}, "sender: käfig@example.org has letters beyond ASCII before the @"),
        ({"return_path": "bounces"}, "return_path: 'bounces' is not a mail address"),
        ({"return_path": "{token}@example..org"}, "return_path: .*not a valid domain name"),
        ({"return_path": f"{'b' * 29}{{token}}@example.org"}, "return_path: .*not a valid mailbox name"),
        ({"return_path": "Bounces <bounces@example.org>"}, "return_path: an address alone is expected"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        MailSettings(**given)
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"host": "smtp.example.org"},
        {"host": "smtp.example.org", "security": "starttls", "username": "me", "password": Secret(PASSWORD)},
        {"host": "::1", "username": "me", "password": Secret(PASSWORD)},
        {"return_path": f"{'b' * 28}{{token}}@example.org"},
        {"return_path": "bounces@example.org"},
    ],
)
def test_settings_that_go_together_are_taken(given: dict[str, Any]) -> None:
    assert MailSettings(**given).mailbox.address == "paperboy@example.org"


def test_a_claim_outlives_the_longest_send() -> None:
    from bot.store.outbox.policy import LEASE  # noqa: PLC0415 - one number of the room next door

    longest = smtp.READY_SECONDS + smtp.ANSWER_SECONDS
    assert LEASE.total_seconds() > longest
