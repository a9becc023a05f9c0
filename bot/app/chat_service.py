"""Listens in Slack and in Discord next to the verbs, as the configuration says, and follows it when it changes.

The verbs wait for nothing here: connections have tasks of their own, commands have threads and a store of their own.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from bot.app import opened_context
from bot.chat.service import ChatService, Listener
from bot.errors import StoreError
from bot.members.store_thread import StoreThreads
from bot.text.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from bot.clock import Clock
    from bot.settings import Settings
    from bot.store import Store

    MakeListener = Callable[[ChatService, Templates, Clock], Listener]

log = structlog.get_logger(__name__)

STOP_SECONDS = 5.0
"""The longest wait for connections to close."""
NOTE_SECONDS = 30.0
"""Seconds between two records of which platforms are connected."""
RESTART_SECONDS = 60.0
"""Seconds after an unexpected error before the platform is listened to again."""


def _discord(service: ChatService, templates: Templates, clock: Clock) -> Listener:
    from bot.chat.discord.listener import DiscordListener  # noqa: PLC0415 - discord.py: 0.4 s that only who listens needs

    return DiscordListener(service, templates, clock)


def _slack(service: ChatService, templates: Templates, clock: Clock) -> Listener:
    from bot.chat.slack import SlackListener  # noqa: PLC0415 - slack_sdk's sockets: 0.5 s, needed only to listen

    return SlackListener(service, templates, clock)


LISTENERS: Mapping[str, MakeListener] = {"slack": _slack, "discord": _discord}
"""The listener of each platform."""


@dataclass(slots=True)
class _Listening:
    """One platform that is listened to, by its task."""

    listener: Listener
    task: asyncio.Task[None]
    configured: Any
    """The settings that its connections depend on; they are made anew if these change."""
    heard_at: datetime | None = None

    async def end(self) -> None:
        """Closes its connections."""
        self.task.cancel()
        await asyncio.wait([self.task], timeout=STOP_SECONDS)


class ChatListening:
    """All platforms that one process listens to. Commands use a store that is opened for them alone."""

    def __init__(self, clock: Clock, wake: Callable[[], None]) -> None:
        """Takes the clock, and a function to call when a reader changed something."""
        self._clock = clock
        self._wake = wake
        self._threads = StoreThreads("chat")
        self._platforms: dict[str, _Listening] = {}
        self._store: Store | None = None
        self._noting: asyncio.Task[None] | None = None

    def seconds_since_connected(self) -> dict[str, float]:
        """By platform, the seconds since it was last connected; platforms that never were are left out."""
        now = self._clock.now()
        connected = {name: each.heard_at for name, each in self._platforms.items()}
        return {name: (now - at).total_seconds() for name, at in connected.items() if at is not None}

    async def follow(self, settings: Settings) -> None:
        """Uses these settings from now on; connections stay open if nothing that they depend on changed.

        Raises:
            StoreError: the store cannot be used; what was listened to before still is.
        """
        wanted = [name for name in settings.chat.platforms if name in LISTENERS] if settings.chat else []
        before, templates = self._store, Templates(settings.templates)
        service = None
        if wanted:
            service = ChatService(opened_context(settings, templates), self._clock, self._wake, self._threads)
        for name in list(self._platforms):
            if name not in wanted or self._platforms[name].configured != _configured(settings, name):
                await self._platforms.pop(name).end()
        self._store = service.context.store if service is not None else None
        if service is not None:
            self._listen(wanted, service, templates)
        if before is not None:
            before.close()  # of those connections alone that no command uses any more

    def _listen(self, wanted: Iterable[str], service: ChatService, templates: Templates) -> None:
        """Makes each platform answer with this service, and starts to listen to new ones."""
        for name in wanted:
            if name in self._platforms:
                self._platforms[name].listener.exchange(service, templates)
            else:
                listener = LISTENERS[name](service, templates, self._clock)
                task = asyncio.create_task(_keep_listening(name, listener))
                self._platforms[name] = _Listening(listener, task, _configured(service.context.settings, name))
        if self._noting is None:
            self._noting = asyncio.create_task(self._keep_noting())

    async def aclose(self) -> None:
        """Closes all connections and the store."""
        if self._noting is not None:
            self._noting.cancel()
        await asyncio.gather(*(each.end() for each in self._platforms.values()))
        self._platforms.clear()
        self._threads.close()
        if self._store is not None:
            self._store.close()
            self._store = None

    async def _keep_noting(self) -> None:
        """Records again and again which platforms are connected."""
        while True:
            for name, each in list(self._platforms.items()):
                await self._note(name, each)
            await asyncio.sleep(NOTE_SECONDS)

    async def _note(self, name: str, listening: _Listening) -> None:
        now, store = self._clock.now(), self._store
        is_connected, outage = listening.listener.is_connected, listening.listener.outage
        if is_connected:
            listening.heard_at = now
        if store is None or not (is_connected or outage):
            return
        try:
            await asyncio.to_thread(store.listening.note, name, now, "" if is_connected and not outage else outage)
        except StoreError as error:
            log.warning("the state of a connection could not be recorded", platform=name, reason=error.reason)


def _configured(settings: Settings, name: str) -> Any:  # noqa: ANN401 - compared, and nothing else
    return settings.channels.get(name), getattr(settings.chat, name), settings.store


async def _keep_listening(name: str, listener: Listener) -> None:
    """Listens until cancelled. An unexpected error is logged and stops nothing else."""
    while True:
        try:
            await listener.run()
        except Exception as error:  # noqa: BLE001 - whatever it is, digests go out
            log.error("listening broke off", platform=name, error=repr(type(error)))  # noqa: TRY400 - frames hold tokens
        await asyncio.sleep(RESTART_SECONDS)
