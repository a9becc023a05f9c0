"""Every way to arXiv under one pause and its own limit: two clients, one store, throttling, refusal, restarts."""

from __future__ import annotations

import asyncio
import gzip
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from bot.arxiv import client, http
from bot.arxiv.client import ArxivClient
from bot.arxiv.rate_limit import backoff
from bot.clock import SimulatedClock, SystemClock
from bot.errors import FetchError
from bot.model import Service
from bot.settings import ArxivSettings
from bot.store.arxiv_limits import ArxivLimits
from bot.store.database import Database
from bot.store.worker import WorkerId

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from bot.clock import Clock

START = datetime(2026, 4, 20, 4, 20, tzinfo=UTC)
DAY = date(2026, 4, 17)
MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class Seen:
    """One request in the server's log."""

    path: str
    accept: str
    at: datetime
    ended_at: datetime | None = None


@dataclass(slots=True)
class Place:
    """A loopback arXiv that gives its answers in a row, the last one again and again, and a store of its own."""

    folder: Path
    clock: Clock
    answers: list[Callable[[], web.Response]] = field(default_factory=list)
    log: list[Seen] = field(default_factory=list)
    seconds: float = 0.0
    base: str = ""
    opened: list[Any] = field(default_factory=list)

    def client(self, *, draw: float = 0.0, pause: float = 3.0, **more: Any) -> ArxivClient:
        """As a process of its own: its own connections to the one store."""
        database = Database(f"sqlite:///{self.folder / 'paperboy.db'}")
        settings = ArxivSettings(
            rss_url=f"{self.base}/rss/{{category}}",
            oai_url=f"{self.base}/oai",
            catchup_url=f"{self.base}/catchup/{{category}}/{{date}}",
            seconds_between_requests=pause,
        )
        limits = ArxivLimits(database, WorkerId.current())
        made = ArxivClient(settings, contact="x", limits=limits, clock=self.clock, jitter=Fixed(draw), **more)
        self.opened.append((made, database))
        return made

    @property
    def limits(self) -> ArxivLimits:
        return self.opened[-1][0]._limits  # type: ignore[no-any-return]  # the last client's, kept as Any

    async def serve(self, request: web.Request) -> web.Response:
        seen = Seen(str(request.rel_url), request.headers["Accept"], self.clock.now())
        self.log.append(seen)
        await asyncio.sleep(self.seconds)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        seen.ended_at = self.clock.now()
        return answer()


class Fixed(random.Random):
    """Chance that always draws the same."""

    def __init__(self, draw: float) -> None:
        super().__init__()
        self.draw = draw

    def random(self) -> float:
        return self.draw


