"""What every channel owes who asks it what became of a message: the truth, or that it cannot tell."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.channels.channel import CannotTellError, Question
from bot.errors import DeliveryError, Trouble
from bot.model import Receipt
from tests.channels.harnesses import HARNESSES, Harness
from tests.channels.test_contract import DOORS, at_every_door, delivery, harness, rendered

if TYPE_CHECKING:
    from bot.model import Delivery

__all__ = ["harness"]

CREATED = delivery({}).created_at
POSTED = CREATED + timedelta(hours=1)
LATER = CREATED + timedelta(hours=2)

ASKABLE = [(name, door) for name, door in DOORS if door in HARNESSES[name].askable]
QUESTIONS = [(name, door, how) for name, door in ASKABLE for how in HARNESSES[name].questions]

where_it_can_be_asked = pytest.mark.parametrize(("name", "door"), ASKABLE)


async def posted(harness: Harness, door: str, of: Delivery) -> str:
    """The platform's id of the message, taken an hour after it was composed."""
    harness.receiver.now = POSTED.timestamp  # type: ignore[attr-defined]  # the receivers that can be asked have it
    return (await harness.channel.send(of, harness.address(door))).platform_id


async def landmark(harness: Harness, door: str) -> str:
    """An earlier message of ours."""
    return await posted(harness, door, delivery(rendered(harness.channel, 3)[0].payload, "d-0"))


def asked(of: Delivery, earlier: str = "", *taken: str) -> Question:
    return Question(of, LATER, earlier, frozenset(taken))


@where_it_can_be_asked
@pytest.mark.parametrize("form", ["rich", "plain"])
async def test_a_message_that_was_taken_is_found_under_its_own_id(harness: Harness, door: str, form: str) -> None:
    (message,) = rendered(harness.channel)
    payload = message.payload if form == "rich" else message.plain
    assert payload is not None
    ours, earlier = delivery(payload), await landmark(harness, door)
    number = await posted(harness, door, ours)
    taken = harness.taken
    assert await harness.channel.find(asked(ours, earlier, earlier), harness.address(door)) == Receipt(number)
    assert harness.taken == taken


@where_it_can_be_asked
async def test_a_message_that_was_not_taken_is_surely_not_there(harness: Harness, door: str) -> None:
    (message,) = rendered(harness.channel)
    earlier = await landmark(harness, door)
    found = await harness.channel.find(asked(delivery(message.payload), earlier, earlier), harness.address(door))
    assert found is None


@where_it_can_be_asked
async def test_an_equal_message_that_is_another_delivery_s_is_not_it(harness: Harness, door: str) -> None:
    (message,) = rendered(harness.channel)
    twin = await posted(harness, door, delivery(message.payload, "d-twin"))
    ours = delivery(message.payload, "d-ours")
    assert await harness.channel.find(asked(ours, twin, twin), harness.address(door)) is None
    number = await posted(harness, door, ours)
    assert await harness.channel.find(asked(ours, twin, twin), harness.address(door)) == Receipt(number)


@where_it_can_be_asked
async def test_a_channel_that_cannot_be_read_is_not_taken_for_an_empty_one(harness: Harness, door: str) -> None:
    (message,) = rendered(harness.channel)
    earlier = await landmark(harness, door)
    harness.blind()
    with pytest.raises(CannotTellError):
        await harness.channel.find(asked(delivery(message.payload), earlier), harness.address(door))


@pytest.mark.parametrize(("name", "door"), [each for each in DOORS if each not in ASKABLE])
async def test_what_cannot_be_asked_says_so_in_words(harness: Harness, door: str) -> None:
    (message,) = rendered(harness.channel)
    with pytest.raises(CannotTellError, match="cannot be asked"):
        await harness.channel.find(asked(delivery(message.payload)), harness.address(door))


@pytest.mark.parametrize(("name", "door", "how"), QUESTIONS)
async def test_a_question_that_fails_can_be_asked_again_and_tells_no_secret(
    harness: Harness, door: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    (message,) = rendered(harness.channel)
    earlier = await landmark(harness, door)
    question, address = asked(delivery(message.payload), earlier, earlier), harness.address(door)
    for _ in range(2 if how.endswith("twice") else 1):
        harness.expect_question(harness.questions[how])
    with caplog.at_level(logging.DEBUG), pytest.raises(DeliveryError) as caught:
        await harness.channel.find(question, address)
    expected = {Trouble.BUSY} if how == "rate" else {Trouble.TRANSIENT, Trouble.UNKNOWN}
    assert caught.value.trouble in expected
    assert not any(secret in caplog.text + repr(caught.value) for secret in harness.secrets)
    assert await harness.channel.find(question, address) is None


@where_it_can_be_asked
async def test_a_credential_that_is_no_more_is_told_apart_from_a_missing_permission(
    harness: Harness, door: str
) -> None:
    (message,) = rendered(harness.channel)
    earlier = await landmark(harness, door)
    harness.revoke()
    with pytest.raises(DeliveryError) as caught:
        await harness.channel.find(asked(delivery(message.payload), earlier), harness.address(door))
    assert caught.value.trouble is Trouble.CREDENTIAL


@at_every_door
async def test_asking_posts_nothing(harness: Harness, door: str) -> None:
    (message,) = rendered(harness.channel)
    with suppress(CannotTellError):
        await harness.channel.find(asked(delivery(message.payload), "1"), harness.address(door))
    assert (harness.attempts, harness.taken) == (0, 0)
