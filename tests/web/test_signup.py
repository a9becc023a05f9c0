from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.members.commands import complained, unsubscribe
from bot.members.mailbox import mailbox_key
from bot.model import Topic
from bot.store.suppressions import SuppressionReason, Via
from tests.members.conftest import WEB
from tests.members.driver import DORA, NOW
from tests.web.conftest import opened

if TYPE_CHECKING:
    from bot.store import Store
    from tests.web.conftest import Pages


async def test_the_form_offers_what_may_be_followed_and_nothing_else(pages: Pages) -> None:
    answer = await pages.get("/")
    assert answer.status == 200
    assert ("Birds" in answer.said, "Light" in answer.said, "Hidden" in answer.said) == (True, True, False)
    assert 'value="Europe/Berlin"' in answer.text


async def test_signing_up_sends_one_mail_and_the_reader_s_own_yes_makes_the_subscriber(pages: Pages) -> None:
    answer = await pages.post("/", ("address", DORA), ("topic", "birds"), ("zone", "Asia/Tokyo"))
    assert (answer.status, pages.mails(), len(pages.woken)) == (200, ["confirm"], 1)
    member = pages.member()
    assert member
    assert (member.confirmed_at, member.timezone) == (None, "Asia/Tokyo")

    question = await pages.get(pages.confirm())
    assert (question.status, "Birds" in question.said) == (200, True)
    answer = await pages.post(pages.confirm())
    assert (answer.status, len(pages.woken)) == (200, 2)
    assert pages.preferences() in answer.text
    member = pages.member()
    assert member
    assert (member.confirmed_at, member.topics) == (NOW, ("birds",))
    assert (await pages.post(pages.confirm())).status == 200  # a second click is no fault


async def test_an_own_topic_is_signed_up_for_with_the_others(pages: Pages) -> None:
    own = (("keywords", "gull\nmap"), ("categories", "cs.CV cs.CL"), ("title", "Maps"))
    await pages.post("/", ("address", DORA), ("topic", "light"), *own)
    member = pages.member()
    assert member
    assert member.asked_topics
    light, maps = member.asked_topics
    assert light == "light"
    assert isinstance(maps, Topic)
    assert (maps.title, maps.keywords, maps.categories) == ("Maps", ("gull", "map"), ("cs.CV", "cs.CL"))


async def test_law_12_the_answer_is_the_same_whoever_s_address_was_typed(store: Store) -> None:
    """New, asked for, subscribed, in the YAML, unsubscribed, declined, complained, and over its limit."""
    answers = set()
    async with opened(store) as pages:
        await pages.post("/", ("address", "asked@example.edu"), ("topic", "birds"))
        for name in ("subscribed", "unsubscribed", "complained"):
            await pages.subscribed(f"{name}@example.edu")
        await pages.post("/", ("address", "declined@example.edu"), ("topic", "birds"))
        for name in ("unsubscribed", "declined"):
            unsubscribe(pages.readers, mailbox_key(f"{name}@example.edu"), Via.PAGE, NOW)
        complained(pages.readers, mailbox_key("complained@example.edu"), NOW)
        pages.clock.set(NOW + timedelta(days=2))
        for name in ("new", "asked", "asked", "subscribed", "alice", "unsubscribed", "declined", "complained"):
            answer = await pages.post("/", ("address", f"{name}@example.edu"), ("topic", "birds"))
            kept = {key: value for key, value in answer.headers.items() if key != "Date"}
            answers.add((answer.status, answer.text, tuple(sorted(kept.items()))))
    assert len(answers) == 1


