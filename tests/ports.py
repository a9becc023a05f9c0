"""Loopback ports for servers that the tests start."""

from __future__ import annotations

import secrets
import socket

HOST = "127.0.0.1"


def free_port() -> int:
    """A loopback port that nobody listens on, and that the system gives to no other test meanwhile.

    It gives ports from 32768 up: https://docs.kernel.org/networking/ip-sysctl.html, ip_local_port_range.
    """
    while listens(port := 10_000 + secrets.randbelow(20_000)):  # `random` begins alike in all processes of the tests
        pass
    return port


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True
