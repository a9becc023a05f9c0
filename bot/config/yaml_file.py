"""Reads the YAML file with every scalar as text, and resolves `${...}` references.

YAML 1.1 reads `on` as true, `08:00` as 480, `1.10` as 1.1 and `no` as false. Here a scalar is always text, and no
value (nothing, `null`, `~`) is None. Whoever knows the setting converts the text.

Never puts a part of the file, or the value of a `${...}`, into an error, because it may be a secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

from bot.errors import WHOLE_FILE, ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_NULL, _MERGE = "tag:yaml.org,2002:null", "tag:yaml.org,2002:merge"
_TEXT, _MAP, _LIST = "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"
_QUOTED = re.compile(r"""\s*(['"])[^'"\s][^'"]+\1""")
_REFERENCE = re.compile(r"(?P<escaped>\$\$\{)|\$\{(?P<inside>[^}]*)(?P<end>\}?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WITHOUT_BRACES = re.compile(r"\$([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)")


@dataclass(frozen=True, slots=True)
class Document:
    """The content of a file."""

    values: object
    """Dicts, lists, texts and Nones."""
    repeated_keys: tuple[Problem, ...] = ()
    """Problems for keys that are there twice."""
    lines: Mapping[int, Mapping[str | int, int]] = field(default_factory=dict)
    """For each dict and list in `values`, by its `id()`: the line of each entry."""

    def line(self, place: Iterable[str | int]) -> int | None:
        """The line of the value at a place, or of the entry around it; None for the whole file."""
        line, values = None, self.values
        for part in place:
            lines = self.lines.get(id(values), {})
            if part not in lines:
                break
            line, values = lines[part], values[part]  # type: ignore[index]  # its lines have this key
        return line


def read(path: Path) -> Document:
    """Reads the file.

    Raises:
        ConfigError: the file does not exist, cannot be read or is not YAML; with the line, if there is one.
    """
    try:
        loader = _loader_class()(path.read_bytes().decode("utf-8-sig"))
        return Document(loader.get_single_data(), tuple(loader.repeated_keys), loader.lines)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problem = _problem(error)
    # Not raised in the handler: the parser's error quotes the file, and would be its context.
    raise ConfigError(str(path), (problem,))


def resolve(text: str, environ: Mapping[str, str], folder: Path) -> tuple[str, tuple[str, ...]]:
    """Replaces each `${NAME}` and `${file:PATH}`; returns the text, and a message for each that cannot be replaced.

    White space around a value is removed: a token with a line break would make every request fail. `$${` is a literal
    `${`. Any other dollar sign is kept, except that a text like `$LONG_NAME`, as in a shell, is refused.

    Args:
        text: the text in the file.
        environ: the environment variables.
        folder: the folder of a relative PATH.
    """
    without_braces = _WITHOUT_BRACES.fullmatch(text)
    if without_braces:
        return text, (f"an environment variable's name stands in braces: ${{{without_braces[1]}}}",)
    sentences: list[str] = []

    def replacement(found: re.Match[str]) -> str:
        if found["escaped"]:
            return "${"
        if not found["end"]:
            sentences.append("a ${ without its }; a literal ${ is written $${")
            return ""
        try:
            return _value(found["inside"], environ, folder)
        except ValueError as error:
            sentences.append(str(error))
            return ""

    return _REFERENCE.sub(replacement, text), tuple(sentences)


def _value(inside: str, environ: Mapping[str, str], folder: Path) -> str:
    if inside.startswith("file:"):
        name = inside.removeprefix("file:")
        try:
            value, what = (folder / name).read_text(encoding="utf-8").strip(), f"file {name}"
        except OSError as error:
            raise ValueError(f"file {name} cannot be read: {error.strerror}") from None
        except ValueError:  # not UTF-8, or a NUL in the path
            raise ValueError(f"file {name} is not text") from None
    elif _NAME.fullmatch(inside):
        if inside not in environ:
            raise ValueError(f"environment variable {inside} is not set")
        value, what = environ[inside].strip(), f"environment variable {inside}"
    else:
        raise ValueError(
            "${...} takes the name of an environment variable, or file:PATH; a literal ${ is written $${"
        )
    if not value:
        raise ValueError(f"{what} is empty")
    return value


def _problem(error: OSError | UnicodeDecodeError | yaml.YAMLError) -> Problem:
    """Why the file could not be read."""
    if isinstance(error, FileNotFoundError):
        advice = "`paperboy init` writes one; --config FILE or $PAPERBOY_CONFIG name another"
        return Problem(WHOLE_FILE, f"there is no such file: {advice}")
    if isinstance(error, OSError):
        return Problem(WHOLE_FILE, f"cannot be read: {error.strerror}")
    if isinstance(error, UnicodeDecodeError):
        line = error.object[: error.start].count(b"\n") + 1
        return Problem(f"line {line}", "is not UTF-8 text", line)
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else WHOLE_FILE
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    advice = "indent with spaces, and put text with special characters in quotes"
    return Problem(where, f"not YAML, {_QUOTED.sub('', reason)}: {advice}", mark.line + 1 if mark else None)


@cache
def _loader_class() -> Any:  # noqa: ANN401 - a class made from whichever base is there
    """A safe loader (the C one if PyYAML has it) that knows only text, lists and mappings."""
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]  # the base is only known when running
        yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own interface
            first: [(tag, pattern) for tag, pattern in resolvers if tag in (_NULL, _MERGE)]
            for first, resolvers in base.yaml_implicit_resolvers.items()
        }
        yaml_constructors = {  # noqa: RUF012 - PyYAML's own interface
            _NULL: base.construct_yaml_null,
            _TEXT: base.construct_scalar,
            _LIST: lambda loader, node: loader.construct_list(node),
            _MAP: lambda loader, node: loader.construct_unique(node),
            None: base.construct_undefined,
        }

        def __init__(self, content: str) -> None:
            super().__init__(content)
            self.repeated_keys: list[Problem] = []
            self.lines: dict[int, dict[str | int, int]] = {}

        def construct_list(self, node: yaml.SequenceNode) -> object:
            """Makes a list, and stores the lines of its entries."""
            values = self.construct_sequence(node, deep=True)
            self.lines[id(values)] = {index: _line(item) for index, item in enumerate(node.value)}
            return values

        def construct_unique(self, node: yaml.MappingNode) -> object:
            """Makes a mapping whose keys are texts, each there once; keys of a merge (`<<`) may be overridden."""
            seen = set()
            for key, _ in node.value:
                if key.tag not in (_TEXT, _MERGE):
                    raise yaml.constructor.ConstructorError(None, None, "a key must be a text", key.start_mark)
                if key.value in seen:
                    place = f"line {_line(key)}"
                    self.repeated_keys.append(Problem(place, "this key stands there twice", _line(key)))
                seen.add(key.value)
            values = self.construct_mapping(node, deep=True)
            self.lines[id(values)] = {key.value: _line(key) for key, _ in node.value}
            return values

    return Loader


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1
