"""A store that cannot be written, at every verb: said in a sentence, nothing lost, and the next run delivers once.

The disk is really full (a small one of its own), the lock really another process's, the file system really read-only.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta
from functools import wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Self

import pytest

from bot.app.collecting import Collector
from bot.app.runner import Runner
from bot.channels.slack import SlackChannel
from bot.cli.errors import ExitCode
from bot.store import Store
from tests.builders import paper
from tests.world import TUESDAY, WEDNESDAY, Environment, morning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.cli.conftest import Terminal

VERBS = {
    "collect": (Collector, "collect_today"),
    "compose": (Runner, "compose"),
    "deliver": (Runner, "deliver"),
    "settle": (SlackChannel, "send"),
}
"""Where a write fails that comes next: `settle` is after the message was taken."""

HOLDS_THE_LOCK = """
import sqlite3, sys
store = sqlite3.connect(sys.argv[1], isolation_level=None)
store.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "paperboy", str(folder)],
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Not a byte more goes onto it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            while True:
                try:
                    file.write(bytes(size))
                except OSError:
                    break
    yield
    ballast.unlink()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process is in the middle of a transaction."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS_THE_LOCK, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    yield
    holder.stdin.close()
    assert holder.wait(10) == 0
    holder.stdout.close()


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    for mode in ("ro", "rw"):
        subprocess.run(["mount", "-o", f"remount,{mode}", str(disk)], check=True)
        if mode == "ro":
            yield


