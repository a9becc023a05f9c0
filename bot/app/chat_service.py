"""Listens in Slack and in Discord next to the verbs, as the configuration says, and follows it when it changes.

The verbs wait for nothing here: connections have tasks of their own, commands have threads and a store of their own.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from bot.channels import CHANNELS
from bot.chat.service import ChatService
from bot.errors import StoreError
from bot.members.context import Context, NoteMails
from bot.members.store_thread import StoreThreads
from bot.store import Store
from bot.text.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from bot.chat.listener import Listener
    from bot.clock import Clock
    from bot.settings import Settings

    MakeListener = Callable[[ChatService, Templates, Clock], Listener]

log = structlog.get_logger(__name__)

LOCK_TIMEOUT_MS = 4_000
"""How long a command waits for a store that another process writes: who gave it waits too, and SIGTERM gives 10 s."""
STOP_SECONDS = 5.0
"""How long connections are given to end."""
NOTE_SECONDS = 30.0
"""How often it is written down whether a platform is heard."""
RESTART_SECONDS = 60.0
"""After what should not happen a platform is listened to again."""


def _discord(service: ChatService, templates: Templates, clock: Clock) -> Listener:
    from bot.chat.discord.listener import DiscordListener  # noqa: PLC0415 - discord.py: 0.4 s that only who listens needs

    return DiscordListener(service, templates, clock)


def _slack(service: ChatService, templates: Templates, clock: Clock) -> Listener:
    from bot.chat.slack import SlackListener  # noqa: PLC0415 - slack_sdk's sockets: 0.5 s, needed only to listen

    return SlackListener(service, templates, clock)


LISTENERS: Mapping[str, MakeListener] = {"slack": _slack, "discord": _discord}
"""What listens to each platform."""


@dataclass(slots=True)
class _Listening:
    """One platform that is listened to."""

    listener: Listener
    task: asyncio.Task[None]
    configured: Any
    """What its connections depend on; where that changes they are made anew."""
    heard_at: datetime | None = None

    async def end(self) -> None:
        """Hang up."""
        self.task.cancel()
        await asyncio.wait([self.task], timeout=STOP_SECONDS)


class ChatListening:
    """All platforms that one process listens to, if there is `chat:`. The store that commands use is its own."""

    def __init__(self, clock: Clock, wake: Callable[[], None]) -> None:
        """Take the clock, and what is called when a reader changed something."""
        self._clock = clock
        self._wake = wake
        self._threads = StoreThreads("chat")
        self._platforms: dict[str, _Listening] = {}
        self._store: Store | None = None
        self._noting: asyncio.Task[None] | None = None

    def silence(self) -> dict[str, float]:
        """Per platform the seconds since it was last heard, as far as it ever was."""
        now = self._clock.now()
        heard = {name: each.heard_at for name, each in self._platforms.items()}
        return {name: (now - at).total_seconds() for name, at in heard.items() if at is not None}

    async def follow(self, settings: Settings) -> None:
        """Listen by these settings from now on; a connection stays where nothing that it depends on changed.

        Raises:
            StoreError: the store cannot be used; what was listened to before still is.
        """
        wanted = [name for name in settings.chat.platforms if name in LISTENERS] if settings.chat else []
        before, templates = self._store, Templates(settings.templates)
        service = self._service(settings, templates) if wanted else None
        for name in list(self._platforms):
            if name not in wanted or self._platforms[name].configured != _configured(settings, name):
                await self._platforms.pop(name).end()
        self._store = service.context.store if service is not None else None
        if service is not None:
            self._listen(wanted, service, templates)
        if before is not None:
            before.close()  # of those connections alone that no command uses any more

    def _listen(self, wanted: Iterable[str], service: ChatService, templates: Templates) -> None:
        """Have each platform answer by this service, and listen to those that are new."""
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
        """Hang up everywhere, and close what is open."""
        if self._noting is not None:
            self._noting.cancel()
        await asyncio.gather(*(each.end() for each in self._platforms.values()))
        self._platforms.clear()
        self._threads.close()
        if self._store is not None:
            self._store.close()
            self._store = None

    def _service(self, settings: Settings, templates: Templates) -> ChatService:
        """What answers by these settings, over a store that was opened for it."""
        options = settings.channels.get("mail") or CHANNELS["mail"].Settings()
        mail = CHANNELS["mail"](options, templates, contact=settings.contact)
        store = Store(settings.store, lock_timeout_ms=LOCK_TIMEOUT_MS)
        try:
            context = Context.opened(store, settings, NoteMails(mail))
        except StoreError:
            store.close()
            raise
        return ChatService(context, self._clock, self._wake, self._threads)

    async def _keep_noting(self) -> None:
        """Write down, again and again, whether each platform is heard."""
        while True:
            for name, each in list(self._platforms.items()):
                await self._note(name, each)
            await asyncio.sleep(NOTE_SECONDS)

    async def _note(self, name: str, listening: _Listening) -> None:
        now, store = self._clock.now(), self._store
        hears, deaf = listening.listener.hears, listening.listener.deaf
        if hears:
            listening.heard_at = now
        if store is None or not (hears or deaf):
            return
        try:
            await asyncio.to_thread(store.listening.note, name, now, "" if hears and not deaf else deaf)
        except StoreError as error:
            log.warning("whether a platform is heard could not be noted", platform=name, reason=error.reason)


def _configured(settings: Settings, name: str) -> Any:  # noqa: ANN401 - compared, and nothing else
    return settings.channels.get(name), getattr(settings.chat, name), settings.store


async def _keep_listening(name: str, listener: Listener) -> None:
    """Listen until cancelled. What should not happen is logged, and holds up nothing else."""
    while True:
        try:
            await listener.run()
        except Exception as error:  # noqa: BLE001 - whatever it is, digests go out
            log.error("listening broke off", platform=name, error=repr(type(error)))  # noqa: TRY400 - frames hold tokens
        await asyncio.sleep(RESTART_SECONDS)
