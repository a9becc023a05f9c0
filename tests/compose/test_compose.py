"""Compose over whole days: each subscriber is told of each paper once, at its hour, and silence has a reason.

Law 3: composed once, sent as composed. Law 5: a cut is always said.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.channels.mail import MailChannel
from bot.channels.slack import SlackChannel
from bot.compose import Composed, Outcome
from bot.model import Digest, Entry, Message
from bot.store.database import Database
from bot.store.outbox import Packet, ToldPaper
from bot.store.papers import Papers
from bot.store.subscribers import ReaderState
from tests.builders import paper
from tests.world import CROSS, FRIDAY, MONDAY, NEW, REPLACE, SATURDAY, TUESDAY, WEDNESDAY, World, morning

if TYPE_CHECKING:
    from bot.app.run_result import Run
    from bot.model import Paper

ALL_TYPES = ["new", "cross", "replace", "replace-cross"]


def bird(number: int, *, version: int = 1, title: str = "") -> Paper:
    return paper(f"2604.{number:05d}", version=version, title=title or f"Pigeon study {number}")


def fish(number: int) -> Paper:
    return paper(f"2604.{number:05d}", title="On fish", abstract="Fish do not read maps at all.")


def of(run: Run, name: str = "lab") -> Composed:
    return next(result for result in run.composed if result.subscriber == name)


async def draft(world: World, name: str = "lab", *, as_newcomer: bool = False) -> Digest | None:
    async with world.app() as app:
        found: Digest | None = app.composer().preview(
            world.settings.subscribers[name], world.clock.now(), as_newcomer=as_newcomer
        )
        return found


async def test_a_match_is_told_and_a_second_run_says_nothing(world: World) -> None:
    world.announce(TUESDAY, bird(1), fish(2))
    first = await world.once(morning(TUESDAY))
    assert (of(first).outcome, of(first).matched) == (Outcome.DIGEST, 1)
    second = await world.once()
    assert of(second).outcome is Outcome.EMPTY
    assert world.received()["slack"] == 1


async def test_a_new_subscriber_starts_with_the_latest_mailing_and_nothing_before_it(world: World) -> None:
    world.announce(MONDAY, bird(1))
    await world.once(morning(MONDAY))
    world.announce(TUESDAY, bird(2))
    await world.once(morning(TUESDAY))
    world.config["subscribers"]["late"] = {"slack": "C0000000009", "topics": ["birds"]}
    assert of(await world.once(), "late").matched == 1
    assert "2604.00002" in str(world.slack.messages[-1].blocks)


async def test_a_new_topic_starts_with_the_latest_mailing_too(world: World) -> None:
    world.announce(TUESDAY, bird(1), fish(2))
    await world.once(morning(TUESDAY))
    world.config["topics"]["fish"] = {"title": "Fish", "categories": ["cs.CV"], "keywords": ["fish"]}
    world.config["subscribers"]["lab"]["topics"] = ["birds", "fish"]
    assert of(await world.once()).matched == 1


async def test_editing_a_topic_acts_forward(world: World) -> None:
    world.announce(TUESDAY, bird(1), fish(2))
    await world.once(morning(TUESDAY))
    world.config["topics"]["birds"]["keywords"] = ["pigeon", "fish"]
    assert of(await world.once()).outcome is Outcome.EMPTY


async def test_mailings_between_two_digests_come_together_newest_first(world: World) -> None:
    world.config["subscribers"]["lab"] |= {"at": "08:00", "on": ["wed"]}
    for day, number in ((FRIDAY, 0), (MONDAY, 1), (TUESDAY, 2), (WEDNESDAY, 3)):
        world.announce(day, bird(number))
        run = await world.once(morning(day, 5))
        assert of(run).outcome is Outcome.NOT_DUE
    digest = await draft(world)
    assert digest is not None
    assert digest.mailing_dates == (WEDNESDAY, TUESDAY, MONDAY, FRIDAY)
    assert [entry.mailing_date for entry in digest.sections[0].entries] == [WEDNESDAY, TUESDAY, MONDAY, FRIDAY]
    assert of(await world.once(morning(WEDNESDAY, 6))).matched == 4


async def test_a_newcomer_with_an_hour_starts_at_its_next_slot(world: World) -> None:
    world.config["subscribers"]["lab"]["at"] = "08:00"
    world.announce(TUESDAY, bird(1))
    first = of(await world.once(morning(TUESDAY, 7)))
    assert (first.outcome, first.next_slot) == (Outcome.NOT_DUE, morning(WEDNESDAY, 6))
    world.announce(WEDNESDAY, bird(2))
    assert of(await world.once(morning(WEDNESDAY, 6))).matched == 2


async def test_now_overrides_the_hour(world: World) -> None:
    world.config["subscribers"]["lab"]["at"] = "08:00"
    world.announce(TUESDAY, bird(1))
    assert of(await world.once(morning(TUESDAY, 7), any_hour=True)).matched == 1


async def test_a_slept_hour_is_made_up_at_once_and_only_once(world: World) -> None:
    world.config["subscribers"]["lab"]["at"] = "08:00"
    world.announce(MONDAY, bird(1))
    await world.once(morning(MONDAY, 5))
    world.announce(TUESDAY, bird(2))
    assert of(await world.once(morning(TUESDAY, 21))).matched == 2
    assert of(await world.once(morning(TUESDAY, 22))).outcome is not Outcome.DIGEST


async def test_what_is_late_follows_as_its_own_digest_also_after_the_hour(world: World) -> None:
    world.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    world.config["subscribers"]["lab"]["at"] = "08:00"
    world.announce(MONDAY, bird(1))
    world.announce(MONDAY, fish(9), category="cs.CL")
    await world.once(morning(MONDAY, 5))
    await world.once(morning(MONDAY, 6))
    world.announce(TUESDAY, bird(2))  # cs.CL still shows Monday
    run = await world.once(morning(TUESDAY, 6))
    assert (of(run).matched, run.left_undone) == (1, True)
    assert "cs.CL" in world.slack_text(-1)
    world.announce(TUESDAY, bird(3), category="cs.CL")
    late = await world.once(morning(TUESDAY, 9))
    assert (of(late).matched, late.left_undone) == (1, False)


async def test_a_paused_subscriber_gets_all_it_missed_when_it_is_back(world: World) -> None:
    world.announce(MONDAY, bird(1))
    await world.once(morning(MONDAY))
    world.config["subscribers"]["lab"]["paused"] = True
    world.announce(TUESDAY, bird(2))
    assert of(await world.once(morning(TUESDAY))).outcome is Outcome.PAUSED
    world.config["subscribers"]["lab"]["paused"] = False
    world.announce(WEDNESDAY, bird(3))
    assert of(await world.once(morning(WEDNESDAY))).matched == 2


async def test_a_paper_stands_in_the_first_topic_that_claims_it_and_the_others_are_named(world: World) -> None:
    world.config["topics"]["maps"] = {"title": "Maps", "categories": ["cs.CV"], "keywords": ["map"]}
    world.config["subscribers"]["lab"]["topics"] = ["birds", "maps"]
    world.announce(TUESDAY, bird(1), paper("2604.00002", title="Old maps", abstract="No birds here."))
    await world.once(morning(TUESDAY), no_deliver=True)
    digest = await draft(world)
    assert digest is not None
    birds, maps = digest.sections
    assert [(e.paper.identifier, e.also_in) for e in birds.entries] == [("2604.00001", ("Maps",))]
    assert [e.paper.identifier for e in maps.entries] == ["2604.00002"]
    assert digest.matched == 2


async def test_a_cross_list_of_a_told_paper_is_no_news_and_a_replacement_only_where_asked_for(world: World) -> None:
    world.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    world.config["topics"]["all"] = {**world.config["topics"]["birds"], "title": "All", "announce": ALL_TYPES}
    world.config["subscribers"]["curious"] = {"slack": "C0000000002", "topics": ["all"]}
    world.announce(MONDAY, bird(1))
    world.announce(MONDAY, fish(8), category="cs.CL")
    await world.once(morning(MONDAY))
    world.announce(TUESDAY, Entry(bird(1, version=2), REPLACE), fish(9))
    world.announce(TUESDAY, Entry(bird(1), CROSS), category="cs.CL")
    run = await world.once(morning(TUESDAY))
    assert of(run, "lab").outcome is Outcome.EMPTY
    assert of(run, "curious").matched == 1
    assert "2604.00001v2" in str(world.slack.messages[-1].blocks)


async def test_a_version_is_told_as_replaced_once(world: World) -> None:
    world.config["topics"]["birds"] |= {"announce": ALL_TYPES, "categories": ["cs.CV", "cs.CL"]}
    world.announce(TUESDAY, Entry(bird(1, version=2), REPLACE))
    await world.once(morning(TUESDAY))
    world.announce(TUESDAY, Entry(bird(1, version=2), REPLACE), category="cs.CL")
    assert of(await world.once()).outcome is Outcome.EMPTY


async def test_what_the_limit_hides_is_counted_linked_and_told(world: World) -> None:
    world.config["topics"]["birds"]["limit"] = 2
    world.announce(TUESDAY, *(bird(number) for number in range(1, 6)))
    run = await world.once(morning(TUESDAY))
    assert of(run).matched == 5
    assert "3 more" in world.slack_text()
    assert "https://arxiv.org/catchup/cs.CV/2026-04-21" in world.slack_text()
    world.config["topics"]["birds"]["limit"] = None
    assert of(await world.once()).outcome is Outcome.EMPTY


async def test_the_rest_is_linked_to_the_site_where_it_is_published(world: World) -> None:
    world.config["topics"]["birds"]["limit"] = 1
    world.config["site"] = {"dir": "site", "topics": ["birds"], "url": "https://lab.example.org/papers"}
    world.announce(TUESDAY, bird(1), bird(2))
    await world.once(morning(TUESDAY))
    assert "https://lab.example.org/papers/birds/2026-04-21.html" in world.slack_text()


async def test_silence_is_the_default_and_say_speaks_once_per_closed_mailing(world: World) -> None:
    world.config["subscribers"]["loud"] = {"slack": "C0000000002", "topics": ["birds"], "when_empty": "say"}
    world.announce(FRIDAY, fish(1), fish(2))
    run = await world.once(morning(FRIDAY))
    assert (of(run, "lab").outcome, of(run, "loud").outcome) == (Outcome.EMPTY, Outcome.SAID_EMPTY)
    assert "2 papers were announced on Fri 17 Apr 2026 in cs.CV; none matched." in world.slack_text()
    for later in (timedelta(hours=1), timedelta(days=1), timedelta(days=2)):
        await world.once(morning(FRIDAY) + later)
    assert world.received()["slack"] == 1


async def test_say_waits_until_every_category_is_in(world: World) -> None:
    world.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    world.config["subscribers"]["lab"]["when_empty"] = "say"
    world.announce(TUESDAY, fish(1))
    assert of(await world.once(morning(TUESDAY))).outcome is Outcome.EMPTY
    world.announce(TUESDAY, fish(2), category="cs.CL")
    assert of(await world.once()).outcome is Outcome.SAID_EMPTY


async def test_say_does_not_speak_of_a_mailing_that_had_a_match(world: World) -> None:
    world.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    world.config["subscribers"]["lab"]["when_empty"] = "say"
    world.announce(TUESDAY, bird(1))
    await world.once(morning(TUESDAY))
    world.announce(TUESDAY, fish(2), category="cs.CL")
    assert of(await world.once()).outcome is Outcome.EMPTY


async def test_on_a_weekend_nobody_hears_anything(world: World) -> None:
    world.config["subscribers"]["lab"]["when_empty"] = "say"
    run = await world.once(morning(SATURDAY))
    assert run.collected == ()
    assert of(run).outcome is Outcome.EMPTY
    assert not run.left_undone


async def test_a_digest_that_many_share_is_rendered_and_stored_once(world: World) -> None:
    world.config["subscribers"] = {
        f"reader{number}": {"mail": f"reader{number}@example.org", "topics": ["birds"]} for number in range(20)
    }
    world.announce(TUESDAY, bird(1))
    await world.once(morning(TUESDAY))
    assert world.received()["mail"] == 20
    async with world.app() as app:
        with app.store._database.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM messages").scalar() == 1


async def test_papers_are_read_once_and_like_subscribers_share_one_draft_and_one_rendering(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.config["topics"]["fish"] = {"title": "Fish", "categories": ["cs.CV"], "keywords": ["fish"]}
    world.config["subscribers"] = {
        f"reader{number}": {"mail": f"reader{number}@example.org", "topics": [["birds"], ["fish"]][number % 2]}
        for number in range(6)
    }
    world.announce(TUESDAY, bird(1), fish(2))
    done = []

    def counted(of: type, name: str) -> None:
        original = getattr(of, name)

        def count(self: object, *arguments: Any, **options: Any) -> Any:
            done.append(name)
            return original(self, *arguments, **options)

        monkeypatch.setattr(of, name, count)

    counted(MailChannel, "render")
    counted(Papers, "load")
    counted(Papers, "announcements_after")
    counted(Database, "writing")
    async with world.app() as app:
        world.clock.set(morning(TUESDAY))
        await app.collect()
        done.clear()
        app.compose()
    assert Counter(done) == {"render": 2, "load": 1, "announcements_after": 1, "writing": 1}


async def test_a_draft_is_shared_by_all_who_are_as_far_and_by_nobody_else(world: World) -> None:
    world.announce(TUESDAY, bird(1))
    await world.once(morning(TUESDAY), no_deliver=True)
    async with world.app() as app:
        packet = Packet("slack", "Birds", (Message({}),), (ToldPaper("2604.00001", 0, "birds", shown=True),))
        app.store.outbox.enqueue(ReaderState("told"), packet, ("",), world.clock.now())
        drafter, lab, now = app.drafter(), app.settings.subscribers["lab"], world.clock.now()
        state = drafter.follow(lab, ReaderState("lab"))
        first = drafter.draft(lab, state, now)
        assert drafter.draft(lab, replace(state, name="twin", slot=now, revision=7), now) is first
        for other in (
            replace(state, name="told"),
            replace(state, told_through=MONDAY),
            replace(state, cursors={"birds/cs.CV": 1}),
        ):
            assert drafter.draft(lab, other, now) is not first
        assert first.digest
        assert drafter.draft(lab, replace(state, name="told"), now).digest is None


async def test_who_wants_other_messages_of_the_same_digest_gets_them(world: World) -> None:
    world.config["subscribers"] |= {
        "brief": {"slack": "C0000000002", "topics": ["birds"], "max_messages": 1},
        "quiet": {"slack": "C0000000003", "topics": ["birds"], "thread": True},
        "alice": {"mail": "alice@example.org", "topics": ["birds"]},
    }
    world.announce(TUESDAY, *map(bird, range(1, 61)))
    await world.once(morning(TUESDAY), no_deliver=True)
    async with world.app() as app:
        messages = {result.subscriber: result.messages for result in app.compose()}
        with app.store._database.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM digests").scalar() == 4
    assert messages["brief"] == 1 < messages["lab"]


async def test_composed_together_each_gets_what_it_would_get_alone(world: World) -> None:
    readers: dict[str, dict[str, Any]] = {
        "birder": {"topics": ["birds"]},
        "twin": {"topics": ["birds"]},
        "brief": {"topics": ["birds"], "max_messages": 1},
        "both": {"topics": ["fish", "birds"]},
        "other": {"topics": ["birds", "fish"]},
        "fisher": {"topics": ["fish"], "when_empty": "say"},
        "patient": {"topics": ["fish"]},
        "late": {"topics": ["birds"], "at": "10:00"},
        "away": {"topics": ["birds"], "paused": True},
    }
    world.config["topics"]["fish"] = {"title": "Fish", "categories": ["cs.CV", "cs.CL"], "keywords": ["fish"]}
    world.config["topics"]["birds"] |= {"limit": 2, "announce": ALL_TYPES}
    world.config["subscribers"] = {
        name: {"mail": f"{name}@example.org", **wishes} for name, wishes in readers.items()
    }
    stories: dict[str, list[object]] = {"together": [], "alone": []}

    async def live(day: date) -> None:
        world.clock.set(morning(day, 9 if day == WEDNESDAY else 7))
        for store, story in stories.items():
            world.config["store"] = f"sqlite:///{store}.db"
            async with world.app() as app:
                await app.collect()
                everybody = app.settings.subscribers
                for group in [everybody] if store == "together" else [{name: everybody[name]} for name in everybody]:
                    app.settings = replace(app.settings, subscribers=group)
                    for result in app.compose():
                        story += [result, app.store.readers.state(result.subscriber)]
                with app.store._database.reading() as connection:
                    rows = connection.exec_driver_sql("SELECT subscriber, recipient, digest_id, part FROM deliveries")
                    story.append(sorted(map(tuple, rows)))

    world.announce(MONDAY, bird(1), bird(2), bird(3))
    world.announce(MONDAY, paper("2604.00010", title="On mice", abstract="Mice."), category="cs.CL")
    await live(MONDAY)
    world.announce(TUESDAY, fish(4), Entry(bird(2, version=2), REPLACE))
    world.announce(TUESDAY, bird(5), fish(6), category="cs.CL")
    await live(TUESDAY)
    world.announce(WEDNESDAY, bird(7), Entry(bird(7, version=2), REPLACE))
    world.announce(WEDNESDAY, paper("2604.00011", title="On mice", abstract="Mice."), category="cs.CL")
    await live(WEDNESDAY)
    assert stories["together"] == stories["alone"]
    outcomes = {result.outcome for result in stories["alone"] if isinstance(result, Composed)}
    assert outcomes == {Outcome.DIGEST, Outcome.EMPTY, Outcome.SAID_EMPTY, Outcome.NOT_DUE, Outcome.PAUSED}


async def test_one_subscriber_s_broken_template_is_its_own_trouble(world: World) -> None:
    """Law 4; and it gets the built-in one, with a note that names the line."""
    world.config["templates"] = "mine"
    broken = world.folder / "mine" / "slack" / "paper.mrkdwn.j2"
    broken.parent.mkdir(parents=True)
    broken.write_text("{{ no_such_value }}", encoding="utf-8")
    world.config["subscribers"]["alice"] = {"mail": "alice@example.org", "topics": ["birds"]}
    world.announce(TUESDAY, bird(1))
    run = await world.once(morning(TUESDAY))
    assert (of(run, "lab").outcome, of(run, "alice").outcome) == (Outcome.DIGEST, Outcome.DIGEST)
    assert "slack/paper.mrkdwn.j2, line 1" in of(run, "lab").reason
    assert of(run, "alice").reason == ""
    digest, note = world.slack.messages
    assert "Pigeon study 1" in str(digest.blocks)
    assert "slack/paper.mrkdwn.j2, line 1" in str(note.payload)


async def test_a_fault_of_ours_in_one_channel_s_rendering_is_that_channel_s_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 4; and nothing of it is lost: once mended, the digest comes."""

    def explode(*_: object, **__: object) -> tuple[Message, ...]:
        raise ValueError("a fault of ours")

    world.config["subscribers"]["alice"] = {"mail": "alice@example.org", "topics": ["birds"]}
    world.announce(TUESDAY, bird(1))
    with monkeypatch.context() as broken:
        broken.setattr(SlackChannel, "render", explode)
        run = await world.once(morning(TUESDAY))
    assert (of(run, "lab").outcome, of(run, "alice").outcome) == (Outcome.FAILED, Outcome.DIGEST)
    assert run.left_undone
    assert of(await world.once()).outcome is Outcome.DIGEST


