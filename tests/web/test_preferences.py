from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, time
from typing import TYPE_CHECKING

import pytest

from bot.members.commands import feedback
from bot.members.mailbox import mailbox_key
from bot.model import Topic
from bot.store.feedback import Opinion
from tests.members.conftest import WEB, topic
from tests.members.driver import DORA, NOW
from tests.web.conftest import feedback_path, opened

if TYPE_CHECKING:
    from bot.store import Store
    from bot.store.members import Member
    from tests.web.conftest import Answer, Pages

OWN = (("do", "topic"), ("title", "Maps"), ("keywords", "map\ngull"), ("categories", "cs.CV"))


@pytest.fixture
async def dora(pages: Pages) -> Pages:
    """The pages, where Dora follows birds."""
    await pages.subscribed()
    pages.woken.clear()
    return pages


def member(pages: Pages) -> Member:
    found = pages.member()
    assert found
    return found


async def send(pages: Pages, *fields: tuple[str, str], status: int = 200) -> Answer:
    answer = await pages.post(pages.preferences(), *fields)
    assert answer.status == status, answer.said
    return answer


async def test_the_page_shows_everything_and_the_address_only_as_its_reader_knows_it(dora: Pages) -> None:
    answer = await dora.get(dora.preferences())
    assert answer.status == 200
    assert "Mail to D…@example.edu" in answer.said
    assert DORA.lower() not in answer.text.lower()
    for heading in ("Topics", "Topics of your own", "Muted words", "When", "Pause", "Your data"):
        assert f">{heading}</h2>" in answer.text


async def test_topics_are_followed_and_unfollowed(dora: Pages) -> None:
    answer = await send(dora, ("do", "topics"), ("topic", "light"))
    assert member(dora).topics == ("light",)
    assert 'value="light" checked' in answer.text
    assert "Saved." in answer.said
    assert len(dora.woken) == 1
    await send(dora, ("do", "topics"), ("topic", "light"))
    assert len(dora.woken) == 1  # nothing changed, nobody is woken
    await send(dora, ("do", "topics"))
    assert member(dora).topics == ()


async def test_an_own_topic_is_added_changed_and_removed(dora: Pages) -> None:
    await send(dora, *OWN)
    _, maps = member(dora).topics
    assert isinstance(maps, Topic)
    assert (maps.title, maps.keywords, maps.categories) == ("Maps", ("map", "gull"), ("cs.CV",))
    page = await dora.get(dora.preferences())
    assert "map\ngull\n</textarea>" in page.text

    await send(dora, ("do", "topic"), ("name", maps.name), ("keywords", "atlas"), ("categories", "cs.CV,cs.CL"))
    _, atlas = member(dora).topics
    assert isinstance(atlas, Topic)
    assert (atlas.name, atlas.title, atlas.keywords) == (maps.name, "atlas", ("atlas",))
    await send(dora, ("do", "remove"), ("name", maps.name))
    assert member(dora).topics == ("birds",)


async def test_a_topic_that_cannot_be_used_is_said_and_stays_as_it_was_typed(dora: Pages) -> None:
    answer = await send(dora, ("do", "topic"), ("query", "ti:(a"), ("categories", "cs.CV"), status=422)
    assert 'value="ti:(a"' in answer.text
    assert "Query:" in answer.said
    assert member(dora).topics == ("birds",)


async def test_a_preview_leaves_out_what_is_muted_and_stores_nothing(dora: Pages) -> None:
    own = (("do", "preview"), ("keywords", "map"), ("categories", "cs.CV"))
    assert "3 of 3 papers in the last 14 days" in (await send(dora, *own)).said
    await send(dora, ("do", "muted"), ("muted", "gulls"))
    dora.woken.clear()
    assert "2 of 3 papers in the last 14 days" in (await send(dora, *own)).said
    assert (member(dora).topics, dora.woken) == (("birds",), [])


async def test_muted_words_are_those_that_stand_in_the_form(dora: Pages) -> None:
    await send(dora, ("do", "muted"), ("muted", "penguin\r\n\r\nowl\r\n"))
    assert member(dora).muted == ("penguin", "owl")
    await send(dora, ("do", "muted"), ("muted", "owl\nfox"))
    assert member(dora).muted == ("owl", "fox")
    await send(dora, ("do", "muted"), ("muted", ""))
    assert member(dora).muted == ()


