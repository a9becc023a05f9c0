"""Answers a monitor next to the verbs, where the configuration says so, and follows it when it changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from bot.clock import Timings
from bot.store import Store
from bot.web.monitoring import Monitoring

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.clock import Clock
    from bot.settings import Settings

log = structlog.get_logger(__name__)

LOCK_TIMEOUT_MS = 2_000
"""A monitor waits for its answer."""


@dataclass(frozen=True, slots=True)
class _Listening:
    """What listens, where, and what it reports on."""

    at: str
    monitoring: Monitoring
    store: Store


class MonitoringService:
    """The listener of one process, if there is `metrics:`. The store that it reads is its own."""

    def __init__(
        self, clock: Clock, sockets: Callable[[], Mapping[str, float]] = dict, timings: Timings | None = None
    ) -> None:
        """Take what the store does not know.

        Args:
            clock: tells the moment that ages are counted to.
            sockets: by chat platform, the seconds since it was last connected.
            timings: how long this process's sends and requests took.
        """
        self._clock = clock
        self._sockets = sockets
        self._timings = timings or Timings()
        self._listening: _Listening | None = None

    def beat(self) -> None:
        """The daemon ticked."""
        if self._listening is not None:
            self._listening.monitoring.beat()

    async def follow(self, settings: Settings) -> None:
        """Report on these settings' store from now on: the same listener if its address stayed.

        Raises:
            ListenError: the address cannot be listened on; what listened before still does.
            StoreError: the store cannot be used; the same.
        """
        before = self._listening
        after = await self._listen(settings, settings.metrics, before) if settings.metrics else None
        self._listening = after
        if before is None:
            return
        if after is None or after.monitoring is not before.monitoring:
            await before.monitoring.stop()
        before.store.close()

    async def aclose(self) -> None:
        """Listen no more, and close the store."""
        if self._listening is not None:
            listening, self._listening = self._listening, None
            await listening.monitoring.stop()
            listening.store.close()

    async def _listen(self, settings: Settings, at: str, before: _Listening | None) -> _Listening:
        store = Store(settings.store, lock_timeout_ms=LOCK_TIMEOUT_MS)
        subscribers = len(settings.subscribers)
        if before is not None and before.at == at:
            before.monitoring.exchange(store, subscribers=subscribers)
            return _Listening(at, before.monitoring, store)
        monitoring = Monitoring(
            store, self._clock, subscribers=subscribers, sockets=self._sockets, timings=self._timings
        )
        try:
            await monitoring.start(at)
        except BaseException:
            await monitoring.stop()
            store.close()
            raise
        log.info("monitors answered", listen=at)
        return _Listening(at, monitoring, store)
