"""Says in which points arXiv's own search reads a query differently than Paperboy.

Pure. arXiv's parser: https://github.com/arXiv/arxiv-search, `search/services/index`.
"""

from __future__ import annotations

import re
from itertools import pairwise

_TOKEN = re.compile(r'(?P<open>(?:[A-Za-z_]+:\s*)?\()|(?P<close>\))|(?:[A-Za-z_]+:)?=?"[^"]*"\*?|[^\s()"]+')
_STEMMED = re.compile(r"ti:[^\W\d_]{3,}\Z")
_JOINS = ("AND", "OR", "ANDNOT")

PRECEDENCE = (
    "joins what stands on both sides of an OR first, a AND (b OR c), where no parentheses do; here AND comes first"
)
SIDE_BY_SIDE = "joins terms side by side by OR; here by AND"
STEMMED = "also finds other endings of a title's word (study: studying); here its plural, and any with a *"


def read_otherwise(query: str) -> tuple[str, ...]:
    """A phrase for each difference in how arXiv's own search reads the query; empty if there is none."""
    found: dict[str, None] = {}
    levels: list[list[str]] = [[]]
    for token in _TOKEN.finditer(query):
        if token["open"]:
            levels[-1].append("(")
            levels.append([])
        elif token["close"] and len(levels) > 1:
            found.update(dict.fromkeys(_differing(levels.pop())))
        else:
            levels[-1].append(token[0])
    found.update(dict.fromkeys(_differing([each for level in levels for each in level])))
    if any(_STEMMED.match(token[0]) for token in _TOKEN.finditer(query)):
        found[STEMMED] = None
    return tuple(found)


def _differing(tokens: list[str]) -> list[str]:
    """The differences within one pair of parentheses, or outside of all."""
    said = []
    is_term = [token not in (*_JOINS, "NOT") for token in tokens]
    if any(one and other for one, other in pairwise(is_term)):
        said.append(SIDE_BY_SIDE)
    ands = [place for place, token in enumerate(tokens) if token in ("AND", "ANDNOT")]
    if ands and "OR" in tokens[ands[0] :]:
        said.append(PRECEDENCE)
    return said
