"""`digest: liked`: what readers liked most at one destination, with counts, once for each slot.

Law 2: nothing is marked done before it is done. Law 3: composed once, sent as composed.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.compose.liked import LikedPaper, count
from bot.model import Outcome, Shard
from bot.model.shards import shard_of
from bot.store import Store
from bot.store.feedback import FeedbackRecord, Opinion
from bot.store.outbox import enqueue
from tests.builders import paper
from tests.servers.slack import FaultScript
from tests.world import MONDAY, TUESDAY, WEDNESDAY, Environment, morning

if TYPE_CHECKING:
    from bot.app.run_result import RunResult
    from bot.model import Composed
    from bot.report.status import Reporter, Status

THURSDAY, FRIDAY = MONDAY + timedelta(days=3), MONDAY + timedelta(days=4)
MORE, LESS, SAVED = Opinion.MORE, Opinion.LESS, Opinion.SAVED


@pytest.fixture
def loft(environment: Environment) -> Environment:
    """A channel with a daily digest and one of what was liked there; Monday's mailing has five papers."""
    environment.config["subscribers"]["lab-liked"] = {"slack": "C0123456789", "topics": ["birds"], "digest": "liked"}
    environment.config["timezone"] = "UTC"
    environment.announce(MONDAY, *(paper(f"2604.0000{n}", title=f"Pigeon study {n}") for n in range(1, 6)))
    return environment


def say(
    environment: Environment,
    opinion: Opinion | None,
    number: int = 1,
    *,
    person: str = "ada",
    subscriber: str = "lab",
    at: datetime | None = None,
    topic: str | None = "birds",
) -> None:
    """What a click does."""
    identifier = f"2604.0000{number}"
    store = Store(environment.settings.store)
    with store.transaction() as transaction:
        if opinion is None:
            transaction.feedback.take_back(subscriber, [person], identifier)
        else:
            moment = at or environment.clock.now()
            record = FeedbackRecord(subscriber, person, identifier, opinion, "slack", moment, topic)
            transaction.feedback.put(record)
    store.close()


def of(run: RunResult, name: str = "lab-liked") -> Composed:
    return next(each for each in run.composed if each.subscriber == name)


def liked_messages(environment: Environment) -> list[str]:
    return [str(each.blocks) for each in environment.slack.messages if "Most liked" in str(each.blocks)]


async def week(environment: Environment) -> None:
    """Monday's digest is out."""
    await environment.once(morning(MONDAY))


async def test_most_votes_first_with_counts_and_without_names(loft: Environment) -> None:
    await week(loft)
    for person in ("ada", "bo", "cy"):
        say(loft, MORE, 2, person=person)
    say(loft, SAVED, 2, person="di")
    say(loft, SAVED, 3, person="ada")
    say(loft, LESS, 4)
    assert of(await loft.once(morning(THURSDAY))).outcome is Outcome.NOT_DUE
    run = of(await loft.once(morning(FRIDAY, 9)))
    assert (run.outcome, run.matched) == (Outcome.DIGEST, 2)
    (message,) = liked_messages(loft)
    assert "2 papers liked or saved here since Fri 17 Apr 2026" in message
    assert "3 liked this, 1 saved it" in message
    assert message.index("2604.00002") < message.index("2604.00003") < message.index("1 saved this")
    assert "2604.00004" not in message
    assert "ada" not in message


async def test_a_slot_is_served_once_and_each_vote_is_in_one_digest(loft: Environment) -> None:
    await week(loft)
    say(loft, MORE, 1)
    say(loft, MORE, 3, at=morning(FRIDAY, 10))
    say(loft, MORE, 2, at=morning(FRIDAY, 11, 1))
    assert of(await loft.once(morning(FRIDAY, 11))).matched == 2, "the machine slept over the slot"
    for hour in (11, 12, 23):
        assert of(await loft.once(morning(FRIDAY, hour))).outcome is Outcome.NOT_DUE
    run = of(await loft.once(morning(FRIDAY + timedelta(days=7), 9)))
    assert run.matched == 1
    assert "2604.00002" in liked_messages(loft)[1]
    assert "2604.00001" not in liked_messages(loft)[1]


