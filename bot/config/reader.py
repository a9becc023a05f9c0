"""Reads the values of one file, and collects every problem with its path and line.

Knows no setting by name. Never shows a value that may be a secret in a problem's message.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from bot.config import value_types, yaml_file
from bot.config.field_types import Advice
from bot.errors import WHOLE_FILE, Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from bot.config.field_types import Context
    from bot.config.yaml_file import Document

Value = TypeVar("Value")
Place = tuple[str | int, ...]
"""The place of a value in the file: `("topics", "mllm", "categories", 1)`."""
Literal = Callable[[Place], bool]
"""Tells whether `${...}` is not replaced at a place."""

_MAPPING = "keys with values are expected, like `key: value`"
_SENTENCES = {
    "string_type": "a text is expected",
    "string_too_short": "must not be empty",
    "tuple_type": "a list is expected, like [a, b]",
    "frozen_set_type": "a list is expected, like [a, b]",
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "int_type": "a whole number is expected",
    "int_parsing": "a whole number is expected",
    "int_from_float": "a whole number is expected",
    "float_type": "a number is expected",
    "float_parsing": "a number is expected",
    "finite_number": "a number is expected",
    "bool_type": "true or false is expected",
    "bool_parsing": "true or false is expected",
    "enum": "one of {expected} is expected",
    "literal_error": "one of {expected} is expected",
    "greater_than_equal": "at least {ge:g} is expected",
    "less_than_equal": "at most {le:g} is expected",
}
"""Our messages for pydantic's kinds of error: https://docs.pydantic.dev/latest/errors/validation_errors/."""

_TOO_SHORT_FOR_A_SECRET = 3
_WITH_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://.*[^\s/].*", re.DOTALL)
_UNRESOLVED = object()
"""Takes the place of a `${...}` that could not be replaced; it is invalid for every type."""
_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}
"""Cached, because creating one takes longer than reading a file with it."""


@dataclass
class Reader:
    """Reads values and collects problems. Values may be used only if there are no problems in the end."""

    document: Document
    context: Context
    environ: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    _secrets: set[str] = field(default_factory=set)
    """Texts that no message may repeat: the values of references, and URLs, which may be webhooks."""
    _unresolved: set[Place] = field(default_factory=set)

    def add_problem(self, place: Place, message: str) -> None:
        """Adds a problem with our own message."""
        self.problems.append(Problem(join(place), message, self.document.line(place)))

    def add_redacted_problem(self, place: Place, message: str) -> None:
        """Adds a problem with the message of a channel or library; secrets in it are removed."""
        for text in sorted(self._secrets, key=len, reverse=True):
            message = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", "(not shown)", message)
        self.add_problem(place, message)

    def mapping(self, raw: object, place: Place, known: Collection[str]) -> dict[str, object]:
        """Reads a mapping with these keys; a key without a value counts as missing."""
        if raw is not None and not isinstance(raw, dict):
            self.add_problem(place, _MAPPING)
        entries = raw if isinstance(raw, dict) else {}
        for key in entries:
            if key not in known:
                self.add_problem((*place, key), _unknown(key, known))
        return {key: value for key, value in entries.items() if key in known and value is not None}

    def resolve(self, entry: Any, place: Place, why: str = "", literal: Literal = lambda _: False) -> Any:  # noqa: ANN401 - any shape that YAML has
        """Replaces every `${...}` in the entry, except at places that are `literal`.

        `why` is added to the message if a reference cannot be replaced.
        """
        if literal(place):
            return entry
        if isinstance(entry, list):
            return [self.resolve(item, (*place, index), why, literal) for index, item in enumerate(entry)]
        if isinstance(entry, dict):
            return {key: self.resolve(item, (*place, key), why, literal) for key, item in entry.items()}
        return self._resolve_text(entry, place, why) if isinstance(entry, str) else entry

    def _resolve_text(self, entry: str, place: Place, why: str) -> object:
        text, sentences = yaml_file.resolve(entry, self.environ, self.context.folder)
        for sentence in sentences:
            self.add_problem(place, sentence + why)
        if sentences:
            self._unresolved.add(place)
            return _UNRESOLVED
        if (text != entry or _WITH_ADDRESS.fullmatch(text)) and len(text) > _TOO_SHORT_FOR_A_SECRET:
            self._secrets.add(text)
        return text

    def is_resolved(self, place: Place) -> bool:
        """Whether every `${...}` at this place and below it could be replaced."""
        return not any(unresolved[: len(place)] == place for unresolved in self._unresolved)

    def validate(
        self,
        kind: type[Value],
        entries: object,
        place: Place,
        why: Mapping[str, str] = MappingProxyType({}),
    ) -> Value | None:
        """Validates the entries as a pydantic model or dataclass; None if there is a problem with them.

        Args:
            kind: a model of ours, or a channel's class, whose messages may repeat secrets and are redacted.
            entries: the values, with references replaced.
            place: their place in the file.
            why: by field, what to add to the message if it is missing.
        """
        try:
            if kind not in _ADAPTERS:
                _ADAPTERS[kind] = TypeAdapter(kind)
            value: Value = _ADAPTERS[kind].validate_python(entries, context=self.context)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                inside = tuple(part for part in detail["loc"] if part != "[key]")
                if self.is_resolved((*place, *inside)):
                    self._add_detail((*place, *inside), detail, why, _fields_at(kind, inside[:-1]))
            return None
        return value

    def _add_detail(
        self, place: Place, detail: ErrorDetails, why: Mapping[str, str], fields: Mapping[str, FieldInfo]
    ) -> None:
        """Adds one of pydantic's errors; `fields` are those of our model there, none of a channel's class."""
        context: dict[str, Any] = detail.get("ctx", {})
        if detail["type"] == "extra_forbidden":
            self.add_problem(place, _unknown(str(place[-1]), fields))
        elif detail["type"] == "missing":
            key = str(place[-1])
            self.add_problem(place, "is missing" + (_advice(fields[key]) if key in fields else why.get(key, "")))
        elif detail["type"] in _SENTENCES:
            expected = str(context.get("expected")).replace("'", "")
            self.add_problem(place, _SENTENCES[detail["type"]].format(**{**context, "expected": expected}))
        elif detail["type"] == "value_error":
            say = self.add_problem if fields else self.add_redacted_problem
            say(place, str(context["error"]))
        else:
            self.add_redacted_problem(place, detail["msg"])


def _fields_at(kind: type, place: Place) -> Mapping[str, FieldInfo]:
    """The fields of the section at a place inside of a model; none if `kind` is no model."""
    model = _model_in(kind)
    if model is None:
        return {}
    for part in place:
        field = model.model_fields.get(str(part))
        model = (_model_in(field.annotation) if field else None) or model
    return model.model_fields


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The model in a type such as `SiteSection | None` or `dict[str, TopicSection]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _advice(field: FieldInfo) -> str:
    """What to write where this setting is missing, as the end of a sentence."""
    return "".join(f": {advice.text}" for advice in field.metadata if isinstance(advice, Advice))


def join(place: Place) -> str:
    """A place as a text: `topics.mllm.categories[1]`."""
    said = ""
    for part in place:
        said += f"[{part}]" if isinstance(part, int) else f"{'.' if said else ''}{value_types.shown(part)}"
    return said or WHOLE_FILE


def _unknown(key: str, known: Iterable[str]) -> str:
    return f"unknown key {value_types.shown(key)}{value_types.did_you_mean(key, known)}"
