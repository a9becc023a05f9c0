"""Compose over whole days: each subscriber is told of each paper once, at its hour, and silence has a reason.

Law 3: composed once, sent as composed. Law 5: a cut is always said.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest

from bot import compose
from bot.channels.mail import MailChannel
from bot.channels.slack import SlackChannel
from bot.model import Composed, Digest, FeedItem, Message, Outcome
from bot.store.database import Database
from bot.store.outbox import DigestPaper, RenderedDigest
from bot.store.papers import Papers
from bot.store.subscribers import SubscriberState
from tests.builders import paper
from tests.world import CROSS, FRIDAY, MONDAY, NEW, REPLACE, SATURDAY, TUESDAY, WEDNESDAY, Environment, morning

if TYPE_CHECKING:
    from bot.app.run_result import RunResult
    from bot.model import Paper

ALL_TYPES = ["new", "cross", "replace", "replace-cross"]


def bird(number: int, *, version: int = 1, title: str = "") -> Paper:
    return paper(f"2604.{number:05d}", version=version, title=title or f"Pigeon study {number}")


def fish(number: int) -> Paper:
    return paper(f"2604.{number:05d}", title="On fish", abstract="Fish do not read maps at all.")


def of(run: RunResult, name: str = "lab") -> Composed:
    return next(result for result in run.composed if result.subscriber == name)


async def previewed(environment: Environment, name: str = "lab", *, as_newcomer: bool = False) -> Digest | None:
    async with environment.app() as app:
        found: Digest | None = app.composer(app.settings).preview(
            environment.settings.subscribers[name], environment.clock.now(), as_newcomer=as_newcomer
        )
        return found


async def test_a_match_is_told_and_a_second_run_says_nothing(environment: Environment) -> None:
    environment.announce(TUESDAY, bird(1), fish(2))
    first = await environment.once(morning(TUESDAY))
    assert (of(first).outcome, of(first).matched) == (Outcome.DIGEST, 1)
    second = await environment.once()
    assert of(second).outcome is Outcome.EMPTY
    assert environment.received()["slack"] == 1


async def test_a_new_subscriber_starts_with_the_latest_mailing_and_nothing_before_it(
    environment: Environment,
) -> None:
    environment.announce(MONDAY, bird(1))
    await environment.once(morning(MONDAY))
    environment.announce(TUESDAY, bird(2))
    await environment.once(morning(TUESDAY))
    environment.config["subscribers"]["late"] = {"slack": "C0000000009", "topics": ["birds"]}
    assert of(await environment.once(), "late").matched == 1
    assert "2604.00002" in str(environment.slack.messages[-1].blocks)


async def test_a_new_topic_starts_with_the_latest_mailing_too(environment: Environment) -> None:
    environment.announce(TUESDAY, bird(1), fish(2))
    await environment.once(morning(TUESDAY))
    environment.config["topics"]["fish"] = {"title": "Fish", "categories": ["cs.CV"], "keywords": ["fish"]}
    environment.config["subscribers"]["lab"]["topics"] = ["birds", "fish"]
    assert of(await environment.once()).matched == 1


async def test_editing_a_topic_acts_forward(environment: Environment) -> None:
    environment.announce(TUESDAY, bird(1), fish(2))
    await environment.once(morning(TUESDAY))
    environment.config["topics"]["birds"]["keywords"] = ["pigeon", "fish"]
    assert of(await environment.once()).outcome is Outcome.EMPTY


async def test_mailings_between_two_digests_come_together_newest_first(environment: Environment) -> None:
    environment.config["subscribers"]["lab"] |= {"at": "08:00", "on": ["wed"]}
    for day, number in ((FRIDAY, 0), (MONDAY, 1), (TUESDAY, 2), (WEDNESDAY, 3)):
        environment.announce(day, bird(number))
        run = await environment.once(morning(day, 5))
        assert of(run).outcome is Outcome.NOT_DUE
    digest = await previewed(environment)
    assert digest is not None
    assert digest.mailing_dates == (WEDNESDAY, TUESDAY, MONDAY, FRIDAY)
    assert [entry.mailing_date for entry in digest.sections[0].entries] == [WEDNESDAY, TUESDAY, MONDAY, FRIDAY]
    assert of(await environment.once(morning(WEDNESDAY, 6))).matched == 4


async def test_a_newcomer_with_an_hour_starts_at_its_next_slot(environment: Environment) -> None:
    environment.config["subscribers"]["lab"]["at"] = "08:00"
    environment.announce(TUESDAY, bird(1))
    first = of(await environment.once(morning(TUESDAY, 7)))
    assert (first.outcome, first.next_slot) == (Outcome.NOT_DUE, morning(WEDNESDAY, 6))
    environment.announce(WEDNESDAY, bird(2))
    assert of(await environment.once(morning(WEDNESDAY, 6))).matched == 2


async def test_now_overrides_the_hour(environment: Environment) -> None:
    environment.config["subscribers"]["lab"]["at"] = "08:00"
    environment.announce(TUESDAY, bird(1))
    assert of(await environment.once(morning(TUESDAY, 7), any_hour=True)).matched == 1


async def test_a_slept_hour_is_made_up_at_once_and_only_once(environment: Environment) -> None:
    environment.config["subscribers"]["lab"]["at"] = "08:00"
    environment.announce(MONDAY, bird(1))
    await environment.once(morning(MONDAY, 5))
    environment.announce(TUESDAY, bird(2))
    assert of(await environment.once(morning(TUESDAY, 21))).matched == 2
    assert of(await environment.once(morning(TUESDAY, 22))).outcome is not Outcome.DIGEST


async def test_what_is_late_follows_as_its_own_digest_also_after_the_hour(environment: Environment) -> None:
    environment.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    environment.config["subscribers"]["lab"]["at"] = "08:00"
    environment.announce(MONDAY, bird(1))
    environment.announce(MONDAY, fish(9), category="cs.CL")
    await environment.once(morning(MONDAY, 5))
    await environment.once(morning(MONDAY, 6))
    environment.announce(TUESDAY, bird(2))  # cs.CL still shows Monday
    run = await environment.once(morning(TUESDAY, 6))
    assert (of(run).matched, run.left_undone) == (1, True)
    assert "cs.CL" in environment.slack_text(-1)
    environment.announce(TUESDAY, bird(3), category="cs.CL")
    late = await environment.once(morning(TUESDAY, 9))
    assert (of(late).matched, late.left_undone) == (1, False)


async def test_a_paused_subscriber_gets_all_it_missed_when_it_is_back(environment: Environment) -> None:
    environment.announce(MONDAY, bird(1))
    await environment.once(morning(MONDAY))
    environment.config["subscribers"]["lab"]["paused"] = True
    environment.announce(TUESDAY, bird(2))
    assert of(await environment.once(morning(TUESDAY))).outcome is Outcome.PAUSED
    environment.config["subscribers"]["lab"]["paused"] = False
    environment.announce(WEDNESDAY, bird(3))
    assert of(await environment.once(morning(WEDNESDAY))).matched == 2


async def test_a_paper_stands_in_the_first_topic_that_claims_it_and_the_others_are_named(
    environment: Environment,
) -> None:
    environment.config["topics"]["maps"] = {"title": "Maps", "categories": ["cs.CV"], "keywords": ["map"]}
    environment.config["subscribers"]["lab"]["topics"] = ["birds", "maps"]
    environment.announce(TUESDAY, bird(1), paper("2604.00002", title="Old maps", abstract="No birds here."))
    await environment.once(morning(TUESDAY), no_deliver=True)
    digest = await previewed(environment)
    assert digest is not None
    birds, maps = digest.sections
    assert [(e.paper.identifier, e.also_in) for e in birds.entries] == [("2604.00001", ("Maps",))]
    assert [e.paper.identifier for e in maps.entries] == ["2604.00002"]
    assert digest.matched == 2


async def test_a_cross_list_of_a_told_paper_is_no_news_and_a_replacement_only_where_asked_for(
    environment: Environment,
) -> None:
    environment.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    environment.config["topics"]["all"] = {
        **environment.config["topics"]["birds"],
        "title": "All",
        "announce": ALL_TYPES,
    }
    environment.config["subscribers"]["curious"] = {"slack": "C0000000002", "topics": ["all"]}
    environment.announce(MONDAY, bird(1))
    environment.announce(MONDAY, fish(8), category="cs.CL")
    await environment.once(morning(MONDAY))
    environment.announce(TUESDAY, FeedItem(bird(1, version=2), REPLACE), fish(9))
    environment.announce(TUESDAY, FeedItem(bird(1), CROSS), category="cs.CL")
    run = await environment.once(morning(TUESDAY))
    assert of(run, "lab").outcome is Outcome.EMPTY
    assert of(run, "curious").matched == 1
    assert "2604.00001v2" in str(environment.slack.messages[-1].blocks)


async def test_a_version_is_told_as_replaced_once(environment: Environment) -> None:
    environment.config["topics"]["birds"] |= {"announce": ALL_TYPES, "categories": ["cs.CV", "cs.CL"]}
    environment.announce(TUESDAY, FeedItem(bird(1, version=2), REPLACE))
    await environment.once(morning(TUESDAY))
    environment.announce(TUESDAY, FeedItem(bird(1, version=2), REPLACE), category="cs.CL")
    assert of(await environment.once()).outcome is Outcome.EMPTY


async def test_what_the_limit_hides_is_counted_linked_and_told(environment: Environment) -> None:
    environment.config["topics"]["birds"]["limit"] = 2
    environment.announce(TUESDAY, *(bird(number) for number in range(1, 6)))
    run = await environment.once(morning(TUESDAY))
    assert of(run).matched == 5
    assert "3 more" in environment.slack_text()
    assert "https://arxiv.org/catchup/cs.CV/2026-04-21" in environment.slack_text()
    environment.config["topics"]["birds"]["limit"] = None
    assert of(await environment.once()).outcome is Outcome.EMPTY


async def test_the_rest_is_linked_to_the_site_where_it_is_published(environment: Environment) -> None:
    environment.config["topics"]["birds"]["limit"] = 1
    environment.config["site"] = {"dir": "site", "topics": ["birds"], "url": "https://lab.example.org/papers"}
    environment.announce(TUESDAY, bird(1), bird(2))
    await environment.once(morning(TUESDAY))
    assert "https://lab.example.org/papers/birds/2026-04-21.html" in environment.slack_text()


async def test_silence_is_the_default_and_say_speaks_once_per_closed_mailing(environment: Environment) -> None:
    environment.config["subscribers"]["loud"] = {"slack": "C0000000002", "topics": ["birds"], "when_empty": "say"}
    environment.announce(FRIDAY, fish(1), fish(2))
    run = await environment.once(morning(FRIDAY))
    assert (of(run, "lab").outcome, of(run, "loud").outcome) == (Outcome.EMPTY, Outcome.SAID_EMPTY)
    assert "2 papers were announced on Fri 17 Apr 2026 in cs.CV; none matched." in environment.slack_text()
    for later in (timedelta(hours=1), timedelta(days=1), timedelta(days=2)):
        await environment.once(morning(FRIDAY) + later)
    assert environment.received()["slack"] == 1


async def test_say_waits_until_every_category_is_in(environment: Environment) -> None:
    environment.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    environment.config["subscribers"]["lab"]["when_empty"] = "say"
    environment.announce(TUESDAY, fish(1))
    assert of(await environment.once(morning(TUESDAY))).outcome is Outcome.EMPTY
    environment.announce(TUESDAY, fish(2), category="cs.CL")
    assert of(await environment.once()).outcome is Outcome.SAID_EMPTY


async def test_say_does_not_speak_of_a_mailing_that_had_a_match(environment: Environment) -> None:
    environment.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    environment.config["subscribers"]["lab"]["when_empty"] = "say"
    environment.announce(TUESDAY, bird(1))
    await environment.once(morning(TUESDAY))
    environment.announce(TUESDAY, fish(2), category="cs.CL")
    assert of(await environment.once()).outcome is Outcome.EMPTY


async def test_on_a_weekend_nobody_hears_anything(environment: Environment) -> None:
    environment.config["subscribers"]["lab"]["when_empty"] = "say"
    run = await environment.once(morning(SATURDAY))
    assert run.collected == ()
    assert of(run).outcome is Outcome.EMPTY
    assert not run.left_undone


async def test_a_digest_that_many_share_is_rendered_and_stored_once(environment: Environment) -> None:
    environment.config["subscribers"] = {
        f"reader{number}": {"mail": f"reader{number}@example.org", "topics": ["birds"]} for number in range(20)
    }
    environment.announce(TUESDAY, bird(1))
    await environment.once(morning(TUESDAY))
    assert environment.received()["mail"] == 20
    async with environment.app() as app:
        with app.store._database.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM messages").scalar() == 1


async def test_papers_are_read_once_and_like_subscribers_share_one_plan_and_one_rendering(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.config["topics"]["fish"] = {"title": "Fish", "categories": ["cs.CV"], "keywords": ["fish"]}
    environment.config["subscribers"] = {
        f"reader{number}": {"mail": f"reader{number}@example.org", "topics": [["birds"], ["fish"]][number % 2]}
        for number in range(6)
    }
    environment.announce(TUESDAY, bird(1), fish(2))
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
    async with environment.app() as app:
        environment.clock.set(morning(TUESDAY))
        await app.runner.collect()
        done.clear()
        await app.runner.compose()
    assert Counter(done) == {"render": 2, "load": 1, "announcements_after": 1, "writing": 1}


async def test_each_category_is_read_once_however_many_combinations_of_them_are_wished_for(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    categories = ["cs.CV", "cs.CL", "cs.LG"]
    for number, category in enumerate(categories, 1):
        environment.announce(TUESDAY, bird(number), category=category)
    wished = [some for count in (1, 2, 3) for some in combinations(categories, count)]
    environment.config["topics"] = {
        f"topic{number}": {"title": "Birds", "categories": list(some), "keywords": ["pigeon"]}
        for number, some in enumerate(wished)
    }
    environment.config["subscribers"] = {
        f"reader{number}": {"mail": f"reader{number}@example.org", "topics": [f"topic{number}"]}
        for number in range(len(wished))
    }
    environment.clock.set(morning(TUESDAY))
    read = []
    after = Papers.announcements_after

    def note(papers: Papers, category: str, cursor: int, upto: int) -> Any:
        read.append(category)
        return after(papers, category, cursor, upto)

    monkeypatch.setattr(Papers, "announcements_after", note)
    async with environment.app() as app:
        await app.runner.collect()
        matched = {composed.subscriber: composed.matched for composed in await app.runner.compose()}
    assert sorted(read) == sorted(categories)
    assert [matched[f"reader{number}"] for number in range(len(wished))] == [len(some) for some in wished]


async def test_a_plan_is_shared_by_all_who_are_as_far_and_by_nobody_else(environment: Environment) -> None:
    environment.announce(TUESDAY, bird(1))
    await environment.once(morning(TUESDAY), no_deliver=True)
    async with environment.app() as app:
        rendered = RenderedDigest(
            "slack", "Birds", (Message({}),), (DigestPaper("2604.00001", 0, "birds", shown=True),)
        )
        app.store.outbox.enqueue(SubscriberState("told"), rendered, ("",), environment.clock.now())
        planner, lab, now = app.planner(app.settings), app.settings.subscribers["lab"], environment.clock.now()
        state = planner.add_missing_cursors(lab, SubscriberState("lab"))
        first = planner.plan(lab, state, now)
        assert planner.plan(lab, replace(state, name="twin", slot=now, revision=7), now) is first
        for other in (
            replace(state, name="told"),
            replace(state, heard_until=MONDAY),
            replace(state, cursors={"birds/cs.CV": 1}),
        ):
            assert planner.plan(lab, other, now) is not first
        assert first.digest
        assert planner.plan(lab, replace(state, name="told"), now).digest is None


async def test_who_wants_other_messages_of_the_same_digest_gets_them(environment: Environment) -> None:
    environment.config["subscribers"] |= {
        "brief": {"slack": "C0000000002", "topics": ["birds"], "max_messages": 1},
        "quiet": {"slack": "C0000000003", "topics": ["birds"], "thread": False},
        "alice": {"mail": "alice@example.org", "topics": ["birds"]},
    }
    environment.announce(TUESDAY, *map(bird, range(1, 61)))
    await environment.once(morning(TUESDAY), no_deliver=True)
    async with environment.app() as app:
        messages = {result.subscriber: result.messages for result in await app.runner.compose()}
        with app.store._database.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM digests").scalar() == 4
    assert messages["brief"] == 1 < messages["lab"]


async def test_composed_together_each_gets_what_it_would_get_alone(environment: Environment) -> None:
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
    environment.config["topics"]["fish"] = {"title": "Fish", "categories": ["cs.CV", "cs.CL"], "keywords": ["fish"]}
    environment.config["topics"]["birds"] |= {"limit": 2, "announce": ALL_TYPES}
    environment.config["subscribers"] = {
        name: {"mail": f"{name}@example.org", **wishes} for name, wishes in readers.items()
    }
    stories: dict[str, list[object]] = {"together": [], "alone": []}

    async def live(day: date) -> None:
        environment.clock.set(morning(day, 9 if day == WEDNESDAY else 7))
        for store, story in stories.items():
            environment.config["store"] = f"sqlite:///{store}.db"
            async with environment.app() as app:
                await app.runner.collect()
                everybody = app.settings.subscribers
                for group in [everybody] if store == "together" else [{name: everybody[name]} for name in everybody]:
                    composer = app.composer(replace(app.settings, subscribers=group))
                    for result in await composer.compose(environment.clock.now()):
                        story += [result, app.store.subscribers.state(result.subscriber)]
                with app.store._database.reading() as connection:
                    rows = connection.exec_driver_sql("SELECT subscriber, recipient, digest_id, part FROM deliveries")
                    story.append(sorted(map(tuple, rows)))

    environment.announce(MONDAY, bird(1), bird(2), bird(3))
    environment.announce(MONDAY, paper("2604.00010", title="On mice", abstract="Mice."), category="cs.CL")
    await live(MONDAY)
    environment.announce(TUESDAY, fish(4), FeedItem(bird(2, version=2), REPLACE))
    environment.announce(TUESDAY, bird(5), fish(6), category="cs.CL")
    await live(TUESDAY)
    environment.announce(WEDNESDAY, bird(7), FeedItem(bird(7, version=2), REPLACE))
    environment.announce(WEDNESDAY, paper("2604.00011", title="On mice", abstract="Mice."), category="cs.CL")
    await live(WEDNESDAY)
    assert stories["together"] == stories["alone"]
    outcomes = {result.outcome for result in stories["alone"] if isinstance(result, Composed)}
    assert outcomes == {Outcome.DIGEST, Outcome.EMPTY, Outcome.SAID_EMPTY, Outcome.NOT_DUE, Outcome.PAUSED}


async def test_one_subscriber_s_broken_template_is_its_own_trouble(environment: Environment) -> None:
    """Law 4; and it gets the built-in one, with a note that names the line."""
    environment.config["templates"] = "mine"
    broken = environment.folder / "mine" / "slack" / "paper.mrkdwn.j2"
    broken.parent.mkdir(parents=True)
    broken.write_text("{{ no_such_value }}", encoding="utf-8")
    environment.config["subscribers"]["alice"] = {"mail": "alice@example.org", "topics": ["birds"]}
    environment.announce(TUESDAY, bird(1))
    run = await environment.once(morning(TUESDAY))
    assert (of(run, "lab").outcome, of(run, "alice").outcome) == (Outcome.DIGEST, Outcome.DIGEST)
    assert "slack/paper.mrkdwn.j2, line 1" in of(run, "lab").reason
    assert of(run, "alice").reason == ""
    digest, note = environment.slack.messages
    assert "Pigeon study 1" in str(digest.blocks)
    assert "slack/paper.mrkdwn.j2, line 1" in str(note.payload)


async def test_a_fault_of_ours_in_one_channel_s_rendering_is_that_channel_s_alone(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 4; and nothing of it is lost: once mended, the digest comes."""

    def explode(*_: object, **__: object) -> tuple[Message, ...]:
        raise ValueError("a fault of ours")

    environment.config["subscribers"]["alice"] = {"mail": "alice@example.org", "topics": ["birds"]}
    environment.announce(TUESDAY, bird(1))
    with monkeypatch.context() as broken:
        broken.setattr(SlackChannel, "render", explode)
        run = await environment.once(morning(TUESDAY))
    assert (of(run, "lab").outcome, of(run, "alice").outcome) == (Outcome.FAILED, Outcome.DIGEST)
    assert run.left_undone
    assert of(await environment.once()).outcome is Outcome.DIGEST


