"""The loopback relay: it keeps what it takes, in order, and refuses what it is told to refuse."""

from __future__ import annotations

import smtplib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtplib import SMTP, SMTPDataError, SMTPRecipientRefused, SMTPSenderRefused, SMTPServerDisconnected

from bot.clock import SimulatedClock
from tests.channels.relays import certificate
from tests.servers.smtp import DROP, SmtpReceiver

if TYPE_CHECKING:
    from pathlib import Path

THEN = datetime(2026, 3, 9, 12, tzinfo=UTC)
MAIL = b"Subject: Hi\r\n\r\nHello\r\n"


async def test_it_keeps_what_it_takes_with_its_envelope_and_the_time() -> None:
    async with SmtpReceiver(SimulatedClock(THEN)) as receiver:
        async with SMTP(hostname=receiver.host, port=receiver.port, start_tls=False) as client:
            await client.sendmail("a@example.org", ["b@example.org", "c@example.org"], MAIL)
        (mail,) = receiver.messages
        assert (mail.envelope_from, mail.rcpt) == ("a@example.org", ("b@example.org", "c@example.org"))
        assert (mail.data, receiver.times) == (MAIL, [THEN])
        assert receiver.connections == 1


async def test_scripted_answers_are_given_once_and_then_it_says_yes_again() -> None:
    async with SmtpReceiver() as receiver:
        receiver.script["MAIL"].append("451 4.3.0 later")
        receiver.script["RCPT"].append("550 5.1.1 who?")
        receiver.script["DATA"].append("452 4.3.1 full")
        receiver.script["."].append("554 5.6.0 no")
        async with SMTP(hostname=receiver.host, port=receiver.port, start_tls=False) as client:
            for expected in (SMTPSenderRefused, SMTPRecipientRefused, SMTPDataError, SMTPDataError):
                with pytest.raises(expected):
                    await _one_by_one(client)
                await client.rset()
            await _one_by_one(client)
        assert len(receiver.messages) == 1


async def _one_by_one(client: SMTP) -> None:
    await client.mail("a@example.org")
    await client.rcpt("b@example.org")
    await client.data(MAIL)


@pytest.mark.parametrize(("step", "kept"), [("MAIL", 0), ("RCPT", 0), ("DATA", 0), (".", 1)])
async def test_a_drop_ends_the_connection_and_only_after_the_dot_the_mail_is_kept(step: str, kept: int) -> None:
    async with SmtpReceiver() as receiver:
        receiver.script[step].append(DROP)
        client = SMTP(hostname=receiver.host, port=receiver.port, start_tls=False)
        await client.connect()
        with pytest.raises(SMTPServerDisconnected):
            await _one_by_one(client)
        assert len(receiver.messages) == kept


@pytest.mark.parametrize(("option", "asked"), [("tls_context", "start_tls"), ("tls", "use_tls")])
async def test_it_speaks_tls_either_way(tmp_path: Path, option: str, asked: str) -> None:
    authority, context = certificate(tmp_path)
    given: dict[str, Any] = {option: context}
    async with SmtpReceiver(**given) as receiver:
        wanted: dict[str, Any] = {asked: True, "cert_bundle": str(authority)}
        async with SMTP(hostname=receiver.host, port=receiver.port, **wanted) as client:
            await client.sendmail("a@example.org", ["b@example.org"], MAIL)
        assert len(receiver.messages) == 1


async def test_it_ends_although_a_client_is_still_connected() -> None:
    async with SmtpReceiver() as receiver:
        client = SMTP(hostname=receiver.host, port=receiver.port, start_tls=False)
        await client.connect()
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP(receiver.host, receiver.port, timeout=1)


async def test_one_that_was_never_started_can_be_left() -> None:
    await SmtpReceiver().__aexit__(None, None, None)


async def test_it_notes_every_step_of_every_conversation() -> None:
    async with SmtpReceiver() as receiver:
        receiver.script["RCPT"].append("550 5.1.1 who?")
        async with SMTP(hostname=receiver.host, port=receiver.port, start_tls=False) as client:
            with pytest.raises(SMTPRecipientRefused):
                await _one_by_one(client)
            await client.rset()
            await _one_by_one(client)
        assert receiver.steps == ["MAIL", "RCPT", "MAIL", "RCPT", "DATA", "."]
