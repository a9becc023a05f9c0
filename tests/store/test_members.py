"""Self-service subscribers as stored: what went in comes out, on either database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import IntegrityError

from bot.errors import StoreError
from bot.model import Topic
from bot.settings import Secret
from bot.store.members import Member

if TYPE_CHECKING:
    from bot.store import Store

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
BARE = Member(
    key="m-1",
    channel="mail",
    destination=Secret("dora@example.edu"),
    recipient="1" * 32,
    mailbox="2" * 32,
    timezone="UTC",
    how="web",
)
WHOLE = replace(
    BARE,
    topics=("birds", Topic("m-1/1", "Maps", ("cs.CV",), ("map",), ("road",), ("Ada Byron",))),
    muted=("rail",),
    own_topics_made=3,
    asked_topics=(Topic("m-1/3", "ti:map", ("cs.CV", "q-bio.NC"), query="ti:map"),),
    asked_at=NOW,
    at=time(8, 5),
    weekdays=frozenset({0, 6}),
    paused=True,
    paused_until=date(2026, 5, 1),
    confirmed_at=NOW,
)


@pytest.mark.parametrize("member", [BARE, WHOLE, replace(BARE, asked_topics=())])
def test_what_is_put_is_read_back(store: Store, member: Member) -> None:
    with store.transaction() as transaction:
        assert transaction.members.put(member) == member
    with store.snapshot() as view:
        found = view.members.get("m-1")
        assert found == member
        assert found.destination.reveal() == "dora@example.edu"
        assert view.members.of_mailbox("2" * 32) == member
        assert list(view.members.all()) == [member]


def test_whoever_is_not_there_is_none(store: Store) -> None:
    with store.snapshot() as view:
        assert view.members.get("m-1") is None
        assert view.members.of_mailbox("2" * 32) is None


def test_a_change_takes_the_place_of_what_was(store: Store) -> None:
    with store.transaction() as transaction:
        first = transaction.members.put(BARE)
        assert transaction.members.put(replace(first, paused=True)).paused
        transaction.members.delete("m-1")
        transaction.members.delete("m-1")
        assert list(transaction.members.all()) == []


def test_a_mailbox_has_one_subscriber(store: Store) -> None:
    with pytest.raises((StoreError, IntegrityError)), store.transaction() as transaction:
        transaction.members.put(BARE)
        transaction.members.put(replace(BARE, key="m-2", recipient="3" * 32))
    with store.snapshot() as view:
        assert list(view.members.all()) == []


def test_of_chats_which_have_no_mailbox_there_are_many(store: Store) -> None:
    with store.transaction() as transaction:
        for number in range(2):
            transaction.members.put(replace(BARE, key=f"m-{number}", mailbox=None, recipient=str(number) * 32))
        assert len(list(transaction.members.all())) == 2