async def test_a_topic_added_between_two_hours_begins_when_it_was_added(environment: Environment) -> None:
    environment.config["topics"]["fish"] = {"title": "Fish", "categories": ["cs.CV"], "keywords": ["fish"]}
    environment.config["subscribers"]["lab"] |= {"at": "08:00", "on": ["wed"]}
    environment.announce(FRIDAY, fish(1))
    await environment.once(morning(FRIDAY))
    environment.config["subscribers"]["lab"]["topics"] = ["birds", "fish"]
    for day, number in ((MONDAY, 2), (TUESDAY, 3), (WEDNESDAY, 4)):
        environment.announce(day, fish(number))
        await environment.once(morning(day))
    assert environment.slack_text().count("/abs/2604.") == 3  # Monday's was the latest when a run first saw the topic


async def test_a_subscriber_that_gets_an_hour_only_now_waits_for_it(environment: Environment) -> None:
    environment.announce(MONDAY, bird(1))
    await environment.once(morning(MONDAY))
    environment.config["subscribers"]["lab"]["at"] = "17:00"
    environment.announce(TUESDAY, bird(2))
    assert of(await environment.once(morning(TUESDAY))).outcome is Outcome.NOT_DUE
    assert of(await environment.once(morning(TUESDAY, 15))).matched == 1


