"""One process at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.store import Store
from bot.store.leases import LeaseTakenError
from bot.store.worker import WorkerId

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
TERM = timedelta(minutes=30)
ME = WorkerId.current()
ELSEWHERE = replace(ME, host="elsewhere")
DEAD = replace(ME, started="1")


def test_a_lease_is_taken_by_one_and_free_again_when_given_back(url: str) -> None:
    mine, theirs = Store(url, ME), Store(url, ELSEWHERE)
    mine.leases.acquire("collect", NOW, TERM)
    with pytest.raises(LeaseTakenError, match=f"collect is held by process {ME.pid}"):
        theirs.leases.acquire("collect", NOW, TERM)
    mine.leases.release("collect")
    theirs.leases.acquire("collect", NOW, TERM)
    mine.close()
    theirs.close()


def test_its_holder_may_take_it_again(url: str) -> None:
    store = Store(url, ME)
    store.leases.acquire("collect", NOW, TERM)
    store.leases.acquire("collect", NOW + TERM / 2, TERM)
    store.close()


def test_nobody_gives_back_what_another_holds(url: str) -> None:
    mine, theirs = Store(url, ME), Store(url, ELSEWHERE)
    mine.leases.acquire("collect", NOW, TERM)
    theirs.leases.release("collect")
    with pytest.raises(LeaseTakenError):
        theirs.leases.acquire("collect", NOW, TERM)
    mine.close()
    theirs.close()


def test_a_dead_holder_on_this_host_loses_it_at_once(url: str) -> None:
    dead, mine = Store(url, DEAD), Store(url, ME)
    dead.leases.acquire("collect", NOW, TERM)
    mine.leases.acquire("collect", NOW, TERM)
    dead.close()
    mine.close()


def test_a_holder_elsewhere_loses_it_when_the_term_is_over(url: str) -> None:
    theirs, mine = Store(url, ELSEWHERE), Store(url, ME)
    theirs.leases.acquire("collect", NOW, TERM)
    mine.leases.acquire("collect", NOW + TERM, TERM)
    theirs.close()
    mine.close()
