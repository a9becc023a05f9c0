"""A scripted fault: what a demo server does instead of answering (refuse, drop, hang, answer slowly)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class FaultScript:
    """The outcome of one request."""

    status: int = 200
    body: object = None
    """JSON, or the text of a webhook's answer or of an HTML page."""
    headers: Mapping[str, str] = field(default_factory=dict)
    takes: bool = False
    """Whether the receiver first takes what was posted."""
    drops: bool = False
    """Whether it then breaks the connection, without an answer."""
    hangs: float = 0.0
    """Seconds of silence after taking it, before anything else is heard."""
    crawls: float = 0.0
    """Seconds over which the answer then trickles in, byte by byte."""
    method: str = "POST"
    """Of the request that it waits for, where a receiver has one script for all of them."""


async def play(fault: FaultScript, request: web.Request, answer: web.Response) -> web.StreamResponse:
    """Send the answer as slowly as it is scripted, or break the connection before.

    Args:
        fault: the manner.
        request: what is answered.
        answer: the scripted status, body and headers, in the receiver's own form.
    """
    await asyncio.sleep(fault.hangs)
    if fault.drops and request.transport:
        request.transport.abort()
    return await _crawl(request, answer, fault.crawls) if fault.crawls else answer


async def _crawl(request: web.Request, answer: web.Response, seconds: float) -> web.StreamResponse:
    raw = answer.body if isinstance(answer.body, bytes) else b""
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = len(raw)
    await response.prepare(request)
    for byte in raw:
        await asyncio.sleep(seconds / len(raw))
        await response.write(bytes([byte]))
    return response
