"""The operator hears of trouble, at most once a day per trouble, and of nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.model import Service
from bot.store.alerts import Alerts
from tests.builders import paper
from tests.servers.arxiv import Answer
from tests.servers.slack import FaultScript
from tests.world import SATURDAY, TUESDAY, WEDNESDAY, Environment, morning

if TYPE_CHECKING:
    from datetime import datetime


@pytest.fixture
def watched(environment: Environment) -> Environment:
    environment.config["subscribers"]["keeper"] = {"mail": "keeper@example.org", "topics": ["nothing"]}
    environment.config["topics"]["nothing"] = {"title": "Nothing", "categories": ["cs.CV"], "keywords": ["walrus"]}
    environment.config["operator"] = "keeper"
    return environment


async def notes(environment: Environment, at: datetime) -> list[str]:
    """What the operator got in a run at that moment."""
    before = environment.received()["mail"]
    await environment.once(at)
    return [message.data.decode() for message in environment.mail.messages[before:]]


def unfolded(note: str) -> str:
    """The note's text as its reader sees it."""
    return note.replace("=\r\n", "").replace("\r\n", " ").replace("=20", " ")


async def test_a_good_morning_is_no_news_to_the_operator(watched: Environment) -> None:
    watched.announce(TUESDAY, paper())
    assert await notes(watched, morning(TUESDAY)) == []


async def test_a_refused_destination_is_told_at_once_and_again_only_after_a_day(watched: Environment) -> None:
    watched.slack.channels["C0123456789"] = {"is_archived": True}
    watched.announce(TUESDAY, paper())
    (note,) = await notes(watched, morning(TUESDAY))
    assert "lab (slack) is not reached: " in note
    watched.slack.channels["C0123456789"] = {"is_member": False}  # another reason is no other trouble
    assert await notes(watched, morning(TUESDAY, 9)) == []
    watched.announce(WEDNESDAY, paper("2604.00002"))
    assert len(await notes(watched, morning(WEDNESDAY, 7))) == 1