async def test_a_topic_added_between_two_hours_begins_when_it_was_added(world: World) -> None:
    world.config["topics"]["fish"] = {"title": "Fish", "categories": ["cs.CV"], "keywords": ["fish"]}
    world.config["subscribers"]["lab"] |= {"at": "08:00", "on": ["wed"]}
    world.announce(FRIDAY, fish(1))
    await world.once(morning(FRIDAY))
    world.config["subscribers"]["lab"]["topics"] = ["birds", "fish"]
    for day, number in ((MONDAY, 2), (TUESDAY, 3), (WEDNESDAY, 4)):
        world.announce(day, fish(number))
        await world.once(morning(day))
    assert world.slack_text().count("/abs/2604.") == 3  # Monday's was the latest when a run first saw the topic


async def test_a_subscriber_that_gets_an_hour_only_now_waits_for_it(world: World) -> None:
    world.announce(MONDAY, bird(1))
    await world.once(morning(MONDAY))
    world.config["subscribers"]["lab"]["at"] = "17:00"
    world.announce(TUESDAY, bird(2))
    assert of(await world.once(morning(TUESDAY))).outcome is Outcome.NOT_DUE
    assert of(await world.once(morning(TUESDAY, 15))).matched == 1


async def test_a_clock_that_was_far_ahead_silences_nobody(world: World) -> None:
    world.config["subscribers"]["lab"]["at"] = "08:00"
    world.announce(MONDAY, bird(1))
    await world.once(morning(date(2027, 4, 20)))
    world.clock._now = morning(MONDAY)
    assert of(await world.once()).matched == 1
    world.announce(TUESDAY, bird(2))
    assert of(await world.once(morning(TUESDAY))).matched == 1


