"""Fills messages greedily, and finds the richest plan (full, lines, counted) within a number of messages.

Pure; knows no platform. The channel says what fits on a page and how a plan looks when built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Thing = TypeVar("Thing")
Piece = TypeVar("Piece")
Page = TypeVar("Page")


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


def last_that_holds(upper: int, holds: Callable[[int], bool]) -> int | None:
    """The greatest n in 0..upper for which `holds` (true up to some n, false after), or None if for none."""
    if not holds(0):
        return None
    low, high = 0, upper
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
