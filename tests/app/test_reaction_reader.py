"""Reactions read back by `once`: votes without a socket, and never at the cost of a digest.

Law 2: nothing is marked done before it is done. Law 4: one destination's trouble is its own. Law 9: what is optional
fails into the plain digest, never late. Law 12: no name is kept.
"""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from bot.app import reaction_reader
from bot.members import commands
from bot.store import Store
from bot.store.database import Database
from bot.store.database.tables import feedback, reactions
from bot.store.feedback import Opinion
from bot.store.reactions import Reactions
from tests.builders import paper
from tests.servers.slack import BOT, FaultScript
from tests.world import MONDAY, Environment, morning

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.feedback import FeedbackRecord

ADA, BO = "U0ADA000001", "U0BO0000001"
FRIDAY = MONDAY + timedelta(days=4)
CHANNEL = "120000000000000777"
THUMB, DOWN = "\N{THUMBS UP SIGN}", "\N{THUMBS DOWN SIGN}"


@pytest.fixture
def lab(environment: Environment) -> Environment:
    """A channel where each paper is a message of its own; Monday's mailing has four."""
    environment.config["subscribers"]["lab"]["reactions"] = True
    environment.config["timezone"] = "UTC"
    environment.announce(MONDAY, *(paper(f"2604.0000{n}", title=f"Pigeon study {n}") for n in range(1, 5)))
    environment.slack.now = lambda: environment.clock.now().timestamp()
    environment.discord.now = lambda: environment.clock.now().timestamp()
    return environment


def react(environment: Environment, number: int, emoji: str, *persons: str) -> None:
    """From now on these persons react so to the message of that paper."""
    message = next(
        each for each in environment.slack.messages if each.thread_ts and f"2604.0000{number}" in str(each.blocks)
    )
    environment.slack.reactions.setdefault(message.ts, {})[emoji] = list(persons)


def said(environment: Environment, subscriber: str = "lab") -> dict[str, tuple[str, str]]:
    """By paper, what was said of it, and where."""
    return {each.identifier[-1]: (each.opinion, each.place) for each in records(environment, subscriber)}


def records(environment: Environment, subscriber: str = "lab") -> list[FeedbackRecord]:
    store = Store(environment.settings.store)
    with store.snapshot() as view:
        found = list(view.feedback.of_subscriber(subscriber))
    store.close()
    return found


async def click(environment: Environment, opinion: str) -> None:
    """Ada presses a button under the first paper."""
    async with environment.app() as app:
        keys, now = app.context.keys.person("slack", ADA), environment.clock.now()
        commands.feedback(app.context, "lab", keys, "2604.00001", Opinion(opinion), place="slack", now=now)


def words(mail: bytes) -> str:
    body = message_from_bytes(mail, policy=policy.default).get_body(("plain",))
    return " ".join(body.get_content().split()) if body else ""


def hour(number: int) -> datetime:
    return morning(MONDAY, 6 + number)


async def test_what_people_react_with_is_their_word_on_the_paper(lab: Environment) -> None:
    await lab.once(hour(0))
    react(lab, 1, "+1", ADA, BO, BOT)
    react(lab, 2, "-1", ADA)
    react(lab, 3, "bookmark::skin-tone-2", BO)
    react(lab, 4, "tada", BO)
    await lab.once(hour(1))
    found = records(lab)
    assert sorted((each.identifier[-1], each.opinion, each.place, each.topic) for each in found) == [
        ("1", "more", "slack-reaction", "birds"),
        ("1", "more", "slack-reaction", "birds"),
        ("2", "less", "slack-reaction", "birds"),
        ("3", "saved", "slack-reaction", "birds"),
    ]
    assert ADA not in str(found)


async def test_what_is_taken_away_is_taken_back_and_what_stays_is_said_once(lab: Environment) -> None:
    await lab.once(hour(0))
    react(lab, 1, "+1", ADA)
    await lab.once(hour(1))
    (first,) = records(lab)
    await lab.once(hour(2))
    assert records(lab) == [first], "unchanged, down to when it was said"
    react(lab, 1, "+1")
    react(lab, 1, "-1", ADA)
    await lab.once(hour(3))
    assert said(lab) == {"1": ("less", "slack-reaction")}
    react(lab, 1, "-1")
    await lab.once(hour(4))
    assert said(lab) == {}


async def test_the_latest_of_clicks_and_reactions_counts_as_one_vote(lab: Environment) -> None:
    await lab.once(hour(0))
    react(lab, 1, "+1", ADA)
    await lab.once(hour(1))
    await click(lab, "less")
    await lab.once(hour(2))
    assert said(lab) == {"1": ("less", "slack")}, "the reaction is older"
    react(lab, 1, "+1")
    await lab.once(hour(3))
    assert said(lab) == {"1": ("less", "slack")}, "what is gone had been replaced"
    react(lab, 1, "bookmark", ADA)
    await lab.once(hour(4))
    assert said(lab) == {"1": ("saved", "slack-reaction")}
    assert len(records(lab)) == 1