async def test_a_digest_names_mailings_of_earlier_days_that_never_came_in(world: World) -> None:
    world.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    world.config["subscribers"]["lab"] |= {"at": "08:00", "on": ["wed"]}
    world.announce(MONDAY, bird(1))
    world.announce(MONDAY, fish(2), category="cs.CL")
    await world.once(morning(MONDAY))
    world.announce(TUESDAY, bird(3))  # cs.CL still shows Monday
    await world.once(morning(TUESDAY))
    world.announce(WEDNESDAY, bird(4))
    world.announce(WEDNESDAY, fish(5), category="cs.CL")
    await world.once(morning(WEDNESDAY, 5))
    digest = await draft(world)
    assert digest is not None
    assert digest.missing == ("cs.CL of Tue 21 Apr 2026 (missed)",)


async def test_the_links_lead_to_the_listings_that_hold_the_papers_and_to_no_others(world: World) -> None:
    world.config["topics"]["birds"] |= {"categories": ["cs.AI", "cs.CL", "cs.CV", "cs.LG"], "limit": 1}
    world.announce(TUESDAY, bird(1), bird(2), bird(3))
    world.announce(TUESDAY, bird(4), Entry(bird(1), CROSS), category="cs.LG")
    await world.once(morning(TUESDAY), no_deliver=True)
    digest = await draft(world)
    assert digest is not None
    assert [link.label for link in digest.sections[0].more] == ["cs.CV 2026-04-21", "cs.LG 2026-04-21"]


