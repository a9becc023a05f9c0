"""Status: silence has one of a few reasons.

Law 7: silence is explained.
"""

from __future__ import annotations

from datetime import date, datetime
from itertools import chain, combinations, islice
from typing import TYPE_CHECKING

from bot.model import DeliveryState
from bot.store.database import Database
from tests.builders import paper
from tests.servers.arxiv import Answer
from tests.servers.slack import FaultScript
from tests.world import MONDAY, SATURDAY, TUESDAY, WEDNESDAY, Environment, morning

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import pytest
    from sqlalchemy import Connection

    from bot.report.status import Status


async def status(environment: Environment, at: datetime | None = None) -> Status:
    if at:
        environment.clock.set(at)
    async with environment.app() as app:
        found: Status = app.reporter.status(environment.clock.now())
        return found


def sentence(found: Status, name: str = "lab") -> str:
    return next(each.sentence for each in found.subscribers if each.name == name)


async def test_before_the_first_run_everything_is_pending(environment: Environment) -> None:
    found = await status(environment, morning(TUESDAY))
    assert [(c.category, c.state) for c in found.categories] == [("cs.CV", "pending")]
    assert sentence(found) == "new: starts with the latest mailing"


async def test_after_a_good_morning_it_is_said_what_was_told(environment: Environment) -> None:
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    found = await status(environment)
    assert found.summary == "mailing of Tue 21 Apr 2026: 1 of 1 categories in, 1 announced"
    assert sentence(found) == "told of 1 today"
    assert found.subscribers[0].last_sent == environment.clock.now()


