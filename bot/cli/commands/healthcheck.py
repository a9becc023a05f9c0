"""`paperboy healthcheck`: says whether the daemon of this configuration is well, for a container's HEALTHCHECK.

Sends requests to the listener of `metrics:`, so that an image needs no curl. Does not read the store.
"""

from __future__ import annotations

import http.client
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typer

from bot.cli.application import load_settings
from bot.cli.errors import ExitCode
from bot.cli.options import ConfigOption
from bot.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = 5.0
"""The longest wait for an answer."""
PATHS = ("/livez", "/readyz")
_THIS_MACHINE: Mapping[str, str] = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is listened on here
"""Addresses on which to reach a server that listens on all of them."""


def healthcheck(config: ConfigOption = None) -> None:
    """Say whether the daemon is well.

    It is if it is alive and can read its store. Needs `metrics:` in the configuration.
    """
    listen = load_settings(config).metrics
    if listen is None:
        raise typer.BadParameter(
            "there is no `metrics:` in it; add `metrics: 127.0.0.1:9464`", param_hint="'--config'"
        )
    for path in PATHS:
        reason = _reason(listen, path)
        if reason:
            say(f"{path}: {reason}")
            raise typer.Exit(ExitCode.LEFT_UNDONE)
    say("ok")


def _reason(listen: str, path: str) -> str:
    """Why the daemon is not well, as this path says; empty if it is well."""
    connection = _UnixConnection(listen.removeprefix("unix:")) if listen.startswith("unix:") else _tcp(listen)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        said = answer.read(1000).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return f"no answer from {listen}: {str(error) or type(error).__name__}"
    finally:
        connection.close()
    return "" if answer.status == http.HTTPStatus.OK else said or f"status {answer.status}"


def _tcp(listen: str) -> http.client.HTTPConnection:
    parts = urlsplit(f"//{listen}")
    host = parts.hostname or ""
    return http.client.HTTPConnection(_THIS_MACHINE.get(host, host), parts.port, timeout=SECONDS)


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=SECONDS)
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(SECONDS)
        self.sock.connect(self._path)