async def test_an_exclusion_in_the_newest_version_holds_although_an_older_one_was_free_of_it(world: World) -> None:
    world.config["topics"]["birds"]["exclude"] = ["robot"]
    world.config["subscribers"]["lab"] |= {"at": "08:00", "on": ["wed"]}
    world.announce(MONDAY, bird(1))
    await world.once(morning(MONDAY))
    world.announce(TUESDAY, Entry(bird(1, version=2, title="Pigeon robots"), REPLACE))
    await world.once(morning(TUESDAY))
    assert of(await world.once(morning(WEDNESDAY))).matched == 0


async def test_a_weekly_reader_is_told_of_all_its_silent_mailings_at_once(world: World) -> None:
    world.config["subscribers"]["lab"] |= {"at": "08:00", "on": ["tue"], "when_empty": "say"}
    for day in (FRIDAY, MONDAY, TUESDAY):
        world.announce(day, fish(day.day))
        await world.once(morning(day))
    assert (
        "3 papers were announced on Fri 17 Apr 2026, Mon 20 Apr 2026, Tue 21 Apr 2026 in cs.CV" in world.slack_text()
    )


async def test_a_newcomer_on_a_weekend_hears_nothing_of_friday(world: World) -> None:
    world.announce(FRIDAY, fish(1))
    await world.once(morning(FRIDAY))
    world.config["subscribers"]["new"] = {"slack": "C0000000002", "topics": ["birds"], "when_empty": "say"}
    assert of(await world.once(morning(SATURDAY)), "new").outcome is Outcome.EMPTY


