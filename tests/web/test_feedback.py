from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from bot.members.links import FeedbackLink, feedback_url
from bot.members.mailbox import mailbox_key
from bot.store.feedback import Opinion
from tests.members.driver import DORA

if TYPE_CHECKING:
    from tests.web.conftest import Pages


def link(pages: Pages, opinion: Opinion = Opinion.MORE, identifier: str = "2604.00001") -> str:
    return urlsplit(feedback_url(pages.served.web, FeedbackLink(mailbox_key(DORA), "lab", identifier, opinion))).path


def known(pages: Pages) -> Opinion | None:
    person = pages.readers.keys.person("mail", mailbox_key(DORA))
    with pages.readers.store.snapshot() as view:
        found = view.feedback.get("lab", person, "2604.00001")
    return None if found is None else found.opinion


async def test_the_page_names_the_paper_and_a_click_says_what_the_link_is_for(pages: Pages) -> None:
    page = await pages.get(link(pages))
    assert "Pigeons Read Maps" in page.said
    assert known(pages) is None
    answer = await pages.post(link(pages))
    assert (known(pages), "Noted: More like this." in answer.said) == (Opinion.MORE, True)


async def test_the_topic_in_whose_section_the_paper_stood_is_kept(pages: Pages) -> None:
    named = FeedbackLink(mailbox_key(DORA), "lab", "2604.00001", Opinion.MORE, "birds")
    await pages.post(urlsplit(feedback_url(pages.served.web, named)).path)
    with pages.readers.store.snapshot() as view:
        (record,) = view.feedback.of_subscriber("lab")
    assert record.topic == "birds"


async def test_the_last_word_counts_and_the_same_again_changes_nothing(pages: Pages) -> None:
    for said in ("more", "more", "saved", "saved", "less"):
        await pages.post(link(pages), ("say", said))
        assert known(pages) == said
    await pages.post(link(pages, Opinion.LESS))
    assert known(pages) is Opinion.LESS


async def test_it_is_taken_back_by_its_button_and_only_once(pages: Pages) -> None:
    await pages.post(link(pages, Opinion.SAVED))
    for _ in range(2):
        answer = await pages.post(link(pages), ("say", "none"))
        assert (known(pages), "Taken back." in answer.said) == (None, True)


@pytest.mark.parametrize("said", ["", "MORE", "\x00", "unknown"])
async def test_a_word_that_is_none_means_the_link_s_own(pages: Pages, said: str) -> None:
    await pages.post(link(pages, Opinion.LESS), ("say", said))
    assert known(pages) is Opinion.LESS


async def test_a_paper_that_is_not_stored_has_its_number(pages: Pages) -> None:
    assert "arXiv:1912.99999" in (await pages.get(link(pages, identifier="1912.99999"))).said
