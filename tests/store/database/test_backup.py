"""A backup is the store as it was at one moment, whoever is writing."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.errors import NoStoreError, StoreError
from bot.store import Store
from bot.store.database.backup import BackupError, back_up, is_file
from tests.store.outbox.test_outbox import enqueue, rendered

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITER = """
import sys
from bot.model import Message
from bot.store import Store
from bot.store.outbox import RenderedDigest
from bot.store.subscribers import SubscriberState
from tests.store.outbox.test_outbox import NOW

store = Store(sys.argv[1])
number = 0
while True:
    number += 1
    state = store.subscribers.state("lab") or SubscriberState("lab")
    digest = RenderedDigest("slack", f"Birds {number}", (Message({"text": "x" * 5000}),))
    store.outbox.enqueue(state, digest, ("",), NOW)
    if number == 5:
        print("writing", flush=True)
"""
ROOT = Path(__file__).parents[3]


@pytest.fixture
def url(sqlite_url: str) -> str:
    """Only a file can be copied so."""
    return sqlite_url


@pytest.fixture
def writer(url: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that writes as fast as it can."""
    command = [sys.executable, "-c", WRITER, url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        yield process
        process.kill()


def counts(path: Path) -> tuple[int, ...]:
    """Of what is written in one transaction: digests, messages, deliveries, and the subscriber's revision."""
    statements = (
        "SELECT count(*) FROM digests",
        "SELECT count(*) FROM messages",
        "SELECT count(*) FROM deliveries",
        "SELECT revision FROM subscribers",
    )
    with closing(sqlite3.connect(path)) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return tuple(copy.execute(statement).fetchone()[0] for statement in statements)


def test_a_copy_made_while_another_process_writes_is_whole(
    url: str, writer: subprocess.Popen[str], tmp_path: Path
) -> None:
    seen = []
    for number in range(5):
        target = tmp_path / f"copy-{number}.db"
        assert back_up(url, target) == target.stat().st_size
        found = counts(target)
        assert len(set(found)) == 1, found
        seen.append(found[0])
        time.sleep(0.1)
    assert writer.poll() is None
    assert seen == sorted(seen)
    assert seen[-1] > seen[0], "the writer was held up"


def test_a_copy_is_one_file_and_a_store(store: Store, url: str, tmp_path: Path) -> None:
    enqueue(store, rendered())
    folder = tmp_path / "copies"
    folder.mkdir()
    back_up(url, folder / "copy.db")
    assert [path.name for path in folder.iterdir()] == ["copy.db"]
    copy = Store(f"sqlite:///{folder / 'copy.db'}", must_exist=True)
    assert copy.queries.all() == store.queries.all()
    copy.close()


def test_what_was_there_before_is_replaced(store: Store, url: str, tmp_path: Path) -> None:
    enqueue(store, rendered())
    target = tmp_path / "copy.db"
    target.write_text("an older copy", encoding="utf-8")
    back_up(url, target)
    assert counts(target)[2] == 1


@pytest.mark.usefixtures("store")
def test_the_store_is_never_replaced_by_its_own_copy(url: str, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "paperboy.db")
    for target in (tmp_path / "paperboy.db", tmp_path / "link.db"):
        with pytest.raises(BackupError, match="it is the store itself"):
            back_up(url, target)


@pytest.mark.usefixtures("store")
def test_a_copy_that_cannot_be_written_names_its_place_and_leaves_nothing(url: str, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"nowhere/copy\.db could not be written: No such file or directory"):
        back_up(url, tmp_path / "nowhere" / "copy.db")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.usefixtures("store")
def test_a_copy_that_fails_half_way_is_taken_away(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(sqlite3.Connection):
        def backup(self, *_: object, **__: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **kwargs: real(*args, **kwargs, factory=Full))
    folder = tmp_path / "copies"
    folder.mkdir()
    with pytest.raises(BackupError, match="database or disk is full"):
        back_up(url, folder / "copy.db")
    assert list(folder.iterdir()) == []


def test_where_there_is_no_store_none_is_made(url: str, tmp_path: Path) -> None:
    with pytest.raises(NoStoreError):
        back_up(url, tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_database_is_not_copied(url: str, tmp_path: Path) -> None:
    (tmp_path / "paperboy.db").write_text("no database " * 500, encoding="utf-8")
    with pytest.raises(StoreError, match="not a database"):
        back_up(url, tmp_path / "copy.db")
    assert [path.name for path in tmp_path.iterdir()] == ["paperboy.db"]


def test_only_sqlite_is_a_file() -> None:
    assert is_file("sqlite:///paperboy.db")
    assert not is_file("postgresql+psycopg://paperboy@localhost/paperboy")
