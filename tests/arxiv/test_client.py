from __future__ import annotations

import asyncio
import gzip
import random
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from bot import __version__
from bot.arxiv import http
from bot.arxiv.client import ArxivClient
from bot.clock import SimulatedClock, SystemClock
from bot.errors import FetchError
from bot.model import Service
from bot.settings import ArxivSettings
from bot.store.arxiv_limits import ArxivLimits
from bot.store.database import Database
from bot.store.worker import WorkerId
from tests.servers.arxiv import Answer, ArxivServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.clock import Clock

START = datetime(2026, 4, 20, 4, 20, tzinfo=UTC)


class Steady(random.Random):
    """No jitter, so that pauses can be told."""

    def random(self) -> float:
        return 0.0


class Scene:
    """A stand-in for arXiv and the client that asks it, on one clock."""

    def __init__(self, clock: Clock, limits: ArxivLimits) -> None:
        self.clock = clock
        self.limits = limits
        self.server = ArxivServer(clock)
        self.url = ""
        self._clients: list[ArxivClient] = []

    def client(
        self,
        *,
        url: str = "",
        oai_url: str = "",
        contact: str = "you@loft.example",
        pause: float = 3.0,
        **more: Any,
    ) -> ArxivClient:
        settings = ArxivSettings(
            rss_url=url or self.server.url, oai_url=oai_url or self.server.url, seconds_between_requests=pause
        )
        more = {"jitter": Steady()} | more
        made = ArxivClient(settings, contact=contact, limits=self.limits, clock=self.clock, **more)
        self._clients.append(made)
        return made

    def waits(self) -> float:
        """Seconds from the start until the feeds may be asked again."""
        now = self.clock.now()
        moments = (self.limits.waits_until(Service.FEEDS, now), self.limits.acquire(now, timedelta(seconds=3)))
        return (max(moment for moment in moments if moment) - START).total_seconds()

    async def aclose(self) -> None:
        for made in self._clients:
            await made.aclose()


@asynccontextmanager
async def _scene(clock: Clock | None = None) -> AsyncIterator[Scene]:
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/paperboy.db")
        scene = Scene(clock or SimulatedClock(START), ArxivLimits(database, WorkerId.current()))
        async with scene.server:
            try:
                yield scene
            finally:
                await scene.aclose()
                database.close()


# -- manners ---------------------------------------------------------------------------------------------------------


async def test_a_feed_is_brought_as_it_came() -> None:
    async with _scene() as scene:
        scene.server.feeds["cs.CV"] = b"<rss/>\n\xff"
        assert await scene.client().fetch_rss("cs.CV") == b"<rss/>\n\xff"


async def test_arxiv_is_told_who_asks_and_for_what() -> None:
    async with _scene() as scene:
        scene.server.feeds["cs.CV"] = b"<rss/>"
        await scene.client(contact="you@loft.example\n").fetch_rss("cs.CV")
        (request,) = scene.server.requests
        assert request.user_agent == f"paperboy/{__version__} (you@loft.example)"
        assert request.accept.startswith("application/rss+xml,")


@pytest.mark.parametrize("category", ["cs.CV+cs.CL", "a/../b?c=d#e", "鸽 %2F"])
async def test_a_category_is_quoted_into_the_address(category: str) -> None:
    async with _scene() as scene:
        scene.server.feeds[category] = b"<rss/>"
        assert await scene.client().fetch_rss(category) == b"<rss/>"


async def test_law_8_three_seconds_pass_from_the_end_of_one_answer_to_the_next_request() -> None:
    async with _scene() as scene:
        scene.server.feeds.update({"cs.CV": b"<rss/>", "cs.CL": Answer(status=500), "cs.AI": b"<rss/>"})
        for category in scene.server.feeds:
            with suppress(FetchError):  # a failure counts as any other; a client each, as after a restart
                await scene.client().fetch_rss(category)
        first, second, third = scene.server.requests
        assert first.ended_at
        assert second.ended_at
        assert (second.at - first.ended_at, third.at - second.ended_at) == (timedelta(seconds=3),) * 2


async def test_law_8_one_request_at_a_time() -> None:
    async with _scene(SystemClock()) as scene:
        scene.server.feeds.update({name: Answer(b"<rss/>", delay=0.05) for name in ("a", "b", "c")})
        asking = scene.client(pause=0.02)
        await asyncio.gather(*(asking.fetch_rss(name) for name in scene.server.feeds))
        for before, after in zip(scene.server.requests, scene.server.requests[1:], strict=False):
            assert before.ended_at
            assert after.at - before.ended_at >= timedelta(seconds=0.02)


async def test_a_session_that_was_never_opened_closes() -> None:
    async with _scene() as scene:
        await scene.client().aclose()


async def test_a_proxy_named_by_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with _scene() as scene:
        scene.server.feeds["cs.CV"] = b"<rss/>"
        monkeypatch.setenv("http_proxy", scene.server.url.removesuffix("/rss/{category}"))
        monkeypatch.delenv("no_proxy", raising=False)
        assert await scene.client(url="http://rss.loft.example/rss/{category}").fetch_rss("cs.CV") == b"<rss/>"


