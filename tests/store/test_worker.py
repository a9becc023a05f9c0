"""Who is surely dead, and who might still be sending."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.store.worker import WorkerId

if TYPE_CHECKING:
    import pytest

ME = WorkerId.current()


def test_an_owner_survives_being_written_down() -> None:
    assert WorkerId.parse(str(ME)) == ME


def test_a_living_process_is_not_dead() -> None:
    assert not ME.is_surely_dead(ME)


def test_a_process_that_ended_is_surely_dead() -> None:
    code = "from bot.store.worker import WorkerId; print(WorkerId.current())"
    child = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert WorkerId.parse(child.stdout.strip()).is_surely_dead(ME)


def test_a_process_of_an_earlier_boot_is_surely_dead_even_if_its_number_is_in_use() -> None:
    assert replace(ME, boot="another").is_surely_dead(ME)


def test_a_number_that_went_to_another_process_does_not_keep_the_owner_alive() -> None:
    assert replace(ME, started="1").is_surely_dead(ME)


def test_of_another_host_nobody_can_tell() -> None:
    assert not replace(ME, host="elsewhere", boot="another").is_surely_dead(ME)


def test_of_another_container_under_the_same_host_name_nobody_can_tell() -> None:
    elsewhere = replace(ME, boot=f"{ME.boot.partition('/')[0]}/pid:[1]", pid=999_999_999)
    assert not elsewhere.is_surely_dead(ME)


def test_a_process_that_is_there_but_hidden_is_not_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.worker._start_of", lambda _pid: None)
    assert not ME.is_surely_dead(ME)


def test_a_process_of_another_user_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr("os.kill", forbidden)
    assert not ME.is_surely_dead(ME)


def test_where_the_system_tells_no_boot_only_the_lease_counts() -> None:
    assert not replace(ME, boot="", pid=999_999_999).is_surely_dead(ME)
