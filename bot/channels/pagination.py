"""Spreads a digest over messages (pages): decides which papers are shown in full, as a line, or only counted.

Pure; the same for all channels. A channel's renderer says how an item looks and what fits on a page. The plan that
shows most within the number of messages is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from bot.channels.presentation import merged, paper_count, shares

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bot.model import Section

Thing = TypeVar("Thing")
Piece = TypeVar("Piece")
Page = TypeVar("Page")


class Show(Enum):
    """How much of a paper is shown."""

    FULL = auto()
    LINE = auto()
    COUNTED = auto()
    """A section's papers that are only counted and linked."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a plan: a paper, or the count of a section's papers that are not shown."""

    section: int
    """The section's index."""
    show: Show
    place: int
    """Its index in the section; for a count, how many papers of the section are shown."""
    number: int
    """Its index among all papers of the digest; for a count, as if it were a paper."""
    count: int = 1
    """The number of papers."""


class Renderer(Protocol[Piece]):
    """Interface to a channel's rendering: how an item looks, and what fits into a message."""

    def piece(self, item: Item) -> Piece:
        """The rendered item, which is never split over two messages. Asked for once."""
        ...

    def fits(self, pieces: Sequence[Piece]) -> bool:
        """Whether one message can hold all of these."""
        ...


ChannelRenderer = TypeVar("ChannelRenderer", bound=Renderer[Any])


def lay_out(
    sections: Sequence[Section],
    most: int,
    renderer: Callable[[Sequence[Section]], ChannelRenderer],
    full: int | None = None,
) -> tuple[ChannelRenderer, Sequence[Sequence[Any]]]:
    """At most `most` pages that show as much as possible, and the renderer that made their pieces.

    If there are too many topics even to count each of them, they are merged into one.

    Args:
        sections: the digest's sections.
        most: the most pages.
        renderer: makes the renderer of some sections.
        full: the most papers to show in full; None for as many as fit.
    """
    made = renderer(sections)
    pages = _richest_pages(made, sections, most, full)
    if len(pages) > most:
        sections = (merged(sections),)
        made = renderer(sections)
        pages = _richest_pages(made, sections, most, full)
    return made, pages


def _richest_pages(
    renderer: Renderer[Piece], sections: Sequence[Section], most: int, full: int | None
) -> Sequence[Sequence[Piece]]:
    piece = cache(renderer.piece)  # many plans are tried, and they have most items in common

    def build(full: int, lines: int) -> Sequence[Sequence[Piece]]:
        pages = paginate(map(piece, plan(sections, full, lines)), renderer.fits)
        return list(islice(pages, most + 1)) or [[]]  # one page too many is enough to know

    entries = sum(len(section.entries) for section in sections)
    return fit(entries, most, build) if full is None else fit_best(entries, min(full, entries), most, build)


def plan(sections: Sequence[Section], full: int, lines: int) -> Iterator[Item]:
    """The items of a plan: `full` papers in full, then `lines` papers as a line, the others as a count per section.

    Topics share the room, each with its best papers first, so that a long topic does not displace the others.
    """
    sizes = [len(section.entries) for section in sections]
    in_full, seen = shares(sizes, full), shares(sizes, full + lines)
    before = 0
    for index, section in enumerate(sections):
        for place in range(seen[index]):
            yield Item(index, Show.FULL if place < in_full[index] else Show.LINE, place, before + place)
        if rest := paper_count(section) - seen[index]:
            yield Item(index, Show.COUNTED, seen[index], before + seen[index], rest)
        before += len(section.entries)


def as_many_as_fit(things: Sequence[Thing], limit: int, size: Callable[[Thing], int]) -> tuple[Sequence[Thing], int]:
    """The first things whose sizes sum up to at most `limit`, and the number of the others."""
    used = 0
    for count, thing in enumerate(things):
        used += size(thing)
        if used > limit:
            return things[:count], len(things) - count
    return things, 0


def paginate(pieces: Iterable[Piece], fits: Callable[[Sequence[Piece]], bool]) -> Iterator[list[Piece]]:
    """Distributes the pieces over pages in order, each page as full as `fits` allows.

    Takes no more pieces than the pages that are asked for need. More pieces must never fit where fewer do not. A
    piece that does not fit even alone gets its own page; the caller makes sure that there is none.
    """
    coming, rest = iter(pieces), list[Piece]()

    def first(count: int) -> list[Piece]:
        rest.extend(islice(coming, max(0, count - len(rest))))
        return rest[:count]

    while first(1):
        count = _first_page(first, fits)
        yield first(count)
        del rest[:count]


def _first_page(first: Callable[[int], list[Piece]], fits: Callable[[Sequence[Piece]], bool]) -> int:
    """How many of the first pieces make a page: doubled while they fit, so that few are put together for nothing."""
    count = 1
    while len(more := first(2 * count)) > count and fits(more):
        count *= 2
    beyond = len(more) - count - 1
    return count + (last_that_holds(beyond, lambda others: others == 0 or fits(first(count + others))) or 0)


def fit(entries: int, most: int, build: Callable[[int, int], Sequence[Page]]) -> Sequence[Page]:
    """The plan that shows most and needs at most `most` pages.

    `build(full, lines)` makes the pages with the first `full` entries in full, the next `lines` as one line each, and
    the rest counted; where they are more than `most`, one too many is enough. More of either must never need fewer
    pages. First, as many full entries as possible with all
    others as lines; if lines alone are too long, as many lines as possible and the rest counted.
    """
    pages = build(entries, 0)
    if len(pages) <= most:
        return pages
    full = last_that_holds(entries, lambda n: len(build(n, entries - n)) <= most)
    if full is not None:
        return build(full, entries - full)
    lines = last_that_holds(entries, lambda n: len(build(0, n)) <= most)
    return build(0, lines or 0)


def fit_best(entries: int, full: int, most: int, build: Callable[[int, int], Sequence[Page]]) -> Sequence[Page]:
    """The plan with `full` entries in full, then as many lines as fit, the rest counted.

    For `build` see `fit`. If so many in full are too long, as many of them as possible, and no lines.
    """
    lines = last_that_holds(entries - full, lambda n: len(build(full, n)) <= most)
    if lines is not None:
        return build(full, lines)
    return build(last_that_holds(full, lambda n: len(build(n, 0)) <= most) or 0, 0)


def last_that_holds(upper: int, holds: Callable[[int], bool]) -> int | None:
    """The greatest n in 0..upper for which `holds` (true up to some n, then false); None if there is none."""
    if not holds(0):
        return None
    low, high = 0, upper
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
