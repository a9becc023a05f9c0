"""An answer that crawls: every byte in time, the whole of it much too late. For the receivers' bad days."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping


async def trickle(
    request: web.Request, status: int, body: object, headers: Mapping[str, str], seconds: float
) -> web.StreamResponse:
    """Answer byte by byte over that many seconds; `body` is a text, or becomes JSON."""
    raw = (body if isinstance(body, str) else json.dumps(body)).encode()
    response = web.StreamResponse(status=status, headers={"Content-Type": "application/json", **headers})
    response.content_length = len(raw)
    await response.prepare(request)
    for byte in raw:
        await asyncio.sleep(seconds / len(raw))
        await response.write(bytes([byte]))
    return response