async def test_while_another_process_is_collecting_nothing_is_composed_of_half_a_mailing(world: World) -> None:
    world.announce(TUESDAY, bird(1))
    await world.once(morning(TUESDAY), no_deliver=True)
    async with world.app() as app:
        app.store.leases.take("collect", world.clock.now(), timedelta(minutes=30))
        with app.store._database.writing() as connection:
            connection.exec_driver_sql("UPDATE leases SET owner = 'elsewhere|boot|1|1'")
    run = await world.once()
    assert (run.composed, run.collected_elsewhere != "") == ((), True)
    world.clock.set(morning(TUESDAY, 7))
    assert of(await world.once()).matched == 1


async def test_a_mailing_that_another_process_is_still_collecting_is_left_undone(world: World) -> None:
    async with world.app() as app:
        app.store.leases.take("collect", morning(TUESDAY), timedelta(minutes=30))
        with app.store._database.writing() as connection:
            connection.exec_driver_sql("UPDATE leases SET owner = 'elsewhere|boot|1|1'")
    run = await world.once(morning(TUESDAY))
    assert run.left_undone
    assert run.still_open == ("cs.CV",)


async def test_three_hundred_papers_are_one_digest_within_its_messages(world: World) -> None:
    world.config["subscribers"]["lab"]["paused"] = True
    world.announce(MONDAY, *(bird(n) for n in range(1, 301)))
    await world.once(morning(MONDAY))
    world.config["subscribers"]["lab"]["paused"] = False
    run = await world.once()
    assert of(run).matched == 300
    assert of(run).messages <= 10


