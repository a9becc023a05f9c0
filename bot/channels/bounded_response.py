"""A response for aiohttp's sessions with a limited body, for libraries that read responses themselves."""

from __future__ import annotations

from typing import Any

import aiohttp

from bot.channels.http_answers import parse_json, read_body


class BoundedResponse(aiohttp.ClientResponse):
    """Reads with `read_body` and `parse_json`, whatever the response's headers say about encoding and type."""

    async def read(self) -> bytes:
        """The body; empty if it is too large."""
        if self._body is None:
            self._body = await read_body(self)
        return self._body

    async def text(self, *_: object, **__: object) -> str:
        """The body as UTF-8."""
        return (await self.read()).decode("utf-8", "replace")

    async def json(self, **_: object) -> Any:  # noqa: ANN401 - aiohttp's own
        """The body as JSON; None if it is none."""
        return parse_json(await self.read())
