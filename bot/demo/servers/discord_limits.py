"""Checks a message against Discord's limits, and returns the errors that Discord would. Pure.

Rules: https://docs.discord.com/developers/resources/message#embed-object-embed-limits.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def errors_in(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The errors of a message, nested by field as in Discord's answers; empty if there are none."""
    errors: dict[str, Any] = {}
    for path, sentence in _violations(payload):
        place = errors
        for step in path:
            place = place.setdefault(step, {})
        place.setdefault("_errors", []).append({"code": "BASE_TYPE_INVALID", "message": sentence})
    return errors


def _violations(payload: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each broken limit: the path and a sentence. https://docs.discord.com/developers/resources/message#embed-object."""
    yield from _longer(("content",), payload.get("content"), 2000)
    yield from _longer(("nonce",), payload.get("nonce"), 25)
    embeds = payload.get("embeds") or []
    if len(embeds) > 10:
        yield ("embeds",), "Must be 10 or fewer in length."
    total = 0
    for number, embed in enumerate(embeds):
        for path, value, limit in _texts(embed):
            total += _units(value)
            yield from _longer(("embeds", str(number), *path), value, limit)
        yield from _other_violations(("embeds", str(number)), embed)
    if total > 6000:
        yield ("embeds",), "Embed size exceeds maximum size of 6000"
    yield from _of_components(payload.get("components") or [])


def _of_components(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[tuple[str, ...], str]]:
    """https://docs.discord.com/developers/components/reference: rows of buttons, or of one menu."""
    if len(rows) > 5:
        yield ("components",), "Must be 5 or fewer in length."
    ids = [each.get("custom_id") for row in rows for each in row.get("components") or []]
    if len(ids) != len(set(ids)):
        yield ("components",), "Component custom id cannot be duplicated"
    for number, row in enumerate(rows):
        inside = row.get("components") or []
        path = ("components", str(number), "components")
        kinds = [each.get("type") for each in inside]
        if kinds != [3] and not (1 <= len(kinds) <= 5 and set(kinds) == {2}):
            yield path, "The specified component type is invalid in this context"
        for place, each in enumerate(inside):
            yield from _of_component((*path, str(place)), each)


def _of_component(path: tuple[str, ...], component: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, limit in (("custom_id", 100), ("label", 80), ("placeholder", 150)):
        yield from _longer((*path, key), component.get(key), limit)
    options = component.get("options")
    if options is None:
        return
    if not 1 <= len(options) <= 25 or len({each["value"] for each in options}) != len(options):
        yield (*path, "options"), "Must be between 1 and 25 in length, each with a value of its own."
    for number, option in enumerate(options):
        for key in ("label", "value"):
            yield from _longer((*path, "options", str(number), key), option[key], 100)


def _texts(embed: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str, int]]:
    """Every text of an embed that counts towards the sum of 6,000, with its own limit."""
    yield ("title",), embed.get("title") or "", 256
    yield ("description",), embed.get("description") or "", 4096
    yield ("footer", "text"), (embed.get("footer") or {}).get("text") or "", 2048
    yield ("author", "name"), (embed.get("author") or {}).get("name") or "", 256
    for number, one in enumerate(embed.get("fields") or []):
        yield ("fields", str(number), "name"), one.get("name") or "", 256
        yield ("fields", str(number), "value"), one.get("value") or "", 1024


def _other_violations(path: tuple[str, ...], embed: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    if not any(value for _, value, _ in _texts(embed)):
        yield (*path, "description"), "This field is required"
    if len(embed.get("fields") or []) > 25:
        yield (*path, "fields"), "Must be 25 or fewer in length."
    if not 0 <= (embed.get("color") or 0) <= 0xFFFFFF:
        yield (*path, "color"), "int value should be less than or equal to 16777215."
    url = embed.get("url")
    if url is not None and not re.fullmatch(r"https?://[^\s]{1,2040}", url):
        yield (*path, "url"), "Not a well formed URL."


def _longer(path: tuple[str, ...], value: object, limit: int) -> Iterator[tuple[tuple[str, ...], str]]:
    if _units(str(value or "")) > limit:
        yield path, f"Must be {limit} or fewer in length."


def _units(value: str) -> int:
    """The length that Discord probably counts: trimmed, in UTF-16 units."""
    return len(value.strip().encode("utf-16-le", "surrogatepass")) // 2
