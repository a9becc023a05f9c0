"""Reads a platform's HTTP answers without trusting them: limited bodies, limited JSON depth, numbers in a range."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aiohttp

LARGEST_BODY = 8_000_000
"""Bytes, after decompression. A page of 200 long messages of Slack's history is smaller."""
LONGEST_RETRY_AFTER = 86_400.0
"""Seconds; a longer Retry-After is cut to this."""
_CHUNK = 65_536
_DEEPEST = 100
"""The most levels of arrays and objects; answers have about ten, and Python recurses for each."""


async def read_body(response: aiohttp.ClientResponse) -> bytes:
    """Reads the body; if it is larger than `LARGEST_BODY`, closes the connection and returns nothing.

    aiohttp decompresses only what is read.

    Raises:
        aiohttp.ClientError: the connection broke.
    """
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > LARGEST_BODY:
            response.close()
            return b""
    return bytes(body)


def parse_json(raw: bytes | str) -> object:
    """Parses JSON; None if it is invalid or nested too deeply."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return value if _is_shallow(value) else None


def json_object(value: object) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def json_objects(value: object) -> list[dict[str, Any]]:
    """The JSON objects in an array; none if the value is no array."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def retry_after(named: object) -> float | None:
    """Seconds to wait, at most `LONGEST_RETRY_AFTER`; None if no valid number is given.

    Args:
        named: a header's text or a JSON number, of any size: `1e308`, `NaN`, negative, or with 400 digits.
    """
    if isinstance(named, bool) or not isinstance(named, (int, float, str)):
        return None
    with suppress(ValueError, OverflowError):
        seconds = float(named)
        if math.isfinite(seconds) and seconds > 0:
            return min(seconds, LONGEST_RETRY_AFTER)
    return None


def _is_shallow(value: object) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [child for each in level for child in _children(each)]
        if not level:
            return True
    return False


def _children(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