async def test_many_subscribers_are_read_in_as_many_statements_as_few(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With topics of their own in categories of their own, which no two of them share all of."""
    categories = ["cs.CV", "cs.CL", "cs.LG", "cs.AI"]
    for category in categories:
        environment.announce(TUESDAY, paper(), category=category)
    reads = 0
    reading = Database.reading

    def count(database: Database) -> AbstractContextManager[Connection]:
        nonlocal reads
        reads += 1
        return reading(database)

    monkeypatch.setattr(Database, "reading", count)
    counts = []
    for several in (4, 12):
        for number, some in enumerate(islice(chain(*(combinations(categories, n) for n in (1, 2, 3))), several)):
            topic = {"title": f"Topic {number}", "categories": list(some), "keywords": ["pigeon"]}
            environment.config["topics"][f"topic{number}"] = topic
            subscriber = {"slack": f"C{number:010}", "topics": [f"topic{number}"]}
            environment.config["subscribers"][f"subscriber{number}"] = subscriber
        await environment.once(morning(TUESDAY))
        reads = 0
        found = await status(environment)
        assert {sentence(found, f"subscriber{number}") for number in range(several)} == {"told of 1 today"}
        counts.append(reads)
    assert counts[0] == counts[1]


async def test_a_morning_without_a_match_says_so(environment: Environment) -> None:
    environment.announce(TUESDAY, paper(title="Fish", abstract="Fish."))
    await environment.once(morning(TUESDAY))
    assert sentence(await status(environment)) == "1 announced today, nothing matched"


async def test_a_late_category_is_named_with_its_reason_whatever_was_told(environment: Environment) -> None:
    environment.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL", "cs.LG"]
    environment.arxiv.feeds["cs.CL"] = Answer(b"", status=500)
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    said = sentence(await status(environment))
    assert said.startswith("told of 1 today; waits for cs.CL and 1 more: ")
    assert "500" in said


async def test_what_was_given_up_today_is_no_success(environment: Environment) -> None:
    environment.slack.script.extend(FaultScript(body={"ok": False, "error": "invalid_blocks"}) for _ in range(2))
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    assert sentence(await status(environment)).startswith("1 of today's messages given up: ")


async def test_a_mailing_that_never_came_in_is_remembered_until_it_is_made_up_for(environment: Environment) -> None:
    friday = date(2026, 4, 17)
    environment.arxiv.feeds["cs.CV"] = Answer(b"", status=500)
    await environment.once(morning(friday))
    environment.announce(MONDAY, paper())
    run = await environment.once(morning(MONDAY))
    assert [(m.category, m.mailing_date) for m in run.missed] == [("cs.CV", friday)]
    assert [m.mailing_date for m in (await status(environment)).missed] == [friday]
    assert friday in [m.mailing_date for m in (await status(environment, morning(date(2026, 4, 27)))).missed]


async def test_a_weekend_is_named_and_the_next_mailing_told(environment: Environment) -> None:
    environment.announce(date(2026, 4, 17), paper())
    await environment.once(morning(date(2026, 4, 17)))
    found = await status(environment, morning(SATURDAY))
    assert found.summary == "no announcement today: weekend (Sat 18 Apr 2026)"
    assert found.categories == ()
    assert found.next_mailing == datetime(2026, 4, 20, 4, 20, tzinfo=found.now.tzinfo)
    assert sentence(found) == "no announcement today: weekend (Sat 18 Apr 2026)"


async def test_a_holiday_is_named(environment: Environment) -> None:
    holiday = date(2026, 6, 22)
    environment.announce(holiday)
    await environment.once(morning(holiday))
    assert (await status(environment)).summary == "no announcement today: arXiv holiday"
    assert sentence(await status(environment)) == "no announcement today: arXiv holiday"


async def test_a_failed_source_shows_its_reason_and_how_often_it_was_asked(environment: Environment) -> None:
    environment.arxiv.feeds["cs.CV"] = Answer(b"", status=500)
    await environment.once(morning(TUESDAY))
    await environment.once()
    (category,) = (await status(environment)).categories
    assert (category.state, category.tries) == ("failed", 2)
    assert category.sentence.startswith("not to be had since 08:00, asked 2 times, due again at 08:20: ")
    assert "500" in category.sentence


async def test_arxiv_s_wish_to_be_left_alone_is_told(environment: Environment) -> None:
    environment.arxiv.feeds["cs.CV"] = Answer(b"", status=429, headers={"Retry-After": "7200"})
    await environment.once(morning(TUESDAY))
    assert (await status(environment)).arxiv_waits_until == morning(TUESDAY, 8)


async def test_a_refused_destination_is_named_with_its_reason(environment: Environment) -> None:
    environment.slack.channels["C0123456789"] = {"is_archived": True}
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    found = await status(environment)
    assert sentence(found).startswith("C0123456789 is not reached: ")
    assert sentence(found).endswith("is_archived; next attempt after 09:00")
    assert found.subscribers[0].waiting == 1


async def test_a_delivery_that_stayed_behind_is_told_with_its_reason(environment: Environment) -> None:
    environment.slack.script.append(FaultScript(body={"ok": False, "error": "service_unavailable"}))
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    found = await status(environment)
    assert sentence(found).startswith("1 to send; the first is pending: ")
    assert len(found.unfinished) == 1


async def test_a_dead_delivery_is_told_for_a_week(environment: Environment) -> None:
    environment.slack.script.extend(FaultScript(body={"ok": False, "error": "invalid_blocks"}) for _ in range(2))
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    assert [record.state for record in (await status(environment)).dead] == [DeliveryState.DEAD]
    assert (await status(environment, morning(date(2026, 4, 29)))).dead == ()


async def test_a_held_delivery_is_counted_apart(environment: Environment) -> None:
    environment.config["subscribers"]["lab"]["on_unknown"] = "hold"
    environment.slack.scopes = "chat:write"  # it may not look for its message
    environment.slack.script.append(FaultScript(takes=True, drops=True))
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    await environment.once()
    (lab,) = (await status(environment)).subscribers
    assert (lab.waiting, lab.held) == (0, 1)


async def test_who_waits_for_its_hour_is_told_so(environment: Environment) -> None:
    environment.config["subscribers"]["lab"]["at"] = "09:00"
    environment.announce(MONDAY, paper())
    await environment.once(morning(MONDAY, 5))
    found = await status(environment)
    assert sentence(found) == "1 paper is in for it; waits for its hour"
    assert found.subscribers[0].next_slot == morning(MONDAY, 7)


async def test_news_without_an_hour_is_told_by_the_next_run(environment: Environment) -> None:
    environment.announce(MONDAY, paper())
    await environment.once(morning(MONDAY))
    environment.announce(TUESDAY, paper("2604.00002"))
    await environment.once(morning(TUESDAY), no_deliver=True)
    assert sentence(await status(environment)) == "1 paper is in for it; the next run tells it"


async def test_nothing_yet_and_paused_are_told_apart(environment: Environment) -> None:
    environment.announce(MONDAY, paper())
    await environment.once(morning(MONDAY))
    assert sentence(await status(environment, morning(TUESDAY))) == "waits for cs.CV: not asked for yet today"
    environment.config["subscribers"]["lab"]["paused"] = True
    assert sentence(await status(environment)) == "paused"


async def test_a_day_on_which_nothing_ran_is_missed_too(environment: Environment) -> None:
    environment.announce(MONDAY, paper("2604.00001"))
    await environment.once(morning(MONDAY))
    environment.announce(WEDNESDAY, paper("2604.00002"))
    run = await environment.once(morning(WEDNESDAY))
    assert [(m.mailing_date, m.category, m.reason) for m in run.missed] == [
        (TUESDAY, "cs.CV", "OAI-PMH: 127.0.0.1 answered 404 Not Found"),
    ]
    assert run.left_undone
