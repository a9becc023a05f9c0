"""A subscriber is due once for each of its slots, whatever the machine or its clock did in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.compose.slots import is_due, next_slot, served_slot
from bot.settings import Subscriber
from bot.store.subscribers import SubscriberState

BERLIN = ZoneInfo("Europe/Berlin")
SLOT = datetime(2026, 4, 21, 6, tzinfo=UTC)  # Tuesday, 08:00 in Berlin
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def subscriber(at: time | None = time(8)) -> Subscriber:
    return Subscriber("lab", "slack", (), ("birds",), BERLIN, at, on=frozenset({0, 1, 2}))


def served(slot: datetime | None, *, heard_until: date | None = None) -> SubscriberState:
    return SubscriberState("lab", slot=slot, heard_until=heard_until)


def test_without_an_hour_a_subscriber_is_always_due() -> None:
    assert is_due(subscriber(at=None), served(None), SLOT)
    assert served_slot(subscriber(at=None), SLOT) is None
    assert next_slot(subscriber(at=None), SLOT) is None


def test_a_slot_is_due_until_it_is_served() -> None:
    state = served(SLOT - DAY)
    assert not is_due(subscriber(), state, SLOT - HOUR)
    assert is_due(subscriber(), state, SLOT)
    assert is_due(subscriber(), state, SLOT + 30 * HOUR)
    assert served_slot(subscriber(), SLOT + HOUR) == SLOT
    assert not is_due(subscriber(), served(SLOT), SLOT + HOUR)


def test_what_comes_in_late_on_the_same_mailing_date_is_due_at_once_but_not_for_a_new_subscriber() -> None:
    assert is_due(subscriber(), served(SLOT, heard_until=SLOT.date()), SLOT + HOUR)
    assert not is_due(subscriber(), served(SLOT, heard_until=SLOT.date()), SLOT + 22 * HOUR)
    assert not is_due(subscriber(), served(SLOT), SLOT + HOUR)


def test_of_what_was_liked_nothing_comes_in_late() -> None:
    liked = replace(subscriber(), votes_of=("lab",))
    assert not is_due(liked, served(SLOT, heard_until=SLOT.date()), SLOT + HOUR)
    assert is_due(liked, served(SLOT - DAY, heard_until=SLOT.date()), SLOT)


def test_what_was_liked_is_not_due_again_for_a_clock_that_is_late_but_for_one_that_was_far_ahead() -> None:
    liked = replace(subscriber(), votes_of=("lab",))
    assert not is_due(liked, served(SLOT + timedelta(minutes=2)), SLOT)
    assert is_due(liked, served(SLOT + 400 * DAY), SLOT)


def test_a_slot_that_a_wrong_clock_wrote_into_the_future_holds_nothing_up() -> None:
    assert is_due(subscriber(), served(SLOT + 400 * DAY), SLOT)


def test_the_next_slot_is_on_one_of_its_weekdays() -> None:
    assert next_slot(subscriber(), SLOT) == SLOT + DAY
    assert next_slot(subscriber(), SLOT + DAY) == SLOT + 6 * DAY
