"""Pages as full as they may be, and the richest plan under a cap."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.pagination import Item, Show, as_many_as_fit, fit, fit_best, lay_out, paginate, plan
from bot.channels.presentation import shares
from tests.builders import entry, section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Section


def test_as_many_as_fit_says_how_many_are_left() -> None:
    assert as_many_as_fit(["aa", "bbb", "c"], 5, len) == (["aa", "bbb"], 1)
    assert as_many_as_fit(["aa", "bbb"], 5, len) == (["aa", "bbb"], 0)
    assert as_many_as_fit(["aaaaaa"], 5, len) == ([], 1)


@given(st.lists(st.integers(1, 10)), st.integers(10, 30))
def test_pages_keep_every_piece_in_order_and_are_filled_greedily(sizes: list[int], limit: int) -> None:
    pages = list(paginate(sizes, lambda page: sum(page) <= limit))
    assert [size for page in pages for size in page] == sizes
    assert all(sum(page) <= limit for page in pages)
    assert all(sum(page) + following[0] > limit for page, following in itertools.pairwise(pages))


def test_a_piece_too_large_for_any_page_stands_alone() -> None:
    assert list(paginate([1, 99, 1], lambda page: sum(page) <= 10)) == [[1], [99], [1]]


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


def test_a_plan_shows_papers_in_full_then_as_lines_and_counts_each_section_s_rest() -> None:
    sections = [section([entry(), entry(), entry()], hidden=4), section([entry(), entry()])]
    items = [(item.section, item.show, item.place, item.number, item.count) for item in plan(sections, 1, 2)]
    assert items == [
        (0, Show.FULL, 0, 0, 1),
        (0, Show.LINE, 1, 1, 1),
        (0, Show.COUNTED, 2, 2, 5),
        (1, Show.LINE, 0, 3, 1),
        (1, Show.COUNTED, 1, 4, 1),
    ]


def test_a_second_topic_is_never_squeezed_out_by_a_long_first_one() -> None:
    sections = [section([entry() for _ in range(400)]), section([entry()] * 3), section([entry()] * 30)]
    kinds = [[item.show for item in plan(sections, 20, 30) if item.section == index] for index in range(3)]
    shown = [(kind.count(Show.FULL), kind.count(Show.LINE), kind.count(Show.COUNTED)) for kind in kinds]
    assert shown == [(9, 15, 1), (3, 0, 0), (8, 15, 1)]


@given(st.lists(st.integers(0, 40), max_size=6), st.integers(0, 120))
def test_shares_are_equal_as_far_as_there_is_something_and_grow_together(sizes: list[int], total: int) -> None:
    dealt = shares(sizes, total)
    assert sum(dealt) == min(total, sum(sizes))
    assert all(share <= size for share, size in zip(dealt, sizes, strict=True))
    most = max(dealt, default=0)
    assert all(share in (size, most, most - 1) for share, size in zip(dealt, sizes, strict=True))
    assert all(less <= more for less, more in zip(dealt, shares(sizes, total + 1), strict=True))


def test_the_best_are_in_full_then_come_lines_as_long_as_there_is_room() -> None:
    assert fit_best(6, 4, 3, build) == ["4/2"] * 3
    assert fit_best(100, 4, 3, build) == ["4/10"] * 3
    assert fit_best(100, 20, 3, build) == ["6/0"] * 3


@given(st.integers(0, 200), st.integers(0, 40), st.integers(1, 10))
def test_no_more_than_so_many_are_in_full_and_the_cap_holds(entries: int, full: int, most: int) -> None:
    pages = fit_best(entries, min(full, entries), most, build)
    in_full, lines = map(int, pages[0].split("/"))
    assert len(pages) <= most
    assert in_full <= full
    assert in_full + lines <= entries


@given(
    sizes=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=4),
    full=st.integers(0, 20),
    lines=st.integers(0, 20),
)
def test_a_plan_tells_of_every_paper_once(sizes: list[tuple[int, int]], full: int, lines: int) -> None:
    sections = [section([entry()] * shown, hidden=hidden) for shown, hidden in sizes]
    for index, (shown, hidden) in enumerate(sizes):
        assert sum(item.count for item in plan(sections, full, lines) if item.section == index) == shown + hidden


class Numbers:
    """Shows a paper in full as ten, a line or a count as one; a page holds ten."""

    def __init__(self, sections: Sequence[Section]) -> None:
        self.sections = sections

    def piece(self, item: Item) -> int:
        return 10 if item.show is Show.FULL else 1

    def fits(self, pieces: Sequence[int]) -> bool:
        return sum(pieces) <= 10


def test_what_fits_is_shown_in_full_and_the_rest_as_lines() -> None:
    assert lay_out([section([entry()] * 12)], 3, Numbers)[1] == [[10], [10], [1] * 10]


def test_nothing_is_rendered_twice_and_little_that_no_page_has_room_for() -> None:
    asked: list[Item] = []

    class Watched(Numbers):
        def piece(self, item: Item) -> int:
            asked.append(item)
            return super().piece(item)

    _, pages = lay_out([section([entry()] * 300)], 2, Watched)
    assert pages == [[1] * 10] * 2
    assert len(asked) == len(set(asked))
    assert sum(item.show is Show.FULL for item in asked) <= 4
    assert sum(item.show is Show.LINE for item in asked) <= 40


def test_topics_that_cannot_even_be_counted_are_merged_into_one() -> None:
    renderer, pages = lay_out([section([entry()], topic=f"t{n}") for n in range(11)], 1, Numbers)
    assert len(renderer.sections) == 1
    assert pages == [[1] * 10]