async def test_a_week_without_a_vote_is_silent_or_said(loft: Environment) -> None:
    loft.config["subscribers"]["loud"] = {
        **loft.config["subscribers"]["lab-liked"],
        "slack": "C0000000009",
        "when_empty": "say",
    }
    await week(loft)
    run = await loft.once(morning(FRIDAY, 9))
    assert of(run).outcome is Outcome.EMPTY
    assert of(run, "loud").outcome is Outcome.SAID_EMPTY
    assert "Nobody liked or saved a paper here since Fri 17 Apr 2026." in str(loft.slack.messages[-1].blocks)
    assert of(await loft.once(morning(FRIDAY, 10)), "loud").outcome is Outcome.NOT_DUE


async def test_what_is_taken_back_or_said_otherwise_later_does_not_count(loft: Environment) -> None:
    await week(loft)
    say(loft, MORE, 1)
    say(loft, None, 1)
    say(loft, MORE, 2)
    say(loft, LESS, 2, at=morning(TUESDAY))
    say(loft, MORE, 3, at=morning(TUESDAY))
    say(loft, LESS, 3, subscriber="lab-liked", at=morning(WEDNESDAY))
    assert of(await loft.once(morning(FRIDAY, 9))).outcome is Outcome.EMPTY


async def test_only_votes_of_the_same_destination_count_each_person_once(loft: Environment) -> None:
    loft.config["subscribers"]["elsewhere"] = {"slack": "C0000000009", "topics": ["birds"]}
    await week(loft)
    say(loft, MORE, 1)
    say(loft, MORE, 1, subscriber="lab-liked", at=morning(TUESDAY))
    say(loft, MORE, 2, person="bo", subscriber="elsewhere")
    await loft.once(morning(FRIDAY, 9))
    (message,) = liked_messages(loft)
    assert "1 liked this" in message
    assert "2604.00002" not in message


async def test_a_paper_of_another_topic_does_not_count_one_whose_topic_is_gone_does(loft: Environment) -> None:
    loft.config["topics"]["fish"] = {"categories": ["cs.CV"], "keywords": ["fish"]}
    loft.announce(
        MONDAY, paper("2604.00006", title="On fish", abstract="Fish."), paper("2604.00007", title="A pigeon")
    )
    await week(loft)
    say(loft, MORE, 6, topic="fish")
    say(loft, MORE, 7, topic="fish")
    assert of(await loft.once(morning(FRIDAY, 9))).matched == 1, "a topic of its own claims the second"
    say(loft, MORE, 6, topic="gone", at=morning(FRIDAY, 10))
    assert of(await loft.once(morning(FRIDAY + timedelta(days=7), 9))).matched == 1


async def test_law_5_a_liked_paper_of_which_nothing_is_known_any_more_is_counted(loft: Environment) -> None:
    await week(loft)
    say(loft, MORE, 1)
    say(loft, MORE, 9)
    assert of(await loft.once(morning(FRIDAY, 9))).matched == 2
    (message,) = liked_messages(loft)
    assert "2 papers liked or saved here" in message
    assert "1 more" in message
    assert "2604.00009" not in message


async def test_nothing_of_it_counts_as_told_and_what_was_told_is_shown(loft: Environment) -> None:
    await week(loft)
    say(loft, MORE, 1)
    await loft.once(morning(FRIDAY, 9))
    async with loft.app() as app:
        told = app.store.subscribers.told(["2604.00001"])
    assert set(told) == {"lab"}
    loft.config["subscribers"]["lab-liked"].pop("digest")
    assert of(await loft.once(morning(FRIDAY, 10))).outcome is Outcome.EMPTY, "it begins with what comes next"


async def test_before_the_hour_by_hand_nothing_comes_twice(loft: Environment) -> None:
    await week(loft)
    say(loft, MORE, 1)
    loft.clock.set(morning(THURSDAY))
    assert of(await loft.once(any_hour=True)).matched == 1
    assert of(await loft.once(any_hour=True)).outcome is Outcome.EMPTY
    say(loft, MORE, 2, at=morning(THURSDAY, 12))
    assert of(await loft.once(morning(FRIDAY, 9))).matched == 1
    assert len(liked_messages(loft)) == 2