async def test_a_clock_that_was_far_ahead_silences_nobody(environment: Environment) -> None:
    environment.config["subscribers"]["lab"]["at"] = "08:00"
    environment.announce(MONDAY, bird(1))
    await environment.once(morning(date(2027, 4, 20)))
    environment.clock._now = morning(MONDAY)
    assert of(await environment.once()).matched == 1
    environment.announce(TUESDAY, bird(2))
    assert of(await environment.once(morning(TUESDAY))).matched == 1


async def test_a_digest_names_mailings_of_earlier_days_that_never_came_in(environment: Environment) -> None:
    environment.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    environment.config["subscribers"]["lab"] |= {"at": "08:00", "on": ["wed"]}
    environment.announce(MONDAY, bird(1))
    environment.announce(MONDAY, fish(2), category="cs.CL")
    await environment.once(morning(MONDAY))
    environment.announce(TUESDAY, bird(3))  # cs.CL still shows Monday
    await environment.once(morning(TUESDAY))
    environment.announce(WEDNESDAY, bird(4))
    environment.announce(WEDNESDAY, fish(5), category="cs.CL")
    await environment.once(morning(WEDNESDAY, 5))
    digest = await previewed(environment)
    assert digest is not None
    assert digest.missing == ("cs.CL of Tue 21 Apr 2026 (missed)",)


