"""How the benchmarks measure and print: the machine by its name, child processes by what the kernel says of them."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Row = Sequence[object]


def machine() -> str:
    """CPU, cores, Python and system: without them a figure says nothing."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cpu = names[0] if names else platform.processor() or platform.machine()
    load = f"{os.getloadavg()[0]:.1f}"
    return f"{cpu}, {os.cpu_count()} cores (load {load}), Python {platform.python_version()}, {platform.system()}"


def say(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def table(title: str, heads: Sequence[str], rows: Iterable[Row]) -> str:
    """A Markdown table under its title."""
    cells = [list(map(_shown, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]

    def line(row: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"

    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([f"### {title}", "", line(heads), rule, *map(line, cells), ""])


def _shown(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    digits = 0 if abs(value) >= 100 else 2 if abs(value) >= 1 else 4
    return f"{value:,.{digits}f}"


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@dataclass(frozen=True, slots=True)
class Process:
    """What a process that ended took."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds, user and system."""
    peak: float
    """Resident memory at its highest, MB."""
    output: str


_PARENT = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
took = [time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, done.stdout]
print(json.dumps([done.returncode, took]))
"""


def process(*arguments: str) -> Process:
    """Run Python with these arguments to its end.

    A small process starts it: to the kernel, a child's peak begins at its parent's size.

    Raises:
        RuntimeError: it did not end with 0.
    """
    command = [sys.executable, "-c", _PARENT, sys.executable, *arguments]
    code, took = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
    if code != 0:
        raise RuntimeError(f"{arguments} ended with {code}: {took[-1]}")
    return Process(*took)
