"""A store copied to another database: everything, with the numbers going on where they were; or nothing."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from bot.errors import NoStoreError, StoreError
from bot.model import AnnounceType, FeedItem, Mailing, MailingState
from bot.store import Store
from bot.store.database import transfer as module
from bot.store.database.tables import deliveries, metadata, schema_version
from bot.store.database.transfer import transfer
from bot.store.papers import Verdict
from tests.builders import paper
from tests.store.outbox.test_outbox import NOW, enqueue, message, rendered
from tests.store.test_suppressions import ONE

if TYPE_CHECKING:
    from pathlib import Path

TABLES = [table for table in metadata.sorted_tables if table is not schema_version]


def fill(url: str) -> None:
    """Papers of two mailings, a digest for each of three subscribers, a suppression; the last delivery is gone."""
    store = Store(url)
    for day in (20, 21):
        items = tuple(FeedItem(paper(f"2604.{day}{n:03d}", title=f"Gulls ł {n}"), AnnounceType.NEW) for n in range(3))
        store.papers.record(Mailing("cs.CV", date(2026, 4, day), items), Verdict(MailingState.COMPLETE, "whole"), NOW)
    for name in ("a", "b", "c"):
        enqueue(store, rendered(message(name)), name=name)
    with store.transaction() as transaction:
        transaction.suppressions.put(ONE)
    with store._database.writing() as connection:
        connection.execute(deliveries.delete().where(deliveries.c.subscriber == "c"))
    store.close()


def content(url: str) -> dict[str, list[tuple[object, ...]]]:
    store = Store(url, must_exist=True)
    with store._database.reading() as connection:
        found = {table.name: sorted(map(repr, connection.execute(table.select()))) for table in TABLES}
    store.close()
    return {name: [(row,) for row in rows] for name, rows in found.items()}


@pytest.fixture
def other_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'other.db'}"


@pytest.fixture(params=["to postgres", "from postgres", "to another file"])
def pair(request: pytest.FixtureRequest, sqlite_url: str, other_url: str) -> tuple[str, str]:
    """Where from and where to."""
    if request.param == "to another file":
        return sqlite_url, other_url
    schema_url: str = request.getfixturevalue("empty_schema_url")
    return (sqlite_url, schema_url) if request.param == "to postgres" else (schema_url, sqlite_url)


def test_everything_is_there_and_is_counted(pair: tuple[str, str]) -> None:
    source, target = pair
    fill(source)
    reported: dict[str, int] = {}
    counts = transfer(source, target, reported.__setitem__)
    assert content(target) == content(source)
    assert counts == reported == {name: len(rows) for name, rows in content(source).items()}
    assert counts["papers"] == 6


def test_numbers_go_on_where_they_were_and_none_is_given_again(pair: tuple[str, str]) -> None:
    source, target = pair
    fill(source)
    transfer(source, target)
    store = Store(target)
    enqueue(store, rendered(message("next")), name="next")
    with store._database.reading() as connection:
        numbers = {row.subscriber: row.seq for row in connection.execute(deliveries.select())}
    store.close()
    assert numbers == {"a": 1, "b": 2, "next": 4}


def test_who_is_stopped_under_way_leaves_nothing_and_begins_anew(
    pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = pair
    fill(source)

    class StoppedError(Exception):
        """Whatever ends it."""

    def stop(table: str, _: int) -> None:
        if table == "deliveries":
            raise StoppedError

    with pytest.raises(StoppedError):
        transfer(source, target, stop)
    assert not any(content(target).values())
    monkeypatch.undo()
    transfer(source, target)
    assert content(target) == content(source)


def test_a_target_that_is_in_use_is_refused_and_stays_as_it_is(sqlite_url: str, other_url: str) -> None:
    fill(sqlite_url)
    fill(other_url)
    before = content(other_url)
    with pytest.raises(StoreError, match="it is not empty"):
        transfer(sqlite_url, other_url)
    assert content(other_url) == before


def test_a_copy_with_other_counts_is_not_kept(
    sqlite_url: str, other_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(sqlite_url)
    copy = module._copy

    def forgetful(table: object, source: object, target: object) -> None:
        if table is not TABLES[-1]:
            copy(table, source, target)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_copy", forgetful)
    assert content(sqlite_url)[TABLES[-1].name]
    with pytest.raises(StoreError, match=f"table {TABLES[-1].name} has 0 of .* rows; nothing was kept"):
        transfer(sqlite_url, other_url)
    assert not any(content(other_url).values())


def test_no_source_and_the_store_itself_are_refused(sqlite_url: str, other_url: str) -> None:
    with pytest.raises(NoStoreError):
        transfer(sqlite_url, other_url)
    with pytest.raises(StoreError, match="it is the store itself"):
        transfer(sqlite_url, sqlite_url)
