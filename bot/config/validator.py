"""Builds frozen dataclasses from mappings of texts, and collects every problem with its path.

The dataclass is the schema: its fields are the keys, its annotations the types (pydantic reads the texts), its
defaults the defaults. Knows no setting by name. Never lets a value that may be a secret into a problem's sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from pathlib import Path
from types import GenericAlias, MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_type_hints
from zoneinfo import ZoneInfo

from bot.config import value_types, yaml_file
from bot.errors import Problem
from bot.model import Topic
from bot.settings import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

    from _typeshed import DataclassInstance
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

Record = TypeVar("Record", bound="DataclassInstance")
FieldTypes = Mapping[str, Any]
"""Per field the annotation that stands in for the dataclass's own, where YAML spells the value differently."""

_SENTENCES = {
    "string_type": "a text is expected",
    "string_too_short": "must not be empty",
    "tuple_type": "a list is expected, like [a, b]",
    "frozen_set_type": "a list is expected, like [a, b]",
    "int_type": "a whole number is expected",
    "int_parsing": "a whole number is expected",
    "float_type": "a number is expected",
    "float_parsing": "a number is expected",
    "finite_number": "a number is expected",
    "bool_type": "true or false is expected",
    "bool_parsing": "true or false is expected",
    "enum": "one of {expected} is expected",
    "literal_error": "one of {expected} is expected",
    "greater_than_equal": "at least {ge:g} is expected",
    "less_than_equal": "at most {le:g} is expected",
    "value_error": "{error}",
}
"""pydantic's kinds of error in our words: https://docs.pydantic.dev/latest/errors/validation_errors/."""

_TOO_SHORT_FOR_A_SECRET = 3
_WITH_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://.*[^\s/].*", re.DOTALL)
_NAMES: dict[str, Any] = {"Path": Path, "ZoneInfo": ZoneInfo, "Mapping": Mapping, "Topic": Topic, "Secret": Secret}
"""What annotations may name that their modules import for type checkers only."""


@dataclass
class Validator:
    """Reads values and collects problems. A value is only good if there are no problems in the end."""

    folder: Path
    """What relative paths are relative to; absolute."""
    environ: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    _adapters: dict[Any, TypeAdapter[Any]] = field(default_factory=dict)
    _secrets: set[str] = field(default_factory=set)
    """Texts that no sentence may repeat: what references stood for, and URLs, which may be webhooks."""

    def add_problem(self, at: str, message: str) -> None:
        """One more problem, in words of our own."""
        self.problems.append(Problem(at, message))

    def add_redacted_problem(self, at: str, message: str) -> None:
        """One more problem, in the words of a channel or a library; what they repeat of a secret is cut out."""
        for text in sorted(self._secrets, key=len, reverse=True):
            message = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", "(not shown)", message)
        self.add_problem(at, message)

    def named(self, raw: object, at: str) -> dict[str, object]:
        """A mapping from names that the user gave to anything."""
        entries = self._entries(raw, at)
        for name in entries:
            try:
                value_types.key(name)
            except ValueError as error:
                self.add_problem(join(at, name), str(error))
        return entries

    def mapping(self, raw: object, at: str, known: Iterable[str]) -> dict[str, object]:
        """A mapping with these keys; a key without a value is as if it were not there."""
        known = tuple(known)
        entries = self._entries(raw, at)
        for key in entries:
            if key not in known:
                self.add_problem(
                    join(at, key), f"unknown key {value_types.shown(key)}{value_types.did_you_mean(key, known)}"
                )
        return {key: value for key, value in entries.items() if key in known and value is not None}

    def record(
        self,
        kind: type[Record],
        raw: object,
        at: str,
        *,
        field_types: FieldTypes = MappingProxyType({}),
        given: Mapping[str, object] = MappingProxyType({}),
        defaults: Mapping[str, object] = MappingProxyType({}),
        literal: Container[str] = (),
        why: Mapping[str, str] = MappingProxyType({}),
    ) -> Record | None:
        """The mapping as an instance of the frozen dataclass `kind`, or None if there is a problem with it.

        Args:
            kind: its fields are the keys.
            raw: what the file has.
            at: where it has it.
            field_types: annotations that stand in for the dataclass's own.
            given: fields that are no keys, with their values.
            defaults: what is read where the file has nothing and the dataclass has no default, or another.
            literal: fields in which no `${...}` is replaced.
            why: per field, what to add where it is missing or a `${...}` in it cannot be resolved.
        """
        keys = [own for own in fields(kind) if own.name not in given]
        entries = {**defaults, **self.mapping(raw, at, [own.name for own in keys])}
        hints = annotations_of(kind)
        before = len(self.problems)
        found: dict[str, Any] = dict(given)
        for own in keys:
            where, reason = join(at, own.name), why.get(own.name, "")
            if own.name in entries:
                annotation = field_types.get(own.name, hints[own.name])
                exact = own.name in literal
                found[own.name] = self.value(annotation, entries[own.name], where, literal=exact, why=reason)
            elif own.default is MISSING and own.default_factory is MISSING:
                self.add_problem(where, "is missing" + reason)
        if len(self.problems) > before:
            return None
        build: Callable[..., Record] = kind
        try:
            return build(**found)
        except ValueError as error:
            self.add_redacted_problem(at, str(error))
        return None

    def value(self, annotation: Any, raw: object, at: str, *, literal: bool = False, why: str = "") -> Any:  # noqa: ANN401 - whatever the annotation says
        """What the file has, resolved unless `literal`, as the annotation wants it; None if that is not possible."""
        from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - 50 ms that only a configuration needs

        before = len(self.problems)
        entry = raw if literal else self.resolve(raw, at, why)
        if len(self.problems) > before:
            return None
        if annotation not in self._adapters:
            self._adapters[annotation] = TypeAdapter(secretive(annotation))
        try:
            return self._adapters[annotation].validate_python(entry)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                ours = _SENTENCES.get(detail["type"])
                say = self.add_problem if ours else self.add_redacted_problem
                say(join(at, *detail["loc"]), _sentence(ours or "{message}", detail))
        return None

    def resolve(self, entry: Any, at: str, why: str = "") -> Any:  # noqa: ANN401 - any shape that YAML has
        """The entry with every `${...}` in it replaced."""
        if isinstance(entry, str):
            text, sentences = yaml_file.resolve(entry, self.environ, self.folder)
            for sentence in sentences:
                self.add_problem(at, sentence + why)
            if (text != entry or _WITH_ADDRESS.fullmatch(text)) and len(text) > _TOO_SHORT_FOR_A_SECRET:
                self._secrets.add(text)
            return text
        if isinstance(entry, list):
            return [self.resolve(item, join(at, index), why) for index, item in enumerate(entry)]
        if isinstance(entry, dict):
            return {key: self.resolve(item, join(at, key), why) for key, item in entry.items()}
        return entry

    def _entries(self, raw: object, at: str) -> dict[str, object]:
        if isinstance(raw, dict):
            return raw
        if raw is not None:
            self.add_problem(at or yaml_file.WHOLE, "keys with values are expected, like `key: value`")
        return {}


