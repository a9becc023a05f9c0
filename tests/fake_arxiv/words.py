"""The invented texts of invented papers: titles, abstracts, names, with what is awkward in the real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import Author

if TYPE_CHECKING:
    import random

KEYWORDS = ("pigeon", "lighthouse", "ferry", "lantern")
"""Words to want: each stands in one paper of seven or so, and no later version gains or loses one."""

UNICODE = {"Zo\\'e Brandt": "Zoé Brandt", 'J\\"org Vale': "Jörg Vale", "Ma\\l{}gorzata Wren": "Małgorzata Wren"}
"""Names as feeds spell them, and as listings do."""

_NAMES = (*UNICODE, "Ada Byron", "Bo Chen", "Ines del Mar", "Okoro N. Ade", "Priya Raman", "Tove Lund")
_AFFILIATIONS = ((), (), (), ("Harbour Institute",), ("Inst. of Kites", "Bell Tower (West)"))
_DOING = ("Learning", "Counting", "Steering", "Sparse Bounds for", "On", "A Survey of", "Teaching Machines")
_THINGS = ("Slow Kites", "$k$-Regular Gardens", "Paper Boats", 'Na\\"ive Clocks', "$L^2$ Weather", "Tin Orchestras")
_LIMITS = ("under Fog", "at Scale", "with <Noise> & Friends", "in 90\\% of Cases", "without Maps", "via Patience")
_SENTENCES = (
    "We show that $O(n \\log n)$ steps are enough where $x < y$ and $y > z$.",
    "Earlier work asked for far more data & far more luck.",
    "Our method, which we call Tidal, needs no training at all.",
    'On three invented benchmarks it is 12\\% better than "guessing".',
    "A lower bound follows from G\\\"odel's letter to nobody.",
    "All of it runs on one old laptop in the rain.",
)
_COMMENTS = (None, "12 pages, 3 figures", "Accepted at the Workshop on Kites & Clocks")
WITHDRAWN = "This paper has been withdrawn by the authors due to an error in Lemma 2"


class Words:
    """A writer of papers. Its texts depend on nothing but the random numbers it is given."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def title(self, number: int, keyword: str | None) -> str:
        about = f" by {keyword.capitalize()}" if keyword else ""
        pick = self._rng.choice
        return f"{pick(_DOING)} {pick(_THINGS)}{about} {pick(_LIMITS)}: Study {number}"

    def abstract(self, keyword: str | None) -> str:
        sentences = self._rng.sample(_SENTENCES, 4)
        if keyword:
            sentences.insert(1, f"Think of a {keyword}.")
        return " ".join(sentences)

    def keywords(self) -> tuple[str | None, str | None]:
        """One for the title and one for the abstract, or none."""
        return self._maybe(0.3), self._maybe(0.3)

    def authors(self) -> tuple[Author, ...]:
        """With affiliations or without; those without stand last, for before others they would share theirs."""
        names = self._rng.sample(_NAMES, self._rng.randint(1, 4))
        written = [Author(name, self._rng.choice(_AFFILIATIONS)) for name in names]
        return tuple(sorted(written, key=lambda author: not author.affiliations))

    def comment(self) -> str | None:
        return self._rng.choice(_COMMENTS)

    def _maybe(self, share: float) -> str | None:
        return self._rng.choice(KEYWORDS) if self._rng.random() < share else None
