from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.channels.buttons import Wish
from bot.members.mailbox import mailbox_key
from bot.model import Message
from bot.store.feedback import Opinion
from bot.store.outbox import DigestPaper, RenderedDigest
from bot.store.outbox.policy import Lane
from tests.members.conftest import of_yaml
from tests.members.driver import NOW
from tests.web.conftest import BOB, feedback_path, opened

if TYPE_CHECKING:
    from bot.store import Store
    from tests.web.conftest import Pages


def link(wish: Wish = Wish.MORE, identifier: str = "2604.00001") -> str:
    return feedback_path(BOB, wish, identifier)


def known(pages: Pages) -> Opinion | None:
    person = pages.readers.keys.person("mail", mailbox_key(BOB))
    with pages.readers.store.snapshot() as view:
        found = view.feedback.get("seminar", person, "2604.00001")
    return None if found is None else found.opinion


async def test_the_page_names_the_paper_and_a_click_says_what_the_link_is_for(pages: Pages) -> None:
    page = await pages.get(link())
    assert "Pigeons Read Maps" in page.said
    assert known(pages) is None
    answer = await pages.post(link())
    assert (known(pages), "Noted: More like this." in answer.said) == (Opinion.MORE, True)


async def test_the_topic_in_whose_section_the_paper_stood_last_is_kept(pages: Pages) -> None:
    for topic in ("maps", "birds"):
        shown = DigestPaper("2604.00001", 0, topic, shown=True)
        digest = RenderedDigest("mail", topic, (Message({"subject": topic}),), (shown,))
        with pages.readers.store.transaction() as transaction:
            transaction.enqueue(digest, Lane("seminar", "someone"), NOW)
    await pages.post(link())
    await pages.post(link(identifier="2604.00002"))
    with pages.readers.store.snapshot() as view:
        records = view.feedback.of_subscriber("seminar")
    assert {record.identifier: record.topic for record in records} == {"2604.00001": "birds", "2604.00002": None}


async def test_feedback_counts_for_the_reader_s_own_subscription_too(pages: Pages) -> None:
    await pages.subscribed(BOB)
    own = pages.member(BOB)
    assert own is not None
    for expected in ({"seminar", own.key}, set()):
        with pages.readers.store.snapshot() as view:
            persons = pages.readers.keys.person("mail", mailbox_key(BOB))
            before = view.feedback.of_persons(persons)
        await pages.post(link(), *((("say", "none"),) if before else ()))
        with pages.readers.store.snapshot() as view:
            assert {record.subscriber for record in view.feedback.of_persons(persons)} == expected


@pytest.mark.parametrize(
    "query", ["", "?more=", "?why=2604.00001", "?2604.00001", "?more=../..", "?say=more&more=x&more=2604.00001"]
)
async def test_a_link_that_lost_its_paper_says_so_and_stores_nothing(pages: Pages, query: str) -> None:
    path = link().partition("?")[0] + query
    for answer in (await pages.get(path), await pages.post(path)):
        assert answer.status == 404
        assert "A link may have lost its end on the way" in answer.said
    with pages.readers.store.snapshot() as view:
        assert view.feedback.of_subscriber("seminar") == ()


async def test_the_last_word_counts_and_the_same_again_changes_nothing(pages: Pages) -> None:
    for said in ("more", "more", "saved", "saved", "less"):
        await pages.post(link(), ("say", said))
        assert known(pages) == said
    await pages.post(link(Wish.LESS))
    assert known(pages) is Opinion.LESS


async def test_it_is_taken_back_by_its_button_and_only_once(pages: Pages) -> None:
    await pages.post(link(Wish.SAVED))
    for _ in range(2):
        answer = await pages.post(link(), ("say", "none"))
        assert (known(pages), "Taken back." in answer.said) == (None, True)


@pytest.mark.parametrize("said", ["", "MORE", "\x00", "unknown"])
async def test_a_word_that_is_none_means_the_link_s_own(pages: Pages, said: str) -> None:
    await pages.post(link(Wish.LESS), ("say", said))
    assert known(pages) is Opinion.LESS


async def test_a_paper_that_is_not_stored_has_its_number(pages: Pages) -> None:
    assert "arXiv:1912.99999" in (await pages.get(link(identifier="1912.99999"))).said


async def test_who_was_subscribed_once_is_told_so_and_nothing_is_stored(pages: Pages) -> None:
    for path in (feedback_path("fay@example.edu"), feedback_path(subscriber="alice")):
        for answer in (await pages.get(path), await pages.post(path)):
            assert "There is no such subscription any more." in answer.said
    with pages.readers.store.snapshot() as view:
        assert [view.feedback.of_subscriber(name) for name in ("seminar", "alice")] == [(), ()]


async def test_a_link_of_before_a_subscriber_was_renamed_counts_for_it_under_its_new_name(store: Store) -> None:
    renamed = replace(of_yaml("journal", BOB), was="seminar")
    async with opened(store, subscribers={"journal": renamed}) as pages:
        await pages.post(feedback_path(subscriber="seminar"))
        with pages.readers.store.snapshot() as view:
            assert [record.identifier for record in view.feedback.of_subscriber("journal")] == ["2604.00001"]
