"""The web server: listens on sockets and runs the application. What it serves can be exchanged while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.web.answering import EVEN_SECONDS
from bot.web.app import make_app
from bot.web.forms import LONGEST_LINE
from bot.web.listen import open_sockets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.web.listen import Listening
    from bot.web.served import Served

CONNECTION_SECONDS = 30.0
"""The time in which a connection has to send a whole request; slow and idle connections are closed."""
STOP_SECONDS = 2.0
"""The time for requests in progress when the server stops."""
HANDLING: dict[str, Any] = {
    # aiohttp's access log would contain every path, which may be a reader's link.
    "access_log": None,
    "keepalive_timeout": CONNECTION_SECONDS,
    "max_line_size": LONGEST_LINE,
    "max_field_size": LONGEST_LINE,
    "lingering_time": 1.0,
    # A small compressed body may expand to a huge one; our forms are never compressed.
    "auto_decompress": False,
}
"""Options of aiohttp's connection handling."""


class Server:
    """One server. `start` it, `exchange` what it serves, `stop` it."""

    def __init__(self, served: Served, *, even_seconds: float = EVEN_SECONDS) -> None:
        """Take what is served first, and the time after which the sign-up form is answered."""
        self._served = served
        app = make_app(lambda: self._served, even_seconds=even_seconds)
        self._runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=STOP_SECONDS, **HANDLING)
        self._listening: Listening | None = None

    @property
    def addresses(self) -> list[object]:
        """The addresses it listens on, as sockets name them."""
        return list(self._runner.addresses)

    async def start(self, environ: Mapping[str, str]) -> None:
        """Listens as `web.listen` says, or on sockets from systemd.

        Raises:
            ListenError: that cannot be listened on.
        """
        self._listening = open_sockets(self._served.web.listen, environ)
        await self._runner.setup()
        for each in self._listening.sockets:
            await web.SockSite(self._runner, each, backlog=512).start()

    def exchange(self, served: Served) -> None:
        """Serves this from the next request on."""
        self._served = served

    async def stop(self) -> None:
        """Stops listening, and gives requests in progress `STOP_SECONDS` to end."""
        await self._runner.cleanup()
        if self._listening is not None:
            self._listening.close()
