"""Suppressions and bounces as stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.store.suppressions import Suppression, SuppressionReason, Via, suppressed_among

if TYPE_CHECKING:
    from bot.store import Store

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
DAY = timedelta(days=1)
ONE = Suppression("a1" * 16, "12345678", SuppressionReason.BOUNCED, Via.BOUNCE, "lab", NOW)
TWO = replace(ONE, key="a2" * 16, reason=SuppressionReason.COMPLAINED, how=Via.COMPLAINT, subscriber=None)


def test_what_is_put_is_found_by_any_of_its_keys_the_strongest_first(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.suppressions.put(ONE)
        transaction.suppressions.put(TWO)
    with store.snapshot() as view:
        assert view.suppressions.find([ONE.key, "b" * 32]) == ONE
        assert view.suppressions.find([ONE.key, TWO.key]) == TWO
        assert view.suppressions.find(["b" * 32]) is None
        assert view.suppressions.find([]) is None
        assert view.suppressions.among([ONE.key, "b" * 32]) == {ONE.key: ONE}
        assert view.suppressions.all() == (ONE, TWO)


def test_a_later_one_takes_the_place_of_an_earlier_one(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.suppressions.put(ONE)
        later = replace(ONE, reason=SuppressionReason.UNSUBSCRIBED, how=Via.PAGE, since=NOW + DAY)
        transaction.suppressions.put(later)
        assert transaction.suppressions.all() == (later,)


def test_one_is_found_by_how_its_key_begins_and_a_wildcard_is_none(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.suppressions.put(ONE)
        transaction.suppressions.put(TWO)
        assert transaction.suppressions.beginning_with("A1") == (ONE,)
        assert set(transaction.suppressions.beginning_with("a")) == {ONE, TWO}
        assert transaction.suppressions.beginning_with("%") == ()


def test_lifting_forgets_the_bounces_too(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.suppressions.put(ONE)
        transaction.suppressions.add_bounce(ONE.key, "d", "5.2.2", NOW)
        assert transaction.suppressions.lift([ONE.key, TWO.key]) == 1
        assert transaction.suppressions.bounces_since([ONE.key], NOW - DAY) == 0


def test_a_delivery_bounces_once_and_old_ones_are_forgotten(store: Store) -> None:
    with store.transaction() as transaction:
        for delivery, days in (("d", 0), ("d", 1), ("e", 2)):
            transaction.suppressions.add_bounce(ONE.key, delivery, "5.2.2", NOW + days * DAY)
        assert transaction.suppressions.bounces_since([ONE.key, TWO.key], NOW) == 2
        assert transaction.suppressions.bounces_since([ONE.key], NOW + DAY) == 1
        assert transaction.suppressions.forget_bounces(NOW + DAY) == 1
        assert transaction.suppressions.bounces_since([ONE.key], NOW) == 1


def test_among_many_keys_those_are_named_that_are_suppressed(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.suppressions.put(ONE)
    with store._database.reading() as connection:
        assert suppressed_among(connection, [ONE.key, TWO.key]) == {ONE.key}
        assert suppressed_among(connection, []) == frozenset()
