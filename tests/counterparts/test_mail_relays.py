"""Paperboy's mail channel against relays written by others: what each answer means, and that no mail is lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from bot.channels.mail import MailChannel
from bot.channels.mail.mime import entity
from bot.errors import DeliveryError, FailureKind
from bot.model import DeliveryState
from bot.text.templates import Templates
from tests.builders import paper
from tests.counterparts.relays import ANSWERS, Postfix, sink
from tests.counterparts.shapes import delivery
from tests.ports import HOST, free_port
from tests.world import TUESDAY, Environment, morning

if TYPE_CHECKING:
    from pathlib import Path

    from bot.settings import Address

pytestmark = pytest.mark.counterparts

ALICE = "alice@example.org"
PAYLOAD = {"subject": "Birds: one paper", "entity": entity("Pigeons Read Maps\n", "<p>Pigeons Read Maps</p>")}


def channel(port: int, **more: Any) -> MailChannel:
    settings = MailChannel.Settings(host=HOST, port=port, sender="Paperboy <paperboy@example.org>", **more)
    return MailChannel(settings, Templates(), contact="ops@example.org")


def address(mailbox: str = ALICE) -> Address:
    return MailChannel.addresses(mailbox, MailChannel.Options())[0]


async def send(port: int, mailbox: str = ALICE, payload: dict[str, str] | None = None, **more: Any) -> None:
    sending = channel(port, **more)
    try:
        await sending.send(delivery(payload or PAYLOAD), address(mailbox))
    finally:
        await sending.aclose()


async def refused(port: int, mailbox: str = ALICE, payload: dict[str, str] | None = None) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await send(port, mailbox, payload)
    return caught.value


# smtp-sink, told to fail


NO = {
    "EHLO": FailureKind.TRANSIENT,
    "MAIL": FailureKind.CREDENTIAL,
    "RCPT": FailureKind.DESTINATION_GONE,
    "DATA": FailureKind.DESTINATION_GONE,
    ".": FailureKind.CREDENTIAL,  # nothing in the reply speaks of this mail's content
}
NOT_NOW = dict.fromkeys(NO, FailureKind.TRANSIENT)
GONE = NOT_NOW | {".": FailureKind.UNKNOWN}
FAULTS = {
    f"{switch} {step}": ((switch, step), kind)
    for switch, table in (("-f", NO), ("-r", NOT_NOW), ("-q", GONE))
    for step, kind in table.items()
    if (switch, step) != ("-f", "EHLO")  # then HELO is said, which it takes
} | {
    "-f CONNECT": (("-f", "CONNECT"), FailureKind.TRANSIENT),
    "-r CONNECT": (("-r", "CONNECT"), FailureKind.TRANSIENT),
    "-q CONNECT": (("-q", "CONNECT"), FailureKind.TRANSIENT),
    "-A": (("-A", "1"), FailureKind.CREDENTIAL),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_each_fault_at_each_step_is_one_kind_of_failure(tmp_path: Path, fault: str) -> None:
    switches, kind = FAULTS[fault]
    with sink(tmp_path, *switches) as relay:
        error = await refused(relay.port)
    assert error.kind is kind
    assert ALICE not in error.reason


async def test_a_slow_relay_is_waited_for(tmp_path: Path) -> None:
    with sink(tmp_path, "-w", "1") as relay:
        await send(relay.port)
        assert len(relay.mails()) == 1


async def test_many_mails_at_once_arrive_each_once(tmp_path: Path) -> None:
    with sink(tmp_path) as relay:
        sending = channel(relay.port)
        mails = (sending.send(delivery(PAYLOAD, f"d-{number}"), address()) for number in range(120))
        receipts = await asyncio.gather(*mails)
        await sending.aclose()
        taken = relay.mails()
    found = [receipt.platform_id for receipt in receipts for mail in taken if receipt.platform_id.encode() in mail]
    assert len(found) == len(set(found)) == len(taken) == 120


# A real Postfix


RCPT = {
    "nobody@example.org": FailureKind.DESTINATION_GONE,
    "grey@example.org": FailureKind.TRANSIENT,
    "full@example.org": FailureKind.TRANSIENT,
    "overdrawn@example.org": FailureKind.DESTINATION_GONE,
    "policy@example.org": FailureKind.DESTINATION_GONE,
    "blocked@example.org": FailureKind.DESTINATION_GONE,
}


def test_every_answer_of_the_postfix_is_tried() -> None:
    assert RCPT.keys() == ANSWERS.keys()


@pytest.mark.parametrize("mailbox", RCPT)
async def test_what_postfix_says_of_a_recipient_is_one_kind_of_failure(postfix_server: Postfix, mailbox: str) -> None:
    error = await refused(postfix_server.port, mailbox)
    assert error.kind is RCPT[mailbox]
    assert ANSWERS[mailbox][:9] in error.reason
    assert mailbox not in error.reason


async def test_a_relay_that_does_not_relay_is_the_credential_s_trouble(postfix_server: Postfix) -> None:
    error = await refused(postfix_server.port, "alice@example.com")
    assert error.kind is FailureKind.CREDENTIAL
    assert "Relay access denied" in error.reason


async def test_a_mail_that_is_too_big_is_malformed_and_the_next_one_goes_through(postfix_server: Postfix) -> None:
    big = PAYLOAD | {"entity": entity("pigeon " * 2_000, "<p>Pigeons Read Maps</p>")}
    sending = channel(postfix_server.small_port)
    with pytest.raises(DeliveryError) as caught:
        await sending.send(delivery(big, "d-big"), address())
    receipt = await sending.send(delivery(PAYLOAD, "d-after-the-big"), address())
    await sending.aclose()
    assert caught.value.kind is FailureKind.REJECTED
    assert "552 5.3.4" in caught.value.reason
    await arrived(postfix_server, receipt.platform_id)


async def test_a_mail_over_starttls_goes_through(postfix_server: Postfix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(postfix_server.authority))
    sending = channel(postfix_server.port, security="starttls")
    receipt = await sending.send(delivery(PAYLOAD, "d-starttls"), address())
    await sending.aclose()
    mail = await arrived(postfix_server, receipt.platform_id)
    assert b"with ESMTPS" in mail


async def test_a_check_finds_postfix_and_who_it_does_not_take(postfix_server: Postfix) -> None:
    mailboxes = [ALICE, "nobody@example.org"]
    results = await channel(postfix_server.port).check([address(mailbox) for mailbox in mailboxes])
    assert [result.setting for result in results if not result.ok] == ["nobody@example.org"]


async def arrived(server: Postfix, message_id: str) -> bytes:
    """The mail, once Postfix has handed it on."""
    for _ in range(100):
        for mail in server.sink.mails():
            if message_id.encode() in mail and mail.endswith(b"\r\n"):
                return mail
        await asyncio.sleep(0.05)
    raise AssertionError("the mail did not arrive")


# Through the outbox


@pytest.fixture
def mail_world(environment: Environment) -> Environment:
    """A Tuesday with one matching paper, for one mailbox."""
    environment.config["subscribers"] = {"alice": {"mail": ALICE, "topics": ["birds"]}}
    environment.config["channels"]["mail"]["port"] = free_port()
    environment.announce(TUESDAY, paper())
    return environment


FIRST_OF_A_KIND = {kind: fault for fault, (_, kind) in reversed(FAULTS.items())}
"""The outbox knows of a fault only its kind."""


@pytest.mark.parametrize(
    "fault",
    [
        fault if fault == FIRST_OF_A_KIND[kind] else pytest.param(fault, marks=pytest.mark.on_request)
        for fault, (_, kind) in FAULTS.items()
    ],
)
async def test_after_any_fault_the_mail_arrives_once_the_relay_is_well(
    mail_world: Environment, tmp_path: Path, fault: str
) -> None:
    port = mail_world.config["channels"]["mail"]["port"]
    with sink(tmp_path, *FAULTS[fault][0], port=port):
        run = await mail_world.once(morning(TUESDAY))
    assert run.left_undone
    with sink(tmp_path, port=port) as relay:
        run = await mail_world.once(morning(TUESDAY, 9))
        assert not run.left_undone
        await mail_world.once(morning(TUESDAY, 12))
        (mail,) = relay.mails()
    assert b"Pigeons Read Maps" in mail


async def test_a_refusal_after_the_dot_that_names_nothing_is_the_relay_s_and_the_mail_waits_for_its_repair(
    mail_world: Environment, tmp_path: Path
) -> None:
    port = mail_world.config["channels"]["mail"]["port"]
    with sink(tmp_path, "-f", ".", port=port):
        for hour in (6, 9, 12):
            await mail_world.once(morning(TUESDAY, hour))
    async with mail_world.app() as app:
        (record,) = app.store.queries.unfinished()
        assert record.state is DeliveryState.PENDING
    with sink(tmp_path, port=port) as relay:
        await mail_world.once(morning(TUESDAY, 15))
        assert len(relay.mails()) == 1


async def test_helo_is_said_to_a_relay_that_knows_no_ehlo(tmp_path: Path) -> None:
    with sink(tmp_path, "-f", "EHLO") as relay:
        await send(relay.port)
        assert len(relay.mails()) == 1


async def test_who_is_refused_or_greylisted_keeps_nobody_else_s_mail(
    mail_world: Environment, postfix_server: Postfix
) -> None:
    mailboxes = [ALICE, "nobody@example.org", "bob@example.org", "grey@example.org", "eve@example.org"]
    mail_world.config["channels"]["mail"]["port"] = postfix_server.port
    mail_world.config["subscribers"] = {"seminar": {"mail": mailboxes, "topics": ["birds"]}}
    before = len(postfix_server.sink.mails())
    run = await mail_world.once(morning(TUESDAY))
    assert {report.address: (report.sent, bool(report.left_until)) for report in run.delivered} == {
        ALICE: (1, False),
        "nobody@example.org": (0, True),
        "bob@example.org": (1, False),
        "grey@example.org": (0, True),
        "eve@example.org": (1, False),
    }
    for _ in range(100):
        if len(postfix_server.sink.mails()) == before + 3:
            break
        await asyncio.sleep(0.05)
    assert len(postfix_server.sink.mails()) == before + 3
