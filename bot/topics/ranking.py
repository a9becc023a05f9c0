"""In which order a reader sees a topic's papers.

Pure and deterministic: the same entries come out in the same order, however they went in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import Order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bot.model import DigestEntry, Hit, Topic


def rank(topic: Topic, entries: Sequence[DigestEntry]) -> list[DigestEntry]:
    """The entries in the topic's order: newest mailing first, and within a mailing as `topic.order` says.

    `relevance` asks one question after the other, and each only decides what the one before left open: is one of the
    authors followed, does a term stand in the title, how many different terms does the paper meet, how new is it
    (new, cross, replace, replace-cross), and at last which identifier is lower. `listing` is arXiv's own order: new,
    cross, replace, replace-cross, and in each by identifier, ascending.
    """
    key = _KEYS[topic.order]
    return sorted(entries, key=lambda entry: (-entry.mailing_date.toordinal(), *key(entry)))


def reasons(topic: Topic, entry: DigestEntry) -> str:
    """Why the paper ranks where it does, in words and in the order in which `rank` asks.

    For `relevance`, for instance: "by Ada Byron, in the title: pigeon, 2 terms, new"; for `listing` only "new".
    """
    if topic.order is Order.LISTING:
        return entry.type.value
    hits = entry.match.hits
    followed = _spelled(hit for hit in hits if hit.field == "author")
    in_title = _spelled(hit for hit in hits if hit.field == "title")
    terms = len({hit.term for hit in hits})
    said = [
        f"by {followed}" if followed else "",
        f"in the title: {in_title}" if in_title else "nothing in the title",
        "1 term" if terms == 1 else f"{terms} terms",
        entry.type.value,
    ]
    return ", ".join(filter(None, said))


def _spelled(hits: Iterable[Hit]) -> str:
    return " and ".join(dict.fromkeys(hit.term for hit in hits))


def _relevance(entry: DigestEntry) -> tuple[bool, bool, int, int, str]:
    fields = {hit.field for hit in entry.match.hits}
    terms = {hit.term for hit in entry.match.hits}
    return ("author" not in fields, "title" not in fields, -len(terms), -entry.type.strength, entry.paper.identifier)


def _listing(entry: DigestEntry) -> tuple[int, str]:
    return (-entry.type.strength, entry.paper.identifier)


_KEYS: dict[Order, Callable[[DigestEntry], tuple[object, ...]]] = {
    Order.RELEVANCE: _relevance,
    Order.LISTING: _listing,
}
