"""Topics: what somebody cares about, and why a paper is matched."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from enum import StrEnum

from bot.model.papers import AnnounceType


class Order(StrEnum):
    """How a topic's papers are ordered within a mailing."""

    RELEVANCE = "relevance"
    LISTING = "listing"
    LEARNED = "learned"
    """By what the subscriber's readers liked; `relevance` until that is enough to learn from."""


class MatchMode(StrEnum):
    """How keywords match: whole words of normalised text, whole words as written, or any part of the text."""

    WORDS = "words"
    EXACT = "exact"
    SUBSTRING = "substring"


@dataclass(frozen=True, slots=True)
class Topic:
    """What somebody cares about. Categories are canonical and expanded (`cs.*` is gone by now)."""

    name: str
    title: str
    categories: tuple[str, ...]
    keywords: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    query: str | None = None
    match: MatchMode = MatchMode.WORDS
    announce: frozenset[AnnounceType] = frozenset({AnnounceType.NEW, AnnounceType.CROSS})
    order: Order = Order.RELEVANCE
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """One reason of a match: which term of the topic was found in which field of the paper."""

    term: str
    """As the topic spells it."""
    field: str
    """title, abstract, author, category, comment, journal_ref or id."""
    mode: MatchMode = dataclass_field(default=MatchMode.WORDS, compare=False)
    """How the term was compared."""


@dataclass(frozen=True, slots=True)
class Match:
    """A topic's claim on a paper, with its reasons; without hits if the topic has no terms."""

    topic: str
    hits: tuple[Hit, ...] = ()
