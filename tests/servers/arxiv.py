"""An arXiv on loopback with faults: any answer for a category, late or cut short, and a log of who asked when."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from aiohttp import web

from bot.arxiv.calendar import mailing_date
from bot.demo.servers.arxiv import _BASE, _feed, _midnight, render_rss

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.clock import Clock

__all__ = ["Answer", "ArxivServer", "Request", "render_error", "render_rss", "send"]


def render_error(query: str, reason: str, built_at: datetime) -> bytes:
    """The well-formed empty feed that arXiv sends with status 400; without the status it looks like a weekend."""
    return _feed(
        query,
        title=f"Feed error for query: {_BASE}{query}",
        description=reason,
        editor="rss-help.arxiv.org",
        built_at=built_at,
        midnight=_midnight(mailing_date(built_at)),
        rest="",
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """The server's answer to one request, possibly with a fault."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Real seconds before the first byte; a large number for a server that hangs."""
    cut: bool = False
    """Whether only half of the announced body is sent before the connection is closed."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; times are of the server's clock."""

    at: datetime
    category: str
    user_agent: str
    accept: str
    ended_at: datetime | None = None
    """When its answer was sent; None while it is being answered."""


class ArxivServer:
    """Serves `feeds` on loopback, as an async context manager. A category without a feed gets arXiv's error feed.

    Args:
        clock: tells the time of requests and error feeds; shared with the client, it measures the client's pauses.
    """

    def __init__(self, clock: Clock) -> None:
        self.feeds: dict[str, bytes | Answer] = {}
        """The feed or answer for each category, in any case."""
        self.requests: list[Request] = []
        self.url = ""
        """The `rss_url` to configure while the server runs."""
        self._clock = clock
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/rss/{category:.*}", self._serve)
        # a request ends when its client is gone, for the log
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        self._open.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/rss/{{category}}"
        return self

    async def __aexit__(self, *_failure: object) -> None:
        await self._open.aclose()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        """Answers a request, and logs it even if the client did not wait for the answer."""
        category, place = request.match_info["category"], len(self.requests)
        headers = request.headers
        seen = Request(self._clock.now(), category, headers.get("User-Agent", ""), headers.get("Accept", ""))
        self.requests.append(seen)
        try:
            return await send(request, self._answer(category))
        finally:
            self.requests[place] = replace(seen, ended_at=self._clock.now())

    def _answer(self, category: str) -> Answer:
        known = {name.lower(): feed for name, feed in self.feeds.items()}.get(category.lower())
        if known is None:
            return Answer(render_error(category, f"Bad archive or category {category!r}.", self._clock.now()), 400)
        return known if isinstance(known, Answer) else Answer(known)


async def send(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Returns when the last byte that will go out is written."""
    await asyncio.sleep(answer.delay)
    response = web.StreamResponse(status=answer.status)
    response.headers.update({"Content-Type": "application/rss+xml", **answer.headers})
    response.content_length = len(answer.body)
    body = answer.body
    if answer.cut:
        response.force_close()
        body = body[: len(body) // 2]
    await response.prepare(request)
    await response.write(body)
    await response.write_eof()
    return response
