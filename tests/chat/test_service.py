"""Requests carried out once, by who may, and answered whatever happens."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.channels.buttons import Click, Wish
from bot.chat import looking
from bot.chat.answers import Answer, Part
from bot.chat.asking import Request
from bot.errors import DeliveryError, FailureKind, StoreError
from bot.members.store_thread import BusyError
from bot.settings import ALL_WEEK, Address, Secret
from bot.store import Store
from bot.store.feedback import FeedbackRecord, Opinion
from tests.chat.conftest import ADA, BO, CHANNEL, LAB, NOW, ON_SQLITE

if TYPE_CHECKING:
    import pytest

    from bot.chat.service import ChatService
    from tests.chat.conftest import Talk


async def test_what_comes_twice_is_carried_out_once(talk: Talk) -> None:
    assert await talk.say("follow birds", event="one")
    assert await talk.say("follow birds", event="one") is None
    assert await talk.say("topics", event="two")
    assert await talk.say("topics", event="two") is None
    member = talk.member()
    assert member is not None
    assert (member.topics, member.revision) == (("birds",), 1)


async def test_of_two_machines_that_hear_the_same_one_carries_it_out(talk: Talk) -> None:
    answers = await asyncio.gather(*(talk.say("follow pigeon in cs.CV", event="one") for _ in range(5)))
    assert len([answer for answer in answers if answer]) == 1
    member = talk.member()
    assert member is not None
    assert len(member.topics) == 1


async def test_what_a_command_failed_to_write_is_not_remembered_as_done(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise StoreError("paperboy.db", "the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("bot.chat.changing.commands.follow_in", broken)
        refused = await talk.say("follow birds", event="one")
    assert refused is not None
    assert "nothing was changed" in refused.text
    again = await talk.say("follow birds", event="one")
    assert again is not None
    assert again.has_changed


async def test_the_verbs_are_woken_by_a_change_alone(talk: Talk) -> None:
    await talk.say("follow birds")
    assert talk.woken == [1]
    await talk.say("follow birds")
    await talk.say("topics")
    await talk.say("follow light", BO)
    assert talk.woken == [1]


async def test_a_person_s_direct_messages_are_theirs_alone(talk: Talk) -> None:
    await talk.say("follow birds", BO, "direct")
    await talk.say("hour 07:00", ADA, "direct")
    assert talk.member("direct") is None
    mine = talk.asker(BO, "direct").place.member(talk.service.context)
    assert mine is not None
    assert (mine.at, mine.weekdays, mine.timezone) == (None, ALL_WEEK, "Asia/Tokyo")


async def test_who_forgets_everything_is_forgotten_with_what_they_said_of_papers(talk: Talk) -> None:
    await talk.say("follow birds", BO, "direct")
    persons = talk.service.context.keys.person("slack", BO)
    with talk.service.context.store.transaction() as transaction:
        transaction.feedback.put(FeedbackRecord("lab", persons[0], "2604.00001", Opinion.SAVED, "slack", NOW))
    saved = await talk.say("saved", BO, "direct")
    assert saved is not None
    assert "@misc{arXiv:2604.00001," in saved.parts[0].code
    await talk.say("unfollow everything", BO, "direct")
    with talk.service.context.store.snapshot() as view:
        assert view.feedback.of_persons(persons) == ()
        assert list(view.members.all()) == []


async def test_where_it_cannot_be_known_who_may_nothing_is_changed(talk: Talk) -> None:
    async def unknown() -> bool:
        raise DeliveryError(FailureKind.TRANSIENT, "no connection")

    request = Request("one", talk.asker(), "follow", {"words": ("birds",)})
    answer = await talk.service.answer(request, unknown)
    assert answer is not None
    assert not answer.is_good
    assert talk.member() is None


async def test_without_time_for_a_preview_the_change_is_answered_all_the_same(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise BusyError(5)

    monkeypatch.setattr("bot.chat.service.with_previews", busy)
    answer = await talk.say("follow birds")
    assert answer is not None
    assert answer.has_changed
    assert answer.parts[-1].lines == ("Too many ask just now for what it would have brought to be said.",)


async def test_a_fault_is_answered_and_logged(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def faulty(*_: object) -> None:
        raise RuntimeError("feather")

    monkeypatch.setattr(looking, "explain", faulty)
    answer = await talk.say("why 2604.00001")
    assert answer is not None
    assert (answer.is_good, "feather" in answer.text) == (False, False)
    assert "a command failed" in capfd.readouterr().out


async def test_a_storm_of_commands_is_answered_and_counted_once_each(talk: Talk) -> None:
    service: ChatService = talk.service
    lines = [f"follow word{number} in cs.CV" for number in range(15)] + ["topics"] * 100
    answers = await asyncio.gather(*(talk.say(line) for line in lines))
    assert all(answers)
    member = talk.asker(destination=CHANNEL).place.member(service.context)
    assert member is not None
    assert len(member.topics) == 15


@ON_SQLITE
async def test_what_a_delivery_writes_does_not_wait_for_a_storm_of_commands_to_end(
    talk: Talk, sqlite_url: str
) -> None:
    """Of all writers of SQLite one writes at a time, and commands share commits: deliveries come in between."""
    await talk.say("follow birds")
    begun, is_over, written = asyncio.Event(), threading.Event(), list[bool]()

    async def change(number: int) -> Answer | None:
        answer = await talk.say(f"hour {number % 24:02}:{number % 60:02}")
        begun.set()
        return answer

    def deliver() -> None:
        with closing(Store(sqlite_url)) as delivering:
            for _ in range(5):
                delivering.listening.note("slack", NOW)
                written.append(not is_over.is_set())

    storm = [asyncio.create_task(change(number)) for number in range(450)]
    await begun.wait()
    delivery = asyncio.create_task(asyncio.to_thread(deliver))
    answers = await asyncio.gather(*storm)
    is_over.set()
    await delivery
    assert all(answer and answer.is_good for answer in answers)
    assert written == [True] * 5


async def test_a_button_is_noted_and_pressed_again_taken_back(talk: Talk) -> None:
    asker, click = talk.asker(BO, LAB), Click(Wish.SAVED, "2604.00002", "birds", "lab")
    first = await talk.service.press("press-1", asker, click)
    assert first == Answer("Saved.", (Part(lines=("Pigeons Read Maps",)),))
    assert await talk.service.press("press-1", asker, click) is None
    saved = await talk.say("saved", BO, "direct")
    assert saved is not None
    assert "2604.00002" in saved.parts[0].code
    again = await talk.service.press("press-2", asker, click)
    assert again == Answer("Not saved any more.", (Part(lines=("Pigeons Read Maps",)),))


async def test_what_was_said_of_a_place_s_papers_is_forgotten_by_who_may_change_it(talk: Talk) -> None:
    def said() -> int:
        with talk.service.context.store.snapshot() as view:
            return len(view.feedback.of_subscriber("lab"))

    for number, paper in enumerate(("2604.00001", "2604.00002")):
        await talk.service.press(f"press-{number}", talk.asker(BO, LAB), Click(Wish.MORE, paper, "birds", "lab"))
    refused = await talk.say("forget", BO, LAB)
    assert refused is not None
    assert (refused.is_good, said()) == (False, 2)
    await talk.say("forget", ADA, CHANNEL)
    assert said() == 2
    done = await talk.say("forget", ADA, LAB)
    assert done is not None
    assert done.text.startswith("2 opinions on papers shown here are forgotten.")
    assert (said(), talk.woken) == (0, [])
    await talk.service.press("press-3", talk.asker(BO, LAB), Click(Wish.LESS, "2604.00001", "birds", "lab"))
    again = await talk.say("forget", ADA, LAB)
    assert again is not None
    assert again.text.startswith("One opinion on a paper shown here is forgotten.")


async def test_feedback_counts_for_the_person_s_own_subscription_too(talk: Talk) -> None:
    await talk.say("follow birds", BO, "direct")
    own = talk.asker(BO, "direct").place.member(talk.service.context)
    assert own is not None
    asker = replace(talk.asker(BO, LAB), own=BO)
    persons = talk.service.context.keys.person("slack", BO)
    for number, expected in enumerate([{("lab", "birds"), (own.key, None)}, set()]):
        await talk.service.press(f"press-{number}", asker, Click(Wish.MORE, "2604.00002", "birds", "lab"))
        with talk.service.context.store.snapshot() as view:
            assert {(each.subscriber, each.topic) for each in view.feedback.of_persons(persons)} == expected


async def test_feedback_counts_for_direct_messages_of_the_configuration_too(talk: Talk) -> None:
    settings = talk.service.context.settings
    bo = replace(settings.subscribers["lab"], name="bo", addresses=(Address(Secret(BO), "person", BO),))
    more = replace(settings, subscribers={**settings.subscribers, "bo": bo})
    talk.service.context = replace(talk.service.context, settings=more)
    asker = replace(talk.asker(BO, LAB), own=BO)
    await talk.service.press("press", asker, Click(Wish.MORE, "2604.00002", "birds", "lab"))
    with talk.service.context.store.snapshot() as view:
        noted = view.feedback.of_persons(talk.service.context.keys.person("slack", BO))
    assert {each.subscriber for each in noted} == {"lab", "bo"}


async def test_what_is_said_under_a_digest_of_what_was_liked_counts_for_whom_the_paper_came_to(talk: Talk) -> None:
    settings = talk.service.context.settings
    liked = replace(settings.subscribers["lab"], name="lab-liked", votes_of=("lab", "lab-liked"))
    before = replace(settings, subscribers={"lab-liked": liked, **settings.subscribers})
    talk.service.context = replace(talk.service.context, settings=before)
    await talk.service.press("press", talk.asker(BO, LAB), Click(Wish.MORE, "2604.00002", "birds", "lab-liked"))
    with talk.service.context.store.snapshot() as view:
        assert [each.identifier for each in view.feedback.of_subscriber("lab")] == ["2604.00002"]


async def test_why_under_a_paper_is_about_the_subscriber_that_it_was_shown_to(talk: Talk) -> None:
    answer = await talk.service.press("press", talk.asker(BO, LAB), Click(Wish.WHY, "2604.00002", "birds", "lab"))
    assert answer is not None
    assert answer.text == "Pigeons Read Maps (arXiv:2604.00002)"
    assert answer.parts[1].lines[0].startswith("Birds & Maps: claimed: 'pigeon' in title")


async def test_a_button_speaks_for_nobody_but_those_whose_digests_come_to_its_place(talk: Talk) -> None:
    """What a button says comes back from the other side, so it may name any subscriber."""
    forged = Click(Wish.LESS, "2604.00002", "birds", "lab")
    refused = await talk.service.press("press-1", talk.asker(BO), forged)
    assert refused is not None
    assert not refused.is_good
    await talk.say("follow light")
    member = talk.member()
    assert member is not None
    assert await talk.service.press("press-2", talk.asker(BO), forged)
    with talk.service.context.store.snapshot() as view:
        noted = view.feedback.of_persons(talk.service.context.keys.person("slack", BO))
    assert [each.subscriber for each in noted] == [member.key]


async def test_a_button_asks_about_nobody_but_those_whose_digests_come_to_its_place(talk: Talk) -> None:
    answer = await talk.service.press("press", talk.asker(BO), Click(Wish.WHY, "2604.00002", "birds", "lab"))
    assert answer is not None
    assert "Birds" not in str(answer.parts)
    assert answer.parts[-1].lines == ("Nothing is followed here yet.",)


async def test_of_a_command_that_is_refused_in_part_nothing_is_done(talk: Talk) -> None:
    await talk.say("follow birds")
    await talk.say("hour 08:30")
    before = talk.member()
    refused = await talk.say("hour any on mon wed in Asia/Tokyo")
    assert refused is not None
    assert not refused.is_good
    assert talk.member() == before