async def test_a_click_that_takes_a_reaction_back_is_not_undone_by_the_next_look(lab: Environment) -> None:
    await lab.once(hour(0))
    react(lab, 1, "+1", ADA)
    await lab.once(hour(1))
    await click(lab, "more")
    assert said(lab) == {}
    await lab.once(hour(2))
    assert said(lab) == {}


async def test_where_not_everybody_is_named_nobody_s_word_is_taken_back(lab: Environment) -> None:
    await lab.once(hour(0))
    react(lab, 1, "+1", ADA)
    await lab.once(hour(1))
    lab.slack.most_users = 1
    react(lab, 1, "+1", BO, ADA)
    await lab.once(hour(2))
    assert len(records(lab)) == 2


async def test_it_counts_for_the_person_s_own_direct_messages_too(lab: Environment) -> None:
    lab.config["subscribers"]["ada"] = {"slack": ADA, "topics": ["birds"], "at": "09:00", "on": ["sun"]}
    await lab.once(hour(0))
    react(lab, 1, "+1", ADA, BO)
    await lab.once(hour(1))
    assert said(lab, "ada") == {"1": ("more", "slack-reaction")}
    react(lab, 1, "+1", BO)
    await lab.once(hour(2))
    assert (len(records(lab)), said(lab, "ada")) == (1, {})


async def test_what_was_liked_on_friday_counts_reactions(lab: Environment) -> None:
    lab.config["subscribers"]["lab-liked"] = {"slack": "C0123456789", "topics": ["birds"], "digest": "liked"}
    await lab.once(hour(0))
    react(lab, 2, "+1", ADA, BO)
    await lab.once(morning(FRIDAY, 8))
    await lab.once(morning(FRIDAY, 9))
    assert "2 liked this" in str(lab.slack.messages[-1].blocks)


async def test_two_subscribers_of_one_channel_are_both_read(lab: Environment) -> None:
    lab.config["topics"]["maps"] = {"categories": ["cs.CV"], "keywords": ["maps"]}
    lab.config["subscribers"]["maps"] = {"slack": "C0123456789", "topics": ["maps"], "reactions": True}
    await lab.once(hour(0))
    for message in lab.slack.messages:
        lab.slack.reactions[message.ts] = {"+1": [ADA]}
    await lab.once(hour(1))
    assert set(said(lab)) == set(said(lab, "maps")) == {"1", "2", "3", "4"}


async def test_while_a_circuit_is_open_nobody_is_asked(lab: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaction_reader, "EVERY", timedelta(minutes=1))
    await lab.once(hour(0))
    react(lab, 1, "+1", ADA)
    tuesday = MONDAY + timedelta(days=1)
    lab.announce(tuesday, paper("2604.00008", title="One more pigeon"))
    lab.slack.channels["C0123456789"] = {"error": "channel_not_found"}
    await lab.once(morning(tuesday))
    asked = looks(lab)
    async with lab.app() as app:
        lab.clock.set(morning(tuesday, 6, 30))
        await app.runner.process_reactions()
        assert looks(lab) == asked
        lab.clock.set(morning(tuesday, 9))
        await app.runner.process_reactions()
        assert looks(lab) > asked


async def test_discord_is_read_too(lab: Environment) -> None:
    lab.config["subscribers"]["lab"] = {"discord": CHANNEL, "topics": ["birds"], "reactions": True}
    await lab.once(hour(0))
    message = next(each for each in lab.discord.messages if "Pigeon study 2" in str(each.embeds))
    lab.discord.reactions.normal[message.id] = {THUMB: ["1200000000000001001"], DOWN: ["1200000000000001002"]}
    await lab.once(hour(1))
    assert sorted(each.opinion for each in records(lab)) == ["less", "more"]
    assert {each.place for each in records(lab)} == {"discord-reaction"}
    lab.discord.reactions.normal[message.id][THUMB] = []
    await lab.once(hour(2))
    assert said(lab) == {"2": ("less", "discord-reaction")}


async def test_a_forum_s_threads_are_read_too(lab: Environment) -> None:
    lab.discord.make_forum(CHANNEL)
    lab.config["subscribers"]["lab"] = {"discord": CHANNEL, "topics": ["birds"], "forum": True, "reactions": True}
    await lab.once(hour(0))
    for message in lab.discord.messages:
        lab.discord.reactions.normal[message.id] = {THUMB: ["1200000000000001001"]}
    await lab.once(hour(1))
    assert set(said(lab)) == {"1", "2", "3", "4"}


# -- bounded, and never at the cost of a digest ----------------------------------------------------------------------


def looks(environment: Environment) -> int:
    return sum("conversations." in path or "auth.test" in path for _, path in environment.slack.requests)