async def test_the_links_lead_to_the_listings_that_hold_the_papers_and_to_no_others(environment: Environment) -> None:
    environment.config["topics"]["birds"] |= {"categories": ["cs.AI", "cs.CL", "cs.CV", "cs.LG"], "limit": 1}
    environment.announce(TUESDAY, bird(1), bird(2), bird(3))
    environment.announce(TUESDAY, bird(4), FeedItem(bird(1), CROSS), category="cs.LG")
    await environment.once(morning(TUESDAY), no_deliver=True)
    digest = await previewed(environment)
    assert digest is not None
    assert [link.label for link in digest.sections[0].more] == ["cs.CV 2026-04-21", "cs.LG 2026-04-21"]


async def test_an_exclusion_in_the_newest_version_holds_although_an_older_one_was_free_of_it(
    environment: Environment,
) -> None:
    environment.config["topics"]["birds"]["exclude"] = ["robot"]
    environment.config["subscribers"]["lab"] |= {"at": "08:00", "on": ["wed"]}
    environment.announce(MONDAY, bird(1))
    await environment.once(morning(MONDAY))
    environment.announce(TUESDAY, FeedItem(bird(1, version=2, title="Pigeon robots"), REPLACE))
    await environment.once(morning(TUESDAY))
    assert of(await environment.once(morning(WEDNESDAY))).matched == 0


