"""Spreads a digest over messages: the richest plan (full, lines, counted) within a number of messages.

Pure; knows no platform. A channel's renderer says how an item looks and what fits on a page; which papers are shown
in full, as a line or only counted is decided here, alike for all channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
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
    """Papers of one section that are only counted and linked."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a plan shows: a paper, or the count of a section's papers that it does not show."""

    section: int
    """Its place among the sections."""
    show: Show
    place: int
    """Its place in the section; of a count, how many papers of the section are shown before it."""
    number: int
    """Its place among all papers of the digest; of a count, the same as if it were a paper."""
    count: int = 1
    """How many papers it stands for."""


class Renderer(Protocol[Piece]):
    """What a channel brings: how an item looks, and how much a message holds."""

    def piece(self, item: Item) -> Piece:
        """The item as the channel shows it; never split over two messages."""
        ...

    def fits(self, pieces: Sequence[Piece]) -> bool:
        """Whether one message holds all of these."""
        ...


ChannelRenderer = TypeVar("ChannelRenderer", bound=Renderer[Any])


def lay_out(
    sections: Sequence[Section],
    most: int,
    renderer: Callable[[Sequence[Section]], ChannelRenderer],
    full: int | None = None,
) -> tuple[ChannelRenderer, Sequence[Sequence[Any]]]:
    """The richest pages, at most `most` of them, and the renderer that made their pieces.

    Where there are too many topics even to count each of them, they are merged into one.

    Args:
        sections: the digest's topics.
        most: how many pages there may be.
        renderer: makes the pieces of some sections.
        full: how many papers are shown in full where they fit, however much room there is; None: as many as fit.
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
    def build(full: int, lines: int) -> Sequence[Sequence[Piece]]:
        return paginate(map(renderer.piece, plan(sections, full, lines)), renderer.fits) or [[]]

    entries = sum(len(section.entries) for section in sections)
    return fit(entries, most, build) if full is None else fit_best(entries, min(full, entries), most, build)


def plan(sections: Sequence[Section], full: int, lines: int) -> Iterator[Item]:
    """So many papers in full, so many more as one line each, the others as a count per section.

    The topics share the room, each its best papers first, so that a long one squeezes out no other.
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
    """The first ones whose sizes sum up to at most `limit`, and how many are left."""
    used = 0
    for count, thing in enumerate(things):
        used += size(thing)
        if used > limit:
            return things[:count], len(things) - count
    return things, 0


def paginate(pieces: Iterable[Piece], fits: Callable[[Sequence[Piece]], bool]) -> list[list[Piece]]:
    """Cut the pieces into pages, each as full as `fits` allows, order kept.

    A piece that does not fit even alone gets a page of its own: the caller sees to it that none is so large.
    """
    pages: list[list[Piece]] = []
    for piece in pieces:
        if pages and fits([*pages[-1], piece]):
            pages[-1].append(piece)
        else:
            pages.append([piece])
    return pages


def fit(entries: int, most: int, build: Callable[[int, int], Sequence[Page]]) -> Sequence[Page]:
    """The richest plan that needs at most `most` pages.

    `build(full, lines)` makes the pages that show the first `full` entries in full, the next `lines` as one line
    each, and count the rest. More of either must never need fewer pages. Tried in this order of riches: as many
    full entries as possible with all others as lines; where even lines alone are too long, as many lines as
    possible and the rest counted.
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
    """The plan that shows `full` entries in full, then as many lines as there is room for, the rest counted.

    `build` as in `fit`. Where even so many in full are too long, as many of them as possible, and no lines.
    """
    lines = last_that_holds(entries - full, lambda n: len(build(full, n)) <= most)
    if lines is not None:
        return build(full, lines)
    return build(last_that_holds(full, lambda n: len(build(n, 0)) <= most) or 0, 0)


def last_that_holds(upper: int, holds: Callable[[int], bool]) -> int | None:
    """The greatest n in 0..upper for which `holds` (true up to some n, false after), or None if for none."""
    if not holds(0):
        return None
    low, high = 0, upper
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
