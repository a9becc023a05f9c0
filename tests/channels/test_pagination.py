"""Pages as full as they may be, and the richest plan under a cap."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.pagination import as_many_as_fit, fit, paginate


def test_as_many_as_fit_says_how_many_are_left() -> None:
    assert as_many_as_fit(["aa", "bbb", "c"], 5, len) == (["aa", "bbb"], 1)
    assert as_many_as_fit(["aa", "bbb"], 5, len) == (["aa", "bbb"], 0)
    assert as_many_as_fit(["aaaaaa"], 5, len) == ([], 1)


@given(st.lists(st.integers(1, 10)), st.integers(10, 30))
def test_pages_keep_every_piece_in_order_and_are_filled_greedily(sizes: list[int], limit: int) -> None:
    pages = paginate(sizes, lambda page: sum(page) <= limit)
    assert [size for page in pages for size in page] == sizes
    assert all(sum(page) <= limit for page in pages)
    assert all(sum(page) + following[0] > limit for page, following in itertools.pairwise(pages))


def test_a_piece_too_large_for_any_page_stands_alone() -> None:
    assert paginate([1, 99, 1], lambda page: sum(page) <= 10) == [[1], [99], [1]]


def build(full: int, lines: int) -> list[str]:
    """Two full entries or ten lines a page, and always a first page."""
    units = full * 5 + lines
    return [f"{full}/{lines}"] * max(1, -(-units // 10))


def test_all_entries_are_full_where_the_cap_allows() -> None:
    assert fit(6, 3, build) == ["6/0"] * 3


def test_as_many_full_entries_as_possible_come_before_lines() -> None:
    assert fit(12, 3, build) == ["4/8"] * 3


def test_where_lines_alone_are_too_many_the_rest_is_left_to_be_counted() -> None:
    assert fit(100, 3, build) == ["0/30"] * 3


def test_the_least_plan_is_made_even_where_nothing_fits() -> None:
    assert fit(5, 0, build) == ["0/0"]


@given(st.integers(0, 200), st.integers(1, 10))
def test_the_chosen_plan_never_needs_more_than_the_cap(entries: int, most: int) -> None:
    pages = fit(entries, most, build)
    full, lines = map(int, pages[0].split("/"))
    assert len(pages) <= most
    assert full + lines <= entries