async def test_a_weekly_reader_is_told_of_all_its_silent_mailings_at_once(environment: Environment) -> None:
    environment.config["subscribers"]["lab"] |= {"at": "08:00", "on": ["tue"], "when_empty": "say"}
    for day in (FRIDAY, MONDAY, TUESDAY):
        environment.announce(day, fish(day.day))
        await environment.once(morning(day))
    assert (
        "3 papers were announced on Fri 17 Apr 2026, Mon 20 Apr 2026, Tue 21 Apr 2026 in cs.CV"
        in environment.slack_text()
    )


async def test_a_newcomer_on_a_weekend_hears_nothing_of_friday(environment: Environment) -> None:
    environment.announce(FRIDAY, fish(1))
    await environment.once(morning(FRIDAY))
    environment.config["subscribers"]["new"] = {"slack": "C0000000002", "topics": ["birds"], "when_empty": "say"}
    assert of(await environment.once(morning(SATURDAY)), "new").outcome is Outcome.EMPTY


async def test_while_another_process_is_collecting_nothing_is_composed_of_half_a_mailing(
    environment: Environment,
) -> None:
    environment.announce(TUESDAY, bird(1))
    await environment.once(morning(TUESDAY), no_deliver=True)
    async with environment.app() as app:
        app.store.leases.acquire("collect", environment.clock.now(), timedelta(minutes=30))
        with app.store._database.writing() as connection:
            connection.exec_driver_sql("UPDATE leases SET owner = 'elsewhere|boot|1|1'")
    run = await environment.once()
    assert (run.composed, run.collected_elsewhere != "") == ((), True)
    environment.clock.set(morning(TUESDAY, 7))
    assert of(await environment.once()).matched == 1


