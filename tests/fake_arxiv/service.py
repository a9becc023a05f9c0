"""A whole arXiv on loopback: feeds, OAI-PMH and catchup pages of one truth by one clock, with faults by script.

Never leaves loopback. How polite its guests are is `arxiv_manners`' trade.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Self

from aiohttp import web

from bot.arxiv import taxonomy
from bot.arxiv.calendar import mailing_date
from tests.fake_arxiv import html, xml
from tests.fake_arxiv.faults import Ask, Source
from tests.fake_arxiv.politeness import Request
from tests.servers.arxiv import Answer, render_error, send

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bot.clock import Clock
    from tests.fake_arxiv.faults import Fault
    from tests.fake_arxiv.paper_history import PaperHistory
    from tests.fake_arxiv.truth import Truth

OAI_PAGE = 25
"""Records on one page: few, so that tokens are needed. arXiv has thousands."""

_RSS_TYPE, _XML_TYPE = {"Content-Type": "application/rss+xml"}, {"Content-Type": "text/xml"}
_HTML_TYPE = {"Content-Type": "text/html; charset=utf-8"}


class ArxivService:
    """arXiv, as an async context manager; entered again it has the same addresses.

    Args:
        truth: what it announces.
        clock: what time it is; share it with the client.
        feed_cap: most items in a feed.
        oai_page: most records in one answer of OAI-PMH.
        catchup_page: most entries on one catchup page; `bot.arxiv.catchup.PAGE_SIZE` has to be the same.
    """

    def __init__(
        self,
        truth: Truth,
        clock: Clock,
        *,
        feed_cap: int = xml.FEED_CAP,
        oai_page: int = OAI_PAGE,
        catchup_page: int = html.PAGE_SIZE,
    ) -> None:
        self.truth = truth
        self.faults: list[Fault] = []
        """The script; may be changed at any time."""
        self.requests: list[Request] = []
        self._clock = clock
        self._feed_cap, self._oai_page, self._catchup_page = feed_cap, oai_page, catchup_page
        self._counts = Counter[tuple[int, str]]()
        self._port = 0
        self._closing = AsyncExitStack()

    @property
    def rss_url(self) -> str:
        return f"{self._base}/rss/{{category}}"

    @property
    def oai_url(self) -> str:
        return f"{self._base}/oai"

    @property
    def catchup_url(self) -> str:
        return f"{self._base}/catchup/{{category}}/{{date}}"

    @property
    def _base(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/rss/{category}", self._rss)
        app.router.add_get("/oai", self._oai)
        app.router.add_get("/catchup/{category}/{date}", self._catchup)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        self._closing.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self._port).start()
        self._port = runner.addresses[0][1]
        return self

    async def __aexit__(self, *_failure: object) -> None:
        await self._closing.aclose()

    async def _rss(self, request: web.Request) -> web.StreamResponse:
        asked = request.match_info["category"]
        return await self._serve(request, Source.RSS, _canonical(asked), lambda at: self._feed(asked, at))

    async def _oai(self, request: web.Request) -> web.StreamResponse:
        arguments = dict(request.query)
        asked = _unpack(arguments.get("resumptionToken", ""), arguments).get("set", "")
        return await self._serve(request, Source.OAI, _category(asked), lambda at: self._harvest(arguments, at))

    async def _catchup(self, request: web.Request) -> web.StreamResponse:
        asked = request.match_info["category"]
        return await self._serve(request, Source.CATCHUP, _canonical(asked), lambda at: self._page(request, at))

    async def _serve(
        self,
        request: web.Request,
        source: Source,
        category: str,
        healthy: Callable[[datetime], Answer],
    ) -> web.StreamResponse:
        """One answer, right or spoiled, and its line in the log, also where the other side did not wait for it."""
        at, place = self._clock.now(), len(self.requests)
        ask = Ask(source, category, at, "resumptionToken" in request.query, self.truth, healthy)
        self.requests.append(Request(at, source, category, request.path_qs))
        answer = self._answer(ask)
        told = answer.headers.get("Retry-After")
        # Noted before the last byte is out: who has it may jump ahead before we come to write down the time.
        over = self._clock.now()
        try:
            return await send(request, answer)
        finally:
            self.requests[place] = replace(
                self.requests[place],
                ended_at=over,
                status=answer.status,
                retry_after=None if told is None else float(told),
            )

    def _answer(self, ask: Ask) -> Answer:
        effect = None
        for fault in self.faults:
            if fault.applies_to(ask):
                self._counts[id(fault), ask.category] += 1
                if fault.takes(self._counts[id(fault), ask.category]):
                    effect = effect or fault.effect
        return effect(ask) if effect else ask.healthy(ask.at)

    def _feed(self, asked: str, at: datetime) -> Answer:
        """The feed that appeared at midnight, under the name that was asked for in arXiv's spelling."""
        name = _spelled(asked)
        if name is None:
            return Answer(render_error(asked, f"Bad archive or category {asked!r}.", at), 400, _RSS_TYPE)
        body = xml.feed(self.truth.mailing(mailing_date(at), name), self._feed_cap)
        return Answer(body, headers={**_RSS_TYPE, "ETag": f'"{hashlib.sha256(body).hexdigest()}"'})

    def _harvest(self, arguments: Mapping[str, str], at: datetime) -> Answer:
        try:
            body = self._records(arguments, at)
        except _OaiError as error:
            body = xml.oai_error(error.code, str(error), at)
        return Answer(body, headers=_XML_TYPE)

    def _records(self, arguments: Mapping[str, str], at: datetime) -> bytes:
        """One page of ListRecords. All pages of a list show what there was when the first was asked for."""
        token = arguments.get("resumptionToken")
        if arguments.get("verb") != "ListRecords":
            raise _OaiError("badVerb", "Value of the verb argument is not a legal OAI-PMH verb.")
        if token is None and arguments.get("metadataPrefix") != "arXivRaw":
            raise _OaiError("cannotDisseminateFormat", "Only arXivRaw is spoken here.")
        asked = _unpack(token or "", arguments)
        if token is not None and asked.get("day") != str(mailing_date(at)):
            raise _OaiError("badResumptionToken", "The value of the resumptionToken argument is invalid or expired.")
        upto = _date(asked.get("upto") or str(xml.in_oai(at)))
        found = [history for history in self.truth.records(upto) if _matches(history, asked)]
        start = int(asked.get("start", "0"))
        page, rest = found[start : start + self._oai_page], found[start + self._oai_page :]
        if not page:
            raise _OaiError("noRecordsMatch", "No matching records")
        following = {**asked, "upto": str(upto), "start": str(start + self._oai_page), "day": str(mailing_date(at))}
        last = None if token is None else ""
        return xml.oai_records(page, at, _packed(following) if rest else last)

    def _page(self, request: web.Request, at: datetime) -> Answer:
        """arXiv's own checks in their order (arxiv-browse, controllers/catchup_page.py)."""
        asked, query = request.match_info["category"], request.query
        number, abstracts = query.get("page", "1"), query.get("abs", "False")
        try:
            day = date.fromisoformat(request.match_info["date"])
        except ValueError:
            return _refused("Invalid date format. Use format: YYYY-MM-DD")
        if (
            set(query) - {"abs", "page"}
            or abstracts not in ("True", "False")
            or not number.isdigit()
            or number == "0"
        ):
            return _refused("Only accepted parameters are: 'page', and 'abs'")
        name = _spelled(asked)
        if name is None or name != asked:
            return _refused("Invalid subject. Subject must be an archive, category or 'grp_physics'")
        if not html.earliest(at) <= day <= mailing_date(at):
            return _refused(f"Invalid date: {day}. Catchup only allowed for past 90 days")
        if taxonomy.canonical(name) != name:
            target = f"/catchup/{taxonomy.canonical(name)}/{day}?page={number}&abs={abstracts}"
            return Answer(b"", 301, {**_HTML_TYPE, "Location": target})
        show = partial(html.catchup, abstracts=abstracts == "True", page=int(number), size=self._catchup_page)
        return Answer(show(self.truth, name, day, at), headers=_HTML_TYPE)