@asynccontextmanager
async def _place(folder: Path, clock: Clock | None = None) -> AsyncIterator[Place]:
    place = Place(folder, clock or SimulatedClock(START))
    app = web.Application()
    app.router.add_get("/{path:.*}", place.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    place.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield place
    finally:
        for made, database in place.opened:
            await made.aclose()
            database.close()
        await runner.cleanup()


def _says(status: int, text: str = "", **headers: str) -> Callable[[], web.Response]:
    return lambda: web.Response(
        status=status, text=text, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


FINE = _says(200, "<fine/>")
KINDS: dict[str, Callable[[ArxivClient], Awaitable[bytes]]] = {
    "rss": lambda client: client.fetch_rss("cs.CV"),
    "oai": lambda client: client.fetch_oai({"verb": "ListRecords", "set": "cs:cs:CV"}),
    "catchup": lambda client: client.fetch_catchup("cs.CV", DAY),
}


async def _fails(client: ArxivClient, kind: str = "rss") -> FetchError:
    with pytest.raises(FetchError) as caught:
        await KINDS[kind](client)
    return caught.value


async def test_each_kind_asks_as_arxiv_wants_it(tmp_path: Path) -> None:
    async with _place(tmp_path) as place:
        place.answers = [FINE]
        asking = place.client()
        assert await asking.fetch_oai({"verb": "ListRecords", "resumptionToken": "a|b c"}) == b"<fine/>"
        await asking.fetch_catchup("cs.CV", DAY)
        await asking.fetch_catchup("math-ph", DAY, 3)
        assert [(seen.path, seen.accept.split(",")[0]) for seen in place.log] == [
            ("/oai?verb=ListRecords&resumptionToken=a%7Cb+c", "text/xml"),
            ("/catchup/cs.CV/2026-04-17?abs=True", "text/html"),
            ("/catchup/math-ph/2026-04-17?abs=True&page=3", "text/html"),
        ]


def test_arguments_come_after_those_of_the_address() -> None:
    assert client._with_query("http://a/b?key=1", {"verb": "x"}) == "http://a/b?key=1&verb=x"


async def test_the_catchup_pages_are_the_operators_choice(tmp_path: Path) -> None:
    async with _place(tmp_path) as place:
        asking = place.client()
        has_by_default = asking.has_catchup
        asking._settings = ArxivSettings()
        assert (has_by_default, asking.has_catchup) == (True, False)
        error = await _fails(asking, "catchup")
        assert (error.reason, error.asked) == ("no catchup_url is configured", False)


async def test_law_8_two_processes_and_three_kinds_share_the_pause_from_the_end_of_the_last_answer(
    tmp_path: Path,
) -> None:
    async with _place(tmp_path, SystemClock()) as place:
        place.answers, place.seconds = [FINE], 0.03
        here, there = place.client(pause=0.1), place.client(pause=0.1)
        await asyncio.gather(*(ask(client) for client in (here, there) for ask in KINDS.values()))
        assert len(place.log) == 6
        for before, after in zip(place.log, place.log[1:], strict=False):
            assert before.ended_at
            assert after.at - before.ended_at >= timedelta(seconds=0.1)


@pytest.mark.parametrize("kind", KINDS)
async def test_throttling_by_one_service_holds_that_one_and_no_other(tmp_path: Path, kind: str) -> None:
    async with _place(tmp_path) as place:
        place.answers = [_says(200, "Rate exceeded.\n"), FINE]
        error = await _fails(place.client(), kind)
        assert (error.status, error.asked) == (429, True)
        for other in KINDS.keys() - {kind}:
            await KINDS[other](place.client())
        await KINDS[kind](place.client())
        assert [seen.at - START for seen in place.log] == [timedelta(seconds=s) for s in (0, 3, 6, 60)]


async def test_pauses_grow_over_restarts_until_an_answer_ends_them(tmp_path: Path) -> None:
    async with _place(tmp_path) as place:
        place.answers = [_says(status) for status in (429, 503, 406, 429, 429, 429, 429, 429, 500, 429)]
        for _ in range(10):
            await _fails(place.client(max_wait=4000))
        minutes = [(after.at - before.at) / MINUTE for before, after in zip(place.log, place.log[1:], strict=False)]
        assert minutes == [1, 1, 2, 4, 8, 16, 32, 60, 0.05]
        now = place.clock.now()
        assert place.limits.waits_until(Service.FEEDS, now) == now + MINUTE  # the 500 ended it: the next begins anew


@pytest.mark.parametrize("kind", KINDS)
async def test_a_retry_after_is_obeyed_over_restarts_and_by_other_processes(tmp_path: Path, kind: str) -> None:
    async with _place(tmp_path) as place:
        place.answers = [_says(503, Retry_After="1200"), FINE]
        await _fails(place.client(), kind)
        error = await _fails(place.client(), kind)
        assert (error.asked, error.retry_after, error.status) == (False, 1200, None)
        place.clock.set(START + 20 * MINUTE)  # type: ignore[attr-defined]  # a simulated clock
        await KINDS[kind](place.client())
        assert len(place.log) == 2


async def test_law_8_a_403_of_the_feeds_stops_all_requests_for_a_day_over_restarts(tmp_path: Path) -> None:
    async with _place(tmp_path) as place:
        place.answers = [_says(403), _says(403), FINE]
        assert (await _fails(place.client(), "rss")).asked
        assert isinstance(place.clock, SimulatedClock)
        place.clock.set(START + 23 * 60 * MINUTE)
        for kind in KINDS:
            error = await _fails(place.client(), kind)
            assert (error.status, error.asked, error.retry_after) == (403, False, 3600)
            assert error.reason == (
                "arXiv refuses us since 2026-04-20 04:20 UTC (127.0.0.1 answered 403 Forbidden); "
                "no request before 2026-04-21 04:20 UTC"
            )
        assert len(place.log) == 1
        place.clock.set(START + 24 * 60 * MINUTE)
        assert (await _fails(place.client())).asked
        refused = place.limits.refusal(Service.FEEDS, place.clock.now())
        assert refused is not None
        assert (refused.since, refused.closed_until) == (START, START + 48 * 60 * MINUTE)
        place.clock.set(START + 48 * 60 * MINUTE)
        await KINDS["rss"](place.client())
        assert place.limits.refusal(Service.FEEDS, START) is None


@pytest.mark.parametrize(("kind", "days"), [("oai", 1), ("catchup", 30)])
async def test_a_403_of_another_service_stops_that_one_and_the_feeds_go_on(
    tmp_path: Path, kind: str, days: int
) -> None:
    async with _place(tmp_path) as place:
        place.answers = [_says(403), FINE]
        await _fails(place.client(), kind)
        await KINDS["rss"](place.client())
        assert isinstance(place.clock, SimulatedClock)
        place.clock.set(START + timedelta(days=days) - MINUTE)
        assert not (await _fails(place.client(), kind)).asked
        place.clock.set(START + timedelta(days=days))
        await KINDS[kind](place.client())
        assert len(place.log) == 3


async def test_no_answer_at_all_says_nothing_about_throttling(tmp_path: Path) -> None:
    async with _place(tmp_path) as place:
        place.answers = [_says(429)]
        await _fails(place.client())
        place.base = "http://127.0.0.1:1"
        assert (await _fails(place.client())).status is None
        assert place.limits.record_throttling(Service.FEEDS, START + 9 * MINUTE, "429") == START


async def test_a_clock_that_was_wrong_does_not_hold_the_limits_for_ever(tmp_path: Path) -> None:
    async with _place(tmp_path) as place:
        place.answers = [FINE]
        asking, wrong = place.client(), START + timedelta(days=400)
        place.limits.record_refusal(Service.FEEDS, wrong, wrong + timedelta(days=1), "403")
        place.limits.hold_until(Service.FEEDS, wrong)
        place.limits.release(wrong)
        assert await KINDS["rss"](asking) == b"<fine/>"
        assert place.log[0].at == START + timedelta(seconds=3)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_oversized_answer_is_given_up_whatever_its_kind(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "LARGEST_BODY", 1_000_000)
    packed = gzip.compress(b" " * 50_000_000, 1)
    async with _place(tmp_path) as place:
        place.answers = [lambda: web.Response(body=packed, headers={"Content-Encoding": "gzip"})]
        assert "more than 1 MB" in (await _fails(place.client(), kind)).reason


async def test_a_hanging_server_is_given_up_whatever_its_kind(tmp_path: Path) -> None:
    async with _place(tmp_path) as place:
        place.answers, place.seconds = [FINE], 60
        assert "no whole answer" in (await _fails(place.client(timeout=0.1), "oai")).reason


@pytest.mark.parametrize(
    ("lasted", "draw", "seconds"),
    [(0, 0, 60), (-5, 0, 60), (60, 0, 60), (120, 0, 120), (120, 1, 132), (90_000, 0.5, 3780)],
)
def test_a_pause_is_as_long_as_the_throttling_and_a_little_more(lasted: float, draw: float, seconds: float) -> None:
    assert backoff(lasted, draw) == pytest.approx(seconds)
