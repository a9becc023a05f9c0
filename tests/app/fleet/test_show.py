"""`make fleet` shows what it says."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.app.fleet.show import LONGEST_SECONDS


@pytest.mark.on_request
@pytest.mark.timeout(2 * LONGEST_SECONDS)
def test_three_workers_share_a_morning_and_one_is_killed() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.app.fleet.show"], capture_output=True, text=True, check=True)
    assert "worker is killed while it does" in done.stdout
    assert "Everybody was told" in done.stdout
    assert "Twice: 0 channels" in done.stdout
