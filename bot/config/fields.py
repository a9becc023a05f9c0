"""The settings' types for pydantic, where the dataclass does not say how YAML writes them; a table per section.

`validation` reads a file by them, `schema` describes them to an editor. A setting that several channels have under
one name, such as `token`, is written the same in all of them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from bot.arxiv.taxonomy import UnknownCategoryError, expand
from bot.config import value_types
from bot.config.validator import at_least, checked, several
from bot.errors import QueryError
from bot.model import AnnounceType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from bot.config.validator import FieldTypes

LONGEST_KEPT = 36500
"""Days: a century. Dates end in the year 9999, and so does what can be subtracted from one."""

# the same in JSON Schema's words, whose regular expressions know no flags
_URL = {"pattern": "^[Hh][Tt][Tt][Pp][Ss]?://."}
_TEXT = {"type": "string", "minLength": 1}
_ONE_OR_TWO = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": 2}]}
_ANY_CASE = "|".join("".join(f"[{letter.upper()}{letter}]" for letter in day) for day in value_types.WEEK)
_WEEKDAY = {
    "anyOf": [{"type": "string", "enum": list(value_types.WEEK)}, {"type": "string", "pattern": f"^(?:{_ANY_CASE})$"}]
}


def whole(folder: Path, subscribers: Iterable[str], *, live: bool) -> FieldTypes:
    """The settings at the top, relative to `folder`; `live` is whether arXiv is out in the world."""
    return {
        "contact": checked(partial(value_types.contact, live=live)),
        "store": checked(
            partial(value_types.store, folder=folder), {"pattern": r"^(?:sqlite:///.|postgresql(?:\+psycopg)?://)"}
        ),
        "timezone": zone(),
        "templates": checked(partial(value_types.existing, folder=folder)),
        "operator": checked(_one_of(subscribers, "subscriber")),
        "keep_days": at_least(1, most=LONGEST_KEPT),
        "health_url": checked(value_types.secret_url, _URL),
    }


def zone() -> Any:  # noqa: ANN401 - annotations have no common type
    """A time zone, of the whole or of a subscriber."""
    return checked(value_types.zone)


def arxiv() -> FieldTypes:
    """`arxiv`."""
    return {
        "rss_url": checked(partial(value_types.url, placeholders=("category",)), _URL),
        "oai_url": checked(value_types.url, _URL),
        "catchup_url": checked(partial(value_types.url, placeholders=("category", "date")), _URL),
        "seconds_between_requests": at_least(0, float),
        "alert_after": checked(value_types.duration, {"pattern": f"^(?:{value_types.DURATION.pattern})$"}),
    }


def topic() -> FieldTypes:
    """One of `topics`."""
    from pydantic import AfterValidator, StringConstraints  # noqa: PLC0415 - as in `validation`

    text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    words = Annotated[text, AfterValidator(_words)]
    return {
        "title": text,
        "categories": Annotated[several(checked(_categories)), AfterValidator(_flat)],
        "keywords": several(words, least=0),
        "exclude": several(words, least=0),
        "authors": several(Annotated[text, AfterValidator(_author)], least=0),
        "query": checked(_query),
        "announce": several(AnnounceType, kind=frozenset),
        "limit": at_least(1),
    }


def subscriber(topics: Iterable[str]) -> FieldTypes:
    """One of `subscribers`, but for what is its channel's."""
    return {
        "topics": several(checked(_one_of(topics, "topic"))),
        "timezone": zone(),
        "at": checked(value_types.wall_time, {"pattern": f"^(?:{value_types.WALL_TIME.pattern})$"}),
        "on": several(checked(value_types.weekday, _WEEKDAY), kind=frozenset),
        "max_messages": at_least(1),
    }


def channel() -> FieldTypes:
    """One of `channels`, as far as it has these."""
    return {"token": checked(value_types.token), "host": checked(value_types.host)}


def site(folder: Path, topics: Iterable[str]) -> FieldTypes:
    """`site`."""
    return {
        "dir": checked(partial(value_types.path, folder=folder)),
        "topics": several(checked(_one_of(topics, "topic")), least=0),
        "url": checked(value_types.page, _URL),
        "repository": checked(value_types.repository, {"pattern": f"^(?:{value_types.REPOSITORY.pattern})$"}),
    }


def web(folder: Path, topics: Iterable[str]) -> FieldTypes:
    """`web`."""
    from pydantic import AfterValidator, BeforeValidator, WithJsonSchema  # noqa: PLC0415 - as in `validation`

    one_or_two = BeforeValidator(lambda raw: [raw] if isinstance(raw, str) else raw)
    secrets: Any = several(checked(value_types.signing_secret))
    return {
        "url": checked(value_types.page, _URL),
        "secret": Annotated[
            secrets, one_or_two, AfterValidator(value_types.two_at_most), WithJsonSchema(_ONE_OR_TWO)
        ],
        "listen": checked(partial(value_types.listen, folder=folder)),
        "signup": several(checked(_one_of(topics, "topic")), least=0),
        "signup_domains": several(checked(value_types.domain), least=0),
        "trusted_proxies": several(checked(value_types.network), least=0),
    }


def _categories(pattern: str) -> tuple[str, ...]:
    try:
        return expand(pattern)
    except UnknownCategoryError as error:
        hint = f": did you mean {error.suggestion}?" if error.suggestion else ""
        raise ValueError(f"unknown category {value_types.shown(pattern)}{hint}") from None


def _flat(expanded: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(category for categories in expanded for category in categories))


def _words(text: str) -> str:
    from bot.topics.query import says_something  # noqa: PLC0415 - what a configuration alone does not need

    if not says_something(text):
        raise ValueError("says nothing to look for: a letter or a digit is expected")
    return text


def _author(text: str) -> str:
    from bot.topics.author_names import Name  # noqa: PLC0415 - as above

    if not any(c.isalnum() for c in Name.read(text).last):
        raise ValueError("an author's name is expected, like Ada Byron")
    return text


def _query(text: str) -> str:
    from bot.topics.query import parse  # noqa: PLC0415 - as above

    try:
        parse(text)
    except QueryError as error:
        raise ValueError(str(error)) from None
    return text


def _one_of(known: Iterable[str], what: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in known:
            raise ValueError(f"no {what} {value_types.shown(text)}{value_types.did_you_mean(text, known)}")
        return text

    return check