async def test_killed_in_the_transaction_it_is_composed_by_the_next_run(
    loft: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    await week(loft)
    say(loft, MORE, 1)

    class Killed(BaseException):
        """The process is gone."""

    with monkeypatch.context() as patch:
        whole = enqueue._put_digests

        def killed(*arguments: Any) -> None:
            whole(*arguments)
            raise Killed

        patch.setattr(enqueue, "_put_digests", killed)
        with pytest.raises(Killed):
            await loft.once(morning(FRIDAY, 9))
    assert not liked_messages(loft)
    await loft.once(morning(FRIDAY, 9, 1))
    assert len(liked_messages(loft)) == 1


async def test_two_machines_at_the_same_slot_send_it_once(loft: Environment) -> None:
    await week(loft)
    say(loft, MORE, 1)
    loft.clock.set(morning(FRIDAY, 9))
    async with loft.app() as one, loft.app() as two:
        composers = [each.composer(each.roster.of_yaml(loft.clock.now())) for each in (one, two)]
        runs = await asyncio.gather(*(each.compose(loft.clock.now()) for each in composers))
        outcomes = Counter(each.outcome for run in runs for each in run if each.subscriber == "lab-liked")
        assert outcomes == {Outcome.DIGEST: 1, Outcome.ELSEWHERE: 1}
    await loft.once()
    assert len(liked_messages(loft)) == 1


async def test_whoever_composes_for_a_shard_counts_the_votes_of_the_others_too(loft: Environment) -> None:
    await week(loft)
    say(loft, MORE, 1)
    loft.clock.set(morning(FRIDAY, 9))
    number = shard_of("lab-liked", of=16)
    assert shard_of("lab", of=16) != number
    async with loft.app() as app:
        (composed,) = await app.runner.compose(shard=Shard(number, of=16))
    assert (composed.subscriber, composed.matched) == ("lab-liked", 1)


async def test_a_machine_whose_clock_is_late_does_not_send_it_again(loft: Environment) -> None:
    await week(loft)
    say(loft, MORE, 1)
    early = morning(FRIDAY, 8, 58)
    loft.clock.set(morning(FRIDAY, 9))
    async with loft.app() as here, loft.app() as there:
        first = await here.composer(here.roster.of_yaml(early)).compose(loft.clock.now())
        second = await there.composer(there.roster.of_yaml(early)).compose(early)
    outcomes = [each.outcome for run in (first, second) for each in run if each.subscriber == "lab-liked"]
    assert outcomes == [Outcome.DIGEST, Outcome.NOT_DUE]


async def test_what_a_clock_far_ahead_has_written_holds_nothing_up(loft: Environment) -> None:
    await week(loft)
    async with loft.app() as app:
        await app.composer(app.settings).compose(morning(FRIDAY + timedelta(days=300), 9))
    say(loft, MORE, 1, at=morning(THURSDAY))
    assert of(await loft.once(morning(FRIDAY, 9))).matched == 1


async def test_a_retry_has_the_counts_of_when_it_was_composed(loft: Environment) -> None:
    await week(loft)
    say(loft, MORE, 1)
    loft.slack.script.append(FaultScript(status=503))
    await loft.once(morning(FRIDAY, 9))
    assert not liked_messages(loft)
    say(loft, MORE, 1, person="bo", at=morning(FRIDAY, 8))
    await loft.once(morning(FRIDAY, 12))
    (message,) = liked_messages(loft)
    assert "1 liked this" in message


async def test_mailboxes_have_it_too_for_the_same_mailboxes_only(loft: Environment) -> None:
    both = {"mail": ["bo@example.edu", "cy@example.edu"], "topics": ["birds"]}
    loft.config["subscribers"] |= {
        "seminar": both,
        "seminar-liked": both | {"digest": "liked"},
        "bo": {"mail": "bo@example.edu", "topics": ["birds"]},
    }
    await week(loft)
    say(loft, MORE, 1, subscriber="seminar")
    say(loft, MORE, 2, subscriber="bo")
    before = len(loft.mail.messages)
    assert of(await loft.once(morning(FRIDAY, 9)), "seminar-liked").matched == 1
    assert len(loft.mail.messages) - before == 2, "one for each mailbox"


async def status_of(environment: Environment) -> str:
    async with environment.app() as app:
        reporter: Reporter = app.reporter
        found: Status = reporter.status(environment.clock.now())
        return next(each.sentence for each in found.subscribers if each.name == "lab-liked")


async def test_status_says_what_is_liked_so_far(loft: Environment) -> None:
    await week(loft)
    assert await status_of(loft) == "nothing liked or saved since Fri 17 Apr 2026"
    say(loft, MORE, 1)
    assert await status_of(loft) == "1 paper liked or saved since Fri 17 Apr 2026; waits for its hour"
    say(loft, MORE, 2)
    assert await status_of(loft) == "2 papers liked or saved since Fri 17 Apr 2026; waits for its hour"


async def test_explain_says_how_many_liked_a_paper(loft: Environment) -> None:
    await week(loft)
    say(loft, MORE, 1)
    say(loft, SAVED, 1, person="bo")
    async with loft.app() as app:
        why = {
            number: next(
                each.why_not
                for each in app.reporter.explain(f"2604.0000{number}", app.matcher).subscribers
                if each.subscriber == "lab-liked"
            )
            for number in (1, 2)
        }
    prefix = "its digest is what was liked at its destination; since the last one "
    assert why == {1: f"{prefix}1 liked this, 1 saved it", 2: f"{prefix}nobody liked it"}


async def test_a_preview_shows_what_is_liked_so_far_and_changes_nothing(loft: Environment) -> None:
    await week(loft)
    say(loft, MORE, 1)
    loft.clock.set(morning(WEDNESDAY))
    async with loft.app() as app:
        subscriber = app.settings.subscribers["lab-liked"]
        for as_newcomer in (False, True):
            digest = app.composer(app.settings).preview(subscriber, loft.clock.now(), as_newcomer=as_newcomer)
            assert digest is not None
            assert [each.votes for each in digest.sections[0].entries] == ["1 liked this"]
            assert digest.liked_since == (date(2026, 4, 15) if as_newcomer else date(2026, 4, 17))
    assert of(await loft.once(morning(FRIDAY, 9))).matched == 1


# -- counting --------------------------------------------------------------------------------------------------------

BEGIN = datetime(2026, 4, 20, tzinfo=UTC)


@st.composite
def votes(draw: st.DrawFn) -> list[FeedbackRecord]:
    """At most one vote of each person on each paper of each subscriber, as the store has them."""
    key = st.tuples(st.sampled_from(["lab", "lab-liked"]), st.sampled_from("abc"), st.sampled_from(["1", "2", "3"]))
    said = st.tuples(st.sampled_from(Opinion), st.integers(0, 40))
    found = draw(st.dictionaries(key, said))
    return [
        FeedbackRecord(*who, opinion, "slack", BEGIN + timedelta(hours=hour))
        for who, (opinion, hour) in found.items()
    ]


@given(votes(), st.integers(0, 40))
def test_each_person_has_one_vote_on_a_paper_the_last_one(said: list[FeedbackRecord], hours: int) -> None:
    until = BEGIN + timedelta(hours=hours)
    expected: dict[str, list[Opinion]] = {}
    for person, paper_ in {(each.person, each.identifier) for each in said}:
        mine = [each for each in said if (each.person, each.identifier) == (person, paper_)]
        last = max(mine, key=lambda each: (each.at, each.subscriber))
        if last.at <= until and last.opinion is not LESS:
            expected.setdefault(paper_, []).append(last.opinion)
    found = count(said, until)
    assert {each.identifier: (each.more, each.saved) for each in found} == {
        paper_: (opinions.count(MORE), opinions.count(SAVED)) for paper_, opinions in expected.items()
    }
    totals = [each.more + each.saved for each in found]
    assert totals == sorted(totals, reverse=True)
    assert count(reversed(said), until) == found


@given(votes(), st.integers(0, 40))
def test_a_vote_is_in_one_of_two_digests_whichever_way_time_is_divided(
    said: list[FeedbackRecord], hours: int
) -> None:
    cut, end = BEGIN + timedelta(hours=hours), BEGIN + timedelta(days=3)

    def total(papers: tuple[LikedPaper, ...]) -> int:
        return sum(each.more + each.saved for each in papers)

    first = total(count(said, cut))
    second = total(count([each for each in said if each.at > cut], end))
    assert first + second == total(count(said, end))
