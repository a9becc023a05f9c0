"""Opens the sockets to listen on: HOST:PORT, unix:PATH, or sockets that systemd opened for us.

Knows no HTTP.
"""

from __future__ import annotations

import os
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.errors import ListenError

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIRST_SYSTEMD_DESCRIPTOR = 3
_BACKLOG = 512
_GIVE_UP_MS = 30_000
"""The time after which a connection is closed whose other end acknowledges nothing."""
_UMASK = 0o117
"""Lets only the owner and the group (the proxy's) use a unix socket."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Open, listening sockets."""

    sockets: tuple[socket.socket, ...]
    path: Path | None = None
    """The file of a unix socket that we created."""

    def close(self) -> None:
        """Closes sockets that are still open, and removes the file."""
        for each in self.sockets:
            each.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def open_sockets(listen: str, environ: Mapping[str, str]) -> Listening:
    """Opens the sockets and listens on them.

    Args:
        listen: HOST:PORT or unix:PATH; ignored if systemd passes sockets.
        environ: the environment, with LISTEN_PID and LISTEN_FDS if systemd does:
            https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html.

    Raises:
        ListenError: one of them cannot be opened.
    """
    handed_over = _from_systemd(environ)
    if handed_over:
        return Listening(handed_over)
    path = Path(listen.removeprefix("unix:")) if listen.startswith("unix:") else None
    try:
        return Listening(_tcp(listen)) if path is None else Listening((_unix(path),), path)
    except OSError as error:
        raise ListenError(listen, error.strerror or type(error).__name__) from error


def _from_systemd(environ: Mapping[str, str]) -> tuple[socket.socket, ...]:
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return ()
    count = int(environ.get("LISTEN_FDS", "0"))
    # A copy of each, so that closing ours leaves systemd's open for the next configuration.
    first = _FIRST_SYSTEMD_DESCRIPTOR
    return tuple(socket.socket(fileno=os.dup(descriptor)) for descriptor in range(first, first + count))


def _tcp(listen: str) -> tuple[socket.socket, ...]:
    """One socket for each address of the host name."""
    parts = urlsplit(f"//{listen}")
    found = socket.getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    opened: list[socket.socket] = []
    try:
        for family, *_, address in dict.fromkeys(found):
            made = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
            if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; accepted connections inherit it
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _GIVE_UP_MS)
            opened.append(made)
    except OSError:
        Listening(tuple(opened)).close()
        raise
    return tuple(opened)


def _unix(path: Path) -> socket.socket:
    """A unix socket, in place of a stale one that nobody listens on."""
    _remove_stale(path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(_UMASK)
    try:
        made.bind(str(path))
        made.listen(_BACKLOG)
    except OSError:
        made.close()
        raise
    finally:
        os.umask(before)
    return made


def _remove_stale(path: Path) -> None:
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise FileExistsError(0, "there is a file of that name")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()
            else:
                raise FileExistsError(0, "another process listens there")
