"""Identifies a worker process by host, boot, process id and start time, so that a dead one is recognised at once.

A process id alone is used again after a reboot, and within days on a busy machine; and containers with the same host
name number their processes separately. If there is any doubt, a process counts as alive, and its lease decides.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class WorkerId:
    """One process on one boot of one host."""

    host: str
    boot: str
    """The kernel's id of this boot, with that of the namespace of process ids."""
    pid: int
    started: str

    @classmethod
    def current(cls) -> WorkerId:
        """This process."""
        pid = os.getpid()
        return cls(socket.gethostname(), _boot_id(), pid, _start_of(pid) or "")

    @classmethod
    def parse(cls, text: str) -> WorkerId:
        """The inverse of `str`."""
        host, boot, pid, started = text.split("|")
        return cls(host, boot, int(pid), started)

    def __str__(self) -> str:
        return f"{self.host}|{self.boot}|{self.pid}|{self.started}"

    def is_surely_dead(self, seen_from: WorkerId) -> bool:
        """Whether a process on the same host can tell that it has ended; False if nobody can tell."""
        if self.host != seen_from.host or not self.boot or not self.started:
            return False
        boot, _, namespace = self.boot.partition("/")
        boot_here, _, namespace_here = seen_from.boot.partition("/")
        if boot != boot_here:
            return True
        if namespace != namespace_here:
            return False
        return not _exists(self.pid) or _start_of(self.pid) not in (None, self.started)


def _boot_id() -> str:
    """The kernel's id of this boot with that of our pid namespace; empty if there is none, so that leases decide."""
    path, namespace = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    if not path.exists():
        return ""
    return f"{path.read_text(encoding='ascii').strip()}/{namespace.readlink().name}"


def _exists(pid: int) -> bool:
    """Whether there is such a process, of any user: kill(2) with signal 0."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _start_of(pid: int) -> str | None:
    """The process's start in clock ticks since boot: field 22 of /proc/PID/stat, man proc(5).

    None if it is gone, or hidden from us (hidepid).
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The second field is the command in parentheses and may itself hold blanks and parentheses.
    return stat.rpartition(")")[2].split()[19]
