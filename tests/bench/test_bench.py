"""The benchmarks run, at a size at which their figures mean nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bench import collect, compose_scale, growth, learning, members, month, ranking, site, subscribers, topics
from tests.bench.measure import machine, process, table

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.on_request


def test_topics_are_measured_and_both_ways_find_the_same() -> None:
    assert "| invented" in topics.run((20, 50), announced=12, sample=10)


def test_collecting_is_measured_beside_feedparser() -> None:
    assert "| parse, judge, store" in collect.run(categories=2, items=3)


def test_growth_is_measured_in_three_tables() -> None:
    assert growth.run((2,), (1, 2), items=4).count("###") == 3


def test_a_month_is_measured_and_what_it_holds_is_counted() -> None:
    assert "| open files" in month.run(1, 2, papers=3)


def test_the_site_is_measured_in_two_tables() -> None:
    assert site.run((1, 2), papers=4).count("| 2 ") == 2


def test_subscribers_are_measured_beside_one() -> None:
    assert "| 3 " in subscribers.run((1, 3), announced=5)


def test_learning_is_measured_for_few_and_for_many_likes() -> None:
    assert "| 100 " in learning.cost(announced=150, mailing=20, tried=2)


def test_a_process_that_learns_is_measured_beside_one_that_does_not() -> None:
    shown = learning.preview(announced=150, mailing=20, likes=5)

    assert "| relevance " in shown
    assert "| learned " in shown


def test_where_the_ranking_benchmark_is_not_it_is_said_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ranking.BENCH, str(tmp_path))

    (said,) = ranking.quality()

    assert f"there is no {tmp_path}/benchmark.py; {ranking.BENCH}" in said


def test_a_process_is_measured_and_a_table_drawn() -> None:
    done = process("-c", "print('ok')")
    assert (done.output, done.peak > 1, done.wall > 0) == ("ok\n", True, True)
    assert table("T", ["a", "b"], [[1, 2.5], ["x", 1234.5]]).splitlines()[2:] == [
        "| a | b     |",
        "|---|-------|",
        "| 1 | 2.50  |",
        "| x | 1,234 |",
    ]
    assert "cores" in machine()


def test_composing_in_processes_and_whole_mornings_are_measured() -> None:
    tables = compose_scale.run(3, (2,), announced=5)
    assert tables.count("| PostgreSQL | ") == 2
    assert "| 2       | " in tables


def test_self_service_subscribers_are_measured_beside_one() -> None:
    assert members.run((1, 3), announced=5).count("| 3 ") == 4
