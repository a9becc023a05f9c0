"""What every channel owes who asks it what became of a message: the truth, or that it cannot tell."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.channels.channel import CannotTellError
from bot.errors import DeliveryError, FailureKind
from bot.model import Receipt, UnknownDelivery
from tests.channels.harnesses import HARNESSES, Harness
from tests.channels.test_contract import ADDRESS_KINDS, at_every_address_kind, delivery, harness, rendered

if TYPE_CHECKING:
    from bot.model import Delivery

__all__ = ["harness"]

CREATED = delivery({}).created_at
POSTED = CREATED + timedelta(hours=1)
LATER = CREATED + timedelta(hours=2)

ASKABLE = [(name, address_kind) for name, address_kind in ADDRESS_KINDS if address_kind in HARNESSES[name].askable]
QUESTIONS = [(name, address_kind, how) for name, address_kind in ASKABLE for how in HARNESSES[name].questions]

where_it_can_be_asked = pytest.mark.parametrize(("name", "address_kind"), ASKABLE)


async def posted(harness: Harness, address_kind: str, of: Delivery) -> str:
    """The platform's id of the message, taken an hour after it was composed."""
    harness.receiver.now = POSTED.timestamp  # type: ignore[attr-defined]  # the receivers that can be asked have it
    return (await harness.channel.send(of, harness.address(address_kind))).platform_id


async def last_known_id(harness: Harness, address_kind: str) -> str:
    """An earlier message of ours."""
    return await posted(harness, address_kind, delivery(rendered(harness.channel, 3)[0].payload, "d-0"))


def asked(of: Delivery, earlier: str = "", *ids_of_others: str) -> UnknownDelivery:
    return UnknownDelivery(of, LATER, earlier, frozenset(ids_of_others))


@where_it_can_be_asked
@pytest.mark.parametrize("form", ["rich", "plain"])
async def test_a_message_that_was_taken_is_found_under_its_own_id(
    harness: Harness, address_kind: str, form: str
) -> None:
    (message,) = rendered(harness.channel)
    payload = message.payload if form == "rich" else message.plain
    assert payload is not None
    ours, earlier = delivery(payload), await last_known_id(harness, address_kind)
    number = await posted(harness, address_kind, ours)
    ids_of_others = harness.taken
    assert await harness.channel.lookup(asked(ours, earlier, earlier), harness.address(address_kind)) == Receipt(
        number
    )
    assert harness.taken == ids_of_others


@where_it_can_be_asked
async def test_a_message_that_was_not_taken_is_surely_not_there(harness: Harness, address_kind: str) -> None:
    (message,) = rendered(harness.channel)
    earlier = await last_known_id(harness, address_kind)
    found = await harness.channel.lookup(
        asked(delivery(message.payload), earlier, earlier), harness.address(address_kind)
    )
    assert found is None


@where_it_can_be_asked
async def test_an_equal_message_that_is_another_delivery_s_is_not_it(harness: Harness, address_kind: str) -> None:
    (message,) = rendered(harness.channel)
    twin = await posted(harness, address_kind, delivery(message.payload, "d-twin"))
    ours = delivery(message.payload, "d-ours")
    assert await harness.channel.lookup(asked(ours, twin, twin), harness.address(address_kind)) is None
    number = await posted(harness, address_kind, ours)
    assert await harness.channel.lookup(asked(ours, twin, twin), harness.address(address_kind)) == Receipt(number)


@where_it_can_be_asked
async def test_a_channel_that_cannot_be_read_is_not_taken_for_an_empty_one(
    harness: Harness, address_kind: str
) -> None:
    (message,) = rendered(harness.channel)
    earlier = await last_known_id(harness, address_kind)
    harness.deny_history()
    with pytest.raises(CannotTellError):
        await harness.channel.lookup(asked(delivery(message.payload), earlier), harness.address(address_kind))


@pytest.mark.parametrize(("name", "address_kind"), [each for each in ADDRESS_KINDS if each not in ASKABLE])
async def test_what_cannot_be_asked_says_so_in_words(harness: Harness, address_kind: str) -> None:
    (message,) = rendered(harness.channel)
    with pytest.raises(CannotTellError, match="cannot be asked"):
        await harness.channel.lookup(asked(delivery(message.payload)), harness.address(address_kind))


@pytest.mark.parametrize(("name", "address_kind", "how"), QUESTIONS)
async def test_a_question_that_fails_can_be_asked_again_and_tells_no_secret(
    harness: Harness, address_kind: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    (message,) = rendered(harness.channel)
    earlier = await last_known_id(harness, address_kind)
    question, address = asked(delivery(message.payload), earlier, earlier), harness.address(address_kind)
    for _ in range(2 if how.endswith("twice") else 1):
        harness.expect_lookup(harness.questions[how])
    with caplog.at_level(logging.DEBUG), pytest.raises(DeliveryError) as caught:
        await harness.channel.lookup(question, address)
    expected = {FailureKind.RATE_LIMITED} if how == "rate" else {FailureKind.TRANSIENT, FailureKind.UNKNOWN}
    assert caught.value.kind in expected
    assert not any(secret in caplog.text + repr(caught.value) for secret in harness.secrets)
    assert await harness.channel.lookup(question, address) is None


@where_it_can_be_asked
async def test_a_credential_that_is_no_more_is_told_apart_from_a_missing_permission(
    harness: Harness, address_kind: str
) -> None:
    (message,) = rendered(harness.channel)
    earlier = await last_known_id(harness, address_kind)
    harness.revoke()
    with pytest.raises(DeliveryError) as caught:
        await harness.channel.lookup(asked(delivery(message.payload), earlier), harness.address(address_kind))
    assert caught.value.kind is FailureKind.CREDENTIAL


@at_every_address_kind
async def test_asking_posts_nothing(harness: Harness, address_kind: str) -> None:
    (message,) = rendered(harness.channel)
    with suppress(CannotTellError):
        await harness.channel.lookup(asked(delivery(message.payload), "1"), harness.address(address_kind))
    assert (harness.attempts, harness.taken) == (0, 0)
