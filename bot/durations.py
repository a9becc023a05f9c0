"""How long something took, counted as Prometheus' histograms are: observed where it happens, read by a monitor.

    with durations.timed("mail"): ...    ->  by label: how many took at most 0.05 s, 0.1 s, ... and how long all took

Counts of this process since it started: the store knows nothing of them.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the buckets, in seconds; one more bucket has what took longer."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What was observed under one label. Replaced as a whole, so that another thread never reads half of it."""

    counts: tuple[int, ...] = (0,) * (len(BOUNDS) + 1)
    """How often, by bucket; not cumulative."""
    total: float = 0.0
    """Seconds of all together."""

    def plus(self, seconds: float) -> Observed:
        """This and one more."""
        place = bisect_left(BOUNDS, seconds)
        return Observed(
            (*self.counts[:place], self.counts[place] + 1, *self.counts[place + 1 :]), self.total + seconds
        )


class Durations:
    """Counts how long one kind of work takes, by a label of few values."""

    def __init__(self, monotonic: Callable[[], float] = time.perf_counter) -> None:
        self._monotonic = monotonic
        self._observed: dict[str, Observed] = {}

    @contextmanager
    def timed(self, label: str) -> Iterator[None]:
        """Count what is done in here, also if it fails."""
        began = self._monotonic()
        try:
            yield
        finally:
            before = self._observed.get(label, Observed())
            self._observed[label] = before.plus(self._monotonic() - began)

    def read(self) -> Mapping[str, Observed]:
        """By label, what was observed until now."""
        return dict(self._observed)


@dataclass(frozen=True, slots=True)
class Timings:
    """What one process measures of its own work; kept when its configuration is reloaded."""

    sends: Durations = field(default_factory=Durations)
    """By channel: from the start of a send to the platform's answer."""
    polls: Durations = field(default_factory=Durations)
    """By arXiv's service: from the start of a request to the end of its answer."""
