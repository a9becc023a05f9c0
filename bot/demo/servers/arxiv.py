"""A stand-in for rss.arxiv.org on loopback: feeds in exactly arXiv's format, with faults on demand.

For the demo and the tests alike. Holds no papers of its own, never leaves loopback.
Shape: https://github.com/arXiv/arxiv-feed, feed/serializers at 110b5ab4.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from email.utils import format_datetime
from typing import TYPE_CHECKING, Self
from xml.sax.saxutils import escape, quoteattr

from aiohttp import web

from bot.arxiv.calendar import EASTERN, mailing_date
from bot.demo.servers.loopback import listening
from bot.model import AnnounceType, paper_url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from bot.clock import Clock
    from bot.model import Author, FeedItem, Mailing

_BASE = "http://rss.arxiv.org/rss/"
_ORDER = (AnnounceType.NEW, AnnounceType.CROSS, AnnounceType.REPLACE, AnnounceType.REPLACE_CROSS)
# Characters that XML 1.0 forbids, https://www.w3.org/TR/xml/#charsets, and carriage return, which it does not keep.
_FORBIDDEN = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_FEED = """\
<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" \
xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/" version="2.0">
  <channel>
    <title>{title}</title>
    <link>{link}</link>
    <description>{description}</description>
    <atom:link href={href} rel="self" type="application/rss+xml"/>
    <docs>http://www.rssboard.org/rss-specification</docs>
    <language>en-us</language>
    <lastBuildDate>{built}</lastBuildDate>
    <managingEditor>{editor}</managingEditor>
    <pubDate>{midnight}</pubDate>
{rest}  </channel>
</rss>
"""
_SKIP_DAYS = """\
    <skipDays>
      <day>Sunday</day>
      <day>Saturday</day>
    </skipDays>
"""


def render_rss(mailing: Mailing, built_at: datetime) -> bytes:
    """The RSS feed with which arXiv would announce the mailing; without entries for a weekend.

    Entries are put in arXiv's order. Control characters, which XML forbids, are dropped.
    """
    midnight = _midnight(mailing.mailing_date)
    entries = sorted(mailing.entries, key=lambda entry: (_ORDER.index(entry.type), entry.paper.identifier))
    return _feed(
        mailing.category,
        title=f"{mailing.category} updates on arXiv.org",
        description=f"{mailing.category} updates on the arXiv.org e-print archive.",
        editor="rss-help@arxiv.org",
        built_at=built_at,
        midnight=midnight,
        rest=_SKIP_DAYS + "".join(_item(entry, midnight) for entry in entries),
    )


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


def _feed(query: str, *, built_at: datetime, rest: str, **texts: str) -> bytes:
    return _FEED.format(
        link=_xml(_BASE + query),
        href=quoteattr(_printable(_BASE + query)),
        built=format_datetime(built_at.astimezone(UTC)),
        rest=rest,
        **{name: _xml(text) for name, text in texts.items()},
    ).encode()


def _item(entry: FeedItem, midnight: str) -> str:
    paper = entry.paper
    full_id = f"{paper.identifier}v{paper.version}"
    elements = [
        ("title", paper.title),
        ("link", paper_url(paper.identifier)),
        ("description", f"arXiv:{full_id} Announce Type: {entry.type} \nAbstract: {paper.abstract}"),
        ('guid isPermaLink="false"', f"oai:arXiv.org:{full_id}"),
        *(("category", category) for category in paper.categories),
        ("pubDate", midnight),
        ("arxiv:announce_type", entry.type),
        ("dc:rights", paper.license),
        ("arxiv:DOI", paper.doi),
        ("arxiv:journal_reference", paper.journal_ref),
        ("dc:creator", ", ".join(map(_author, paper.authors))),
    ]
    lines = (f"      <{tag}>{_xml(text)}</{tag.split(' ')[0]}>\n" for tag, text in elements if text is not None)
    return f"    <item>\n{''.join(lines)}    </item>\n"


def _author(author: Author) -> str:
    return author.name + (f" ({', '.join(author.affiliations)})" if author.affiliations else "")


def _midnight(day: date) -> str:
    return format_datetime(datetime.combine(day, time(), EASTERN))


def _xml(text: str) -> str:
    return escape(_printable(text))


def _printable(text: str) -> str:
    return _FORBIDDEN.sub("", text)


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
        port = await self._open.enter_async_context(listening(app, cancel_on_disconnect=True))
        self.url = f"http://127.0.0.1:{port}/rss/{{category}}"
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
            return await _send(request, self._answer(category))
        finally:
            self.requests[place] = replace(seen, ended_at=self._clock.now())

    def _answer(self, category: str) -> Answer:
        known = {name.lower(): feed for name, feed in self.feeds.items()}.get(category.lower())
        if known is None:
            return Answer(render_error(category, f"Bad archive or category {category!r}.", self._clock.now()), 400)
        return known if isinstance(known, Answer) else Answer(known)


async def _send(request: web.Request, answer: Answer) -> web.StreamResponse:
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
