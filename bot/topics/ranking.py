"""Orders a topic's papers.

Pure and deterministic: the result does not depend on the order of the input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import Order
from bot.topics.query import followed
from bot.topics.term_forms import spellings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.model import DigestEntry, Hit, Topic


def rank(
    topic: Topic,
    entries: Sequence[DigestEntry],
    scores: Mapping[str, float] | None = None,
    *,
    across_days: bool = False,
) -> list[DigestEntry]:
    """The entries in the topic's order: newest mailing first, and within a mailing as `topic.order` says.

    `relevance` asks one question after the other, and each only decides what the one before left open: is one of the
    authors followed (a name that some other term finds is a term's hit like any), does a term stand in the title, how
    many different terms does the paper meet (LLM, LLMs and llm are one), how new is it (new, cross, replace,
    replace-cross), and at last which identifier is lower. `listing` is arXiv's own order: new, cross, replace,
    replace-cross, and in each by identifier, ascending. `learned` puts followed authors first, too, and then goes by
    the scores, the highest first; without scores it is `relevance`.

    Args:
        topic: whose order it is.
        entries: in any order.
        scores: how well each paper fits, by identifier.
        across_days: whether the mailing comes after what `topic.order` says, so that the best of a week come first.

    Raises:
        QueryError: the topic's query does not parse.
    """
    authors = followed(topic)

    def key(entry: DigestEntry) -> tuple[object, ...]:
        relevance: tuple[float, ...] = () if topic.order is Order.LISTING else _relevance(entry, authors)
        if scores is not None:
            relevance = (not _is_by_one_followed(entry, authors), -scores[entry.paper.identifier])
        day = -entry.mailing_date.toordinal()
        place = (*relevance, -entry.type.strength)
        return (*place, day, entry.paper.identifier) if across_days else (day, *place, entry.paper.identifier)

    return sorted(entries, key=key)


def reasons(topic: Topic, entry: DigestEntry) -> str:
    """Why the paper ranks where it does, in words and in the order in which `rank` asks.

    For `relevance`, for instance: "by Ada Byron, in the title: pigeon, 2 terms, new"; for `listing` only "new".

    Raises:
        QueryError: the topic's query does not parse.
    """
    if topic.order is Order.LISTING:
        return entry.type.value
    hits = entry.match.hits
    authors = followed(topic)
    by = " and ".join(_differing(hit.term for hit in hits if _is_followed(hit, authors)))
    in_title = " and ".join(_differing(hit.term for hit in hits if hit.field == "title"))
    terms = len(_differing(hit.term for hit in hits))
    said = [
        f"by {by}" if by else "",
        f"in the title: {in_title}" if in_title else "nothing in the title",
        "1 term" if terms == 1 else f"{terms} terms",
        entry.type.value,
    ]
    return ", ".join(filter(None, said))


def _differing(terms: Iterable[str]) -> list[str]:
    """The terms without different spellings of the same word: VLM, vlm and VLMs are one word in a paper.

    The first of equal terms stays. Plurals are considered last, as one may belong to two words: GPs to GP and to GPS.
    """
    each = list(dict.fromkeys(terms))
    kept: set[str] = set()
    known: set[str] = set()
    for term in sorted(each, key=lambda term: len(spellings(term))):
        if known.isdisjoint(spellings(term)):
            kept.add(term)
        known |= spellings(term)
    return [term for term in each if term in kept]


def _relevance(entry: DigestEntry, authors: frozenset[str]) -> tuple[bool, bool, int]:
    hits = entry.match.hits
    in_title = any(hit.field == "title" for hit in hits)
    return (not _is_by_one_followed(entry, authors), not in_title, -len(_differing(hit.term for hit in hits)))


def _is_by_one_followed(entry: DigestEntry, authors: frozenset[str]) -> bool:
    return any(_is_followed(hit, authors) for hit in entry.match.hits)


def _is_followed(hit: Hit, authors: frozenset[str]) -> bool:
    return hit.field == "author" and hit.term in authors