async def test_a_mailing_that_another_process_is_still_collecting_is_left_undone(environment: Environment) -> None:
    async with environment.app() as app:
        app.store.leases.acquire("collect", morning(TUESDAY), timedelta(minutes=30))
        with app.store._database.writing() as connection:
            connection.exec_driver_sql("UPDATE leases SET owner = 'elsewhere|boot|1|1'")
    run = await environment.once(morning(TUESDAY))
    assert run.left_undone
    assert run.still_open == ("cs.CV",)


async def test_three_hundred_papers_are_one_digest_within_its_messages(environment: Environment) -> None:
    environment.config["subscribers"]["lab"]["paused"] = True
    environment.announce(MONDAY, *(bird(n) for n in range(1, 301)))
    await environment.once(morning(MONDAY))
    environment.config["subscribers"]["lab"]["paused"] = False
    run = await environment.once()
    assert of(run).matched == 300
    assert of(run).messages <= 10


async def test_a_retry_sends_what_was_composed_also_after_the_template_changed(environment: Environment) -> None:
    """Law 3."""
    environment.slack.script.append(_refusal("service_unavailable"))
    environment.announce(TUESDAY, bird(1))
    await environment.once(morning(TUESDAY))
    assert environment.received()["slack"] == 0
    environment.config["templates"] = "mine"
    changed = environment.folder / "mine" / "slack" / "paper.mrkdwn.j2"
    changed.parent.mkdir(parents=True)
    changed.write_text("changed", encoding="utf-8")
    await environment.once()
    assert "Pigeon study 1" in environment.slack_text()
    assert "changed" not in environment.slack_text()


