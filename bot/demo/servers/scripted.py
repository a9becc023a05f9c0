"""Scripted faults: a demo server refuses a request, breaks the connection, hangs or answers slowly."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class FaultScript:
    """What the server does with one request."""

    status: int = 200
    body: object = None
    """JSON, or the text of a webhook's answer or of an HTML page."""
    headers: Mapping[str, str] = field(default_factory=dict)
    takes: bool = False
    """Whether the message is accepted before the fault."""
    drops: bool = False
    """Whether it then breaks the connection, without an answer."""
    hangs: float = 0.0
    """Seconds of silence before anything else happens."""
    crawls: float = 0.0
    """Seconds over which the answer is sent, byte by byte."""
    method: str = "POST"
    """The HTTP method of the request that gets it, if a server has one script for all methods."""


async def play(fault: FaultScript, request: web.Request, answer: web.Response) -> web.StreamResponse:
    """Waits as long as the script says, then gives the answer, fast or slowly, or breaks the connection.

    Args:
        fault: the script.
        request: the request.
        answer: the scripted answer, in the server's own form.
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
