"""A control group's quota is found, the least of those around the process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from bot.app import cores
from bot.app.cores import cgroup_quota, usable_cores

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("quotas", "expected"),
    [
        ({}, None),
        ({"a/b": "max 100000"}, None),
        ({"a/b": "150000 100000"}, 1.5),
        ({"a/b": "200000 100000", "a": "50000 100000", "": "max 100000"}, 0.5),
        ({"c": "50000 100000"}, None),
        ({"a": "nonsense"}, None),
    ],
)
def test_the_least_quota_counts(tmp_path: Path, quotas: dict[str, str], expected: float | None) -> None:
    proc, root = tmp_path / "cgroup", tmp_path / "root"
    proc.write_text("1:cpu:/old\n0::/a/b\n", encoding="utf-8")
    for folder, text in quotas.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / "cpu.max").write_text(f"{text}\n", encoding="utf-8")
    assert cgroup_quota(proc, root) == expected


def test_without_control_groups_of_version_2_there_is_no_quota(tmp_path: Path) -> None:
    assert cgroup_quota(tmp_path / "none", tmp_path) is None
    (tmp_path / "cgroup").write_text("1:cpu:/old\n", encoding="utf-8")
    assert cgroup_quota(tmp_path / "cgroup", tmp_path) is None


@pytest.mark.parametrize(("quota", "expected"), [(None, 3), (8.0, 3), (1.5, 2), (0.2, 1)])
def test_a_quota_and_the_affinity_both_limit(
    monkeypatch: pytest.MonkeyPatch, quota: float | None, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 2, 5})
    monkeypatch.setattr(cores, "cgroup_quota", lambda _proc, _root: quota)
    assert usable_cores() == expected
