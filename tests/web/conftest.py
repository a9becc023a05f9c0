"""The pages on loopback over a fresh store: two topics to follow, three papers, and a clock that stands still."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from aiohttp import CookieJar
from aiohttp.test_utils import TestClient, TestServer

from bot.channels.buttons import Wish, as_query
from bot.clock import SimulatedClock
from bot.members.commands import subscribe
from bot.members.context import Context
from bot.members.links import (
    Purpose,
    confirm_url,
    feedback_url,
    preferences_url,
    unsubscribe_url,
    verify,
)
from bot.members.mailbox import mailbox_key
from bot.members.store_thread import StoreThreads
from bot.model import AnnounceType, FeedItem, Mailing, MailingState
from bot.store import Store
from bot.store.papers import Verdict
from bot.text.templates import Templates
from bot.web.app import ROUTES, make_app
from bot.web.forms import Form
from bot.web.page import Page, PageRequest
from bot.web.served import Served
from bot.web.server import HANDLING
from tests.builders import paper
from tests.members.conftest import WEB, PlainMails, settings
from tests.members.driver import DORA, NOW

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from pathlib import Path

    from bot.settings import Settings, WebSettings
    from bot.store.members import Member
    from bot.store.suppressions import Suppression

MONDAY = date(2026, 4, 20)
BOB = "bob@example.edu"
"""In the YAML, one of the seminar's mailboxes."""
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """SQLite alone: what commands do on PostgreSQL is shown where they are tested."""
    store = Store(f"sqlite:///{tmp_path / 'paperboy.db'}")
    fill(store)
    yield store
    store.close()


def fill(store: Store) -> None:
    """Three papers of Monday."""
    entries = tuple(
        FeedItem(paper(f"2604.0000{n}", title=title), AnnounceType.NEW)
        for n, title in enumerate(("Pigeons Read Maps", "Maps of Light", "Gulls Do Not"), start=1)
    )
    store.papers.record(Mailing("cs.CV", MONDAY, entries), Verdict(MailingState.COMPLETE, "whole"), NOW)


@dataclass
class Pages:
    """What is served, and a client that keeps no cookie."""

    served: Served
    client: TestClient[Any, Any] = field(repr=False)
    woken: list[int]

    @property
    def readers(self) -> Context:
        return self.served.readers

    @property
    def clock(self) -> SimulatedClock:
        assert isinstance(self.served.clock, SimulatedClock)
        return self.served.clock

    async def get(self, path: str, **rest: Any) -> Answer:
        return await self.ask("GET", path, **rest)

    async def post(self, path: str, *fields: tuple[str, str], **rest: Any) -> Answer:
        return await self.ask("POST", path, **({"data": list(fields)} if fields else {}), **rest)

    async def ask(self, method: str, path: str, **rest: Any) -> Answer:
        async with self.client.request(method, path, allow_redirects=False, **rest) as answer:
            assert "Set-Cookie" not in answer.headers
            return Answer(answer.status, await answer.text(), answer.headers)

    # -- links -----------------------------------------------------------------------------------------------------

    def confirm(self, address: str = DORA) -> str:
        return urlsplit(confirm_url(self.served.web, mailbox_key(address), self.clock.now())).path

    def preferences(self, address: str = DORA) -> str:
        return urlsplit(preferences_url(self.served.web, mailbox_key(address))).path

    def unsubscribe(self, address: str = DORA) -> str:
        return urlsplit(unsubscribe_url(self.served.web, mailbox_key(address))).path

    # -- what became of it -----------------------------------------------------------------------------------------

    def member(self, address: str = DORA) -> Member | None:
        with self.readers.store.snapshot() as view:
            return view.members.of_mailbox(mailbox_key(address))

    def suppression(self, address: str = DORA) -> Suppression | None:
        with self.readers.store.snapshot() as view:
            return view.suppressions.find(self.readers.keys.suppression(mailbox_key(address)))

    def mails(self) -> list[str]:
        return [record.title for record in self.readers.store.queries.all()]

    async def subscribed(self, address: str = DORA, *fields: tuple[str, str]) -> None:
        """Somebody signs up and says yes."""
        await self.post("/", ("address", address), *(fields or (("topic", "birds"),)))
        assert (await self.post(self.confirm(address))).status == 200


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def said(self) -> str:
        """The page's words, without its markup."""
        return re.sub(r" ([,.])", r"\1", " ".join(re.sub(r"<[^>]+>", " ", self.text).split()))


def feedback_path(
    address: str = BOB, wish: Wish = Wish.SAVED, identifier: str = "2604.00001", subscriber: str = "seminar"
) -> str:
    """A feedback link's path and query."""
    link = feedback_url(WEB, mailbox_key(address), subscriber)
    return f"{urlsplit(link).path}?{as_query(wish, identifier)}"


def links_of(pages: Pages, address: str = DORA) -> dict[str, str]:
    """A path of every route, with a token that is good there, by the route's first word."""
    of_purpose = {
        Purpose.CONFIRM: pages.confirm(address),
        Purpose.PREFERENCES: pages.preferences(address),
        Purpose.UNSUBSCRIBE: pages.unsubscribe(address),
        Purpose.FEEDBACK: feedback_path(),
    }
    paths = {}
    for route in ROUTES:
        token = of_purpose[route.purpose].rpartition("/")[2] if route.purpose else ""
        paths[route.path.split("/")[1]] = route.path.partition("{")[0] + token
    return paths


def served_over(store: Store, clock: SimulatedClock, web: WebSettings = WEB, **rest: Any) -> tuple[Served, list[int]]:
    """The pages over a store, and how often they woke the verbs."""
    woken: list[int] = []
    configured: Settings = replace(settings(web), **rest)
    readers = Context.opened(store, configured, PlainMails())
    templates = Templates(configured.templates)
    return Served.make(readers, templates, clock, lambda: woken.append(1), StoreThreads("web")), woken


@asynccontextmanager
async def opened(
    store: Store, web: WebSettings = WEB, *, longest_wait_seconds: float = 0.2, **rest: Any
) -> AsyncIterator[Pages]:
    served, woken = served_over(store, SimulatedClock(NOW), web, **rest)
    app = make_app(lambda: served, even_seconds=0.0, longest_wait_seconds=longest_wait_seconds)
    server = TestServer(app)
    await server.start_server(**HANDLING)
    async with TestClient(server, cookie_jar=CookieJar()) as client:
        yield Pages(served, client, woken)
    served.threads.close()


@pytest.fixture
async def pages(store: Store) -> AsyncIterator[Pages]:
    async with opened(store) as pages:
        yield pages


def render_every_page(store: Store, templates: Templates) -> None:
    """Each page function once, through these templates."""
    readers = Context.opened(store, settings(), PlainMails())
    served = Served.make(readers, templates, SimulatedClock(NOW), lambda: None, StoreThreads("web"))
    mailbox, query = bytes.fromhex(mailbox_key(DORA)), {"saved": "2604.00001"}
    word = feedback_url(WEB, mailbox_key(BOB), "seminar").rpartition("/")[2]
    spoken = verify(WEB.secret, Purpose.FEEDBACK, word, NOW) or b""
    subscribe(readers, DORA, ["birds"], "UTC", NOW)
    for route in ROUTES:
        payload = spoken if route.purpose is Purpose.FEEDBACK else mailbox
        for function in (route.get, route.post, route.unknown):
            form = Form((("do", "resume"), ("address", DORA), ("topic", "birds")))
            request = PageRequest(readers, NOW, "token", payload, query, form, is_post=function is not route.get)
            page = function(request) if function else None
            if isinstance(page, Page):
                served.render(page, root="")
