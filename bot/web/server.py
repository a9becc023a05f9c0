"""The server: sockets, and the application behind them. What it serves can be exchanged while it runs."""

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
"""For how long a connection may be without a whole request: slow ones are cut off, idle ones end."""
STOP_SECONDS = 2.0
"""How long requests in progress are given when we are asked to stop."""
HANDLING: dict[str, Any] = {
    # aiohttp's own would write every path, and that is somebody's link.
    "access_log": None,
    "keepalive_timeout": CONNECTION_SECONDS,
    "max_line_size": LONGEST_LINE,
    "max_field_size": LONGEST_LINE,
    "lingering_time": 1.0,
    # A small body may unpack to a large one; ours are never compressed.
    "auto_decompress": False,
}
"""How aiohttp handles connections."""


class Server:
    """One server. `start` it, `exchange` what it serves, `stop` it."""

    def __init__(self, served: Served, *, even_seconds: float = EVEN_SECONDS) -> None:
        """Take what is served first, and after how long the sign-up form is answered."""
        self._served = served
        app = make_app(lambda: self._served, even_seconds=even_seconds)
        self._runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=STOP_SECONDS, **HANDLING)
        self._listening: Listening | None = None

    @property
    def addresses(self) -> list[object]:
        """What it listens on, as sockets name it."""
        return list(self._runner.addresses)

    async def start(self, environ: Mapping[str, str]) -> None:
        """Listen where `web.listen` says, or on what systemd hands over.

        Raises:
            ListenError: that cannot be listened on.
        """
        self._listening = open_sockets(self._served.web.listen, environ)
        await self._runner.setup()
        for each in self._listening.sockets:
            await web.SockSite(self._runner, each, backlog=512).start()

    def exchange(self, served: Served) -> None:
        """Serve this from the next request on."""
        self._served = served

    async def stop(self) -> None:
        """End the requests in progress, within some seconds, and listen no more."""
        await self._runner.cleanup()
        if self._listening is not None:
            self._listening.close()