async def test_a_muted_word_that_is_none_changes_nothing(dora: Pages) -> None:
    await send(dora, ("do", "muted"), ("muted", "penguin"))
    assert "Muted words: says nothing" in (await send(dora, ("do", "muted"), ("muted", "!"), status=422)).said
    assert member(dora).muted == ("penguin",)


async def test_a_topic_in_categories_that_are_not_read_is_refused_and_says_which_are(dora: Pages) -> None:
    own = (("do", "topic"), ("keywords", "map"), ("categories", "cs.CV, hep-th"))
    answer = await send(dora, *own, status=422)
    assert "Categories: hep-th: not read here. What is read: cs.CL, cs.CV" in answer.said
    assert len(member(dora).topics) == 1
    assert "hep-th: not read here" in (await send(dora, ("do", "preview"), *own[1:])).said


async def test_a_topic_of_one_s_own_says_which_of_its_categories_are_not_read_any_more(store: Store) -> None:
    async with opened(store) as pages:
        await pages.subscribed()
        await send(pages, *OWN)
    async with opened(store, topics={"birds": topic("birds", "cs.CL"), "light": topic("light", "cs.CL")}) as pages:
        assert "Not read here any more: cs.CV." in (await pages.get(pages.preferences())).said


async def test_hour_weekdays_and_zone_are_changed_together(dora: Pages) -> None:
    days = (("day", "Monday"), ("day", "Friday"))
    await send(dora, ("do", "when"), ("at", "08:30"), ("zone", "Asia/Tokyo"), *days)
    found = member(dora)
    assert (found.at, found.timezone, found.weekdays) == (time(8, 30), "Asia/Tokyo", frozenset({0, 4}))
    answer = await send(dora, ("do", "when"), ("at", ""), ("zone", "Asia/Tokyo"), *days)
    assert (member(dora).at, member(dora).weekdays) == (None, frozenset(range(7)))
    assert "Saved." in answer.said


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ([("at", "25:00"), ("zone", "Asia/Tokyo")], "no time of day"),
        ([("at", "08:00"), ("zone", "Tokio"), ("day", "Monday")], "no time zone"),
        ([("at", "08:00"), ("zone", "Asia/Tokyo")], "at least one weekday"),
    ],
)
async def test_a_time_that_is_none_is_said(dora: Pages, fields: list[tuple[str, str]], why: str) -> None:
    before = member(dora)
    assert why in (await send(dora, ("do", "when"), *fields, status=422)).said
    assert member(dora) == before


async def test_a_pause_begins_and_ends(dora: Pages) -> None:
    answer = await send(dora, ("do", "pause"), ("until", "2026-05-02"))
    assert (member(dora).paused, member(dora).paused_until) == (True, date(2026, 5, 2))
    assert "paused until Sat 2 May 2026" in answer.said
    await send(dora, ("do", "resume"))
    assert not member(dora).paused
    await send(dora, ("do", "pause"), ("until", ""))
    assert (member(dora).paused, member(dora).paused_until) == (True, None)
    assert "no day" in (await send(dora, ("do", "pause"), ("until", "soon"), status=422)).said


async def test_a_form_that_asks_for_nothing_known_changes_nothing(dora: Pages) -> None:
    before = member(dora)
    await send(dora, ("do", "everything"), status=400)
    await send(dora, status=400)
    assert member(dora) == before


async def test_who_stands_in_the_yaml_sees_it_and_can_only_stop_it(pages: Pages) -> None:
    link = pages.preferences("alice@example.edu")
    page = await pages.get(link)
    assert "the subscriber alice, on Birds" in page.said
    assert 'value="topics"' not in page.text
    assert pages.unsubscribe("alice@example.edu") in page.text
    answer = await pages.post(link, ("do", "topics"), ("topic", "light"))
    assert (answer.status, "no such subscription" in answer.said) == (422, True)
    assert pages.member("alice@example.edu") is None


async def test_who_is_not_known_is_told_so_and_so_is_who_has_not_confirmed(pages: Pages) -> None:
    nobody = await pages.get(pages.preferences())
    await pages.post("/", ("address", DORA), ("topic", "birds"))
    asked = await pages.get(pages.preferences())
    assert nobody.text == asked.text
    assert "no subscription for your mailbox" in nobody.said


