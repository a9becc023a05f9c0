"""The process of `paperboy run`: the daemon, signals, changed configuration, systemd and the health ping."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import structlog

from bot.app import App
from bot.app.chat_service import ChatListening
from bot.app.daemon import Daemon
from bot.app.monitoring_service import MonitoringService
from bot.app.web_service import WebService
from bot.cli.configuration import load_settings
from bot.cli.systemd import notify
from bot.config import locate
from bot.errors import ConfigError, ListenError, StoreError

if TYPE_CHECKING:
    from bot.app.runner import Runner
    from bot.settings import Settings

LOCK_WAIT_AT_END = 2.0
"""The most seconds to wait for a locked store once the daemon is to end."""

PING_SECONDS = 3600.0
"""The most seconds between two requests to the health URL."""


async def serve(settings: Settings, config: Path | None) -> None:
    """Runs the daemon until SIGTERM or SIGINT.

    Args:
        settings: the configuration as it was read.
        config: its file, as given on the command line; read again when it changes.

    Raises:
        StoreError: the store cannot be used at the start.
        ListenError: a port cannot be opened at the start.
    """
    app = App(settings)
    daemon = Daemon(app.runner, app.clock)
    chat = ChatListening(app.clock, daemon.wake)
    monitoring = MonitoringService(app.clock, chat.seconds_since_connected, app.timings)
    service = Service(app, WebService(app.clock, daemon.wake), chat, monitoring, config)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def end(*_: object) -> None:
        # Not a handler of the event loop, which would not run while the store is waited for.
        service.app.store.end_lock_waits(LOCK_WAIT_AT_END)
        loop.call_soon_threadsafe(stop.set)

    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, end)
    loop.add_signal_handler(signal.SIGHUP, service.ask_to_reload)
    try:
        await service.pages.follow(settings)
        await service.monitoring.follow(settings)
        await service.chat.follow(settings)
        notify("READY=1", os.environ)
        _log().info("running", topics=len(settings.topics), subscribers=len(settings.subscribers))
        await daemon.run(stop, heartbeat=service.heartbeat, reload=service.reload)
    finally:
        notify("STOPPING=1", os.environ)
        await service.aclose()
        _log().info("stopped")


class Service:
    """Everything around the daemon in its process."""

    def __init__(
        self, app: App, pages: WebService, chat: ChatListening, monitoring: MonitoringService, config: Path | None
    ) -> None:
        self.app = app
        self.pages = pages
        self.chat = chat
        self.monitoring = monitoring
        self._config = config
        self._dated = self._date()
        self._asked = False
        self._pinged = -PING_SECONDS
        self._pings: set[asyncio.Task[None]] = set()

    def ask_to_reload(self) -> None:
        """Makes the configuration be read again before the next run (SIGHUP)."""
        self._asked = True

    def heartbeat(self) -> None:
        """Called at every tick: notifies the watchdog, and requests the health URL now and then."""
        notify("WATCHDOG=1", os.environ)
        self.monitoring.beat()
        if self.app.settings.health_url is not None and time.monotonic() - self._pinged >= PING_SECONDS:
            self._pinged = time.monotonic()
            ping = asyncio.create_task(_ping(self.app.settings.health_url.reveal()))
            self._pings.add(ping)
            ping.add_done_callback(self._pings.discard)

    async def reload(self) -> Runner | None:
        """Reloads the configuration if the file changed or a reload was asked for.

        A wrong configuration is refused, and the old one stays in use.

        Returns:
            The new runner; None if nothing changed.
        """
        dated = self._date()
        if not self._asked and dated == self._dated:
            return None
        self._asked, self._dated = False, dated
        notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}", os.environ)
        try:
            fresh = await self._opened(load_settings(self._config, for_arxiv=True))
        except (ConfigError, ListenError, StoreError) as error:
            _log().error("the changed configuration is refused, the old one stays", problems=str(error))
            self.app.runner.add_alert("config", f"The changed configuration is refused, the old one stays: {error}")
            return self.app.runner  # runs at once, and tells the operator
        else:
            await self.app.aclose()
            self.app, settings = fresh, fresh.settings
            _log().info("configuration reloaded", topics=len(settings.topics), subscribers=len(settings.subscribers))
            return fresh.runner
        finally:
            notify("READY=1", os.environ)

    async def _opened(self, settings: Settings) -> App:
        """Opens the application with new settings, and its pages; on an error the old ones stay in use."""
        fresh = App(settings, self.app.clock, timings=self.app.timings)
        try:
            await self.monitoring.follow(settings)
            await self.pages.follow(settings)
            await self.chat.follow(settings)
        except (ListenError, StoreError):
            await fresh.aclose()
            raise
        return fresh

    async def aclose(self) -> None:
        """Close what is open."""
        await asyncio.gather(self.pages.aclose(), self.chat.aclose())
        await self.monitoring.aclose()
        for ping in self._pings:
            ping.cancel()
        await asyncio.gather(*self._pings, return_exceptions=True)
        await self.app.aclose()

    def _date(self) -> tuple[int, int] | None:
        """The file's inode and its time in nanoseconds, to see whether it changed; None if there is no file."""
        try:
            found = locate(self._config, os.environ).stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns


def _log() -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
    return logger


async def _ping(url: str) -> None:
    """Requests the health URL. A failure is logged and does not end the daemon."""
    try:
        timeout = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(trust_env=True, timeout=timeout) as session, session.get(url) as answer:
            if not answer.ok:
                _log().warning("the health URL answered", status=answer.status)
    except (aiohttp.ClientError, TimeoutError) as error:
        # Only the error's type is logged: its text quotes the URL, which is a secret.
        _log().warning("the health URL cannot be reached", error=type(error).__name__)
