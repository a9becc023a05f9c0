"""Validates topics that readers write: by the configuration's rules, with the same messages, and with limits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot import config
from bot.config.reader import join
from bot.errors import ConfigError, Problem
from bot.members.values import Refusal, Refused
from bot.model import Topic

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from bot.config.reader import Place

    Wanted = Mapping[str, object]
    """An own topic as the YAML would have it: title, categories, keywords, exclude, authors, query."""

MOST_TOPICS = 20
"""The most topics of one subscriber."""
MOST_TERMS = 100
"""The most keywords, exclusions and authors of one topic together, its most categories, and the most muted words."""
LONGEST_TERM = 200
LONGEST_TITLE = 100
LONGEST_QUERY = 1000
LONGEST_TOPIC = 4000
"""Of all that one topic says, and of what a subscriber mutes: so much always fits into a form (`web.forms`)."""
_MOST_NAMED = 5
_ALONE: Place = ("topics", 0)
_KEYS = ("title", "categories", "keywords", "exclude", "authors", "query")
_LISTS = ("keywords", "exclude", "authors", "categories")


def read_topic(wanted: Wanted, place: Place = _ALONE, *, read: Collection[str] | None = None) -> Topic | Refused:
    """The topic that a reader wrote, without a name; or a refusal with what is wrong.

    Args:
        wanted: the typed values.
        place: its place in the form, for the problems' paths.
        read: the categories that it may have (`Settings.named_categories`); any, if they do not matter.
    """
    known = {key: value for key, value in wanted.items() if key in _KEYS and value not in (None, "", [], ())}
    too_much = _unbounded(known, place)
    if too_much:
        return Refused(Refusal.WORDS, too_much)
    try:
        topic = config.read_topic({"title": _title(known), **known}, place)
    except ConfigError as error:
        return Refused(Refusal.WORDS, error.problems)
    others = [] if read is None else [category for category in topic.categories if category not in read]
    return Refused(Refusal.CATEGORIES, (_not_read(others, read or (), place),)) if others else topic


def _not_read(others: Sequence[str], read: Collection[str], place: Place) -> Problem:
    """The problem that categories are not collected; a stranger must not make us ask arXiv for others (law 8)."""
    named = ", ".join(others[:_MOST_NAMED]) + (
        f" and {len(others) - _MOST_NAMED} more" if others[_MOST_NAMED:] else ""
    )
    known = ", ".join(sorted(read)) or "none"
    return Problem(join((*place, "categories")), f"{named}: not read here. What is read: {known}")


def read_terms(terms: Sequence[str], name: str) -> tuple[str, ...] | Refused:
    """Words to be muted, validated like a topic's exclusions; `name` is the form's field."""
    found = read_topic({"categories": ["cs.CV"], "exclude": list(terms)})
    if isinstance(found, Topic):
        return found.exclude
    paths = (problem.path.removeprefix("topics[0]").removeprefix(".exclude") for problem in found.problems)
    return Refused(
        found.why, tuple(replace(each, path=name + path) for each, path in zip(found.problems, paths, strict=True))
    )


def _title(known: Wanted) -> str:
    """A title for a topic without one: its first words."""
    first = known.get("query") or next((known[key] for key in ("keywords", "authors") if known.get(key)), "papers")
    said = first[0] if isinstance(first, (list, tuple)) else first
    return str(said)[:LONGEST_TITLE]


def _unbounded(wanted: Wanted, place: Place) -> tuple[Problem, ...]:
    """Problems about texts and lists that exceed the limits."""
    lists = {key: found if isinstance(found := wanted.get(key, ()), (list, tuple)) else (found,) for key in _LISTS}
    longest = {"title": LONGEST_TITLE, "query": LONGEST_QUERY, **dict.fromkeys(lists, LONGEST_TERM)}
    problems = [
        Problem(join((*place, key)), f"at most {most} characters are expected")
        for key, most in longest.items()
        if any(len(str(text)) > most for text in lists.get(key, (wanted.get(key, ""),)))
    ]
    of_words = sum(len(found) for key, found in lists.items() if key != "categories")
    for what, many in (("words", of_words), ("categories", len(lists["categories"]))):
        if many > MOST_TERMS:
            problems.append(Problem(join(place), f"at most {MOST_TERMS} {what} are expected"))
    texts = [*(text for texts in lists.values() for text in texts), wanted.get("title", ""), wanted.get("query", "")]
    if sum(len(str(text)) for text in texts) > LONGEST_TOPIC:
        problems.append(Problem(join(place), f"at most {LONGEST_TOPIC} characters in all are expected"))
    return tuple(problems)
