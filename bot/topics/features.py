"""Extracts a paper's features for learning: words, pairs of words, authors and categories, each with a weight.

Pure, and without numpy: `paper_space` makes vectors of them.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from math import log
from typing import TYPE_CHECKING

from bot.text import normalise

if TYPE_CHECKING:
    from bot.model import Paper

_TITLE, _ABSTRACT = 2.0, 1.0
"""How much one occurrence of a word counts in each."""
_AUTHOR, _CATEGORY = 2.0, 0.5
AUTHOR = "author:"
"""The prefix of an author's feature name; words have no colon."""
_WORD = re.compile(r"[^\W\d_]\w+")
_STOP_WORDS = frozenset(
    """
    about above across after again against all almost along already also although always am among an and any are
    as at be became because been before being below between both but by can cannot could did do does doing done
    down due during each either else etc even ever every few for found from further had has have having he her
    here how however if in into is it its itself just less let like made main make makes many may me might more
    moreover most much must my namely near need needs never new no nor not now of off often on once one only or
    other others our ours out over own paper per perform performs propose proposed proposes provide provides
    rather really recent recently respectively result results same say several shall she should show shown shows
    significantly since so some still such than that the their them themselves then there thereby therefore
    these they this those though three through throughout thus to together too toward towards two under until up
    upon us use used uses useful using usually various very via was way we well were what when where whereas
    whether which while who whom whose why will with within without would yet you your

    state art code available github http https com www method methods approach approaches existing extensive
    experiments demonstrate demonstrates introduce present work study based achieve achieves achieving
    outperform outperforms improve improves improving improved performance effective effectively novel framework
    first second address challenge challenging task tasks model models textbf textit emph mathcal mathbb mathrm
    times
    """.split()  # noqa: SIM905 - words, not code
)
"""English function words, and words that are in most abstracts."""
_NO_PLURAL = ("ss", "us", "is")


@dataclass(frozen=True, slots=True)
class Document:
    """A text to learn from or to rank: an announced paper, or an entry of a reader's library."""

    key: str
    """Unique; of an announced paper its identifier."""
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    """Given name first."""
    categories: tuple[str, ...] = ()

    @classmethod
    def of(cls, paper: Paper) -> Document:
        """The document of an announced paper."""
        names = tuple(author.name for author in paper.authors)
        return cls(paper.identifier, paper.title, paper.abstract, names, paper.categories)


def features(document: Document) -> dict[str, float]:
    """The document's features with their weights; a word has 1 + log of its (weighted) number of occurrences."""
    counts: Counter[str] = Counter()
    for part, weight in ((document.title, _TITLE), (document.abstract, _ABSTRACT)):
        for term in terms(part):
            counts[term] += weight  # type: ignore[assignment]  # a Counter may count in fractions
    weighed = {term: 1 + log(count) for term, count in counts.items()}
    weighed |= {f"{AUTHOR}{normalise(name)}": _AUTHOR for name in document.authors}
    return weighed | {f"category:{category}": _CATEGORY for category in document.categories}


def terms(raw: str) -> list[str]:
    """The words of a text and the pairs of neighbouring words, in the singular and without stop words."""
    words = [_singular(word) for word in _WORD.findall(normalise(raw))]
    pairs = [f"{one} {other}" for one, other in pairwise(words) if not {one, other} & _STOP_WORDS]
    return [word for word in words if word not in _STOP_WORDS] + pairs


def _singular(word: str) -> str:
    if len(word) <= len("gas") or not word.endswith("s") or word.endswith(_NO_PLURAL):
        return word
    return f"{word[:-3]}y" if word.endswith("ies") and len(word) > len("ties") else word[:-1]
