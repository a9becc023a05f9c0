"""Tells how a text spells a term that matched, and which spelling rules make the two equal; for `explain`.

Pure. Slower than matching. Differences in case, accents, hyphens and a final s or es are not mentioned.
"""

from __future__ import annotations

import re

from bot.model import MatchMode
from bot.text import flatten_tex, normalise
from bot.topics.found_at import spans
from bot.topics.spelling import BRITISH, BY_SOUND, EPONYMS, applied, as_greek, in_latin, is_greek
from bot.topics.term_forms import unspelled

_WORD = re.compile(r"[^\W_]+")
_SCRIPT = re.compile(r"[_^⁰¹²³⁴-₎]")
_ARTICLES = ("a", "an", "the")


def found_as(term: str, text: str) -> str:
    """The text's spelling of a term that was found in it, and the rules: `"dwarf galaxies", plural`.

    Empty if no rule is needed.
    """
    found = {written: rules for written in _places(term, text) if (rules := _rules(term, written))}
    if not found or any(normalise(written) == normalise(term) for written in _places(term, text)):
        return ""
    written = min(found, key=lambda each: len(found[each]))
    return f'"{written}", {" and ".join(found[written])}'


def _places(term: str, text: str) -> list[str]:
    """The text's spellings of the term, as a reader sees them, one for each place."""
    flat = flatten_tex(text)
    return [flat[start:end] for start, end in spans(term, MatchMode.WORDS, text)]


def _rules(term: str, written: str) -> list[str]:
    mine, theirs = _words(term), _words(written)
    short, long = ([word for word in words if word not in _ARTICLES] for words in (mine, theirs))
    is_script = bool(_SCRIPT.search(unspelled(term))) != bool(_SCRIPT.search(unspelled(written)))
    american = ["".join(applied(BRITISH, word) for word in words) for words in (short, long)]
    changed = [joined != "".join(words) for joined, words in zip(american, (short, long), strict=True)]
    said = {
        "Greek letter": is_greek(term) != is_greek(written),
        "subscript or superscript": is_script,
        "article": len(mine) - len(short) != len(theirs) - len(long),
        "joined or split": len(short) != len(long) and not is_script,
        "British or American": changed[0] != changed[1],
        "plural": not _differ_by_an_s(*sorted(american, key=len)),
    }
    return [rule for rule, applies in said.items() if applies]


def _differ_by_an_s(one: str, longer: str) -> bool:
    """Whether they are equal except for a regular plural's s or es."""
    return longer in (one, f"{one}s", f"{one}es")


def _words(text: str) -> list[str]:
    return [applied((*BY_SOUND, *EPONYMS), in_latin(as_greek(word))) for word in _WORD.findall(unspelled(text))]
