"""Completions of an option while somebody types: topics, categories, weekdays, hours, time zones. Pure.

A completion is a pair: the text that Discord shows, and the value that it sends. If an option takes several words,
the last one is completed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from bot import text
from bot.chat.arguments import ANY_HOUR, Kind
from bot.chat.changing import EVERYTHING
from bot.config.value_types import WEEK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MOST = 25
"""The most completions that Discord shows."""
COMPLETED = frozenset({Kind.WHAT, Kind.FOLLOWED, Kind.CATEGORIES, Kind.WEEKDAYS, Kind.ZONE, Kind.HOUR})
"""The kinds of options that have completions."""
_SHOWN = 100
_HOURS = tuple(f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 30))

Completion = tuple[str, str]


def complete(kind: Kind, typed: str, known: Sequence[Completion]) -> list[Completion]:
    """The completions of the typed text, best first; at most `MOST`.

    Args:
        kind: the option's kind.
        typed: the text so far.
        known: the title and the name of each topic or category that fits this kind.
    """
    found = list(_found(kind, text.clean(typed), known))
    return [(text.truncate(text.clean(shown), _SHOWN, text.utf16), sent) for shown, sent in found[:MOST]]


def _found(kind: Kind, typed: str, known: Sequence[Completion]) -> Iterable[Completion]:
    match kind:
        case Kind.CATEGORIES:
            return _last_word(typed, known)
        case Kind.WEEKDAYS:
            return _last_word(typed, [(day, day) for day in WEEK])
        case Kind.HOUR:
            hours = [(hour, hour) for hour in _HOURS if hour.lstrip("0").startswith(typed.lstrip("0"))]
            return [*_containing(typed, [("any: as soon as the mailing is in", ANY_HOUR)]), *hours]
        case Kind.ZONE:
            return _containing(typed.replace(" ", "_"), [(zone, zone) for zone in sorted(available_timezones())])
        case Kind.FOLLOWED:
            known = [*known, ("everything: forget the whole subscription", EVERYTHING)]
    return _containing(typed, known)


def _containing(typed: str, choices: Sequence[Completion]) -> list[Completion]:
    """The choices that contain the text, those that begin with it first."""
    wanted = typed.casefold()
    found = [each for each in choices if any(wanted in one.casefold() for one in each)]
    return sorted(found, key=lambda each: not any(one.casefold().startswith(wanted) for one in each))


def _last_word(typed: str, known: Sequence[Completion]) -> Iterator[Completion]:
    """Completes the last word with each known word that is not there yet; the words before it are kept."""
    before, _, last = typed.rpartition(" ")
    for shown, word in _containing(last, known):
        if word not in before.split():
            yield f"{before} {shown}".strip(), f"{before} {word}".strip()