async def test_law_12_a_link_that_is_not_ours_shows_nothing(dora: Pages) -> None:
    for path in ("preferences", "export", "saved", "delete", "undo", "feedback", "confirm"):
        for token in (dora.preferences("mallory@example.edu").rpartition("/")[2][:-1] + "A", "A" * 43, "A"):
            answer = await dora.get(f"/{path}/{token}")
            assert (answer.status, "D…" in answer.text) == (404, False), path
    wrong_purpose = dora.unsubscribe().replace("/unsubscribe/", "/preferences/")
    assert (await dora.get(wrong_purpose)).status == 404


async def test_without_own_topics_none_is_offered_or_taken(store: Store) -> None:
    async with opened(store, replace(WEB, own_topics=False)) as pages:
        await pages.subscribed()
        assert "Topics of your own" not in (await pages.get(pages.preferences())).said
        answer = await pages.post(pages.preferences(), *OWN)
        assert (answer.status, "not offered here" in answer.said) == (422, True)


# -- their data --------------------------------------------------------------------------------------------------


async def test_all_that_is_known_comes_as_json(dora: Pages) -> None:
    await send(dora, *OWN)
    person = dora.readers.keys.person("mail", mailbox_key(DORA))
    feedback(dora.readers, "lab", person, "2604.00001", Opinion.SAVED, place="mail", now=NOW)
    answer = await dora.get(dora.preferences().replace("/preferences/", "/export/"))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="paperboy.json"'
    found = json.loads(answer.text)
    assert found["self_service"]["address"] == DORA.replace("Example", "example")
    assert [topic if isinstance(topic, str) else topic["title"] for topic in found["self_service"]["topics"]] == [
        "birds",
        "Maps",
    ]
    (said,) = found["feedback"]
    assert (said["identifier"], said["opinion"]) == ("2604.00001", "saved")


async def test_saved_papers_come_as_bibtex(dora: Pages) -> None:
    person = dora.readers.keys.person("mail", mailbox_key(DORA))
    feedback(dora.readers, "lab", person, "2604.00002", Opinion.SAVED, place="mail", now=NOW)
    page = await dora.get(dora.preferences())
    assert "Saved papers Maps of Light" in page.said
    answer = await dora.get(dora.preferences().replace("/preferences/", "/saved/"))
    assert "@misc{" in answer.text
    assert "Light" in answer.text


async def test_what_was_said_of_papers_is_forgotten_and_the_subscription_stays(dora: Pages) -> None:
    person, key = dora.readers.keys.person("mail", mailbox_key(DORA)), member(dora).key
    feedback(dora.readers, key, person, "2604.00002", Opinion.MORE, place="mail", now=NOW)
    feedback(dora.readers, "lab", person, "2604.00002", Opinion.MORE, place="mail", now=NOW)
    answer = await send(dora, ("do", "forget"))
    assert "Forgotten. What you like is learned anew" in answer.said
    with dora.readers.store.snapshot() as view:
        assert [record.subscriber for record in view.feedback.of_persons(person)] == ["lab"]
    assert (member(dora).topics, dora.woken) == (("birds",), [])


async def test_everything_is_deleted_by_a_button_and_only_by_it(dora: Pages) -> None:
    link = dora.preferences().replace("/preferences/", "/delete/")
    page = await dora.get(link)
    assert page.text.count("<button") == 1
    assert dora.member()
    assert (await dora.post(link)).status == 200
    assert dora.member() is None
    assert (await dora.post(link)).status == 200


async def test_a_reader_of_the_yaml_has_deleted_what_they_said_and_is_told_what_stays(pages: Pages) -> None:
    await pages.post(feedback_path("alice@example.edu", subscriber="alice"))
    delete = pages.preferences("alice@example.edu").replace("/preferences/", "/delete/")
    assert "has your address too, and keeps it" in (await pages.get(delete)).said
    assert "still in the file" in (await pages.post(delete)).said
    persons = pages.readers.keys.person("mail", mailbox_key("alice@example.edu"))
    with pages.readers.store.snapshot() as view:
        assert view.feedback.of_persons(persons) == ()


async def test_a_topic_that_was_not_previewed_has_no_box_for_it(dora: Pages) -> None:
    await send(dora, *OWN)
    assert (await dora.get(dora.preferences())).text.count('data-preview aria-live="polite"></div>') == 2
