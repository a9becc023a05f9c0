"""The command line as a process runs it, but at a simulated hour."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TextIO

import pytest

from bot.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.world import Environment


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Terminal:
    """Runs commands in a thread of its own, for each starts an event loop."""

    def __init__(
        self, environment: Environment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._environment = environment
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    async def __call__(self, *arguments: str) -> Answer:
        if arguments and arguments[0] not in ("demo", "--help"):
            assert self._environment.settings is not None  # writes the file
            arguments = (*arguments, "--config", str(self._environment.folder / "config.yaml"))
        return await self.raw(*arguments)

    async def raw(self, *arguments: str) -> Answer:
        self._monkeypatch.setattr(sys, "argv", ["paperboy", *arguments])
        self._monkeypatch.setattr("bot.app.SystemClock", lambda: self._environment.clock)
        self._capsys.readouterr()
        code = await asyncio.to_thread(_exit_code)
        out, err = self._capsys.readouterr()
        return Answer(code, out, err)


def _exit_code() -> int:
    try:
        main()
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


@pytest.fixture
def paperboy(
    environment: Environment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    return Terminal(environment, capsys, monkeypatch)


class Screen:
    """A terminal, and what was drawn on it."""

    def __init__(self, leader: int, follower: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
        self._leader = leader
        self._follower = follower
        self._monkeypatch = monkeypatch

    def plug_in(self, stream: Literal["stdout", "stderr"], *, columns: int = 100) -> None:
        """Have it for one stream: in the test itself, for pytest puts its own there before each."""
        self._monkeypatch.setattr(sys, stream, self._follower)
        self._monkeypatch.setenv("COLUMNS", str(columns))

    def read(self) -> str:
        """Everything so far."""
        os.set_blocking(self._leader, False)
        drawn = b""
        try:
            while piece := os.read(self._leader, 65536):
                drawn += piece
        except BlockingIOError:
            pass
        return drawn.decode().replace("\r\n", "\n")


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w", encoding="utf-8") as stream:
        yield Screen(leader, stream, monkeypatch)
    os.close(leader)
