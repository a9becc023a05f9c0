"""Durations are counted in buckets, by label."""

from __future__ import annotations

from itertools import accumulate, count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.durations import BOUNDS, Durations, Observed


def test_what_fails_is_counted_too_and_each_label_by_itself() -> None:
    seconds = count()
    durations = Durations(monotonic=lambda: float(next(seconds)))
    with durations.timed("mail"):
        pass
    with pytest.raises(ValueError, match="refused"), durations.timed("slack"):
        raise ValueError("refused")
    with durations.timed("mail"):
        pass
    found = durations.read()
    assert {label: (sum(each.counts), each.total) for label, each in found.items()} == {
        "mail": (2, 2.0),
        "slack": (1, 1.0),
    }


@given(st.lists(st.floats(min_value=0, max_value=1000)))
def test_each_bucket_has_what_took_at_most_its_bound(seconds: list[float]) -> None:
    observed = Observed()
    for each in seconds:
        observed = observed.plus(each)
    expected = [sum(each <= bound for each in seconds) for bound in (*BOUNDS, float("inf"))]
    assert list(accumulate(observed.counts)) == expected
    assert observed.total == pytest.approx(sum(seconds))
