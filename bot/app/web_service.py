"""Runs the web server beside the daemon, and restarts it when the configuration changes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import structlog

from bot.app import opened_context
from bot.members.store_thread import StoreThreads
from bot.text.templates import Templates
from bot.web.served import Served
from bot.web.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.clock import Clock
    from bot.settings import Settings

log = structlog.get_logger(__name__)


class WebService:
    """The web server of one process, if there is `web:`. Its pages use a store object of their own."""

    def __init__(self, clock: Clock, wake: Callable[[], None]) -> None:
        """Take the clock, and a function to call when a reader changed something."""
        self._clock = clock
        self._wake = wake
        self._threads = StoreThreads("web")
        self._server: Server | None = None
        self._served: Served | None = None

    async def follow(self, settings: Settings) -> None:
        """Serves according to these settings from now on; keeps the socket if the address is the same.

        Raises:
            ListenError: the address cannot be listened on; the former settings stay in use.
            StoreError: the store cannot be used; the former settings stay in use.
        """
        before = self._served
        after = None
        if settings.web:
            templates = Templates(settings.templates)
            readers = opened_context(settings, templates)
            after = Served.make(readers, templates, self._clock, self._wake, self._threads)
        try:
            if after is None:
                await self._stop()
            elif self._server is not None and before is not None and before.web.listen == after.web.listen:
                self._server.exchange(after)
            else:
                await self._listen(after)
        except BaseException:
            if after is not None:
                after.readers.store.close()
            raise
        self._served = after
        if before is not None:
            before.readers.store.close()  # closes only connections that no request uses

    async def aclose(self) -> None:
        """Waits for requests in progress, then closes the server and the store."""
        await self._stop()
        self._threads.close()
        if self._served is not None:
            self._served.readers.store.close()
            self._served = None

    async def _listen(self, served: Served) -> None:
        """Starts a new server, then stops the old one."""
        server = Server(served)
        await server.start(os.environ)
        await self._stop()
        self._server = server
        log.info("pages served", listen=served.web.listen)

    async def _stop(self) -> None:
        if self._server is not None:
            server, self._server = self._server, None
            await server.stop()
