"""Error messages for authors in a topic that can be no person's name, with what to write instead.

Pure. Any text that can be a name, however rare, is accepted.
"""

from __future__ import annotations

import re
import unicodedata

from bot.text import flatten_tex
from bot.topics.author_names import readings

_LIKE = "write a name, like Ada Byron or Byron, A"
_APART = "one name is expected: make each an entry of its own"
_IDENTIFIER = re.compile(r"([^\W\d_]+(?:_[^\W\d_]{2,})*)((?:_[^\W\d_])+)_\d+")
"""https://info.arxiv.org/help/author_identifiers.html: the family name, initials and a number."""
_WRONG = tuple(
    (re.compile(pattern, re.IGNORECASE), sentence)
    for pattern, sentence in (
        (r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]", f"an ORCID is no name, and arXiv's feeds have none: {_LIKE}"),
        (r"://|\bwww\.|\.(?:org|com|edu|net)\b", f"a link is no name: {_LIKE}"),
        (r"@", f"a mail address is no name: {_LIKE}"),
        (r"\bau:", "here a name stands without au:"),
        (r"[()\[\]{}<>]", "a name has no brackets: leave them away, and what is in them"),
        (r"\bet al\b", "one name is expected: leave et al. away"),
        (r"\A(?:dr|prof|professor|mr|mrs|ms)\b", "a name is expected without a title"),
        (r"\A(?:[^\W\d_]\.[\s-]*)+\Z", f"a family name is expected, not initials alone: {_LIKE}"),
    )
)
_SEVERAL = re.compile(
    r";|\||\s/\s|\s&\s|\s(?:and|und)\s|(?-i:\sOR\s|[a-z]\s+(?:[A-Z]\.?[\s-]*)+,\s*[A-Z]\.?[\s-]*[A-Za-z.]{2,})",
    re.IGNORECASE,
)
"""Signs between names; the last are names that end in initials: Byron A., Chen B."""
_NUMBER = re.compile(r"(?<!\S)\d+(?!\S)")
_OF_MANY = re.compile(r"\b(?:collaborations?|team|group|consortium)\Z", re.IGNORECASE)
_SUFFIX = re.compile(r",\s*(?:jr|sr|ii|iii|iv)\b\.?", re.IGNORECASE)


def no_name(written: str) -> str:
    """Why the text cannot be a name, and what is expected; empty if it can be one."""
    flat = flatten_tex(written)
    identifier = _IDENTIFIER.fullmatch(flat)
    if identifier:
        family, initials = (part.replace("_", " ").strip().title() for part in identifier.groups())
        return f"an arXiv author identifier is no name: write {family}, {initials}"
    wrong = next((sentence for pattern, sentence in _WRONG if pattern.search(flat)), "")
    if wrong:
        return wrong
    if not any(letter.isalpha() for name in readings(flat) for letter in name.family):
        return "an author's name is expected, like Ada Byron"
    if _OF_MANY.search(flat):
        return ""
    if _SEVERAL.search(flat) or _SUFFIX.sub("", flat).count(",") > 1:
        return _APART
    return f"a name has no number: {_LIKE}" if _NUMBER.search(flat) else ""


def perhaps_no_name(written: str) -> str:
    """A warning how a name is read if it is hardly meant so; empty for most names."""
    flat = flatten_tex(written)
    family, _, given = (part.strip() for part in _SUFFIX.sub("", flat).partition(","))
    words = family.split(), given.split()
    if all(len(part) > 1 for part in words) and not any(len(word.strip(".")) == 1 for word in words[1]):
        return f"{family!r} is the family name and {given!r} the given one; of two people make two entries"
    if not all("LATIN" in unicodedata.name(letter, "") for letter in flat if letter.isalpha()):
        return "arXiv writes all names in Latin letters"
    return ""
