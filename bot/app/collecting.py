"""Runs the collect verb: opens a client of arXiv, for one process at a time, and hands it to a `Collection`.

A lease in the store sees to it that one process asks for today's mailing, and one for what was missed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from bot.arxiv.rate_limit import ARXIV_MAX_WAIT
from bot.store.leases import LeaseTakenError

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from bot.clock import Clock
    from bot.collect import Collection, Progress
    from bot.collect.fallback import Source
    from bot.store import Store

TODAY_LEASE = "collect"
"""Lease for collecting today's mailing; meanwhile no other process composes."""
MISSED_LEASE = "catch up"
"""Lease for collecting what was missed."""

LEASE_TERM = timedelta(minutes=30)
"""For how long a lease is taken; it is renewed at each mailing."""

_EXTRA_WAIT = timedelta(minutes=2)
"""How long today's digests wait for second sources, to include what those have; and how long a run of the daemon
goes on asking these sources after the digests are sent."""
_HURRIED_TIMEOUT = 20.0
"""Seconds for one answer, where today's digests wait for it."""


class OpenArxiv(Protocol):
    """Opens a client of arXiv."""

    def __call__(
        self, lease: str, *, max_wait: float = ..., answer_within: float = ...
    ) -> AbstractAsyncContextManager[Source]:
        """A client, while no other process has the lease of that name.

        Args:
            lease: `TODAY_LEASE` or `MISSED_LEASE`.
            max_wait: the most seconds that all requests together wait for what arXiv asks beyond the usual pause.
            answer_within: the most seconds for one answer.

        Raises:
            LeaseTakenError: another process has it.
        """
        ...


class Collector:
    """Collects what is new from arXiv into the store, while no other process does."""

    def __init__(self, store: Store, clock: Clock, open_arxiv: OpenArxiv) -> None:
        self._store = store
        self._clock = clock
        self._open_arxiv = open_arxiv

    async def collect_today(self, collection: Collection, progress: Progress) -> str:
        """Asks for today's mailing: all feeds, then what second sources have at once.

        Returns:
            Which other process is collecting it instead; empty if this one did.
        """
        step = self._renewing(TODAY_LEASE, progress)
        try:
            async with self._open_arxiv(TODAY_LEASE) as source:
                await collection.ask_feeds(source, step)
            async with self._open_arxiv(TODAY_LEASE, max_wait=0.0, answer_within=_HURRIED_TIMEOUT) as source:
                until = self._clock.now() + _EXTRA_WAIT
                await collection.ask_second_sources(source, step, until=until, hurry=True)
        except LeaseTakenError as error:
            return str(error)
        return ""

    async def collect_missed(self, collection: Collection, progress: Progress, *, briefly: bool) -> tuple[int, str]:
        """Asks second sources for everything that is still missing.

        Args:
            collection: what is missing.
            progress: called before each request.
            briefly: whether to stop after `_EXTRA_WAIT` and not to wait for arXiv, as the next digest may be due.

        Returns:
            The number of new announcements; and which other process is catching up instead, empty if this one did.
        """
        until = self._clock.now() + _EXTRA_WAIT if briefly else None
        try:
            async with self._open_arxiv(MISSED_LEASE, max_wait=0.0 if briefly else ARXIV_MAX_WAIT) as source:
                step = self._renewing(MISSED_LEASE, progress)
                return await collection.ask_second_sources(source, step, until=until), ""
        except LeaseTakenError as error:
            return 0, str(error)

    def collecting_elsewhere(self) -> str:
        """Which other process is collecting today's mailing; empty if none is."""
        try:
            self._store.leases.check(TODAY_LEASE, self._clock.now())
        except LeaseTakenError as error:
            return str(error)
        return ""

    def _renewing(self, lease: str, progress: Progress) -> Progress:
        """The same progress, with the lease renewed at every step."""

        def step(name: str, steps: int) -> None:
            self._store.leases.acquire(lease, self._clock.now(), LEASE_TERM)
            progress(name, steps)

        return step