async def test_nobody_is_asked_before_there_is_a_message_nor_more_than_once_an_hour(lab: Environment) -> None:
    await lab.once(hour(0))
    assert looks(lab) == 0
    await lab.once(hour(1))
    asked = looks(lab)
    assert 0 < asked <= 3
    for minute in (10, 30, 59):
        await lab.once(morning(MONDAY, 7, minute))
    assert looks(lab) == asked
    await lab.once(hour(2))
    assert looks(lab) > asked


async def test_without_the_option_nobody_is_asked(lab: Environment) -> None:
    del lab.config["subscribers"]["lab"]["reactions"]
    await lab.once(hour(0))
    await lab.once(hour(1))
    assert looks(lab) == 0


async def test_only_messages_of_the_last_days_are_asked_for_and_what_was_read_is_forgotten(lab: Environment) -> None:
    await lab.once(hour(0))
    react(lab, 1, "+1", ADA)
    await lab.once(hour(1))
    asked = looks(lab)
    await lab.once(morning(MONDAY + timedelta(days=8)))
    assert looks(lab) == asked
    await lab.once(morning(MONDAY + timedelta(days=16)))
    database = Database(lab.settings.store)
    with database.reading() as connection:
        assert connection.execute(select(reactions)).all() == []
        assert len(connection.execute(select(feedback)).all()) == 1
    database.close()


@pytest.mark.parametrize("how", ["scope", "out", "slow down", "broken", "gone", "bug"])
async def test_a_failure_costs_no_digest_and_is_a_word_to_the_operator_at_most(
    lab: Environment, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.config["subscribers"]["ops"] = {"mail": "ops@example.org", "topics": ["birds"]}
    lab.config["operator"] = "ops"
    await lab.once(hour(0))
    react(lab, 1, "+1", ADA)
    lab.announce(MONDAY + timedelta(days=1), paper("2604.00009", title="A late pigeon"))
    if how == "scope":
        lab.slack.scopes = "chat:write"
    elif how == "out":
        lab.slack.looks.append(FaultScript(body={"ok": True, "user_id": BOT}))
        lab.slack.looks.append(FaultScript(body={"ok": False, "error": "not_in_channel"}))
    elif how == "slow down":
        body = {"ok": False, "error": "ratelimited"}
        lab.slack.looks.append(FaultScript(status=429, body=body, headers={"Retry-After": "7200"}))
    elif how == "broken":
        lab.slack.looks.extend(FaultScript(status=500, body="oops") for _ in range(3))
    elif how == "gone":
        lab.slack.token = "xoxb-another"
    else:
        monkeypatch.setattr(reaction_reader, "note_reactions", lambda *_: 1 / 0)
    tuesday = morning(MONDAY + timedelta(days=1))
    await lab.once(tuesday)
    async with lab.app() as app:
        told = app.store.subscribers.told(["2604.00009"])
    assert "lab" in told
    if how != "gone":
        assert "A late pigeon" in str(lab.slack.messages[-1].blocks)
    alerts = [each for each in lab.mail.messages if "Reactions under the papers of lab" in words(each.data)]
    assert len(alerts) == (how in {"scope", "out", "bug"})
    if how == "slow down":
        asked = looks(lab)
        await lab.once(tuesday + timedelta(hours=1, minutes=30))
        assert looks(lab) == asked
        await lab.once(tuesday + timedelta(hours=2, minutes=1))
        assert said(lab) == {"1": ("more", "slack-reaction")}


async def test_a_platform_that_does_not_answer_is_left_in_time_and_keeps_no_other_one_waiting(
    lab: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 4: one destination's trouble is its own."""
    lab.config["subscribers"]["there"] = {"discord": CHANNEL, "topics": ["birds"], "reactions": True}
    await lab.once(hour(0))
    for message in lab.discord.messages:
        lab.discord.reactions.normal[message.id] = {THUMB: ["1200000000000001001"]}
    monkeypatch.setattr(reaction_reader, "MOST_SECONDS", 3.0)
    lab.slack.looks.append(FaultScript(hangs=60.0))
    await lab.once(hour(1))
    assert said(lab) == {}
    assert set(said(lab, "there")) == {"1", "2", "3", "4"}


async def test_a_run_asks_so_often_and_no_more(lab: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    await lab.once(hour(0))
    react(lab, 1, "+1", ADA)
    monkeypatch.setattr(reaction_reader, "MOST_REQUESTS", 1)
    await lab.once(hour(1))
    assert (looks(lab), said(lab)) == (1, {})


async def test_killed_between_two_people_the_next_look_notes_the_others(
    lab: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lab.once(hour(0))
    react(lab, 1, "+1", ADA, BO)

    class Killed(BaseException):
        """The process is gone."""

    with monkeypatch.context() as patch:
        whole, calls = Reactions.put, iter((False, True))

        def put(*arguments: Any) -> None:
            whole(*arguments)
            if next(calls):
                raise Killed

        patch.setattr(Reactions, "put", put)
        with pytest.raises(Killed):
            await lab.once(hour(1))
    assert len(records(lab)) == 1
    await lab.once(hour(2))
    assert len(records(lab)) == 2
