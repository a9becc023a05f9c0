"""A stand-in for rss.arxiv.org on loopback: feeds in exactly arXiv's format.

Holds no papers of its own, never leaves loopback.
Shape: https://github.com/arXiv/arxiv-feed, feed/serializers at 110b5ab4.
"""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from datetime import UTC, datetime, time
from email.utils import format_datetime
from typing import TYPE_CHECKING, Self
from xml.sax.saxutils import escape, quoteattr

from aiohttp import web

from bot.arxiv.calendar import EASTERN
from bot.demo.servers.loopback import listening
from bot.model import AnnounceType, paper_url

if TYPE_CHECKING:
    from datetime import date

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


class ArxivServer:
    """Serves `feeds` on loopback, as an async context manager."""

    def __init__(self) -> None:
        self.feeds: dict[str, bytes] = {}
        """The feed of each category."""
        self.url = ""
        """The `rss_url` to configure while the server runs."""
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/rss/{category:.*}", self._serve)
        self.url = f"http://127.0.0.1:{await self._open.enter_async_context(listening(app))}/rss/{{category}}"
        return self

    async def __aexit__(self, *_failure: object) -> None:
        await self._open.aclose()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self.feeds[request.match_info["category"]], content_type="application/rss+xml")
