"""The command line as a process runs it, but at a simulated hour."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from bot.cli import main

if TYPE_CHECKING:
    from tests.world import World


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

    def __init__(self, world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._world = world
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    async def __call__(self, *arguments: str) -> Answer:
        if arguments and arguments[0] not in ("demo", "--help"):
            assert self._world.settings is not None  # writes the file
            arguments = (*arguments, "--config", str(self._world.folder / "config.yaml"))
        return await self.raw(*arguments)

    async def raw(self, *arguments: str) -> Answer:
        self._monkeypatch.setattr(sys, "argv", ["paperboy", *arguments])
        self._monkeypatch.setattr("bot.app.SystemClock", lambda: self._world.clock)
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
def paperboy(world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(world, capsys, monkeypatch)
