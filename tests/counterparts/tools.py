"""Programs written by others: where `setup.sh` put them, how they are started, and that they end with their test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from tests.ports import listens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).parent
FOLDER = Path(os.environ.get("PAPERBOY_COUNTERPARTS_DIR") or HERE.parents[1] / ".counterparts")
"""Where `setup.sh` puts what comes from npm."""
NODE = FOLDER / "node_modules/.bin/node"
_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
_START_SECONDS = 20.0


def absent(what: str) -> NoReturn:
    """Skip, or fail where the counterparts were asked for and CI must not pass without them."""
    reason = f"{what} is missing: tests/counterparts/setup.sh installs it"
    if os.environ.get("CI") and os.environ.get("PAPERBOY_COUNTERPARTS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def program(name: str) -> str:
    """A Debian program's path."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        absent(name)
    return str(found)


def chromium() -> str | None:
    """Chromium's program, if it is here: rather its shell without windows, which takes a third of the time."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")


def package(name: str) -> Path:
    """The folder of a package from npm, whose Node is then there too."""
    folder = FOLDER / "node_modules" / name
    for needed in (NODE, folder):
        if not needed.exists():
            absent(f"npm's {needed.name}")
    return folder


def ask_node(script: str, question: object) -> Any:
    """What one of this folder's scripts answers: JSON in, JSON out."""
    asked = subprocess.run(
        [NODE, "--import", (HERE / "resolve.mjs").as_uri(), HERE / script],
        input=json.dumps(question),
        env={"PATH": _PATH, "PAPERBOY_NODE_MODULES": str(FOLDER / "node_modules")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert asked.returncode == 0, asked.stderr
    return json.loads(asked.stdout)


@contextmanager
def running(command: Sequence[str | Path], port: int, folder: Path) -> Iterator[None]:
    """A server, from the moment it listens on that port; what it says is shown if it never does."""
    log = folder / f"server-{port}.log"
    with (
        log.open("wb") as said,
        subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said) as server,
    ):
        try:
            _wait_for(port, server, log)
            yield
        finally:
            server.terminate()
            try:
                server.wait(5)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while not listens(port):
        if server.poll() is not None or time.monotonic() > until:
            pytest.fail(f"{server.args!r} does not listen on {port}:\n{log.read_text(errors='replace')}")
        time.sleep(0.02)
