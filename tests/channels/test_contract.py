"""What every channel owes its callers: it accepts, paces, classifies and redacts."""

from __future__ import annotations

import logging
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.channels import CHANNELS
from bot.errors import DeliveryError, FailureKind
from bot.model import Delivery, Note, Receipt
from tests.builders import digest, many_entries, section
from tests.channels.harnesses import HARNESSES, UNPLUGGED, Harness

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from bot.channels.channel import Channel
    from bot.model import Message

ADDRESS_KINDS = [(name, address_kind) for name in HARNESSES for address_kind in HARNESSES[name].address_kinds]
ROWS = [
    (name, address_kind, row)
    for name, address_kind in ADDRESS_KINDS
    for row in HARNESSES[name].address_kinds[address_kind]
]

at_every_channel = pytest.mark.parametrize("name", list(HARNESSES))
at_every_address_kind = pytest.mark.parametrize(("name", "address_kind"), ADDRESS_KINDS)
at_every_row = pytest.mark.parametrize(("name", "address_kind", "row"), ROWS)


@pytest.fixture
async def harness(name: str, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Harness]:
    caplog.set_level(logging.CRITICAL, "mail.log")  # the receiving relay's own, which shows what it is told
    async with HARNESSES[name]() as running:
        yield running


def delivery(payload: Mapping[str, Any], number: str = "d-1") -> Delivery:
    created = datetime(2026, 4, 20, 6, tzinfo=UTC)
    return Delivery(number, "lab", "0" * 32, payload, part=1, parts=1, created_at=created, tries=1)


def rendered(channel: Channel, papers: int = 1, most: int = 10) -> tuple[Message, ...]:
    of = digest([section(many_entries(papers))])
    return channel.render(of, max_messages=most, options=channel.Options())


def test_every_channel_has_its_harness_and_every_harness_its_channel() -> None:
    assert set(HARNESSES) == set(CHANNELS)


@at_every_address_kind
def test_each_kind_of_failure_has_its_row_or_a_reason_why_not(name: str, address_kind: str) -> None:
    rows = {row.kind for row in HARNESSES[name].address_kinds[address_kind].values()}
    never = set(HARNESSES[name].never[address_kind])
    assert rows | never == set(FailureKind)
    assert not rows & never


# It accepts


@at_every_address_kind
@pytest.mark.parametrize(("papers", "most"), [(1, 10), (31, 3), (300, 10)])
async def test_every_message_of_a_digest_is_taken_in_both_forms(
    harness: Harness, address_kind: str, papers: int, most: int, caplog: pytest.LogCaptureFixture
) -> None:
    messages = rendered(harness.channel, papers, most)
    assert 1 <= len(messages) <= most
    with caplog.at_level(logging.DEBUG):
        for number, message in enumerate(messages):
            for form, payload in (("rich", message.payload), ("plain", message.plain)):
                assert payload is not None
                receipt = await harness.channel.send(
                    delivery(payload, f"{number} {form}"), harness.address(address_kind)
                )
                assert isinstance(receipt, Receipt)
    assert harness.taken == harness.attempts == 2 * len(messages)
    assert not any(secret in caplog.text for secret in harness.secrets)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@at_every_address_kind
async def test_a_note_is_taken(harness: Harness, address_kind: str) -> None:
    note = harness.channel.render_note(Note("No papers today", "312 were announced.\n\nNone matched."))
    assert (note.reply, note.papers) == (False, ())
    await harness.channel.send(delivery(note.payload), harness.address(address_kind))
    assert harness.taken == 1


# It paces


@at_every_address_kind
async def test_two_limits_are_named_that_hold_no_address_and_no_secret(harness: Harness, address_kind: str) -> None:
    address = harness.address(address_kind)
    limits = harness.channel.limits(address)
    assert limits == harness.channel.limits(address)
    assert limits.destination.key != limits.credential.key
    assert min(limits.destination.min_interval, limits.credential.min_interval) >= 0
    for secret in (*harness.secrets, address.value.reveal(), address.label):
        assert secret not in repr(limits)


# It classifies and redacts


@at_every_row
async def test_every_refusal_is_one_kind_of_failure_after_one_attempt_and_tells_no_secret(
    harness: Harness, address_kind: str, name: str, row: str, caplog: pytest.LogCaptureFixture
) -> None:
    expected = HARNESSES[name].address_kinds[address_kind][row]
    (message,) = rendered(harness.channel)
    address = harness.address(address_kind)
    await harness.expect(expected.answer)
    with caplog.at_level(logging.DEBUG), pytest.raises(DeliveryError) as caught:
        await harness.channel.send(delivery(message.payload), address)
    assert caught.value.kind is expected.kind
    assert harness.attempts == expected.attempts
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(address) + caplog.text
    assert not any(secret in shown for secret in harness.secrets)
    assert "\n" not in caught.value.reason


@at_every_row
async def test_after_any_answer_the_same_channel_sends_the_next_message(
    harness: Harness, address_kind: str, name: str, row: str
) -> None:
    expected = HARNESSES[name].address_kinds[address_kind][row]
    if expected.answer == UNPLUGGED or not expected.attempts:
        return
    (message,) = rendered(harness.channel)
    await harness.expect(expected.answer)
    with pytest.raises(DeliveryError):
        await harness.channel.send(delivery(message.payload), harness.address(address_kind))
    before = harness.taken
    await harness.channel.send(delivery(message.payload, "d-2"), harness.address(address_kind))
    assert harness.taken == before + 1


# It checks


@at_every_channel
async def test_a_check_of_what_is_right_finds_nothing_wrong_and_posts_nothing(harness: Harness) -> None:
    results = await harness.channel.check([harness.address(address_kind) for address_kind in harness.address_kinds])
    assert [result for result in results if not result.ok] == []
    assert {harness.address(address_kind).label for address_kind in harness.address_kinds} <= {
        result.setting for result in results
    }
    assert harness.taken == 0


@at_every_channel
async def test_a_check_names_the_setting_that_is_wrong_and_says_what_to_do(name: str, harness: Harness) -> None:
    address_kind = next(iter(harness.address_kinds))
    for channel, setting in harness.misconfigured():
        wrong = [result for result in await channel.check([harness.address(address_kind)]) if not result.ok]
        await channel.aclose()
        assert [result.setting for result in wrong] == [setting]
        assert setting.startswith(f"channels.{name}.")
        assert not any(secret in wrong[0].message for secret in (*harness.secrets, "old", "revoked"))
        assert len(wrong[0].message) > 40


# It closes


@at_every_address_kind
async def test_it_may_be_closed_unused_and_twice_and_used_again(harness: Harness, address_kind: str) -> None:
    (message,) = rendered(harness.channel)
    await harness.channel.aclose()
    for number in ("d-1", "d-2"):
        await harness.channel.send(delivery(message.payload, number), harness.address(address_kind))
        await harness.channel.aclose()
        await harness.channel.aclose()
    assert harness.taken == 2
