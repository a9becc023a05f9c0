"""In which order a reader sees a topic's papers.

Pure and deterministic: the same entries come out in the same order, however they went in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import Order

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.model import DigestEntry, Topic


def rank(topic: Topic, entries: Sequence[DigestEntry]) -> list[DigestEntry]:
    """The entries in the topic's order: newest mailing first, and within a mailing as `topic.order` says.

    `relevance` asks one question after the other, and each only decides what the one before left open: is one of the
    authors followed, does a term stand in the title, how many different terms does the paper meet, how new is it
    (new, cross, replace, replace-cross), and at last which identifier is lower. `listing` is arXiv's own order: new,
    cross, replace, replace-cross, and in each by identifier, ascending.
    """
    key = _KEYS[topic.order]
    return sorted(entries, key=lambda entry: (-entry.mailing_date.toordinal(), *key(entry)))


def _relevance(entry: DigestEntry) -> tuple[bool, bool, int, int, str]:
    hits = entry.match.hits
    fields = {hit.field for hit in hits}
    terms = {hit.term for hit in hits}
    return ("author" not in fields, "title" not in fields, -len(terms), -entry.type.strength, entry.paper.identifier)


def _listing(entry: DigestEntry) -> tuple[int, str]:
    return (-entry.type.strength, entry.paper.identifier)


_KEYS: dict[Order, Callable[[DigestEntry], tuple[object, ...]]] = {
    Order.RELEVANCE: _relevance,
    Order.LISTING: _listing,
}
