"""The metrics as text."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import bot
from bot import __version__
from bot.clock import Timings
from bot.store.figures import StoreFigures
from bot.store.job_queue import QueueFigures, WorkerRecord
from bot.web.metrics import metrics

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
FIGURES = StoreFigures(
    deliveries={("mail", "sent"): 41, ("mail", "pending"): 2, ("slack", "dead"): 1},
    oldest_pending={"mail": NOW - timedelta(seconds=90)},
    closed_limits={"mail-relay": 1},
    requests={"complete": 7, "failed": 3},
    last_closed={"cs.CV": date(2026, 4, 20)},
    members=3,
    suppressions={"bounced": 5},
)


QUEUE = QueueFigures(
    workers=(
        WorkerRecord("one", 1, ("deliver",), 3.0, ("deliver:5",)),
        WorkerRecord("two", 2, ("deliver",), 90.0, ()),
    ),
    counts={("deliver", "doing"): 1, ("deliver", "waiting"): 4, ("collect", "later"): 1},
    oldest_seconds=2.5,
)


def text() -> str:
    """With a send that took no time, one request to arXiv, and a worker of two that is alive."""
    timings = Timings()
    for durations, label in ((timings.sends, "mail"), (timings.polls, "rss")):
        with durations.timed(label):
            pass
    return metrics(FIGURES, NOW, subscribers=2, sockets={"slack": 1.5}, timings=timings, queue=QUEUE).decode()


def shown() -> list[str]:
    return [line for line in text().splitlines() if not line.startswith(("#", "process_"))]


def test_every_figure_is_shown_with_labels_of_few_values() -> None:
    assert [line for line in shown() if "_seconds_" not in line] == [
        'paperboy_deliveries{channel="mail",state="pending"} 2.0',
        'paperboy_deliveries_total{channel="mail",outcome="sent"} 41.0',
        'paperboy_deliveries_total{channel="slack",outcome="dead"} 1.0',
        'paperboy_oldest_pending_seconds{channel="mail"} 90.0',
        'paperboy_limits_closed{kind="mail-relay"} 1.0',
        # Monday's mailing was expected at 00:20 in New York, 04:20 UTC.
        'paperboy_mailing_age_seconds{category="cs.CV"} 92400.0',
        "paperboy_polls_total 10.0",
        'paperboy_suppressions{reason="bounced"} 5.0',
        'paperboy_subscribers{origin="configuration"} 2.0',
        'paperboy_subscribers{origin="self-service"} 3.0',
        'paperboy_socket_pong_age_seconds{platform="slack"} 1.5',
        f'paperboy_build_info{{version="{__version__}"}} 1.0',
        "paperboy_workers 1.0",
        'paperboy_jobs{queue="collect",state="later"} 1.0',
        'paperboy_jobs{queue="deliver",state="doing"} 1.0',
        'paperboy_jobs{queue="deliver",state="waiting"} 4.0',
        "paperboy_oldest_job_seconds 2.5",
    ]


def test_where_there_are_no_workers_nothing_is_said_of_any() -> None:
    text = metrics(FIGURES, NOW, subscribers=2, sockets={}, timings=Timings()).decode()
    assert "worker" not in text
    assert "job" not in text


def test_each_family_is_explained_and_typed() -> None:
    families = {family_of(re.split(r"[{ ]", line)[0]) for line in shown()}
    for family in families:
        assert f"# HELP {family} " in text()
        assert f"# TYPE {family} " in text()


def family_of(name: str) -> str:
    """A histogram's series have names of their own."""
    return re.sub(r"(?<=_seconds)_(bucket|sum|count)$", "", name)


def test_how_long_sends_and_requests_took_is_a_histogram_by_channel_and_by_service() -> None:
    lines = [line for line in shown() if "_seconds_" in line and "_sum{" not in line]
    bounds = ("0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "30.0", "60.0", "+Inf")
    assert lines == [
        *(f'paperboy_send_seconds_bucket{{channel="mail",le="{bound}"}} 1.0' for bound in bounds),
        'paperboy_send_seconds_count{channel="mail"} 1.0',
        *(f'paperboy_poll_seconds_bucket{{le="{bound}",service="rss"}} 1.0' for bound in bounds),
        'paperboy_poll_seconds_count{service="rss"} 1.0',
    ]


def test_the_alerts_and_the_dashboard_ask_for_metrics_that_there_are() -> None:
    there = text()
    for file in (Path(bot.__file__).parent / "web" / "prometheus").iterdir():
        asked = set(re.findall(r"\b(?:paperboy|process)_[a-z_]+(?=[){\[ ])", file.read_text(encoding="utf-8")))
        assert asked, file.name
        assert {name for name in asked if f"# TYPE {family_of(name)} " not in there} == set(), file.name
