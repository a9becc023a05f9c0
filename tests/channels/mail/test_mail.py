"""The mail channel as deliver and config see it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest

from bot.channels.mail import MailChannel
from bot.errors import DeliveryError, FailureKind
from bot.model import Delivery, Message, Note
from bot.settings import Secret
from bot.text.templates import Templates
from tests.builders import digest
from tests.servers.smtp import SmtpReceiver

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


# -- what readers and mail servers answer to ---------------------------------------------------------------------


class Links:
    """`ReaderLinks` that can be read."""

    has_pages = True

    def __init__(self, url: str = "https://papers.example.org") -> None:
        self.url = url

    def unsubscribe(self, mailbox: str) -> str:
        return f"{self.url}/unsubscribe/{mailbox}"

    def preferences(self, mailbox: str) -> str:
        return f"{self.url}/preferences/{mailbox}"

    def feedback(self, mailbox: str, subscriber: str) -> str:
        return f"{self.url}/feedback/{mailbox}-{len(subscriber):02}"

    def bounce_token(self, delivery: str) -> str:
        return delivery.replace("/", "").replace("-", "").ljust(36, "a")


def linked(receiver: SmtpReceiver, links: Links | None, **changes: str) -> MailChannel:
    settings = MailChannel.Settings(host=receiver.host, port=receiver.port, **changes)  # type: ignore[arg-type]  # a mixed dict
    return MailChannel(settings, Templates(), contact="me@example.org", links=links)


def eve() -> Address:
    (address,) = MailChannel.addresses("Eve@example.org", MailChannel.Options())
    return address


async def test_each_reader_of_one_digest_has_links_of_their_own_and_a_retry_has_the_same() -> None:
    async with SmtpReceiver() as receiver:
        it = linked(receiver, Links())
        (message,) = it.render(digest(), max_messages=3, options=MailChannel.Options())
        for address in (alice(), eve(), eve()):
            await it.send(delivery(message), address)
        await it.aclose()
        mails = [message_from_bytes(mail.data, policy=policy.default) for mail in receiver.messages]
        for mail, address in zip(mails, (alice(), eve(), eve()), strict=True):
            unsubscribe, preferences = (
                Links().unsubscribe(str(address.mailbox)),
                Links().preferences(str(address.mailbox)),
            )
            assert mail["List-Unsubscribe"].startswith(f"<{unsubscribe}>, <mailto:paperboy@example.org?")
            assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
            text, html = (part.get_content() for part in mail.iter_parts())
            for link in (unsubscribe, preferences):
                assert link in text.split()
                assert f'href="{link}"' in html
            assert ".invalid" not in text + html
        assert receiver.messages[1].data == receiver.messages[2].data


async def test_what_was_composed_with_pages_is_sent_when_they_are_gone_and_says_how_to_write() -> None:
    async with SmtpReceiver() as receiver:
        message = linked(receiver, Links()).render_note(Note("Test", "Hello."))
        it = linked(receiver, None)
        await it.send(delivery(message), alice())
        await it.aclose()
        mail = message_from_bytes(receiver.messages[0].data, policy=policy.default)
        text = next(mail.iter_parts()).get_content()
        assert "mailto:paperboy@example.org?subject=unsubscribe" in text
        assert "List-Unsubscribe-Post" not in mail


async def test_a_digest_without_pages_says_nothing_of_preferences() -> None:
    message = channel().render_note(Note("Test", "Hello."))
    assert "references" not in message.payload["entity"]


@pytest.mark.parametrize(
    ("return_path", "sender"),
    [
        (None, "paperboy@example.org"),
        ("bounces@example.org", "bounces@example.org"),
        ("bounces+{token}@example.org", f"bounces+{'digest11'.ljust(36, 'a')}@example.org"),
    ],
)
async def test_a_mail_comes_back_to_its_return_path(return_path: str | None, sender: str) -> None:
    async with SmtpReceiver() as receiver:
        changes = {} if return_path is None else {"return_path": return_path}
        it = linked(receiver, Links(), **changes)
        await it.send(delivery(it.render_note(Note("Test", "Hello."))), alice())
        await it.aclose()
        assert receiver.messages[0].envelope_from == sender
        assert b"From: Paperboy <paperboy@example.org>" in receiver.messages[0].data


def juergen() -> Address:
    (address,) = MailChannel.addresses("jürgen@bücher.example", MailChannel.Options())
    return address


async def test_letters_beyond_ascii_before_the_at_go_to_a_relay_that_takes_them() -> None:
    async with SmtpReceiver(enable_SMTPUTF8=True) as receiver:
        it = channel(receiver)
        for address in (juergen(), alice()):
            await it.send(delivery(it.render_note(Note("Test", "Hello."))), address)
        await it.aclose()
        assert [mail.rcpt for mail in receiver.messages] == [
            ("jürgen@xn--bcher-kva.example",),
            ("alice@example.org",),
        ]
        assert "\r\nTo: jürgen@xn--bcher-kva.example\r\n".encode() in receiver.messages[0].data


async def test_a_relay_that_takes_no_such_letters_is_not_asked_and_the_next_mail_goes() -> None:
    async with SmtpReceiver() as receiver:
        it = channel(receiver)
        message = it.render_note(Note("Test", "Hello."))
        with pytest.raises(DeliveryError, match="takes no letters beyond ASCII") as caught:
            await it.send(delivery(message), juergen())
        assert caught.value.kind is FailureKind.DESTINATION_GONE
        assert "jürgen" not in str(caught.value)
        await it.send(delivery(message), alice())
        await it.aclose()
        assert [mail.rcpt for mail in receiver.messages] == [("alice@example.org",)]


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
