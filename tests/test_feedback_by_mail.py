"""Feedback by mail, the whole way: a mail's link, the page that changes nothing, its button, and what is learned."""

from __future__ import annotations

import email
import email.policy
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.channels.mail.mime import texts
from bot.compose.learned import LearnedOrder
from bot.compose.votes import Votes
from bot.members.context import Context
from bot.members.store_thread import StoreThreads
from bot.text.templates import Templates
from bot.web.app import make_app
from bot.web.served import Served
from tests.builders import paper
from tests.members.conftest import PlainMails
from tests.servers.smtp import DROP
from tests.world import TUESDAY, Environment, morning

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.app import App
    from tests.servers.smtp import ReceivedMail

URL = "https://papers.example.org"
LINK = re.compile(rf'<a [^>]*href="({URL}/feedback/[^"]*)"[^>]*>([^<]*)</a>')


@pytest.fixture
def mailed(environment: Environment) -> Environment:
    """Two readers of one subscriber, who get ten papers in one topic."""
    environment.config["web"] = {"url": URL, "secret": "coo" * 20}
    environment.config["topics"] = {"birds": {"title": "Birds", "categories": ["cs.CV"], "order": "learned"}}
    seminar = {"mail": ["ada@example.org", "bo@example.org"], "topics": ["birds"]}
    environment.config["subscribers"] = {"seminar": seminar}
    environment.announce(TUESDAY, *(paper(f"2604.{n:05d}", title=f"Pigeon {n}") for n in range(1, 11)))
    return environment


@asynccontextmanager
async def pages(environment: Environment, app: App) -> AsyncIterator[TestClient[Any, Any]]:
    readers = Context.opened(app.store, environment.settings, PlainMails())
    served = Served.make(readers, Templates(), environment.clock, lambda: None, StoreThreads("web"))
    async with TestClient(TestServer(make_app(lambda: served, even_seconds=0.0))) as client:
        yield client
    served.threads.close()


def links_of(mail: ReceivedMail, identifier: str) -> dict[str, str]:
    """The feedback links of a paper in the mail's HTML, path and query by label."""
    html = email.message_from_bytes(mail.data, policy=email.policy.default).get_body(("html",))
    assert html is not None
    found = LINK.findall(html.get_content().replace("&amp;", "&"))
    return {label: link.removeprefix(URL) for link, label in found if link.endswith(f"={identifier}")}


def votes(environment: Environment, app: App) -> Votes:
    settings = environment.settings
    order = LearnedOrder(app.store, settings)
    return order.votes(settings.subscribers["seminar"], settings.topics["birds"])


async def test_a_link_in_a_mail_is_a_page_whose_button_teaches_the_topic(mailed: Environment) -> None:
    await mailed.once(morning(TUESDAY))
    ada, bo = mailed.mail.messages
    async with mailed.app() as app, pages(mailed, app) as client:
        links = links_of(ada, "2604.00003")
        assert list(links) == ["More like this", "Less like this", "Save"]
        for link in links.values():
            async with client.get(link) as answer:
                assert "Pigeon 3" in await answer.text()
        assert votes(mailed, app) == Votes()

        async with client.post(links["More like this"]) as answer:
            assert "Noted: More like this." in await answer.text()
        assert votes(mailed, app) == Votes(likes=("2604.00003",))
        async with client.post(links_of(bo, "2604.00004")["Less like this"]):
            assert votes(mailed, app) == Votes(("2604.00003",), ("2604.00004",))
        async with client.post(links_of(bo, "2604.00003")["Less like this"]):  # another person: one for, one against
            assert votes(mailed, app) == Votes((), ("2604.00004",))
        with app.store.snapshot() as view:
            said = view.feedback.of_subscriber("seminar")
        assert {record.topic for record in said} == {"birds"}
        assert len({record.person for record in said}) == 2


async def test_the_text_part_has_one_link_for_each_paper_to_the_same_page(mailed: Environment) -> None:
    await mailed.once(morning(TUESDAY))
    mail = mailed.mail.messages[0]
    plain = texts(mail.data.decode())["plain"]
    found = re.findall(rf"More, less, save\s+({URL}/feedback/\S+)", plain)
    assert [link.removeprefix(URL) for link in found] == [
        links_of(mail, f"2604.{n:05d}")["More like this"] for n in range(1, 11)
    ]


async def test_a_mail_that_is_sent_again_is_the_same_whatever_was_said_in_between(mailed: Environment) -> None:
    mailed.mail.script["."].extend([DROP] * 2)  # taken, and the answer is lost
    await mailed.once(morning(TUESDAY))
    first = list(mailed.mail.messages)
    async with mailed.app() as app, pages(mailed, app) as client:
        for number in (3, 4, 5):
            async with client.post(links_of(first[0], f"2604.{number:05d}")["More like this"]) as answer:
                assert answer.status == 200
        assert len(votes(mailed, app).likes) == 3
    await mailed.once(morning(TUESDAY, 12))
    again = mailed.mail.messages[2:]
    assert sorted((mail.rcpt, mail.data) for mail in again) == sorted((mail.rcpt, mail.data) for mail in first)


@pytest.mark.parametrize("without", ["web", "buttons"])
async def test_without_pages_or_where_they_are_not_wanted_there_are_no_such_links(
    mailed: Environment, without: str
) -> None:
    if without == "web":
        del mailed.config["web"]
    else:
        mailed.config["subscribers"]["seminar"]["buttons"] = False
    await mailed.once(morning(TUESDAY))
    assert not any(b"feedback" in mail.data or b"More, less" in mail.data for mail in mailed.mail.messages)


async def test_where_the_pages_are_taken_away_before_it_is_sent_a_link_leads_nowhere_of_ours(
    mailed: Environment,
) -> None:
    mailed.mail.script["."].extend(["451 4.3.0 try later"] * 2)
    await mailed.once(morning(TUESDAY))
    del mailed.config["web"]
    await mailed.once(morning(TUESDAY, 12))
    assert len(mailed.mail.messages) == 2
    for mail in mailed.mail.messages:
        shown = "".join(texts(mail.data.decode()).values())
        assert ".invalid" not in shown
        assert urlsplit(URL).netloc not in shown
        assert "https://arxiv.org/?more=2604.00003" in shown