async def test_a_retry_sends_what_was_composed_also_after_the_template_changed(world: World) -> None:
    """Law 3."""
    world.slack.script.append(_refusal("service_unavailable"))
    world.announce(TUESDAY, bird(1))
    await world.once(morning(TUESDAY))
    assert world.received()["slack"] == 0
    world.config["templates"] = "mine"
    changed = world.folder / "mine" / "slack" / "paper.mrkdwn.j2"
    changed.parent.mkdir(parents=True)
    changed.write_text("changed", encoding="utf-8")
    await world.once()
    assert "Pigeon study 1" in world.slack_text()
    assert "changed" not in world.slack_text()


def _refusal(error: str) -> Any:
    from bot.demo.servers.slack import Scripted  # noqa: PLC0415 - only these tests script an answer

    return Scripted(body={"ok": False, "error": error})


async def test_preview_changes_nothing_and_shows_the_latest_mailing_to_a_newcomer(world: World) -> None:
    world.announce(TUESDAY, bird(1))
    await world.once(morning(TUESDAY))
    assert await draft(world) is None
    again = await draft(world, as_newcomer=True)
    assert again is not None
    assert again.matched == 1
    assert of(await world.once()).outcome is Outcome.EMPTY


@pytest.mark.parametrize("kind", [NEW, CROSS])
async def test_the_announced_count_is_of_different_papers_over_all_categories(world: World, kind: Any) -> None:
    world.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    world.announce(TUESDAY, Entry(bird(1), kind), fish(2))
    world.announce(TUESDAY, Entry(bird(1), CROSS), category="cs.CL")
    await world.once(morning(TUESDAY), no_deliver=True)
    digest = await draft(world)
    assert digest is not None
    assert (digest.announced, digest.matched) == (2, 1)


