"""What a command says reaches the terminal, whatever the terminal can show."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.builders import paper
from tests.world import TUESDAY, Environment, morning

if TYPE_CHECKING:
    from tests.cli.conftest import Terminal


async def test_a_terminal_without_a_letter_shows_a_question_mark(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.clock.set(morning(TUESDAY))
    environment.announce(TUESDAY, paper(title="Erdős and the 鸽子"))
    assert (await paperboy("once")).code == 0
    config = str(environment.folder / "config.yaml")
    answer = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "bot", "preview", "lab", "--latest", "--config", config],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert answer.stderr == b""
    assert answer.returncode == 0
    assert b"Erd?s and the ??" in answer.stdout