class Struck:
    """The program with a trouble that begins at one of its steps."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, step: tuple[type, str], trouble: AbstractContextManager[None]
    ) -> None:
        self._monkeypatch = monkeypatch
        self._step = step
        self._trouble = trouble
        self.struck = False

    def __enter__(self) -> Self:
        owner, name = self._step
        self._monkeypatch.setattr(owner, name, self._striking(getattr(owner, name), after=name == "send"))
        return self

    def __exit__(self, *_: object) -> None:
        self._monkeypatch.undo()
        self._trouble.__exit__(None, None, None)

    def _striking(self, step: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
        def strike() -> None:
            if not self.struck:
                self.struck = True
                self._trouble.__enter__()

        if not iscoroutinefunction(step):

            @wraps(step)
            def at_once(*args: Any, **kwargs: Any) -> Any:
                strike()
                return step(*args, **kwargs)

            return at_once

        @wraps(step)
        async def struck(*args: Any, **kwargs: Any) -> Any:
            if not after:
                strike()
            answer = await step(*args, **kwargs)
            strike()
            return answer

        return struck


def a_store_on(disk: Path, environment: Environment) -> Path:
    environment.config["store"] = f"sqlite:///{disk}/paperboy.db"
    environment.announce(TUESDAY, paper())
    return disk / "paperboy.db"


async def deliver_tuesday_and_announce_wednesday(paperboy: Terminal, environment: Environment) -> None:
    environment.clock.set(morning(TUESDAY))
    assert (await paperboy("once")).code == ExitCode.DONE
    environment.clock.set(morning(WEDNESDAY))
    environment.announce(WEDNESDAY, *(paper(f"2604.1{n:04}", title=f"Pigeon {n}") for n in range(60)))


async def delivered_once(paperboy: Terminal, environment: Environment) -> None:
    """The next run has nothing to complain of, and everything has come once."""
    # Here the process that failed lives on, and so its claim, until the lease is over.
    environment.clock.set(environment.clock.now() + timedelta(hours=1))
    assert (await paperboy("once")).code == ExitCode.DONE
    store = Store(environment.settings.store)
    composed = [record.id for record in store.queries.all()]
    store.close()
    taken = [each.metadata["event_payload"]["delivery_id"] for each in environment.slack.messages if each.metadata]
    assert taken == composed
    text = environment.slack_text()
    assert all(f"Pigeon {n}>" in text or f"Pigeon {n}<" in text for n in range(60))


@needs_root
@pytest.mark.parametrize("step", VERBS)
async def test_on_a_full_disk_each_verb_ends_with_3_and_the_next_run_delivers_once(
    step: str, paperboy: Terminal, environment: Environment, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_store_on(disk, environment)
    await deliver_tuesday_and_announce_wednesday(paperboy, environment)
    with monkeypatch.context() as patches, Struck(patches, VERBS[step], filled(disk)) as trouble:
        answer = await paperboy("once")
    assert trouble.struck
    assert answer.code == ExitCode.STORE
    assert "cannot be used: (sqlite3" not in answer.err
    assert "database or disk is full" in answer.err or "disk I/O error" in answer.err
    assert "Is it on a disk that is full, read-only or shared?" in answer.err
    await delivered_once(paperboy, environment)


@pytest.mark.parametrize("step", VERBS)
async def test_while_another_process_keeps_the_store_locked_each_verb_ends_with_3_and_the_next_run_delivers_once(
    step: str, paperboy: Terminal, environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.database.connect.LOCK_TIMEOUT_MS", 50)  # it is 30 s, and the rest is the same
    path = a_store_on(tmp_path, environment)
    await deliver_tuesday_and_announce_wednesday(paperboy, environment)
    with monkeypatch.context() as patches, Struck(patches, VERBS[step], locked(path)) as trouble:
        answer = await paperboy("once")
    assert trouble.struck
    assert answer.code == ExitCode.STORE
    assert "cannot be used: database is locked" in answer.err
    await delivered_once(paperboy, environment)


async def test_publishing_into_a_locked_store_ends_with_3_and_the_next_run_writes_the_page_and_tells_nobody_twice(
    paperboy: Terminal, environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.database.connect.LOCK_TIMEOUT_MS", 50)
    environment.config["site"] = {"dir": str(tmp_path / "site"), "topics": ["birds"]}
    path = a_store_on(tmp_path, environment)
    await deliver_tuesday_and_announce_wednesday(paperboy, environment)
    with monkeypatch.context() as patches, Struck(patches, (Runner, "publish"), locked(path)) as trouble:
        answer = await paperboy("once")
    assert trouble.struck
    assert answer.code == ExitCode.STORE
    await delivered_once(paperboy, environment)
    assert "Pigeon 59" in (tmp_path / "site" / "birds" / f"{WEDNESDAY}.md").read_text(encoding="utf-8")


@needs_root
async def test_a_new_store_on_a_full_disk_ends_with_3_and_the_next_run_delivers_once(
    paperboy: Terminal, environment: Environment, disk: Path
) -> None:
    a_store_on(disk, environment)
    environment.clock.set(morning(TUESDAY))
    with filled(disk):
        answer = await paperboy("once")
    assert answer.code == ExitCode.STORE
    assert not environment.arxiv.requests
    await deliver_tuesday_and_announce_wednesday(paperboy, environment)
    await delivered_once(paperboy, environment)


@needs_root
async def test_on_a_read_only_file_system_it_ends_with_3_and_the_next_run_delivers_once(
    paperboy: Terminal, environment: Environment, disk: Path
) -> None:
    a_store_on(disk, environment)
    await deliver_tuesday_and_announce_wednesday(paperboy, environment)
    asked = len(environment.arxiv.requests)
    with read_only(disk):
        answer = await paperboy("once")
    assert answer.code == ExitCode.STORE
    assert "readonly database" in answer.err or "unable to open database file" in answer.err
    assert "full, read-only or shared?" in answer.err
    assert len(environment.arxiv.requests) == asked
    await delivered_once(paperboy, environment)


@needs_root
async def test_a_site_on_a_full_disk_costs_no_digest_and_the_next_run_writes_it(
    paperboy: Terminal, environment: Environment, disk: Path
) -> None:
    environment.config["site"] = {"dir": str(disk / "site"), "topics": ["birds"]}
    a_store_on(environment.folder, environment)
    environment.clock.set(morning(TUESDAY))
    with filled(disk):
        answer = await paperboy("once")
    assert answer.code == ExitCode.LEFT_UNDONE
    assert "No space left on device" in answer.out + answer.err
    assert environment.received()["slack"] == 1
    assert (await paperboy("once")).code == ExitCode.DONE
    assert "Pigeons" in (disk / "site" / "birds" / f"{TUESDAY}.md").read_text(encoding="utf-8")
    assert environment.received()["slack"] == 1