# -- the gate --------------------------------------------------------------------------------------------------------


async def test_a_limit_that_holds_is_waited_for() -> None:
    async with _scene() as scene:
        scene.server.feeds["cs.CV"] = b"<rss/>"
        scene.limits.hold_until(Service.FEEDS, START + timedelta(seconds=300))
        await scene.client().fetch_rss("cs.CV")
        assert scene.server.requests[0].at == START + timedelta(seconds=300)


async def test_a_limit_that_opens_beyond_our_longest_wait_is_not_waited_for() -> None:
    async with _scene() as scene:
        scene.limits.hold_until(Service.FEEDS, START + timedelta(minutes=40))
        with pytest.raises(FetchError, match="no request before 2026-04-20 05:00 UTC") as caught:
            await scene.client().fetch_rss("cs.CV")
        assert (caught.value.retry_after, caught.value.asked) == (2400, False)
        assert scene.clock.now() == START
        assert scene.server.requests == []
        assert scene.waits() == 40 * 60


async def test_a_limit_that_another_process_holds_meanwhile_is_waited_for_again() -> None:
    class Closing(SimulatedClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            scene.limits.release(START + timedelta(seconds=4))

    async with _scene(Closing(START)) as scene:
        scene.server.feeds["cs.CV"] = b"<rss/>"
        scene.limits.release(START + timedelta(seconds=2))
        await scene.client().fetch_rss("cs.CV")
        assert scene.server.requests[0].at == START + timedelta(seconds=4)


# -- answers that are none -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "seconds", "words"),
    [
        (304, 3, "304 Not Modified"),
        (400, 3, "400 Bad Request"),
        (403, 86_400, "403 Forbidden"),
        (404, 3, "404 Not Found"),
        (406, 60, "406 Not Acceptable"),
        (429, 60, "429 Too Many Requests"),
        (500, 3, "500 Internal Server Error"),
        (503, 60, "503 Service Unavailable"),
        (520, 3, "520"),
    ],
)
async def test_another_status_than_200_holds_the_limit(status: int, seconds: float, words: str) -> None:
    async with _scene() as scene:
        scene.server.feeds["cs.CV"] = Answer(b"<rss/>" if status != 304 else b"", status)
        with pytest.raises(FetchError) as caught:
            await scene.client().fetch_rss("cs.CV")
        assert (caught.value.status, caught.value.retry_after) == (status, None)
        assert caught.value.reason == f"127.0.0.1 answered {words}"
        assert scene.waits() == seconds


async def test_an_unknown_category_is_no_weekend() -> None:
    async with _scene() as scene:
        with pytest.raises(FetchError) as caught:
            await scene.client().fetch_rss("cs.XX")
        assert caught.value.status == 400


async def test_rate_exceeded_under_status_200_is_throttling() -> None:
    async with _scene() as scene:
        scene.server.feeds["cs.CV"] = b"Rate exceeded.\n"
        with pytest.raises(FetchError, match="Rate exceeded") as caught:
            await scene.client().fetch_rss("cs.CV")
        assert caught.value.status == 429
        assert scene.waits() == 60


@pytest.mark.parametrize(("status", "header", "seconds"), [(429, "120", 120), (503, "1", 3), (500, "7", 7)])
async def test_a_retry_after_is_kept(status: int, header: str, seconds: float) -> None:
    async with _scene() as scene:
        scene.server.feeds["cs.CV"] = Answer(status=status, headers={"Retry-After": header})
        with pytest.raises(FetchError) as caught:
            await scene.client().fetch_rss("cs.CV")
        assert caught.value.retry_after == float(header)
        assert scene.waits() == seconds


async def test_a_body_cut_off_is_no_answer() -> None:
    async with _scene() as scene:
        scene.server.feeds["cs.CV"] = Answer(b"<rss>" * 1000, cut=True)
        with pytest.raises(FetchError, match=r"the answer of 127\.0\.0\.1 broke off"):
            await scene.client().fetch_rss("cs.CV")
        assert scene.waits() == 3


async def test_a_silent_server_is_given_up() -> None:
    async with _scene() as scene:
        scene.server.feeds["cs.CV"] = Answer(b"<rss/>", delay=60)
        with pytest.raises(FetchError, match=r"no whole answer from 127\.0\.0\.1 within 0\.2 s"):
            await scene.client(timeout=0.2).fetch_rss("cs.CV")
        assert scene.waits() == 3


async def test_a_cancelled_request_counts_as_one() -> None:
    async with _scene() as scene:
        scene.server.feeds["cs.CV"] = Answer(b"<rss/>", delay=60)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(scene.client().fetch_rss("cs.CV"), 0.2)
        assert scene.waits() == 3


