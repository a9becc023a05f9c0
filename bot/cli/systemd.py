"""Sends the service state to systemd by sd_notify(3), if NOTIFY_SOCKET is set; else does nothing."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def notify(state: str, environ: Mapping[str, str]) -> None:
    """Send `READY=1`, `WATCHDOG=1`, `RELOADING=1` or `STOPPING=1` to the service manager.

    https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html

    Raises:
        OSError: systemd named a socket that cannot be written to.
    """
    address = environ.get("NOTIFY_SOCKET")
    if not address:
        return
    # A leading @ stands for an abstract socket's NUL byte.
    target = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(0)
        # Do not block if systemd does not read the socket in time.
        with suppress(BlockingIOError):
            sender.sendto(state.encode(), target)
