"""The store's figures as Prometheus reads them: https://prometheus.io/docs/instrumenting/exposition_formats/.

Names follow https://prometheus.io/docs/practices/naming/. Any machine on the same store tells the same, but for the
process's own figures. Never a subscriber, a topic or an address: labels have few values.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily

import bot
from bot.arxiv import calendar
from bot.clock import BOUNDS
from bot.model import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from bot.clock import Durations, Timings
    from bot.store.figures import StoreFigures
    from bot.store.job_queue import QueueFigures


def metrics(
    figures: StoreFigures,
    now: datetime,
    *,
    subscribers: int,
    sockets: Mapping[str, float],
    timings: Timings,
    queue: QueueFigures | None = None,
) -> bytes:
    """All metrics as text.

    Args:
        figures: what is in the store.
        now: the moment, UTC, that ages are counted to.
        subscribers: how many stand in the configuration.
        sockets: by chat platform, the seconds since it was last connected.
        timings: how long this process's sends and requests took.
        queue: the workers and their jobs; None where there are none.
    """
    registry = CollectorRegistry()
    found = [*_of_store(figures, now), *_of_process(figures, subscribers, sockets), *_of_work(timings)]
    registry.register(_Collected([*found, *(_of_queue(queue) if queue else ())]))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Collected:
    """What is known already, as a registry asks for it."""

    def __init__(self, found: Iterable[Metric]) -> None:
        self._found = list(found)

    def collect(self) -> Iterator[Metric]:
        """Each metric family."""
        yield from self._found


def _of_store(figures: StoreFigures, now: datetime) -> Iterator[Metric]:
    waiting = GaugeMetricFamily(
        "paperboy_deliveries", "Deliveries that are not done, by channel and state.", labels=["channel", "state"]
    )
    done = CounterMetricFamily(
        "paperboy_deliveries_total",
        "Deliveries that are done, by channel and outcome.",
        labels=["channel", "outcome"],
    )
    for (channel, state), count in sorted(figures.deliveries.items()):
        (done if DeliveryState(state).final else waiting).add_metric([channel, state], count)
    yield waiting
    yield done
    yield _gauge(
        "paperboy_oldest_pending_seconds",
        "Age of the oldest delivery that could be sent now, by channel.",
        "channel",
        {channel: (now - since).total_seconds() for channel, since in figures.oldest_pending.items()},
    )
    yield _gauge(
        "paperboy_limits_closed",
        "Open circuits: destinations and credentials through which nothing is sent now, by kind.",
        "kind",
        figures.closed_limits,
    )
    yield _gauge(
        "paperboy_mailing_age_seconds",
        "Time since the newest mailing that is in was expected, by category.",
        "category",
        {name: (now - calendar.expected(day)).total_seconds() for name, day in figures.last_closed.items()},
    )
    # Without a label: a mailing's requests would leave one state's count for another's, and no counter may fall.
    yield CounterMetricFamily("paperboy_polls_total", "Requests for a mailing.", value=sum(figures.requests.values()))
    yield _gauge("paperboy_suppressions", "Mailboxes not written to, by reason.", "reason", figures.suppressions)


def _of_process(figures: StoreFigures, subscribers: int, sockets: Mapping[str, float]) -> Iterator[Metric]:
    yield _gauge(
        "paperboy_subscribers",
        "Subscribers, by where they stand.",
        "origin",
        {"configuration": subscribers, "self-service": figures.members},
    )
    yield _gauge(
        "paperboy_socket_pong_age_seconds",
        "Time since the platform's connection was last heard, by platform.",
        "platform",
        sockets,
    )
    yield InfoMetricFamily("paperboy_build", "The program that runs.", value={"version": bot.__version__})


def _of_queue(queue: QueueFigures) -> Iterator[Metric]:
    alive = sum(worker.is_alive for worker in queue.workers)
    yield GaugeMetricFamily("paperboy_workers", "Workers that are alive.", value=alive)
    jobs = GaugeMetricFamily(
        "paperboy_jobs", "Jobs that are not done, by queue and state.", labels=["queue", "state"]
    )
    for (name, state), count in sorted(queue.counts.items()):
        jobs.add_metric([name, state], count)
    yield jobs
    yield GaugeMetricFamily(
        "paperboy_oldest_job_seconds",
        "For how long the oldest job waits that a worker could take.",
        value=queue.oldest_seconds or 0.0,
    )


def _of_work(timings: Timings) -> Iterator[Metric]:
    yield _histogram(
        "paperboy_send_seconds",
        "How long sends of this process took until the platform answered, by channel.",
        "channel",
        timings.sends,
    )
    yield _histogram(
        "paperboy_poll_seconds",
        "How long this process's requests to arXiv took until the answer's end, by service.",
        "service",
        timings.polls,
    )


def _histogram(name: str, said: str, label: str, durations: Durations) -> Metric:
    family = HistogramMetricFamily(name, said, labels=[label])
    bounds = [*map(str, BOUNDS), "+Inf"]
    for key, observed in sorted(durations.read().items()):
        family.add_metric([key], list(zip(bounds, accumulate(observed.counts), strict=True)), observed.total)
    return family


def _gauge(name: str, said: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, said, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family
