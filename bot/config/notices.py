"""Warnings about a valid configuration file that was perhaps not meant so, for `paperboy check`.

They are about secrets that other users of this machine can read, and values that YAML takes for a comment.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bot.config import yaml_file
from bot.config.reader import join
from bot.errors import Problem
from bot.settings import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.config.reader import Place
    from bot.config.yaml_file import Document
    from bot.settings import Settings

_COMMENT = re.compile(r":\s+#(?=\S)")


def notices(path: Path, settings: Settings) -> tuple[Problem, ...]:
    """The warnings about the file that the settings were loaded from; none shows a secret.

    Raises:
        ConfigError: the file cannot be read any more.
    """
    document, lines = yaml_file.read(path), path.read_text(encoding="utf-8-sig").splitlines()
    comments = [
        Problem(join(place), "has no value: # begins a comment, so put the text in quotes", line)
        for place in _empty(document.values, ())
        if (line := document.line(place)) and _COMMENT.search(lines[line - 1])
    ]
    return (*comments, *(_exposed(document, settings) if _others_read(path) else ()))


def _empty(values: object, place: Place) -> Iterator[Place]:
    """The places of all keys without a value."""
    if isinstance(values, dict):
        for key, value in values.items():
            if value is None:
                yield (*place, key)
            yield from _empty(value, (*place, key))


def _others_read(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def _exposed(document: Document, settings: Settings) -> Iterator[Problem]:
    advice = "write ${NAME} or ${file:PATH} in its place, or take the file's read permission from others (chmod 600)"
    for place, secret in _secrets(settings):
        value: Any = document.values
        for key in place:
            value = value.get(key) if isinstance(value, dict) else None
        if secret in str(value):  # written in the file, not as a ${...}
            said = f"is a secret in a file that others on this machine can read: {advice}"
            yield Problem(join(place), said, document.line(place))


def _secrets(settings: Settings) -> Iterator[tuple[Place, str]]:
    """Every secret of the settings, with the place of the setting that has it."""
    yield from _secrets_in(settings.channels, ("channels",))
    for subscriber in settings.subscribers.values():
        for address in subscriber.addresses:
            if "://" in address.value.reveal():  # a webhook's URL is a secret
                yield ("subscribers", subscriber.name, subscriber.channel), address.value.reveal()
        yield from _secrets_in(subscriber.interest, ("subscribers", subscriber.name, "interest"))
    yield from _secrets_in(settings.web, ("web",))
    yield from _secrets_in(settings.chat, ("chat",))
    yield from _secrets_in(settings.health_url, ("health_url",))
    if password := urlsplit(settings.store).password:
        yield ("store",), password


def _secrets_in(value: object, place: Place) -> Iterator[tuple[Place, str]]:
    """The secrets in a value whose fields are named as the keys in the file."""
    if isinstance(value, Secret):
        yield place, value.reveal()
    elif isinstance(value, tuple):
        for item in value:
            yield from _secrets_in(item, place)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _secrets_in(item, (*place, name))
    elif is_dataclass(value):
        for own in fields(value):
            yield from _secrets_in(getattr(value, own.name), (*place, own.name))
