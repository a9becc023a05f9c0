"""Says in words where the terms of a match were found. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bot.model import Hit


def hits_in_words(hits: Iterable[Hit], found_in_other_letters: Callable[[Hit], str] = lambda _: "") -> str:
    """Each term once, with the fields where it was found: "'map' and 'pigeon' in title and abstract".

    Args:
        hits: terms and fields.
        found_in_other_letters: returns how the paper spells a term and by which rule that matched, if otherwise.
    """
    fields: dict[str, dict[str, None]] = {}
    notes: dict[str, str] = {}
    for hit in hits:
        fields.setdefault(hit.term, {})[hit.field] = None
        notes[hit.term] = notes.get(hit.term) or found_in_other_letters(hit)
    terms: dict[tuple[str, ...], list[str]] = {}
    for term, where in fields.items():
        note = f" (as {notes[term]})" if notes[term] else ""
        terms.setdefault(tuple(where), []).append(f"{term!r}{note}")
    return ", ".join(f"{_and(some)} in {_and(where)}" for where, some in terms.items())


def _and(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