async def test_a_trouble_that_two_processes_see_at_once_is_told_by_one(
    watched: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue = Alerts.enqueue

    def after_another(at: Alerts, *note: Any, **told: Any) -> bool:
        assert enqueue(at, *note, **told)
        return enqueue(at, *note, **told)

    watched.slack.channels["C0123456789"] = {"is_archived": True}
    watched.announce(TUESDAY, paper())
    monkeypatch.setattr(Alerts, "enqueue", after_another)
    await watched.once(morning(TUESDAY))
    monkeypatch.undo()
    assert len(await notes(watched, morning(TUESDAY, 9))) == 1


async def test_a_mailing_that_stays_out_is_told_after_alert_after_and_not_before(watched: Environment) -> None:
    watched.arxiv.feeds["cs.CV"] = Answer(b"", status=500)
    assert await notes(watched, morning(TUESDAY)) == []
    (note,) = await notes(watched, morning(TUESDAY, 16, 30))
    assert "cs.CV is still without arXiv's mailing of 2026-04-21: " in unfolded(note)


async def test_one_category_that_fails_for_long_is_told_while_the_others_work(watched: Environment) -> None:
    watched.config["topics"]["nothing"]["categories"] = ["cs.CV", "cs.LG", "math.GN"]
    watched.announce(TUESDAY, paper())
    watched.announce(TUESDAY, paper("2604.00003"), category="math.GN")
    watched.arxiv.feeds["cs.LG"] = Answer(b"", status=500)
    assert await notes(watched, morning(TUESDAY, 6)) == []
    assert watched.received()["slack"] == 1  # who reads the others has theirs
    (note,) = await notes(watched, morning(TUESDAY, 16, 30))
    assert "cs.LG is still without arXiv's mailing of 2026-04-21: " in unfolded(note)
    assert "cs.CV" not in note
    assert "math.GN" not in note
    assert await notes(watched, morning(TUESDAY, 20)) == []


async def test_many_categories_that_fail_alike_are_one_line(watched: Environment) -> None:
    watched.config["topics"]["nothing"]["categories"] = ["cs.AI", "cs.CL", "cs.LG"]
    for category in ("cs.AI", "cs.CL", "cs.CV", "cs.LG"):
        watched.arxiv.feeds[category] = Answer(b"", status=500)
    (note,) = await notes(watched, morning(TUESDAY, 16, 30))
    assert "cs.AI, cs.CL, cs.CV, cs.LG are still without arXiv's mailing of 2026-04-21: " in unfolded(note)


async def test_what_was_missed_and_cannot_be_made_up_for_is_told_once_a_day(watched: Environment) -> None:
    watched.announce(TUESDAY, paper())
    await watched.once(morning(TUESDAY))
    watched.arxiv.feeds["cs.CV"] = Answer(b"", status=500)
    assert await notes(watched, morning(WEDNESDAY, 9)) == []
    (note,) = await notes(watched, morning(WEDNESDAY + timedelta(days=1), 9))
    assert "cs.CV is still without arXiv's mailing of 2026-04-22: " in unfolded(note)
    assert await notes(watched, morning(WEDNESDAY + timedelta(days=1), 19)) == []
    (note,) = await notes(watched, morning(WEDNESDAY + timedelta(days=2), 19))
    assert "still without arXiv's mailing of 2026-04-24 and 2 more: " in unfolded(note)


async def test_that_arxiv_refuses_us_is_told_at_once(watched: Environment) -> None:
    watched.arxiv.feeds["cs.CV"] = Answer(b"", status=403)
    (note,) = await notes(watched, morning(TUESDAY))
    text = note.replace("=\r\n", "").replace("\r\n", " ")
    assert "arXiv refuses us (" in text
    assert "it is not asked for anything before 2026-04-22 06:00 UTC." in text


async def test_that_the_catch_up_pages_refuse_us_is_told(watched: Environment) -> None:
    watched.config["arxiv"]["catchup_url"] = f"{watched.arxiv.url.partition('/rss')[0]}/catchup/{{category}}/{{date}}"
    async with watched.app() as app:
        app.store.arxiv_limits.record_refusal(
            Service.PAGES, morning(TUESDAY), morning(TUESDAY) + timedelta(days=30), "403 Forbidden"
        )
    (note,) = await notes(watched, morning(TUESDAY))
    text = note.replace("=\r\n", "").replace("\r\n", " ")
    assert "arXiv's catch-up pages refuse us (403 Forbidden); they are not asked before 2026-05-21." in text
    assert "You can leave out catchup_url." in text


async def test_that_oai_pmh_refuses_us_is_told_and_that_today_does_not_wait_for_it(watched: Environment) -> None:
    async with watched.app() as app:
        app.store.arxiv_limits.record_refusal(
            Service.OAI, morning(TUESDAY), morning(TUESDAY) + timedelta(days=1), "403 Forbidden"
        )
    watched.announce(TUESDAY, paper())
    (note,) = await notes(watched, morning(TUESDAY))
    text = note.replace("=\r\n", "").replace("\r\n", " ")
    assert "arXiv's OAI-PMH refuses us (403 Forbidden); it is not asked before 2026-04-22 06:00 UTC." in text
    assert watched.received()["slack"] == 1


async def test_on_a_weekend_no_mailing_is_late(watched: Environment) -> None:
    assert await notes(watched, morning(SATURDAY, 20)) == []


async def test_a_message_given_up_a_broken_template_and_a_site_in_the_way_are_told(watched: Environment) -> None:
    watched.config |= {"templates": "mine", "site": {"dir": "site", "topics": ["birds"]}}
    watched.config["subscribers"]["group"] = {"discord": "123456789012345678", "topics": ["birds"]}
    (watched.folder / "mine" / "discord").mkdir(parents=True)
    (watched.folder / "mine" / "discord" / "paper.md.j2").write_text("{{ oops", encoding="utf-8")
    (watched.folder / "site").write_text("in the way", encoding="utf-8")
    watched.slack.script.extend(FaultScript(body={"ok": False, "error": "invalid_blocks"}) for _ in range(2))
    watched.announce(TUESDAY, paper())
    (note,) = await notes(watched, morning(TUESDAY))
    assert "A message to lab was given up" in note
    assert "A template of group is broken" in note
    assert "The site could not be written" in note


async def test_what_fails_for_longer_than_alert_after_is_told_once_a_day_until_it_is_delivered(
    watched: Environment,
) -> None:
    watched.config["subscribers"]["alice"] = {"mail": "alice@example.org", "topics": ["birds"]}
    watched.mail.bounces["alice@example.org"] = "451 4.3.0 come back later"
    watched.announce(TUESDAY, paper())
    for hours in (0, 6, 11):
        assert await notes(watched, morning(TUESDAY) + timedelta(hours=hours)) == []
    (note,) = await notes(watched, morning(TUESDAY) + timedelta(hours=12))
    assert "alice (mail) is not delivered to since 2026-04-21 06:00 UTC: RCPT: 451 4.3.0" in unfolded(note)
    assert await notes(watched, morning(TUESDAY) + timedelta(hours=18)) == []
    watched.mail.bounces.clear()
    delivered = await notes(watched, morning(TUESDAY) + timedelta(hours=19))
    assert [("To: alice" in each) for each in delivered] == [True]
    assert await notes(watched, morning(TUESDAY) + timedelta(hours=20)) == []


async def test_one_trouble_of_the_relay_is_one_line_with_all_whom_it_concerns(watched: Environment) -> None:
    watched.config["operator"] = "lab"
    for name in ("alice", "bob"):
        watched.config["subscribers"][name] = {"mail": f"{name}@example.org", "topics": ["birds"]}
        watched.mail.bounces[f"{name}@example.org"] = "504 5.5.2 Helo command rejected: no full name"
    watched.announce(TUESDAY, paper())
    await watched.once(morning(TUESDAY))
    note = watched.slack.messages[-1].text
    assert note.count("not reached") == 1
    assert "alice (mail), bob (mail), keeper (mail) are not reached: RCPT: 504 5.5.2" in note
    assert "set channels.mail.hello" in note


async def test_where_nobody_is_named_nobody_is_told(watched: Environment) -> None:
    watched.config["operator"] = None
    watched.slack.channels["C0123456789"] = {"is_archived": True}
    watched.announce(TUESDAY, paper())
    assert await notes(watched, morning(TUESDAY)) == []


async def test_a_note_that_cannot_be_sent_waits_in_the_outbox_like_any_message(watched: Environment) -> None:
    watched.slack.channels["C0123456789"] = {"is_archived": True}
    watched.mail.script["MAIL"].append("451 4.3.0 later")
    watched.announce(TUESDAY, paper())
    assert await notes(watched, morning(TUESDAY)) == []
    assert len(await notes(watched, morning(TUESDAY) + timedelta(minutes=10))) == 1


@pytest.mark.parametrize(("bounced", "told"), [(1, False), (2, True)])
async def test_more_than_a_twentieth_of_a_days_mails_that_come_back_is_told(
    watched: Environment, bounced: int, *, told: bool
) -> None:
    many = [f"r{number}@example.org" for number in range(20)]
    watched.config["subscribers"]["many"] = {"mail": many, "topics": ["birds"]}
    watched.announce(TUESDAY, paper())
    await watched.once(morning(TUESDAY))
    async with watched.app() as app:
        records = [record for record in app.store.queries.all() if record.subscriber == "many"]
        with app.store.transaction() as transaction:
            for record in records[:bounced]:
                for status in ("5.1.1", "5.1.1"):
                    transaction.suppressions.add_bounce(record.id, record.id, status, morning(TUESDAY, 7))
    found = [note for note in await notes(watched, morning(TUESDAY, 8)) if "came back" in note]
    assert bool(found) is told
    assert not told or f"{bounced} of the 20 mails of the last day came back." in found[0]
    assert await notes(watched, morning(TUESDAY, 9)) == []
