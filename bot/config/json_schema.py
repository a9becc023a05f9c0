"""The configuration as a JSON Schema, for editors: completion, descriptions, and a mark where `load` would refuse.

Made of the same dataclasses and rules as `load`, and looser than it: what depends on the environment, on the zones of
this machine or on two settings at once is for `paperboy check`. `schema.json` beside this module is what `schema`
returns; a test keeps them equal.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
from dataclasses import MISSING
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bot.channels import CHANNELS
from bot.config import fields, value_types
from bot.config.validator import annotations_of, secretive
from bot.model import Topic
from bot.settings import ArxivSettings, Settings, SiteSettings, Subscriber, WebSettings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from _typeshed import DataclassInstance

    from bot.channels.channel import Channel
    from bot.config.validator import FieldTypes

Schema = dict[str, Any]

_REFERENCE: Schema = {
    "type": "string",
    "pattern": r"\$\{",
    "description": "${NAME} is read from the environment, ${file:PATH} from a file.",
}
_NOTHING: Schema = {"type": "null"}
_IN_QUOTES: dict[str, list[Schema]] = {
    "integer": [{"type": "string", "pattern": "^[0-9]+$"}],
    "number": [{"type": "string", "pattern": r"^[0-9]*\.?[0-9]+$"}],
    "boolean": [{"enum": ["yes", "no", "on", "off", "true", "false"]}],
}
"""What else is read as a value of such a type."""
_ADDRESS: Schema = {
    "anyOf": [{"type": ["string", "integer"]}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
}
_NAMES = f"^(?:{value_types.KEY.pattern})$"
_HERE = Path()


def schema(channels: Mapping[str, type[Channel]] = CHANNELS) -> Schema:
    """A draft-07 schema, which is what editors know best: https://json-schema.org/draft-07."""
    sections = {
        "arxiv": _record(ArxivSettings, fields.arxiv()),
        "topics": {**_named(_record(Topic, fields.topic(), but=["name"], optional=["title"])), "minProperties": 1},
        "channels": _closed({name: _record(kind.Settings, fields.channel()) for name, kind in channels.items()}),
        "subscribers": _named(_subscriber(channels)),
        "web": _record(WebSettings, fields.web(_HERE, ())),
        "site": _record(SiteSettings, fields.site(_HERE, ()), optional=["dir", "topics"]),
    }
    whole = _record(
        Settings, fields.whole(_HERE, (), live=True), but=["topics"], optional=["store", "timezone"], more=sections
    )
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Paperboy's configuration",
        **whole,
        "required": [*whole["required"], "topics"],
        "definitions": {"reference": _REFERENCE},
    }


def _subscriber(channels: Mapping[str, type[Channel]]) -> Schema:
    """A subscriber has one channel's key, and beside the common keys what may be set for that channel alone."""
    options = {name: _record(kind.Options, {})["properties"] for name, kind in channels.items()}
    record = _record(
        Subscriber,
        fields.subscriber(()),
        but=["name", "channel", "addresses", "options"],
        optional=["timezone"],
        more=dict.fromkeys(channels, _ADDRESS) | {key: own[key] for own in options.values() for key in own},
    )
    needs = {
        key: _any([{"required": [name]} for name in options if key in options[name]])
        for own in options.values()
        for key in own
    }
    one_channel = [{"required": [name]} for name in channels]
    return {**record, "oneOf": one_channel, "dependencies": {"on": ["at"], **needs}}


def _record(
    kind: type[DataclassInstance],
    by: FieldTypes,
    *,
    but: Collection[str] = (),
    optional: Collection[str] = (),
    more: Mapping[str, Schema] = MappingProxyType({}),
) -> Schema:
    """A dataclass as a mapping with its fields as keys; `more` are keys with a schema of their own."""
    hints, described = annotations_of(kind), _descriptions(kind)
    properties: Schema = {}
    required = []
    for own in dataclasses.fields(kind):
        if own.name in but or own.name in more:
            continue
        properties[own.name] = _value(by.get(own.name, hints[own.name]))
        if own.name in described:
            properties[own.name]["description"] = described[own.name]
        if isinstance(own.default, (str, int, float)):
            properties[own.name]["default"] = own.default
        if own.default is MISSING and own.default_factory is MISSING and own.name not in optional:
            required.append(own.name)
    return {**_closed({**properties, **more}), **({"required": required} if required else {})}


def _closed(properties: Mapping[str, Schema]) -> Schema:
    return {"type": ["object", "null"], "properties": dict(properties), "additionalProperties": False}


def _named(entry: Schema) -> Schema:
    """A mapping from names that the user gives."""
    return {"type": ["object", "null"], "patternProperties": {_NAMES: entry}, "additionalProperties": False}


def _value(annotation: Any) -> Schema:  # noqa: ANN401 - whatever the annotation says
    """What may stand there: what the annotation says, a reference to it, or nothing."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - as in `validation`

    found = TypeAdapter(secretive(annotation)).json_schema()
    return _any([*_choices(found, found.get("$defs", {})), _NOTHING])


def _choices(found: Schema, defined: Mapping[str, Schema]) -> list[Schema]:
    """The alternatives in what pydantic says, as YAML has them: what is no free text may be a reference, too."""
    if "$ref" in found:
        return _choices(defined[found["$ref"].rpartition("/")[2]], defined)
    if "anyOf" in found:
        return [choice for part in found["anyOf"] if part != _NOTHING for choice in _choices(part, defined)]
    plain = {
        key: value for key, value in found.items() if key not in ("title", "description", "uniqueItems", "$defs")
    }
    if plain["type"] == "array":
        return [{**plain, "items": _any(_choices(plain["items"], defined))}]
    if plain["type"] == "string" and not {"enum", "pattern"} & plain.keys():
        return [{**plain, "type": ["string", "number"]}]  # 2026 and 3.5 are words, too
    return [plain, *_IN_QUOTES.get(plain["type"], ()), {"$ref": "#/definitions/reference"}]


def _any(choices: list[Schema]) -> Schema:
    return choices[0] if len(choices) == 1 else {"anyOf": choices}


def _descriptions(kind: type[DataclassInstance]) -> dict[str, str]:
    """What stands as a docstring under a field."""
    (definition,) = ast.parse(inspect.getsource(kind)).body
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    return dict(_described(pairwise(body)))


def _described(pairs: Iterable[tuple[ast.stmt, ast.stmt]]) -> Iterable[tuple[str, str]]:
    for field, text in pairs:
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                yield name, inspect.cleandoc(said)
