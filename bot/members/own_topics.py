"""Topics that readers write: judged as the configuration judges its own, in the same words, and bounded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bot.config import fields
from bot.config.validator import Validator, join
from bot.errors import Problem
from bot.members.values import Refusal, Refused
from bot.model import Topic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Wanted = Mapping[str, object]
    """An own topic as the YAML would have it: title, categories, keywords, exclude, authors, query."""

MOST_TOPICS = 20
"""Of one subscriber."""
MOST_TERMS = 100
"""Of one topic: keywords, exclusions and authors together; and of what a subscriber mutes."""
LONGEST_TERM = 200
LONGEST_TITLE = 100
LONGEST_QUERY = 1000
_KEYS = ("title", "categories", "keywords", "exclude", "authors", "query")
_LISTS = ("keywords", "exclude", "authors")


def read_topic(wanted: Wanted, path: str = "") -> Topic | Refused:
    """The topic that a reader wrote, without a name; or what is wrong with it.

    Args:
        wanted: what was typed.
        path: where it stands in the form, for the problems' paths.
    """
    problems = list(_unbounded(wanted, path))
    known = {key: value for key, value in wanted.items() if key in _KEYS and value not in (None, "", [], ())}
    if not problems:
        beside = [key for key in ("keywords", "authors") if known.get("query") and known.get(key)]
        if beside:
            sentence = f"stands beside {' and '.join(beside)}: say all in the query or nothing"
            problems.append(Problem(join(path, "query"), sentence))
        validator = Validator(Path(), {})
        topic = validator.record(
            Topic,
            known,
            path,
            field_types=fields.topic(),
            given={"name": ""},
            defaults={"title": _title(known)},
            literal=_KEYS,
        )
        problems += validator.problems
        if topic is not None and not problems:
            return topic
    return Refused(Refusal.WORDS, tuple(problems))


def read_terms(terms: Sequence[str], path: str) -> tuple[str, ...] | Refused:
    """Words to be muted, judged as a topic's exclusions are."""
    found = read_topic({"title": "muted", "categories": ["cs.CV"], "exclude": list(terms)})
    if isinstance(found, Topic):
        return found.exclude
    said = (Problem(f"{path}{problem.path.removeprefix('exclude')}", problem.message) for problem in found.problems)
    return Refused(found.why, tuple(said))


def _title(known: Wanted) -> str:
    """For a topic that has none: its first words."""
    first = known.get("query") or next((known[key] for key in _LISTS[::2] if known.get(key)), "papers")
    said = first[0] if isinstance(first, (list, tuple)) else first
    return str(said)[:LONGEST_TITLE]


def _unbounded(wanted: Wanted, path: str) -> list[Problem]:
    """What is longer or more than a reader may write."""
    problems = []
    for key, most in (("title", LONGEST_TITLE), ("query", LONGEST_QUERY)):
        if len(str(wanted.get(key) or "")) > most:
            problems.append(Problem(join(path, key), f"at most {most} characters are expected"))
    count = 0
    for key in (*_LISTS, "categories"):
        found = wanted.get(key) or ()
        terms = found if isinstance(found, (list, tuple)) else (found,)
        count += len(terms)
        if any(len(str(term)) > LONGEST_TERM for term in terms):
            problems.append(Problem(join(path, key), f"at most {LONGEST_TERM} characters are expected"))
    if count > MOST_TERMS:
        problems.append(Problem(path, f"at most {MOST_TERMS} words are expected"))
    return problems