@pytest.mark.parametrize("packed", [False, True])
async def test_an_oversized_body_is_given_up(packed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    body = b" " * (http.LARGEST_BODY + 1)
    answer = Answer(gzip.compress(body, 1), headers={"Content-Encoding": "gzip"}) if packed else Answer(body)
    async with _scene() as scene:
        scene.server.feeds["cs.CV"] = answer
        with pytest.raises(FetchError, match="more than 20 MB"):
            await scene.client().fetch_rss("cs.CV")


async def test_a_server_that_is_not_there_is_named() -> None:
    async with _scene() as scene:
        url = scene.server.url
    async with _scene() as scene:
        with pytest.raises(FetchError, match=r"cannot connect to 127\.0\.0\.1"):
            await scene.client(url=url).fetch_rss("cs.CV")
        assert scene.waits() == 3


async def test_after_three_failures_to_reach_a_service_it_is_not_tried_again_and_others_are() -> None:
    async with _scene() as scene:
        url = scene.server.url
    async with _scene() as scene:
        scene.server.feeds["oai"] = b"<oai/>"
        oai_url = scene.server.url.replace("{category}", "oai")
        asking = scene.client(url=url, oai_url=oai_url)
        started = scene.clock.now()
        for category in ("a", "b", "c"):
            with pytest.raises(FetchError, match="cannot connect to"):
                await asking.fetch_rss(category)
        reached = scene.clock.now()
        for category in ("d", "e"):
            with pytest.raises(FetchError) as caught:
                await asking.fetch_rss(category)
            assert caught.value.reason == "127.0.0.1 was not reached 3 times and is not tried again for now"
            assert caught.value.asked
        assert scene.clock.now() == reached <= started + timedelta(seconds=9)
        assert await asking.fetch_oai({"verb": "x"}) == b"<oai/>"


async def test_a_service_that_answers_between_two_failures_is_tried_on() -> None:
    async with _scene() as scene:
        scene.server.feeds.update({"good": b"<rss/>", "slow": Answer(b"<rss/>", delay=60)})
        asking = scene.client(timeout=0.1)
        for category in ("slow", "slow", "good", "slow", "slow", "good"):
            with suppress(FetchError):
                await asking.fetch_rss(category)
        assert [request.category for request in scene.server.requests].count("good") == 2


@pytest.mark.parametrize("seconds", [1e9, 1e308, float("inf")])
async def test_no_answer_holds_a_service_for_longer_than_a_day(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr(http, "retry_after", lambda *_: seconds)
    async with _scene() as scene:
        scene.server.feeds["cs.CV"] = Answer(status=503)
        with pytest.raises(FetchError):
            await scene.client().fetch_rss("cs.CV")
        assert scene.waits() == 86_400


async def test_all_waiting_of_a_client_together_is_never_longer_than_it_is_allowed_whatever_the_clock_does() -> None:
    class StandingStill(SimulatedClock):
        slept = 0.0

        async def sleep(self, seconds: float) -> None:
            self.slept += seconds  # and no time passes, as when the clock is set back meanwhile

    clock = StandingStill(START)
    async with _scene(clock) as scene:
        scene.limits.hold_until(Service.FEEDS, START + timedelta(seconds=100))
        with pytest.raises(FetchError, match="no request before"):
            await scene.client(max_wait=250).fetch_rss("cs.CV")
        assert clock.slept == 200


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", "127.0.0.1 closed the connection without an answer"),
        (b"+OK this is no web server\r\n\r\n", "no answer from 127.0.0.1: ClientResponseError"),
    ],
)
async def test_a_server_that_speaks_no_http_is_named_and_the_address_is_not_shown(said: bytes, reason: str) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        writer.close()

    async with _scene() as scene, await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(FetchError) as caught:
            await scene.client(url=f"http://me:hush@127.0.0.1:{port}/{{category}}?key=hush").fetch_rss("cs.CV")
        assert caught.value.reason == reason


# -- redirects -------------------------------------------------------------------------------------------------------


async def test_a_redirect_on_the_same_host_is_followed_at_the_same_pace() -> None:
    async with _scene() as scene:
        scene.server.feeds["cs.NA"] = Answer(status=301, headers={"Location": "/rss/math.NA"})
        scene.server.feeds["math.NA"] = b"<rss/>"
        assert await scene.client().fetch_rss("cs.NA") == b"<rss/>"
        first, second = scene.server.requests
        assert second.at - first.at == timedelta(seconds=3)


@pytest.mark.parametrize(
    "location", ["http://localhost:1/rss/cs.CV", "ftp://127.0.0.1/", "http://[", "", "file:///a"]
)
async def test_a_redirect_elsewhere_is_not_followed(location: str) -> None:
    async with _scene() as scene:
        scene.server.feeds["cs.CV"] = Answer(status=302, headers={"Location": location})
        with pytest.raises(FetchError, match=r"127\.0\.0\.1 redirects to where we do not follow: "):
            await scene.client().fetch_rss("cs.CV")


async def test_a_circle_of_redirects_is_left() -> None:
    async with _scene() as scene:
        scene.server.feeds["cs.CV"] = Answer(status=307, headers={"Location": "cs.CV"})
        with pytest.raises(FetchError, match="more than 5 redirects"):
            await scene.client().fetch_rss("cs.CV")
        assert len(scene.server.requests) == 6
