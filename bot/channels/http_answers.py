"""What a platform answers over HTTP, read without trust: bounded bodies, shallow JSON, numbers in a range."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aiohttp

LARGEST_BODY = 8_000_000
"""Bytes, after decompression. A page of 200 long messages of Slack's history has less."""
LONGEST_RETRY_AFTER = 86_400.0
"""Seconds. Who asks for more is asked again after a day."""
_CHUNK = 65_536
_DEEPEST = 100
"""Levels of arrays and objects; answers have about ten, and Python recurses for each of them."""


async def read_body(response: aiohttp.ClientResponse) -> bytes:
    """The body; none, and the connection closed, as soon as it is larger than any that is expected.

    aiohttp decompresses no more than is read.

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


@cache
def bounded_response() -> type[aiohttp.ClientResponse]:
    """A class for aiohttp's sessions whose responses are read as `read_body` and `parse_json` read them.

    For libraries that read responses themselves: none of them has a limit of its own.
    """
    import aiohttp  # noqa: PLC0415 - 350 ms, only where a platform is asked

    class BoundedResponse(aiohttp.ClientResponse):
        """A response whose body is bounded, whatever its headers say of encoding and type."""

        async def read(self) -> bytes:
            if self._body is None:
                self._body = await read_body(self)
            return self._body

        async def text(self, *_: object, **__: object) -> str:
            return (await self.read()).decode("utf-8", "replace")

        async def json(self, **_: object) -> Any:  # noqa: ANN401 - aiohttp's own
            return parse_json(await self.read())

    return BoundedResponse


def parse_json(raw: bytes | str) -> object:
    """The JSON value; None where it is none, or is nested deeper than any answer."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return value if _is_shallow(value) else None


def json_object(value: object) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def json_objects(value: object) -> list[dict[str, Any]]:
    """The JSON objects in an array; none where the value is no array."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def retry_after(named: object) -> float | None:
    """Seconds to wait, at most `LONGEST_RETRY_AFTER`; None where nothing sensible is named.

    Args:
        named: a header's text or a number of JSON, of any size: `1e308`, `NaN`, a negative one, one of 400 digits.
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
