"""What is counted for a monitor, on either database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from bot.errors import FailureKind
from bot.model import AnnounceType, FeedItem, Mailing, MailingState
from bot.store.limits import open_circuit
from bot.store.outbox.policy import Lane
from bot.store.papers import Verdict
from tests.builders import paper
from tests.store.outbox.test_outbox import NOW, claimed, enqueue, fail, message, rendered
from tests.store.test_members import BARE, WHOLE
from tests.store.test_suppressions import ONE, TWO

if TYPE_CHECKING:
    from bot.store import Store

HOUR = timedelta(hours=1)


def test_a_new_store_has_nothing_to_count_and_says_its_schema(store: Store) -> None:
    found = store.figures.read(NOW)
    assert (found.deliveries, found.oldest_pending, found.closed_limits) == ({}, {}, {})
    assert (found.requests, found.last_closed, found.members, found.suppressions) == ({}, {}, 0, {})
    assert store.figures.schema() >= "0005"


def test_deliveries_are_counted_by_channel_and_state(store: Store) -> None:
    for name in ("given", "lab", "other"):
        enqueue(store, rendered(message(name)), name=name)
    store.address_changes.drop(Lane("given", ""), "gone", NOW)
    assert store.figures.read(NOW).deliveries == {("slack", "pending"): 2, ("slack", "dropped"): 1}


def test_what_waits_for_a_later_hour_does_not_count_as_waiting(store: Store) -> None:
    enqueue(store, rendered())
    assert store.figures.read(NOW + HOUR).oldest_pending == {"slack": NOW}
    fail(store, claimed(store), FailureKind.TRANSIENT, retry_after=2 * HOUR.total_seconds())
    assert store.figures.read(NOW + HOUR).oldest_pending == {}
    assert store.figures.read(NOW + 3 * HOUR).oldest_pending == {"slack": NOW}


def test_open_circuits_are_counted_by_kind_without_their_address(store: Store) -> None:
    with store._database.writing() as connection:
        for key in ("mail:0a1b", "mail:2c3d", "mail-relay:4e5f"):
            open_circuit(connection, key, until=NOW + HOUR, reason="refused", now=NOW)
    assert store.figures.read(NOW).closed_limits == {"mail": 2, "mail-relay": 1}
    assert store.figures.read(NOW + 2 * HOUR).closed_limits == {}


def test_who_confirmed_is_counted_as_a_member(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.members.put(BARE)
        transaction.members.put(replace(WHOLE, key="m-2", recipient="3" * 32, mailbox=None))
    assert store.figures.read(NOW).members == 1


def test_mailings_and_suppressions_are_counted(store: Store) -> None:
    for day in (20, 21):
        found = Mailing("cs.CV", date(2026, 4, day), (FeedItem(paper(f"2604.000{day}"), AnnounceType.NEW),))
        store.papers.record(found, Verdict(MailingState.COMPLETE, "whole"), NOW)
    with store.transaction() as transaction:
        transaction.suppressions.put(ONE)
        transaction.suppressions.put(TWO)
    figures = store.figures.read(NOW)
    assert figures.last_closed == {"cs.CV": date(2026, 4, 21)}
    assert figures.requests == {"complete": 2}
    assert figures.suppressions == {"bounced": 1, "complained": 1}