async def test_law_12_a_form_that_must_tell_nothing_is_answered_after_the_same_time(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("bot.web.answering.asyncio.sleep", sleep)
    await pages.post("/", ("address", DORA), ("topic", "birds"))
    await pages.get("/")
    assert len(waited) == 1


async def test_law_12_nobody_is_mailed_twice_a_day_because_of_a_stranger(pages: Pages) -> None:
    for _ in range(5):
        await pages.post("/", ("address", "victim@example.edu"), ("topic", "birds"))
    assert pages.mails() == ["confirm"]
    pages.clock.set(NOW + timedelta(days=1, minutes=1))
    await pages.post("/", ("address", "VICTIM@example.edu"), ("topic", "birds"))
    assert pages.mails() == ["confirm", "confirm"]


async def test_law_12_one_address_cannot_sign_up_everybody(pages: Pages) -> None:
    """Twenty an hour, then 429 with the time to wait, and nothing more is written."""
    answers = [await pages.post("/", ("address", f"v{n}@example.edu"), ("topic", "birds")) for n in range(22)]
    assert [answer.status for answer in answers] == [200] * 20 + [429] * 2
    assert len(pages.mails()) == 20
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 181
    pages.clock.set(NOW + timedelta(minutes=3, seconds=1))
    assert (await pages.post("/", ("address", "v30@example.edu"), ("topic", "birds"))).status == 200


async def test_law_12_no_word_of_the_form_is_in_the_mail(pages: Pages) -> None:
    spam = ("title", "Buy at https://spam.example")
    await pages.post("/", ("address", DORA), ("keywords", "spam"), ("categories", "cs.CV"), spam)
    (record,) = pages.readers.store.queries.all()
    assert "spam" not in str(pages.readers.store.queries.detail(record.id, texts=True))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ([("address", "nobody"), ("topic", "birds")], "no mail address"),
        ([("address", DORA)], "Choose a topic"),
        ([("address", DORA), ("topic", "hidden")], "no such topic"),
        ([("address", DORA), ("topic", "birds"), ("zone", "Mars/Base")], "no time zone"),
        ([("address", DORA), ("keywords", "x"), ("categories", "cs.CVV")], "did you mean cs.CV"),
        ([("address", "a@example.edu\nBcc: b@example.edu"), ("topic", "birds")], "no mail address"),
    ],
)
async def test_what_is_wrong_is_said_and_what_was_typed_stays(
    pages: Pages, fields: list[tuple[str, str]], why: str
) -> None:
    answer = await pages.post("/", *fields)
    assert (answer.status, why in answer.said) == (422, True), answer.said
    assert '<div class="said bad" role="alert">' in answer.text
    assert pages.mails() == []
    if ("topic", "birds") in fields:
        assert 'value="birds" checked' in answer.text


async def test_only_addresses_of_the_domains_may_sign_up_where_there_are_any(store: Store) -> None:
    async with opened(store, replace(WEB, signup_domains=("example.edu",))) as pages:
        assert "Of example.edu." in (await pages.get("/")).said
        answer = await pages.post("/", ("address", "x@example.net"), ("topic", "birds"))
        assert (answer.status, "certain domains" in answer.said) == (422, True)
        assert (await pages.post("/", ("address", DORA), ("topic", "birds"))).status == 200


async def test_where_nobody_may_sign_up_that_is_said(store: Store) -> None:
    async with opened(store, replace(WEB, signup=())) as pages:
        assert (await pages.get("/")).status == 404
        assert (await pages.post("/", ("address", DORA), ("topic", "birds"))).status == 422
        assert pages.mails() == []


async def test_a_preview_shows_what_the_topic_would_have_brought_day_by_day(pages: Pages) -> None:
    own = (("keywords", "map"), ("categories", "cs.CV"), ("do", "preview"))
    answer = await pages.post("/", ("address", DORA), *own)
    assert "3 of 3 papers" in answer.said  # the abstract of each has the word
    assert "Mon 20 Apr 2026 3 of 3 Gulls Do Not Maps of Light Pigeons Read Maps" in answer.said
    assert (pages.mails(), pages.woken) == ([], [])
    answer = await pages.post("/", ("keywords", "ti:x"), ("query", "ti:light"), ("do", "preview"))
    assert "stands beside" in answer.said
    answer = await pages.post("/", ("query", "ti:light"), ("categories", "cs.CV"), ("do", "preview"))
    assert "1 of 3 papers" in answer.said
    answer = await pages.post("/", ("keywords", "knot"), ("categories", "cs.CL"), ("do", "preview"))
    assert "No mailing of these categories is stored yet" in answer.said


async def test_a_confirmation_is_good_for_48_hours_and_not_after_a_no(pages: Pages) -> None:
    await pages.post("/", ("address", DORA), ("topic", "birds"))
    link = pages.confirm()
    pages.clock.set(NOW + timedelta(hours=48))
    for answer in (await pages.get(link), await pages.post(link)):
        assert (answer.status, "does not work any more" in answer.said) == (404, True)
    assert (await pages.get(pages.confirm("nobody@example.edu"))).status == 404


async def test_who_declines_is_not_subscribed_by_an_old_link(pages: Pages) -> None:
    await pages.post("/", ("address", DORA), ("topic", "birds"))
    await pages.post(pages.unsubscribe())
    assert (await pages.post(pages.confirm())).status == 404
    found = pages.suppression()
    assert found
    assert found.reason is SuppressionReason.DECLINED