def _refusal(error: str) -> Any:
    from tests.servers.slack import FaultScript  # noqa: PLC0415 - only these tests script an answer

    return FaultScript(body={"ok": False, "error": error})


async def test_preview_changes_nothing_and_shows_the_latest_mailing_to_a_newcomer(environment: Environment) -> None:
    environment.announce(TUESDAY, bird(1))
    await environment.once(morning(TUESDAY))
    assert await previewed(environment) is None
    again = await previewed(environment, as_newcomer=True)
    assert again is not None
    assert again.matched == 1
    assert of(await environment.once()).outcome is Outcome.EMPTY


@pytest.mark.parametrize("kind", [NEW, CROSS])
async def test_the_announced_count_is_of_different_papers_over_all_categories(
    environment: Environment, kind: Any
) -> None:
    environment.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    environment.announce(TUESDAY, FeedItem(bird(1), kind), fish(2))
    environment.announce(TUESDAY, FeedItem(bird(1), CROSS), category="cs.CL")
    await environment.once(morning(TUESDAY), no_deliver=True)
    digest = await previewed(environment)
    assert digest is not None
    assert (digest.announced, digest.matched) == (2, 1)


async def test_of_very_many_different_digests_some_are_planned_and_written_at_a_time(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who shares a digest with somebody of an earlier part is told the same, and it is stored once."""
    topics = {name: {"title": name, "categories": ["cs.CV"], "keywords": ["pigeon"]} for name in "abc"}
    environment.config["topics"] = topics
    environment.config["subscribers"] = {
        f"reader{number}": {"mail": f"r{number}@example.org", "topics": ["abcacbca"[number]]} for number in range(8)
    }
    environment.announce(TUESDAY, bird(1))
    monkeypatch.setattr(compose, "_MOST_PLANS", 2)
    environment.clock.set(morning(TUESDAY))
    async with environment.app() as app:
        await app.runner.collect()
        composed = await app.runner.compose()
        assert [each.subscriber for each in composed] == list(environment.config["subscribers"])
        assert {each.outcome for each in composed} == {Outcome.DIGEST}
        assert Counter(each.title for each in app.store.queries.all()) == {"a": 3, "b": 2, "c": 3}
        assert len({app.store.queries.detail(each.id).digest for each in app.store.queries.all()}) == 3


async def test_a_stop_ends_compose_at_the_next_digest_and_the_next_run_goes_on_after_the_last_transaction(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"reader{number}" for number in range(5)]
    environment.config["topics"] = {
        name: {"title": name, "categories": ["cs.CV"], "keywords": ["pigeon"]} for name in names
    }
    environment.config["subscribers"] = {name: {"mail": f"{name}@example.org", "topics": [name]} for name in names}
    environment.announce(TUESDAY, bird(1))
    rendered: list[str] = []
    render = MailChannel.render

    def note(channel: MailChannel, digest: Digest, **options: Any) -> tuple[Message, ...]:
        rendered.append(digest.sections[0].topic)
        task = asyncio.current_task()
        if len(rendered) == 3 and task is not None:
            task.cancel()
        return render(channel, digest, **options)

    monkeypatch.setattr(MailChannel, "render", note)
    monkeypatch.setattr(compose, "_DIGESTS_PER_TRANSACTION", 2)
    environment.clock.set(morning(TUESDAY))
    async with environment.app() as app:
        await app.runner.collect()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(app.runner.compose())
        assert rendered == names[:3]
        await app.runner.compose()
        assert rendered[3:] == names[2:], "the first two were written"
        assert sorted(lane.subscriber for lane in app.store.outbox.lanes()) == names
        assert set(app.store.outbox.backlog().values()) == {1}


async def test_of_two_composers_at_once_one_stands_back(environment: Environment) -> None:
    """For each subscriber by itself, although all are told the same."""
    environment.config["subscribers"] = {name: {"mail": f"{name}@example.org", "topics": ["birds"]} for name in "abc"}
    environment.announce(TUESDAY, bird(1))
    await environment.once(morning(TUESDAY), no_deliver=True)
    async with environment.app() as app:
        states = app.store.subscribers.states("abc")
        environment.config["subscribers"] = {"b": {"mail": "b@example.org", "topics": ["birds"]}}
        async with environment.app() as other:
            await other.runner.compose()
        composer = app.composer(app.settings)
        composer._store.subscribers.states = lambda _names: states  # all read before the other one wrote
        composer._store.subscribers.told = lambda _identifiers, _shard: {}
        composed = await composer.compose(environment.clock.now())
        assert [result.outcome for result in composed] == [Outcome.DIGEST, Outcome.ELSEWHERE, Outcome.DIGEST]
        assert sorted(lane.subscriber for lane in app.store.outbox.lanes()) == ["a", "b", "c"]


async def test_who_was_composed_for_meanwhile_is_not_enrolled_again(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.announce(TUESDAY, bird(1))
    await environment.once(morning(TUESDAY), no_deliver=True)
    async with environment.app() as app:
        composer = app.composer(app.settings)
        await app.runner.compose()
        composed = app.store.subscribers.state("lab")
        with monkeypatch.context() as patch:
            patch.setattr(composer._store.subscribers, "states", lambda _names: {})  # read before the other one wrote
            composer.enrol(environment.clock.now())
        assert app.store.subscribers.state("lab") == composed
