"""Makes a JSON Schema of the configuration, for editors: completion, descriptions and errors.

It is made from the same models as `load` uses, but accepts more: what depends on the environment, on this machine's
time zones or on two settings at once is left to `paperboy check`. `schema.json` beside this module is what `schema`
returns; a test keeps them equal.
"""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticSerializationError

from bot.channels import CHANNELS
from bot.config import value_types
from bot.config.models import Section, SubscriberSection, TopicSection, WholeFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.channels.channel import Channel

Schema = dict[str, Any]

_REFERENCE: Schema = {
    "type": "string",
    "pattern": r"\$\{",
    "description": "${NAME} is read from the environment, ${file:PATH} from a file.",
}
_NOTHING: Schema = {"type": "null"}
_SECTION = ["object", "null"]
_IN_QUOTES: dict[str, list[Schema]] = {
    "integer": [{"type": "string", "pattern": "^[0-9]+$"}],
    "number": [{"type": "string", "pattern": r"^[0-9]*\.?[0-9]+$"}],
    "boolean": [{"enum": ["yes", "no", "on", "off", "true", "false"]}],
}
"""By type, what else YAML may have for it."""
_ADDRESS: Schema = {
    "anyOf": [{"type": ["string", "integer"]}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
}
_NAMES = f"^(?:{value_types.KEY.pattern})$"


def schema(channels: Mapping[str, type[Channel]] = CHANNELS) -> Schema:
    """A draft-07 schema, which is what editors know best: https://json-schema.org/draft-07."""
    whole = _section(WholeFile)
    whole["properties"] |= {
        "topics": {**_named(_section(TopicSection)), "minProperties": 1},
        "channels": _closed({name: _section(kind.Settings) for name, kind in channels.items()}),
        "subscribers": _named(_subscriber(channels)),
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Paperboy's configuration",
        **whole,
        "required": [*whole["required"], "topics"],
        "definitions": {"reference": _REFERENCE},
    }


def _subscriber(channels: Mapping[str, type[Channel]]) -> Schema:
    """The schema of a subscriber: exactly one channel's key, that channel's options, and the common keys."""
    section = _section(SubscriberSection)
    options = {name: _section(kind.Options)["properties"] for name, kind in channels.items()}
    for own in options.values():
        section["properties"] |= own
    section["properties"] |= dict.fromkeys(channels, _ADDRESS)
    needs = {
        key: _any([{"required": [name]} for name in options if key in options[name]])
        for own in options.values()
        for key in own
    }
    one_channel = [{"required": [name]} for name in channels]
    an_hour = _any([{"required": ["at"]}, {"required": ["digest"]}])
    return {**section, "oneOf": one_channel, "dependencies": {"on": an_hour, **needs}}


class _PlainDefaults(GenerateJsonSchema):
    """Leaves out defaults that YAML writes otherwise than JSON."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 - pydantic's own interface

    def encode_default(self, dft: Any) -> Any:  # noqa: ANN401 - pydantic's own interface
        if not isinstance(dft, (str, int, float)):
            raise PydanticSerializationError("left out")
        return super().encode_default(dft)


def _section(kind: type) -> Schema:
    """The schema of a model or dataclass: a mapping with its fields as keys."""
    found = TypeAdapter(kind).json_schema(schema_generator=_PlainDefaults)
    properties = {key: _value(value, found.get("$defs", {})) for key, value in found["properties"].items()}
    for key, text in _descriptions(kind).items():
        properties[key]["description"] = text
    return {**_closed(properties), **{key: found[key] for key in ("required",) if key in found}}


def _closed(properties: Mapping[str, Schema]) -> Schema:
    return {"type": _SECTION, "properties": dict(properties), "additionalProperties": False}


def _named(entry: Schema) -> Schema:
    """The schema of a mapping from names that the user chooses."""
    return {"type": _SECTION, "patternProperties": {_NAMES: entry}, "additionalProperties": False}


def _value(found: Schema, defined: Mapping[str, Schema]) -> Schema:
    """The schema of a value: pydantic's, or a `${...}` reference, or null; of a section, that of its own model."""
    choices = _choices(found, defined)
    if choices and choices[0].get("type") == _SECTION:
        return choices[0]
    default = {"default": found["default"]} if found.get("default") is not None else {}
    return {**_any([*choices, _NOTHING]), **default}


def _choices(found: Schema, defined: Mapping[str, Schema]) -> list[Schema]:
    """The alternatives in pydantic's schema, as YAML has them; what is no free text may also be a reference."""
    if "$ref" in found:
        name = found["$ref"].rpartition("/")[2]
        model = next((kind for kind in Section.__subclasses__() if kind.__name__ == name), None)
        return [_section(model)] if model else _choices(defined[name], defined)
    if "anyOf" in found:
        return [choice for part in found["anyOf"] if part != _NOTHING for choice in _choices(part, defined)]
    plain = {key: value for key, value in found.items() if key not in ("title", "default", "uniqueItems")}
    if plain["type"] == "object":
        return []  # with keys that the user chooses: `schema` knows what they name
    if plain["type"] == "array":
        return [{**plain, "items": _any(_choices(plain["items"], defined))}]
    if plain["type"] == "string" and not {"enum", "pattern"} & plain.keys():
        return [{**plain, "type": ["string", "number"]}]  # 2026 and 3.5 are texts, too
    return [plain, *_IN_QUOTES.get(plain["type"], ()), {"$ref": "#/definitions/reference"}]


def _any(choices: list[Schema]) -> Schema:
    return choices[0] if len(choices) == 1 else {"anyOf": choices}


def _descriptions(kind: type) -> dict[str, str]:
    """The docstrings under the fields of a class, by field."""
    found = {}
    # `walk` gives the statements of a class one after another
    for field, text in pairwise(ast.walk(ast.parse(inspect.getsource(kind)))):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                found[name] = inspect.cleandoc(said)
    return found
