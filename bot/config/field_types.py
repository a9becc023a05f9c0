"""The types of the settings' fields, for pydantic: how YAML writes each value, and its JSON Schema."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetPydanticSchema,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)

from bot.channels.slack.secrets import check_app_kind
from bot.channels.tokens import check_token
from bot.config import value_types
from bot.settings import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

LONGEST_KEPT = 36500
"""Days: a century. Dates end in the year 9999, and so does what can be subtracted from one."""

_URL = {"pattern": "^[Hh][Tt][Tt][Pp][Ss]?://."}  # JSON Schema's regular expressions know no flags
_SECRET = {"type": "string", "minLength": 1}  # a reference is shorter than what it stands for
_ONE_OR_TWO = {"anyOf": [_SECRET, {"type": "array", "items": _SECRET, "minItems": 1, "maxItems": 2}]}
_ANY_CASE = "|".join("".join(f"[{letter.upper()}{letter}]" for letter in day) for day in value_types.WEEK)
_WEEKDAY = {
    "anyOf": [{"type": "string", "enum": list(value_types.WEEK)}, {"type": "string", "pattern": f"^(?:{_ANY_CASE})$"}]
}


@dataclass(frozen=True, slots=True)
class Context:
    """What validation needs besides the value."""

    folder: Path
    """The folder of relative paths; absolute."""
    topics: Collection[str] = ()
    """The names of the file's topics."""
    subscribers: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Advice:
    """Metadata of a field: what to write if the setting is missing."""

    text: str


def _text(check: Callable[..., object], like: Mapping[str, object] | None = None) -> GetPydanticSchema:
    """A text that `check` converts, or refuses with a ValueError; `like` is its JSON Schema."""
    from_text = Annotated[str, AfterValidator(check), WithJsonSchema({"type": "string", **(like or {})})]
    return GetPydanticSchema(lambda _, handler: handler.generate_schema(from_text))


def _in_context(check: Callable[[str, Any], object], like: Mapping[str, object] | None = None) -> GetPydanticSchema:
    """The same where the value depends on the `Context`."""
    return _text(lambda text, info: check(text, info.context), like)


def _pattern(pattern: str) -> dict[str, str]:
    return {"pattern": f"^(?:{pattern})$"}


def _topic_key(text: str, info: ValidationInfo[Context]) -> str:
    """Checks a topic's name, which becomes a folder's: on some disks two that differ only in case are one."""
    first = next((name for name in info.context.topics if name.lower() == text.lower()), text)
    if first != text:
        raise ValueError(f"differs from {value_types.shown(first)} only in case: some disks have one folder for both")
    return value_types.key(text)


def _once(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(items))


def _some(items: Collection[Any]) -> Collection[Any]:
    # not pydantic's min_length, which also complains where an item is refused
    if not items:
        raise ValueError("at least one is expected")
    return items


def _flat(expanded: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return _once(category for categories in expanded for category in categories)


AtLeastOne = (AfterValidator(_some), Field(json_schema_extra={"minItems": 1}))
Once = AfterValidator(_once)

Count = Annotated[int, Field(ge=1)]
Days = Annotated[int, Field(ge=1, le=LONGEST_KEPT)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Duration = Annotated[timedelta, _text(value_types.duration, _pattern(value_types.DURATION.pattern))]
Zone = Annotated[ZoneInfo, _text(value_types.zone)]
WallTime = Annotated[time, _text(value_types.wall_time, _pattern(value_types.WALL_TIME.pattern))]
Weekday = Annotated[int, _text(value_types.weekday, _WEEKDAY)]

Url = Annotated[str, _text(value_types.url, _URL)]
UrlOfCategory = Annotated[str, _text(partial(value_types.url, placeholders=("category",)), _URL)]
UrlOfDay = Annotated[str, _text(partial(value_types.url, placeholders=("category", "date")), _URL)]
SecretUrl = Annotated[Secret, _text(lambda text: Secret(value_types.url(text)), _URL)]
Page = Annotated[str, _text(value_types.page, _URL)]
Repository = Annotated[str, _text(value_types.repository, _pattern(value_types.REPOSITORY.pattern))]
_STORE = {"pattern": r"^(?:sqlite:///.|postgresql(?:\+psycopg)?://)"}
Store = Annotated[str, _in_context(lambda text, at: value_types.store(text, folder=at.folder), _STORE)]
FilePath = Annotated[Path, _in_context(lambda text, at: value_types.path(text, folder=at.folder))]
Folder = Annotated[Path, _in_context(lambda text, at: value_types.existing(text, folder=at.folder))]
Listen = Annotated[str, _in_context(lambda text, at: value_types.listen(text, folder=at.folder))]
SigningSecrets = Annotated[
    tuple[Annotated[Secret, _text(value_types.signing_secret)], ...],
    BeforeValidator(lambda raw: [raw] if isinstance(raw, str) else raw),
    *AtLeastOne,
    AfterValidator(value_types.two_at_most),
    WithJsonSchema(_ONE_OR_TWO),
]
ApiKey = Annotated[Secret, _text(Secret, _SECRET)]
AppToken = Annotated[Secret, _text(lambda text: check_app_kind(check_token(Secret(text))), _SECRET)]
MailDomain = Annotated[str, _text(value_types.mail_domain)]
# not pydantic's IPvAnyNetwork, whose module takes 20 ms to import
Network = Annotated[str, _text(value_types.network)]

Key = Annotated[str, AfterValidator(value_types.key)]
TopicKey = Annotated[str, AfterValidator(_topic_key)]
TopicName = Annotated[str, _in_context(lambda text, at: value_types.one_of(text, at.topics, "topic"))]
Topics = Annotated[tuple[TopicName, ...], Once]
SubscriberName = Annotated[str, _in_context(lambda text, at: value_types.one_of(text, at.subscribers, "subscriber"))]

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Categories = Annotated[
    tuple[Annotated[tuple[str, ...], _text(value_types.categories)], ...], *AtLeastOne, AfterValidator(_flat)
]
Keywords = Annotated[tuple[Annotated[Text, AfterValidator(value_types.keyword)], ...], Once]
Authors = Annotated[tuple[Annotated[Text, AfterValidator(value_types.author)], ...], Once]
Query = Annotated[str, _text(value_types.query)]