class _OaiError(Exception):
    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def _refused(reason: str) -> Answer:
    return Answer(f"<html><body><h1>Bad Request</h1><p>{reason}</p></body></html>".encode(), 400, _HTML_TYPE)


def _spelled(asked: str) -> str | None:
    """A category's own spelling, an alias kept; None if there is no such category."""
    try:
        names = taxonomy.related(taxonomy.canonical(asked))
    except taxonomy.UnknownCategoryError:
        return None
    return next(name for name in names if name.lower() == asked.lower())


def _canonical(asked: str) -> str:
    name = _spelled(asked)
    return asked if name is None else taxonomy.canonical(name)


def _category(spec: str) -> str:
    """The category whose set it is; the set itself if it is none's."""
    parts = spec.split(":")
    for name in (".".join(parts[-2:]), parts[-1]):
        if _spelled(name) is not None and xml.oai_set(name) == spec:
            return _canonical(name)
    return spec


def _matches(history: PaperHistory, asked: Mapping[str, str]) -> bool:
    begin, end = _date(asked.get("from") or "1970-01-01"), _date(asked.get("until") or "9999-12-31")
    if not begin <= history.changed <= end:
        return False
    wanted = asked.get("set")
    return wanted is None or any(f"{name}:".startswith(f"{wanted}:") for name in xml.sets_of(history.paper))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _OaiError("badArgument", f"not a date: {text}") from None


def _packed(asked: Mapping[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(dict(asked)).encode()).decode()


def _unpack(token: str, otherwise: Mapping[str, str]) -> Mapping[str, str]:
    """What the token stands for; without one, what was said instead. A token that is none of ours is of no day."""
    if not token:
        return otherwise
    try:
        read: Mapping[str, str] = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        return {}
    return read
