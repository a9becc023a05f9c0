"""The order is learned from what readers said, and whatever goes wrong with that costs no digest (law 9)."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from bot.compose import learned
from bot.compose.learned import LearnedOrder, Scored, in_words
from bot.store.feedback import FeedbackRecord, Opinion
from bot.topics import interest, paper_space, vectors
from bot.topics.features import Document
from bot.topics.interest import Reason
from tests.bench.startup import quiet
from tests.builders import paper
from tests.topics.learned_papers import SUBJECTS, document
from tests.world import MONDAY, TUESDAY, Environment, morning

if TYPE_CHECKING:
    from pathlib import Path

    from bot.model import DigestEntry, Paper

NOW = morning(TUESDAY)


def invented(number: int) -> Paper:
    """The subjects in turn: number 1 is of pigeons, 2 of bread."""
    of = document(list(SUBJECTS)[(number - 1) % len(SUBJECTS)], number)
    return paper(f"2604.{number:05d}", title=of.title, abstract=of.abstract, authors=of.authors)


BREAD = [f"2604.{number:05d}" for number in range(2, 60, len(SUBJECTS))]


def vote(
    identifier: str,
    opinion: Opinion = Opinion.MORE,
    *,
    person: str = "p",
    topic: str | None = "all",
    minutes: int = 0,
) -> FeedbackRecord:
    return FeedbackRecord("lab", person, identifier, opinion, "web", NOW + timedelta(minutes=minutes), topic)


_told: list[bytes] = []
"""The store of `learning` before any vote, once a test has made it: the others take a copy."""


async def learning(environment: Environment, *votes: FeedbackRecord) -> None:
    """A store with a mailing of 120 papers, told; another of 18 that is in; and these votes."""
    environment.config["topics"] = {"all": {"title": "All", "categories": ["cs.CV"], "order": "learned"}}
    environment.config["subscribers"] = {"lab": {"slack": "C0123456789", "topics": ["all"]}}
    store = environment.folder / "paperboy.db"
    if not _told:
        environment.announce(MONDAY, *map(invented, range(1, 121)))
        await environment.once(morning(MONDAY))
        environment.announce(TUESDAY, *map(invented, range(121, 139)))
        await environment.once(NOW, no_deliver=True)
        _told.append(store.read_bytes())
    store.write_bytes(_told[0])
    environment.announce(TUESDAY, *map(invented, range(121, 139)))
    environment.clock.set(NOW)
    async with environment.app() as app:
        with app.store.transaction() as transaction:
            for each in votes:
                transaction.feedback.put(each)


async def told(environment: Environment) -> list[DigestEntry]:
    async with environment.app() as app:
        subscriber = environment.settings.subscribers["lab"]
        digest = app.composer(app.settings).preview(subscriber, NOW, as_newcomer=False)
        assert digest is not None
        return [entry for section in digest.sections for entry in section.entries]


def subjects(entries: list[DigestEntry]) -> list[str]:
    return [list(SUBJECTS)[(int(entry.paper.identifier[-5:]) - 1) % len(SUBJECTS)] for entry in entries]


async def test_what_is_like_what_was_liked_stands_first_and_says_why(environment: Environment) -> None:
    await learning(environment, *map(vote, BREAD[:3]))

    entries = await told(environment)

    assert subjects(entries)[:3] == ["bread"] * 3
    assert entries[0].reason.startswith("like “")
    assert "which you liked: " in entries[0].reason
    assert len(entries) == 18


async def test_until_there_is_enough_to_learn_from_it_is_relevance(environment: Environment) -> None:
    await learning(environment, *map(vote, BREAD[:2]))

    entries = await told(environment)

    assert [entry.paper.identifier for entry in entries] == [f"2604.{number:05d}" for number in range(121, 139)]
    assert not any(entry.reason for entry in entries)


async def test_votes_of_another_topic_teach_this_one_nothing_and_those_of_none_do(environment: Environment) -> None:
    await learning(environment, *(vote(each, topic="fish") for each in BREAD[:3]))
    assert subjects(await told(environment))[:3] != ["bread"] * 3

    async with environment.app() as app:
        with app.store.transaction() as transaction:
            for each in BREAD[:3]:
                transaction.feedback.put(vote(each, topic=None))
    assert subjects(await told(environment))[:3] == ["bread"] * 3


async def test_followed_authors_come_before_what_was_learned(environment: Environment) -> None:
    await learning(environment, *map(vote, BREAD[:3]))
    environment.config["topics"]["all"] |= {"authors": ["Ada Quill"], "keywords": list(SUBJECTS["bread"])}

    entries = await told(environment)

    theirs = [any(author.name == "Ada Quill" for author in entry.paper.authors) for entry in entries]
    assert any(theirs)
    assert theirs == sorted(theirs, reverse=True)


async def test_picks_stand_before_the_topic(environment: Environment) -> None:
    await learning(environment, *map(vote, BREAD[:3]))
    environment.config["subscribers"]["lab"]["picks"] = 2

    async with environment.app() as app:
        subscriber = environment.settings.subscribers["lab"]
        digest = app.composer(app.settings).preview(subscriber, NOW, as_newcomer=False)

    assert digest is not None
    assert [(each.title, len(each.entries)) for each in digest.sections] == [("Picks", 2), ("All", 16)]
    assert subjects(list(digest.sections[0].entries)) == ["bread", "bread"]


async def test_a_digest_is_composed_once_whatever_is_clicked_before_it_is_sent(environment: Environment) -> None:
    """Law 3: what is in the outbox is sent as it is."""
    await learning(environment, *map(vote, BREAD[:3]))
    best = (await told(environment))[0]
    async with environment.app() as app:
        await app.runner.compose()
        with app.store.transaction() as transaction:
            for number in range(3, 90, len(SUBJECTS)):
                transaction.feedback.put(vote(f"2604.{number:05d}"))
        assert (await app.runner.compose())[0].messages == 0
        start = len(environment.slack.messages)
        await app.runner.deliver(ignore_backoff=True)

    shown = environment.slack_text(start)
    places = [shown.find(invented(number).title) for number in range(121, 139)]
    assert min(places) == shown.find(best.paper.title) > 0


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (ImportError("numpy"), "needs numpy"),
        (ZeroDivisionError("a secret title"), "could not be learned: ZeroDivisionError."),
    ],
)
async def test_a_failure_costs_the_order_not_the_digest_and_the_operator_hears_of_it(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, broken: Exception, said: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise broken

    await learning(environment, *map(vote, BREAD[:3]))
    environment.config["subscribers"]["boss"] = {"discord": "1234567890123456789", "topics": ["all"]}
    environment.config["operator"] = "boss"
    monkeypatch.setattr(interest.Interest, "__init__", fail)

    run = await environment.once(NOW, any_hour=True)

    assert next(each for each in run.composed if each.subscriber == "lab").matched == 18
    alerts = [text for message in environment.discord.messages if "ordered by relevance" in (text := str(message))]
    assert len(alerts) == 1
    assert said in alerts[0]
    assert "secret" not in alerts[0]


async def test_what_takes_too_long_is_left_for_relevance(environment: Environment) -> None:
    await learning(environment, *map(vote, BREAD[:3]))
    seconds = count(step=21)
    async with environment.app() as app:
        order = LearnedOrder(app.store, app.settings, timer=lambda: float(next(seconds)))
        subscriber, topic = app.settings.subscribers["lab"], app.settings.topics["all"]
        entries = app.composer(app.settings).preview(subscriber, NOW, as_newcomer=False).sections[0].entries

        assert order.learns(subscriber)
        assert order.scored(subscriber, topic, entries) == Scored()
        assert "longer than 20 s" in " ".join(order.problems)


async def test_a_store_with_few_papers_knows_too_little_of_what_is_usual(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learned, "FEWEST_ANNOUNCED", 121)
    await learning(environment, *map(vote, BREAD[:3]))

    assert not any(entry.reason for entry in await told(environment))


def test_a_reason_is_one_short_line_whatever_the_title_says() -> None:
    like = Document("1", "Pigeons\n" + "and maps " * 30)

    said = in_words(Reason(like, ("pigeon", "x" * 99)))

    assert said.startswith("like “Pigeons and maps")
    assert "\n" not in said
    assert len(said) < 140
    assert in_words(Reason(None, ("pigeon", "map"))) == "pigeon, map"
    assert in_words(Reason(like, ())).endswith("which you liked")


@pytest.mark.parametrize("order", ["relevance", "learned"])
def test_once_imports_no_numpy_where_nobody_learns(tmp_path: Path, order: str) -> None:
    config = quiet(tmp_path, order)
    code = "import sys; from bot.cli import main\ntry: main()\nfinally: print('numpy' in sys.modules)"

    command = [sys.executable, "-c", code, "once", "--config", str(config)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)

    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize("together", [4000, 1])
async def test_an_order_is_the_same_whether_it_is_learned_for_one_or_with_others(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    monkeypatch.setattr(learned, "_MOST_TOGETHER", together)
    bridges = [f"2604.{number:05d}" for number in range(3, 60, len(SUBJECTS))]
    seminar = [FeedbackRecord("seminar", "p", each, Opinion.MORE, "web", NOW, "all") for each in bridges[:5]]
    await learning(environment, *map(vote, BREAD[:4]), *seminar)
    environment.config["subscribers"]["seminar"] = {"discord": "1234567890123456789", "topics": ["all"]}
    async with environment.app() as app:
        topic, subscribers = app.settings.topics["all"], app.settings.subscribers.values()
        lab = app.settings.subscribers["lab"]
        entries = app.composer(app.settings).preview(lab, NOW, as_newcomer=False).sections[0].entries
        shared = LearnedOrder(app.store, app.settings)
        await shared.prepare(subscribers)

        for each in subscribers:
            alone = LearnedOrder(app.store, app.settings).scored(each, topic, entries)
            found = shared.scored(each, topic, entries)
            assert found.scores == pytest.approx(alone.scores, abs=1e-4)
            assert found.reasons == alone.reasons
            assert len(found.reasons) == 10


async def test_what_takes_seconds_is_learned_once_beside_the_event_loop_and_only_if_there_is_news(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    made = paper_space.PaperSpace.__init__

    def noted(*arguments: Any) -> None:
        threads.append(threading.current_thread())
        made(*arguments)

    await learning(environment, *map(vote, BREAD[:3]))
    monkeypatch.setattr(paper_space.PaperSpace, "__init__", noted)

    await environment.once(NOW, any_hour=True)
    await environment.once(NOW, any_hour=True)

    assert len(threads) == 1
    assert threading.main_thread() not in threads


async def test_a_stop_ends_learning_and_nothing_uses_the_store_after_it(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    await learning(environment, *map(vote, BREAD[:3]))
    begun, read = threading.Event(), vectors.Vocabulary.read
    count = 0

    def slowly(vocabulary: vectors.Vocabulary, document: Document) -> Any:
        nonlocal count
        count += 1
        begun.set()
        time.sleep(0.05)
        return read(vocabulary, document)

    monkeypatch.setattr(vectors.Vocabulary, "read", slowly)
    async with environment.app() as app:
        order = LearnedOrder(app.store, app.settings)
        task = asyncio.create_task(order.prepare(app.settings.subscribers.values()))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        ended_at = count
        await asyncio.sleep(0.2)

    assert count == ended_at < 120
    assert not order.problems


async def test_each_subscriber_that_may_learn_counts_as_a_digest_of_its_own(environment: Environment) -> None:
    await learning(environment)
    for name in ("one", "other"):
        environment.config["subscribers"][name] = {"slack": "C0123456789", "topics": ["all"]}

    async with environment.app() as app:
        assert app.composer(app.settings).most_digests(NOW, any_hour=True) == 3

    environment.config["topics"]["all"]["order"] = "relevance"
    async with environment.app() as app:
        assert app.composer(app.settings).most_digests(NOW, any_hour=True) == 1


async def test_a_library_counts_like_liked_papers(environment: Environment) -> None:
    await learning(environment)
    entries = [f"@misc{{x, title={{{invented(int(each[-5:])).title}}}, eprint={{{each}}}}}" for each in BREAD[:2]]
    (environment.folder / "refs.bib").write_text("\n".join([*entries, "@misc{y, title={Sourdough in a cold oven}}"]))
    environment.config["subscribers"]["lab"]["interest"] = {"bibtex": "refs.bib"}

    entries_told = await told(environment)

    assert subjects(entries_told)[:3] == ["bread"] * 3
    assert "which you liked" in entries_told[0].reason


async def test_a_library_that_cannot_be_had_costs_no_digest_and_the_operator_hears_of_it(
    environment: Environment,
) -> None:
    await learning(environment, *map(vote, BREAD[:3]))
    library = {"ris": "gone.ris", "zotero": {"user": 123, "key": "KEY", "api_url": "http://127.0.0.1:9/"}}
    environment.config["subscribers"]["lab"]["interest"] = library
    environment.config["subscribers"]["boss"] = {"discord": "1234567890123456789", "topics": ["all"]}
    environment.config["operator"] = "boss"

    run = await environment.once(NOW, any_hour=True)

    assert next(each for each in run.composed if each.subscriber == "lab").matched == 18
    (alert,) = (text for message in environment.discord.messages if "needs a hand" in (text := str(message)))
    assert "gone.ris: No such file" in alert
    assert "zotero.org users/123: ClientConnectorError" in alert
    assert "KEY" not in alert
