"""How many cores this process may use."""

from __future__ import annotations

import os
from math import ceil
from pathlib import Path

_PROC, _CGROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """The cores that the scheduler gives this process, or fewer if its control group has a quota; at least 1."""
    given = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(given, ceil(cgroup_quota(_PROC, _CGROUPS) or given)))


def cgroup_quota(proc: Path, root: Path) -> float | None:
    """The least quota of a process's control group and of those around it, in cores; None if there is none.

    Args:
        proc: its `/proc/PID/cgroup`.
        root: where control groups are mounted. Only version 2 is read:
            https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
    """
    try:
        lines = proc.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    mine = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), None)
    if mine is None:
        return None
    folder = root / mine
    quotas = [_quota(each / "cpu.max") for each in (folder, *folder.parents) if each.is_relative_to(root)]
    return min((quota for quota in quotas if quota is not None), default=None)


def _quota(cpu_max: Path) -> float | None:
    """The quota that a file `cpu.max` has, microseconds of CPU per period: "150000 100000" is 1.5 cores."""
    try:
        quota, period = cpu_max.read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else int(quota) / int(period)