def join(at: str, *parts: str | int) -> str:
    """The path of something below: `topics.mllm`, `categories`, 1 is `topics.mllm.categories[1]`."""
    for part in parts:
        at += f"[{part}]" if isinstance(part, int) else f"{'.' if at else ''}{value_types.shown(part)}"
    return at


@cache
def annotations_of(kind: type[DataclassInstance]) -> dict[str, Any]:
    """The types of a dataclass's fields, by name."""
    return get_type_hints(kind, localns=_NAMES)


def keys_of(kind: type[DataclassInstance], *, but: Container[str] = ()) -> list[str]:
    """The names of a dataclass's fields, but some."""
    return [own.name for own in fields(kind) if own.name not in but]


def checked(check: Callable[[str], object], like: Mapping[str, object] = MappingProxyType({})) -> Any:  # noqa: ANN401 - annotations have no common type
    """A text that `check` turns into a value, or refuses with a ValueError; `like` says so in JSON Schema's words."""
    from pydantic import AfterValidator, WithJsonSchema  # noqa: PLC0415 - as above

    return Annotated[str, AfterValidator(check), WithJsonSchema({"type": "string", **like})]


def several(item: Any, *, least: int = 1, kind: type = tuple) -> Any:  # noqa: ANN401 - as above
    """A list of such items, each counted once."""
    from pydantic import AfterValidator, Field  # noqa: PLC0415 - as above

    def check(items: Iterable[object]) -> object:
        # not pydantic's min_length, which also complains where an item is refused
        once = kind(dict.fromkeys(items))
        if len(once) < least:
            raise ValueError("at least one is expected")
        return once

    alias = GenericAlias(kind, (item, ...) if kind is tuple else (item,))
    return Annotated[alias, AfterValidator(check), Field(json_schema_extra={"minItems": least})]


def at_least(least: float, number: type = int, *, most: float | None = None) -> Any:  # noqa: ANN401 - as above
    """A finite number."""
    from pydantic import Field  # noqa: PLC0415 - as above

    return Annotated[number, Field(ge=least, le=most, allow_inf_nan=False)]


def _sentence(template: str, detail: ErrorDetails) -> str:
    context: dict[str, Any] = {"message": detail["msg"], **detail.get("ctx", {})}
    context["expected"] = str(context.get("expected")).replace("'", "")
    return template.format(**context)


def secretive(annotation: Any) -> Any:  # noqa: ANN401 - annotations have no common type
    """The annotation, with `Secret` read from a text."""
    from pydantic import AfterValidator  # noqa: PLC0415 - as above

    if Secret in (annotation, *get_args(annotation)):
        return Annotated[str, AfterValidator(Secret)]
    return annotation
