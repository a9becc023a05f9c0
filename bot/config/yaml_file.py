"""Reads the YAML file with every scalar as text, and resolves `${...}` references.

YAML 1.1 reads `on` as true, `08:00` as 480, `1.10` as 1.1 and `no` as false. Here nothing is guessed: a scalar is
text, and no value at all (nothing, `null`, `~`) is None. What a text means is for whoever knows the setting.

Never puts a piece of the file, or what a `${...}` stood for, into an error: it may be a secret.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from bot.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import yaml

WHOLE = "(the file)"
"""The path of a problem that is not in one place."""

_NULL, _MERGE = "tag:yaml.org,2002:null", "tag:yaml.org,2002:merge"
_TEXT, _MAP, _LIST = "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"
_QUOTED = re.compile(r"""\s*(['"])[^'"\s][^'"]+\1""")
_REFERENCE = re.compile(r"(?P<escaped>\$\$\{)|\$\{(?P<inside>[^}]*)(?P<end>\}?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WITHOUT_BRACES = re.compile(r"\$([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)")


def read(path: Path) -> tuple[object, tuple[Problem, ...]]:
    """The file's content as dicts, lists, texts and Nones, and the keys that stand there twice.

    Raises:
        ConfigError: the file is not there, cannot be read, or is not YAML; with the line, as far as there is one.
    """
    content = _text(path)
    if isinstance(content, Problem):
        raise ConfigError(str(path), (content,))
    document = _parse(content)
    if isinstance(document, Problem):
        raise ConfigError(str(path), (document,))
    return document


def resolve(text: str, environ: Mapping[str, str], folder: Path) -> tuple[str, tuple[str, ...]]:
    """The text with each `${NAME}` and `${file:PATH}` replaced, and a sentence for each that could not be.

    White space around a value is dropped: a token pasted with its line's end would break every request. `$${` is
    a literal `${`; any other dollar sign stands for itself, but a whole `$LONG_NAME`, as a shell has it, is refused.

    Args:
        text: as the file has it.
        environ: the environment variables.
        folder: what a relative PATH is relative to.
    """
    without_braces = _WITHOUT_BRACES.fullmatch(text)
    if without_braces:
        return text, (f"an environment variable's name stands in braces: ${{{without_braces[1]}}}",)
    sentences: list[str] = []

    def replacement(found: re.Match[str]) -> str:
        if found["escaped"]:
            return "${"
        try:
            return _value(found["inside"], environ, folder) if found["end"] else _unclosed()
        except ValueError as error:
            sentences.append(str(error))
            return ""

    return _REFERENCE.sub(replacement, text), tuple(sentences)


def _unclosed() -> str:
    raise ValueError("a ${ without its }; a literal ${ is written $${")


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


def _text(path: Path) -> str | Problem:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        advice = "`paperboy init` writes one; --config FILE or $PAPERBOY_CONFIG name another"
        return Problem(WHOLE, f"there is no such file: {advice}")
    except OSError as error:
        return Problem(WHOLE, f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return Problem(f"line {line}", "is not UTF-8 text")


def _parse(content: str) -> tuple[object, tuple[Problem, ...]] | Problem:
    # Problems are returned, not raised from here: the parser's own error quotes the file and must not be chained.
    import yaml  # noqa: PLC0415 - 15 ms that only a command with a configuration needs

    try:
        loader = _loader_class()(content)
        return loader.get_single_data(), tuple(loader.repeated_keys)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else WHOLE
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
        advice = "indent with spaces, and put text with special characters in quotes"
        return Problem(where, f"not YAML, {_QUOTED.sub('', reason)}: {advice}")


@cache
def _loader_class() -> Any:  # noqa: ANN401 - a class made from whichever base is there
    """A safe loader (the C one where PyYAML has it) that knows text, lists, mappings and nothing else."""
    import yaml  # noqa: PLC0415 - as above

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]  # the base is only known when running
        yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own interface
            first: [(tag, pattern) for tag, pattern in resolvers if tag in (_NULL, _MERGE)]
            for first, resolvers in base.yaml_implicit_resolvers.items()
        }
        yaml_constructors = {  # noqa: RUF012 - as above
            _NULL: base.construct_yaml_null,
            _TEXT: base.construct_scalar,
            _LIST: lambda loader, node: loader.construct_sequence(node, deep=True),
            _MAP: lambda loader, node: loader.construct_unique(node),
            None: base.construct_undefined,
        }

        def __init__(self, content: str) -> None:
            super().__init__(content)
            self.repeated_keys: list[Problem] = []

        def construct_unique(self, node: yaml.MappingNode) -> object:
            """A mapping whose keys are texts, each written once; `<<` may repeat what it overrides."""
            seen = set()
            for key, _ in node.value:
                if key.tag not in (_TEXT, _MERGE):
                    raise yaml.constructor.ConstructorError(None, None, "a key must be a text", key.start_mark)
                if key.value in seen:
                    self.repeated_keys.append(
                        Problem(f"line {key.start_mark.line + 1}", "this key stands there twice")
                    )
                seen.add(key.value)
            return self.construct_mapping(node, deep=True)

    return Loader
