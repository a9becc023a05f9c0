"""The process of `paperboy run` and `worker`: signals, changed configuration, systemd and the health ping."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog

from bot.app import App
from bot.app.chat_service import ChatListening
from bot.app.daemon import Daemon
from bot.app.monitoring_service import MonitoringService
from bot.app.web_service import WebService
from bot.cli.application import load_to_run
from bot.config import locate
from bot.errors import ConfigError, ListenError, Problem, StoreError
from bot.store.jobs import Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.app.fleet.worker import Worker
    from bot.app.runner import Runner
    from bot.settings import Settings

LOCK_WAIT_AT_END = 2.0
"""The most seconds to wait for a locked store once the daemon is to end."""

PING_SECONDS = 3600.0
"""The most seconds between two requests to the health URL."""


async def serve(settings: Settings, config: Path | None) -> None:
    """Runs the daemon until SIGTERM or SIGINT; with `fleet` a worker in its place, beside the same listeners.

    Args:
        settings: the configuration as it was read.
        config: its file, as given on the command line; read again when it changes.

    Raises:
        StoreError: the store cannot be used at the start.
        ListenError: a port cannot be opened at the start.
    """
    service = Service(_opened(settings), config)
    loop = _worker(service) if settings.fleet else Daemon(service.app.runner, service.app.clock)
    chat = ChatListening(service.app.clock, loop.wake)
    monitoring = MonitoringService(service.app.clock, chat.seconds_since_connected, service.app.timings)
    service.listeners = (monitoring, WebService(service.app.clock, loop.wake), chat)
    await _until_stopped(loop, service, beats=(monitoring.beat,))


async def work(settings: Settings, config: Path | None, verbs: Sequence[str], concurrency: int) -> None:
    """Runs a worker of the fleet until SIGTERM or SIGINT; it listens to nobody.

    Args:
        settings: the configuration as it was read.
        config: its file, as given on the command line; read again when it changes.
        verbs: whose jobs it takes.
        concurrency: how many jobs it does at once.

    Raises:
        StoreError: the store cannot be used at the start.
    """
    service = Service(_opened(settings), config)
    await _until_stopped(_worker(service, verbs=tuple(map(Verb, verbs)), concurrency=concurrency), service)


def _worker(service: Service, **options: Any) -> Worker:  # noqa: ANN401 - of `Worker`
    from bot.app.fleet.worker import Worker  # noqa: PLC0415 - procrastinate, which is an extra

    return Worker(lambda: service.app, **options)


async def _until_stopped(loop: Daemon | Worker, service: Service, beats: Sequence[Callable[[], None]] = ()) -> None:
    """Runs it with the process's signals, and closes everything at its end."""
    event_loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def end(*_: object) -> None:
        # Not a handler of the event loop, which would not run while the store is waited for.
        service.app.store.end_lock_waits(LOCK_WAIT_AT_END)
        event_loop.call_soon_threadsafe(stop.set)

    def heartbeat() -> None:
        service.heartbeat()
        for beat in beats:
            beat()

    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, end)
    event_loop.add_signal_handler(signal.SIGHUP, service.ask_to_reload)
    settings = service.app.settings
    try:
        for each in service.listeners:
            await each.follow(settings)
        _notify("READY=1")
        _log().info("running", topics=len(settings.topics), subscribers=len(settings.subscribers))
        await loop.run(stop, heartbeat=heartbeat, reload=service.reload)
    finally:
        _notify("STOPPING=1")
        await service.aclose()
        _log().info("stopped")


def _opened(settings: Settings, former: App | None = None) -> App:
    """Opens the application, and makes the queue of jobs first if there is to be one."""
    if settings.fleet:
        from bot.app.fleet.queue import prepare  # noqa: PLC0415 - procrastinate, which is an extra

        prepare(settings.store)
    return App(settings, former.clock, timings=former.timings) if former else App(settings)


class Service:
    """Everything around the daemon or the worker in its process."""

    def __init__(self, app: App, config: Path | None) -> None:
        self.app = app
        self.listeners: Sequence[MonitoringService | WebService | ChatListening] = ()
        """What answers somebody in this process, in the order in which it follows a configuration; closed from the
        last one on. Where `follow` fails, each answers by its former settings."""
        self._config = config
        self._dated = self._date()
        self._asked = False
        self._pinged = -PING_SECONDS
        self._pings: set[asyncio.Task[None]] = set()
        self._closing: set[asyncio.Task[None]] = set()

    def ask_to_reload(self) -> None:
        """Makes the configuration be read again before the next run (SIGHUP)."""
        self._asked = True

    def heartbeat(self) -> None:
        """Called at every tick: notifies the watchdog, and requests the health URL now and then."""
        _notify("WATCHDOG=1")
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
        _notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            fresh = await self._reopened(load_to_run(self._config))
        except (ConfigError, ListenError, StoreError) as error:
            _log().error("the changed configuration is refused, the old one stays", problems=str(error))
            self.app.runner.add_alert("config", f"The changed configuration is refused, the old one stays: {error}")
            return self.app.runner  # runs at once, and tells the operator
        else:
            closing, self.app, settings = asyncio.create_task(self.app.aclose()), fresh, fresh.settings
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            _log().info("configuration reloaded", topics=len(settings.topics), subscribers=len(settings.subscribers))
            return fresh.runner
        finally:
            _notify("READY=1")

    async def _reopened(self, settings: Settings) -> App:
        """Opens the application with new settings, which the listeners follow; on an error the old ones stay."""
        if settings.fleet != self.app.settings.fleet:
            problem = Problem("fleet", "is read at the start alone: restart Paperboy to change it")
            raise ConfigError(str(locate(self._config, os.environ)), (problem,))
        fresh = _opened(settings, self.app)
        try:
            for each in self.listeners:
                await each.follow(settings)
        except (ListenError, StoreError):
            await fresh.aclose()
            raise
        return fresh

    async def aclose(self) -> None:
        """Close what is open."""
        for each in reversed(self.listeners):
            await each.aclose()
        for ping in self._pings:
            ping.cancel()
        await asyncio.gather(*self._pings, *self._closing, return_exceptions=True)
        await self.app.aclose()

    def _date(self) -> tuple[int, int] | None:
        """The file's inode and its time in nanoseconds, to see whether it changed; None if there is no file."""
        try:
            found = locate(self._config, os.environ).stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns


def _notify(state: str) -> None:
    """Sends `READY=1`, `WATCHDOG=1`, `RELOADING=1` or `STOPPING=1` to systemd, if NOTIFY_SOCKET is set.

    https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html

    Raises:
        OSError: systemd named a socket that cannot be written to.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    # A leading @ stands for an abstract socket's NUL byte.
    target = "\0" + address[1:] if address.startswith("@") else address
    # Not blocked if systemd does not read the socket in time.
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, suppress(BlockingIOError):
        sender.settimeout(0)
        sender.sendto(state.encode(), target)


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
