"""The mail channel as deliver and config see it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest

from bot.channels.mail import MailChannel
from bot.demo.servers.smtp import SmtpReceiver
from bot.errors import DeliveryError, FailureKind
from bot.model import Delivery, Message, Note
from bot.settings import Secret
from bot.text.templates import Templates
from tests.builders import digest

if TYPE_CHECKING:
    from bot.settings import Address

CREATED = datetime(2026, 4, 21, 1, 2, 3, tzinfo=UTC)


def channel(receiver: SmtpReceiver | None = None, **changes: str) -> MailChannel:
    where = {"host": receiver.host, "port": receiver.port} if receiver else {}
    return MailChannel(MailChannel.Settings(**where, **changes), Templates(), contact="me@example.org")  # type: ignore[arg-type]  # a mixed dict


def delivery(message: Message, *, part: int = 1, parent: str | None = None) -> Delivery:
    return Delivery(
        id=f"digest-1/{part}",
        subscriber="alice",
        recipient="",
        payload=message.payload,
        part=part,
        parts=2,
        created_at=CREATED,
        tries=1,
        reply=message.reply,
        parent=parent,
    )


def alice() -> Address:
    (address,) = MailChannel.addresses("alice@example.org", MailChannel.Options())
    return address


def test_one_address_or_a_list_is_taken() -> None:
    found = MailChannel.addresses(["Alice <alice@Example.org>", "eve@example.org"], MailChannel.Options())
    assert [(one.value.reveal(), one.kind, one.label) for one in found] == [
        ("alice@example.org", "mailbox", "alice@example.org"),
        ("eve@example.org", "mailbox", "eve@example.org"),
    ]
    assert alice().key == found[0].key


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ([], "give a mail address"),
        (None, "give a mail address"),
        (["a@example.org", 3], "give a mail address"),
        ("alice", "'alice' is not a mail address"),
        (["a@example.org", "A <A@example.org>"], "A@example.org is there twice"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(value: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        MailChannel.addresses(value, MailChannel.Options())


def test_limits_differ_by_relay_and_login() -> None:
    limits = channel().limits(alice())
    assert limits.destination.key == f"mail:{alice().key}"
    assert (limits.destination.min_interval, limits.credential.min_interval) == (0.0, 0.0)
    others = {channel(host="relay.example").limits(alice()).credential.key, limits.credential.key}
    login = MailChannel.Settings(username="me", password=Secret("p"))
    others.add(MailChannel(login, Templates(), contact="c").limits(alice()).credential.key)
    assert len(others) == 3


async def test_a_digest_is_sent_and_its_receipt_is_the_message_id() -> None:
    async with SmtpReceiver() as receiver:
        it = channel(receiver)
        (message,) = it.render(digest(), max_messages=3, options=MailChannel.Options())
        receipt = await it.send(delivery(message), alice())
        again = await it.send(delivery(message), alice())
        await it.aclose()
        assert receipt == again
        assert [mail.rcpt for mail in receiver.messages] == [("alice@example.org",)] * 2
        assert receiver.messages[0].data == receiver.messages[1].data
        mail = message_from_bytes(receiver.messages[0].data, policy=policy.default)
        assert mail["Message-ID"] == receipt.platform_id
        assert mail["Subject"] == message.payload["subject"]
        assert mail["Date"].datetime == CREATED


async def test_a_later_part_answers_the_first_by_its_receipt() -> None:
    async with SmtpReceiver() as receiver:
        it = channel(receiver)
        message = it.render_note(Note("Test", "Hello."))
        first = await it.send(delivery(message), alice())
        await it.send(delivery(message, part=2, parent=first.platform_id), alice())
        await it.aclose()
        mail = message_from_bytes(receiver.messages[1].data, policy=policy.default)
        assert mail["In-Reply-To"] == first.platform_id


async def test_a_mail_that_does_not_read_back_never_reaches_the_relay() -> None:
    async with SmtpReceiver() as receiver:
        it = channel(receiver)
        with pytest.raises(DeliveryError) as caught:
            await it.send(delivery(it.render_note(Note("Test", "Hello.")), parent="x\r\nBcc: e@example.org"), alice())
        assert caught.value.kind is FailureKind.REJECTED
        assert receiver.connections == 0
        await it.aclose()


def test_each_event_loop_has_its_own_connections() -> None:
    it = channel()

    async def once() -> int:
        async with SmtpReceiver() as receiver:
            it._settings = MailChannel.Settings(host=receiver.host, port=receiver.port)
            for _ in range(2):
                await it.send(delivery(it.render_note(Note("Test", "Hello."))), alice())
            await it.aclose()
            await it.aclose()
            return receiver.connections

    assert [asyncio.run(once()) for _ in range(2)] == [1, 1]


async def test_a_relay_of_another_loop_is_left_alone_on_closing() -> None:
    it = channel()
    it._pool, it._loop = it._running_pool(), asyncio.new_event_loop()
    it._loop.close()
    await it.aclose()
    assert it._pool is None


async def test_check_reaches_the_relay_and_sends_nothing() -> None:
    async with SmtpReceiver() as receiver:
        found = await channel(receiver).check([alice()])
        assert all(result.ok for result in found)
        assert len(found) == 3
        assert receiver.messages == []