async def test_of_two_composers_at_once_one_stands_back(world: World) -> None:
    """For each subscriber by itself, although all are told the same."""
    world.config["subscribers"] = {name: {"mail": f"{name}@example.org", "topics": ["birds"]} for name in "abc"}
    world.announce(TUESDAY, bird(1))
    await world.once(morning(TUESDAY), no_deliver=True)
    async with world.app() as app:
        states = app.store.readers.states()
        world.config["subscribers"] = {"b": {"mail": "b@example.org", "topics": ["birds"]}}
        async with world.app() as other:
            other.compose()
        composer = app.composer()
        composer._store.readers.states = lambda: states  # all read before the other one wrote
        composer._store.readers.told = lambda _identifiers: {}
        composed = composer.compose(world.clock.now())
        assert [result.outcome for result in composed] == [Outcome.DIGEST, Outcome.ELSEWHERE, Outcome.DIGEST]
        assert sorted(lane.subscriber for lane in app.store.outbox.lanes()) == ["a", "b", "c"]


async def test_who_was_composed_for_meanwhile_is_not_enrolled_again(world: World) -> None:
    world.announce(TUESDAY, bird(1))
    await world.once(morning(TUESDAY), no_deliver=True)
    async with world.app() as app:
        composer = app.composer()
        app.compose()
        composed = app.store.readers.state("lab")
        composer._store.readers.states = dict  # read before the other one wrote
        composer.enrol(world.clock.now())
        assert app.store.readers.state("lab") == composed
