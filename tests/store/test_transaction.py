"""One commit for several commands: each whole or not at all, all or none on the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.errors import StoreError
from bot.store import Store
from bot.store.suppressions import Suppression, SuppressionReason, Via
from tests.members.driver import NOW
from tests.store.conftest import store

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["store"]


def put(store: Store, key: str) -> None:
    with store.transaction() as transaction:
        transaction.suppressions.put(
            Suppression(key, "s", SuppressionReason.UNSUBSCRIBED, Via.PAGE, subscriber=None, since=NOW)
        )


def known(store: Store) -> set[str]:
    with store.snapshot() as view:
        return {each.key for each in view.suppressions.all()}


@pytest.fixture
def other(store: Store, url: str) -> Iterator[Store]:
    """Another process's store, over the same tables."""
    assert store.queries.all() == ()
    other = Store(url)
    yield other
    other.close()


def test_what_shares_a_commit_is_seen_by_the_next_and_by_others_only_after_it(store: Store, other: Store) -> None:
    with store.shared_transaction():
        put(store, "a")
        assert known(store) == {"a"}
        put(store, "b")
        assert known(other) == set()
    assert known(other) == known(store) == {"a", "b"}


def test_one_that_fails_is_undone_alone(store: Store, other: Store) -> None:
    with store.shared_transaction():
        put(store, "a")
        with pytest.raises(ZeroDivisionError), store.transaction() as transaction:
            transaction.suppressions.lift(["a"])
            raise ZeroDivisionError
        put(store, "b")
    assert known(other) == {"a", "b"}


def test_a_row_that_the_database_refuses_is_undone_alone_and_is_an_error_of_the_store(store: Store) -> None:
    with store.shared_transaction():
        put(store, "a")
        with pytest.raises(StoreError), store.transaction() as transaction:
            transaction.suppressions.lift(["a"])
            transaction.suppressions.add_bounce("k", "d", "5.1.1", None)  # type: ignore[arg-type]
        put(store, "b")
    assert known(store) == {"a", "b"}


def test_what_is_not_committed_is_none(store: Store, other: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.shared_transaction():
        put(store, "a")
        raise ZeroDivisionError
    assert known(store) == known(other) == set()
    put(store, "b")
    assert known(other) == {"b"}
