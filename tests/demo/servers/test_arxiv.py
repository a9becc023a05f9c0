from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

from bot.arxiv import feed
from bot.clock import SimulatedClock
from bot.errors import ParseError
from bot.model import AnnounceType, Author, FeedItem, Mailing, Paper
from tests.builders import MONDAY, paper
from tests.servers.arxiv import Answer, ArxivServer, render_error, render_rss

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

DATA = Path(__file__).parents[2] / "data" / "arxiv"
SHARED = Path(__file__).parents[3].parent / "shared" / "data"
START = datetime(2026, 4, 20, 4, 0, 7, tzinfo=UTC)


# -- the feed --------------------------------------------------------------------------------------------------------


def test_a_mailing_becomes_the_feed_that_it_was_read_from() -> None:
    golden = (DATA / "rss_cs.CV_2026-04-20.xml").read_bytes()
    assert render_rss(feed.parse(golden, "cs.CV"), START) == golden


def test_entries_stand_in_arxivs_order() -> None:
    entries = tuple(
        FeedItem(paper(identifier), kind)
        for kind in (AnnounceType.REPLACE_CROSS, AnnounceType.CROSS, AnnounceType.REPLACE, AnnounceType.NEW)
        for identifier in ("2604.90002", "2604.90001")
    )
    rendered = render_rss(Mailing("cs.CV", MONDAY, entries), START).decode()
    types = re.findall(r"<arxiv:announce_type>(.*)</arxiv:announce_type>", rendered)
    assert types == ["new", "new", "cross", "cross", "replace", "replace", "replace-cross", "replace-cross"]
    assert re.findall(r"<link>.*/abs/(.*)</link>", rendered) == ["2604.90001", "2604.90002"] * 4


def test_a_weekend_is_a_feed_without_items() -> None:
    rendered = render_rss(Mailing("cs.CV", date(2026, 4, 18), ()), START)
    assert b"<item>" not in rendered
    assert b"<pubDate>Sat, 18 Apr 2026 00:00:00 -0400</pubDate>" in rendered
    assert feed.parse(rendered, "cs.CV").entries == ()


def test_midnight_is_new_yorks_in_winter_too() -> None:
    assert b"<pubDate>Mon, 02 Nov 2026 00:00:00 -0500" in render_rss(Mailing("cs.CV", date(2026, 11, 2), ()), START)


def test_hostile_text_stays_text() -> None:
    hostile = Paper(
        identifier="2604.90001",
        version=1,
        title="</title><script>alert('&')</script>\x00\x1b[31m ]]> {title}\ud800\ufffe",
        abstract="<!ENTITY a 'b'>&a;\r\n",
        authors=(Author('"><img>', ("\x07Loft",)),),
        categories=("cs.CV<",),
    )
    rendered = render_rss(Mailing('c"s.<', MONDAY, (FeedItem(hostile, AnnounceType.NEW),)), START)
    (read,) = feed.parse(rendered, 'c"s.<').entries
    assert read.paper.title == "</title><script>alert('&')</script>[31m ]]> {title}"
    assert read.paper.abstract == "<!ENTITY a 'b'>&a;"
    assert read.paper.authors == (Author('"><img>', ("Loft",)),)
    assert read.paper.categories == ("cs.CV<",)


def test_the_error_feed_is_well_formed_and_says_why() -> None:
    with pytest.raises(ParseError, match="arXiv's error feed: No <such> birds"):
        feed.parse(render_error("birds", "No <such> birds", START), "birds")


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")
@pytest.mark.parametrize("day", range(17, 29))
def test_what_arxivs_serializer_rendered_we_render_to_the_letter(day: int) -> None:
    original = (SHARED / "rendered" / "cs.CV" / f"rss_2026-04-{day}.xml").read_bytes()
    again = render_rss(feed.parse(original, "cs.CV"), datetime(2026, 4, day, 4, 0, 7, tzinfo=UTC))
    # What reading changes: white space, and an "and" that is no part of a name.
    expected = original.decode().replace(", and Weicheng Fu<", ", Weicheng Fu<")
    assert " ".join(again.decode().split()) == " ".join(expected.split())


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")
def test_the_error_feed_is_arxivs_to_the_letter() -> None:
    original = (SHARED / "rendered" / "errors" / "rss_400_unknown_archive_heplat.xml").read_text()
    reason = re.findall("<description>(.*)</description>", original)[0]
    built = datetime(2026, 4, 21, 4, 0, 7, tzinfo=UTC)
    assert render_error("heplat", reason, built).decode().strip() == original.strip()


# -- the server ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _server() -> AsyncIterator[tuple[ArxivServer, aiohttp.ClientSession]]:
    async with ArxivServer(SimulatedClock(START)) as server, aiohttp.ClientSession() as session:
        yield server, session


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("waited five seconds for nothing")


async def test_a_feed_is_served_whatever_the_case() -> None:
    async with _server() as (server, session):
        server.feeds["cs.CV"] = b"<rss/>"
        assert server.url.startswith("http://127.0.0.1:")
        async with session.get(server.url.format(category="CS.cv")) as response:
            assert (response.status, response.content_type) == (200, "application/rss+xml")
            assert await response.read() == b"<rss/>"


async def test_an_unknown_category_gets_the_error_feed() -> None:
    async with _server() as (server, session), session.get(server.url.format(category="cs.XX")) as response:
        assert response.status == 400
        assert b"Feed error for query: http://rss.arxiv.org/rss/cs.XX" in await response.read()


async def test_an_answer_may_have_any_status_and_headers() -> None:
    async with _server() as (server, session):
        server.feeds["cs.CV"] = Answer(b"wait", 429, {"Retry-After": "7", "Content-Type": "text/plain"})
        async with session.get(server.url.format(category="cs.CV")) as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "7")
            assert (response.content_type, await response.text()) == ("text/plain", "wait")


async def test_a_cut_answer_promises_more_than_it_sends() -> None:
    async with _server() as (server, session):
        server.feeds["cs.CV"] = Answer(b"0123456789", cut=True)
        async with session.get(server.url.format(category="cs.CV")) as response:
            assert response.content_length == 10
            assert await response.content.readexactly(5) == b"01234"
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.read()


async def test_every_request_is_logged_from_its_beginning_to_its_end() -> None:
    async with _server() as (server, session):
        server.feeds["cs.CV"] = Answer(b"<rss/>", delay=60)
        headers = {"User-Agent": "paperboy", "Accept": "text/xml"}
        asking = asyncio.ensure_future(session.get(server.url.format(category="cs.CV"), headers=headers))
        await _until(lambda: bool(server.requests))
        (request,) = server.requests
        assert (request.at, request.category, request.ended_at) == (START, "cs.CV", None)
        assert (request.user_agent, request.accept) == ("paperboy", "text/xml")
        await server._clock.sleep(5)
        asking.cancel()
        await _until(lambda: server.requests[0].ended_at == START + timedelta(seconds=5))


async def test_a_hanging_answer_does_not_hold_up_the_end() -> None:
    async with _server() as (server, session):
        server.feeds["cs.CV"] = Answer(b"<rss/>", delay=60)
        asking = asyncio.ensure_future(session.get(server.url.format(category="cs.CV")))
        await _until(lambda: bool(server.requests))
        await asyncio.wait_for(server.__aexit__(None, None, None), 5)
        with pytest.raises(aiohttp.ClientError):
            await asking
