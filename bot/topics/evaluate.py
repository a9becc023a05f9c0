"""Evaluates a topic's query tree over the terms that were found in a paper.

Pure. Knows no text: the terms were found before.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from bot.topics.query import And, Not, Or, Term

if TYPE_CHECKING:
    from bot.topics.query import Node
    from bot.topics.term_index import Found, Hits


def evaluate(node: Node, found: Found) -> Hits | None:
    """The hits by which the tree is true for the paper, possibly none (NOT); None if it is false."""
    if isinstance(node, Term):
        return found.get(node)
    if isinstance(node, Not):
        return () if evaluate(node.node, found) is None else None
    shown = [hits for part in node.nodes if (hits := evaluate(part, found)) is not None]
    enough = len(shown) == len(node.nodes) if isinstance(node, And) else shown
    return tuple(chain.from_iterable(shown)) if enough else None


def unmet(node: Node, found: Found) -> tuple[Node, ...]:
    """The smallest parts that are false and have to be true for the tree to be true; none if it is true.

    An OR that is false is one such part, because any of its parts would do.
    """
    if evaluate(node, found) is not None:
        return ()
    if isinstance(node, And):
        return tuple(chain.from_iterable(unmet(part, found) for part in node.nodes))
    return (node,)


def alternatives(node: Node) -> tuple[Term, ...] | None:
    """The tree as terms of which any one is enough, each spelled differently; None if it is no such tree."""
    parts = dict.fromkeys(node.nodes if isinstance(node, Or) else (node,))
    some = [part for part in parts if isinstance(part, Term)]
    simple = len({term.text for term in some}) == len(parts)
    return tuple(some) if simple else None


def required_terms(node: Node) -> tuple[Term, ...] | None:
    """Terms of which at least one is in every paper for which the tree is true; None if there are no such terms."""
    if isinstance(node, Term):
        return (node,)
    if isinstance(node, Not):
        return None
    known = [terms for part in node.nodes if (terms := required_terms(part)) is not None]
    if isinstance(node, And):  # the part whose terms are probably in the fewest papers
        return min(known, key=_frequency, default=None)
    return tuple(dict.fromkeys(chain.from_iterable(known))) if len(known) == len(node.nodes) else None


_AS_A_CATEGORY = 100


def _frequency(terms: tuple[Term, ...]) -> int:
    """An estimate of how many papers have one of the terms: few words are as frequent as a category."""
    return sum(_AS_A_CATEGORY if "category" in term.fields else 1 for term in terms)
