"""Followed authors are found in every form of a byline, also where arXiv's feed is out and OAI-PMH has the papers.

OAI-PMH carries the byline as its authors typed it; the feed has it as arXiv's own parser reads it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.servers.arxiv import Answer
from tests.world import TUESDAY, morning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.world import Environment

CASES = Path(__file__).parents[1].parent / "shared/data/cases/04-bylines-of-second-sources.json"
BYLINES = (
    "KITE Collaboration: Bo Chen, Ada Byron, et al.",
    "Bo Chen \\& Ada Byron",
    "Bo Chen (Barn) Ada Byron (Nest) and Cy Day (Nest)",
    "Ada Byron (1), Bo Chen (1 and 2) ((1) Nest, (2) Barn)",
    "Bo Chen, Ada Byron, Jr. (Nest, Hill)",
    "A.Byron and Bo Chen",
    "Cy Day, and Ada Byron",
    "Bo Chen (on behalf of the KITE team), {\\AA}sa {\\O}st, Ada Byron",
)
_ANSWER = """<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><responseDate>{at}</responseDate>
<request verb="ListRecords">http://127.0.0.1/oai</request><ListRecords>{records}</ListRecords></OAI-PMH>"""
_RECORD = """<record><header><identifier>oai:arXiv.org:{identifier}</identifier><datestamp>2026-04-21</datestamp>
<setSpec>cs:cs:CV</setSpec></header><metadata><arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{identifier}</id>
<version version="v1"><date>Sun, 19 Apr 2026 12:00:00 GMT</date><size>9kb</size></version>
<title>Flight {number}</title><authors>{byline}</authors><categories>cs.CV</categories>
<abstract>Birds fly.</abstract></arXivRaw></metadata></record>"""


async def told(environment: Environment, bylines: Sequence[str]) -> list[str]:
    """The titles that a reader who follows Ada Byron gets while the feed answers 500."""
    records = "".join(
        _RECORD.format(identifier=f"2604.{number:05d}", number=number, byline=escape(byline))
        for number, byline in enumerate(bylines, 1)
    )
    body = _ANSWER.format(at="2026-04-21T11:59:00Z", records=records)

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=body.encode(), content_type="text/xml")

    application = web.Application()
    application.router.add_get("/oai", answer)
    environment.config["topics"]["birds"] = {"title": "Ada", "categories": ["cs.CV"], "authors": ["Ada Byron"]}
    environment.arxiv.feeds["cs.CV"] = Answer(b"", status=500)
    async with TestServer(application, host="127.0.0.1") as server:
        environment.config["arxiv"]["oai_url"] = str(server.make_url("/oai"))
        await environment.once(morning(TUESDAY, 12))
    text = environment.slack_text()
    return [f"Flight {number}" for number in range(1, len(bylines) + 1) if f"Flight {number}" in text]


async def test_every_paper_of_a_followed_author_is_told_where_the_feed_is_out(environment: Environment) -> None:
    assert await told(environment, BYLINES) == [f"Flight {number}" for number in range(1, len(BYLINES) + 1)]


async def test_papers_of_others_are_not(environment: Environment) -> None:
    others = ("Bo Chen (with Ada Byron)", "Adam Byron", "Ada (Byron Institute), Bo Chen", BYLINES[0])
    assert await told(environment, others) == ["Flight 4"]


@pytest.mark.shared
@pytest.mark.skipif(not CASES.is_file(), reason="../shared/data/cases is not here")
async def test_those_that_people_met_are_all_told(environment: Environment) -> None:
    cases = [case["authors"] for case in json.loads(CASES.read_text(encoding="utf-8"))["cases"]]
    assert len(await told(environment, cases)) == len(cases)
