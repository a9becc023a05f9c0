"""Limits on the length of a paper's texts.

Pure. arXiv's own limits are far lower (https://info.arxiv.org/help/prep.html: an abstract has at most 1,920
characters). What exceeds ours comes from a broken or hostile answer, and storing and rendering it would take long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.model import Paper

_MOST_CHARACTERS = {
    "title": 5_000,
    "abstract": 50_000,
    "comment": 20_000,
    "journal_ref": 5_000,
    "doi": 2_000,
    "license": 2_000,
}
_MOST_AUTHORS = 20_000
_MOST_CATEGORIES = 200
_LONGEST_NAME = 5_000


def require_plausible(paper: Paper) -> Paper:
    """Returns the paper.

    Raises:
        ValueError: one of its texts or lists exceeds the limits.
    """
    for name, most in _MOST_CHARACTERS.items():
        length = len(getattr(paper, name) or "")
        if length > most:
            raise ValueError(f"{name} of {length} characters")
    if len(paper.authors) > _MOST_AUTHORS:
        raise ValueError(f"{len(paper.authors)} authors")
    if len(paper.categories) > _MOST_CATEGORIES:
        raise ValueError(f"{len(paper.categories)} categories")
    names = (*paper.categories, *(name for author in paper.authors for name in (author.name, *author.affiliations)))
    if longest := max((length for length in map(len, names) if length > _LONGEST_NAME), default=0):
        raise ValueError(f"a name of {longest} characters")
    return paper
