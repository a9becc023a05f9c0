"""What each job does: it asks for the next ones, and done twice, late or never it does no harm."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.app.fleet.jobs import Jobs
from bot.errors import StoreError
from bot.model import DeliveryState, LaneReport, shard_of
from bot.store.jobs import Job, Verb
from tests.app.fleet.rows import execute, keys, rows, table_gone
from tests.servers.arxiv import Answer
from tests.servers.slack import FaultScript
from tests.world import MONDAY, TUESDAY, morning

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.app import App
    from tests.world import Environment

COLLECT, PUBLISH, PRUNE = Job(Verb.COLLECT), Job(Verb.PUBLISH), Job(Verb.PRUNE)
COMPOSE = sorted((Job(Verb.COMPOSE, shard_of(name)) for name in ("lab", "reader")), key=lambda job: job.key)
DELIVER = sorted((Job(Verb.DELIVER, shard_of(name)) for name in ("lab", "reader")), key=lambda job: job.key)
LAB = Job(Verb.DELIVER, shard_of("lab"))


@pytest.fixture
async def app(fleet: Environment) -> AsyncIterator[App]:
    opened: App
    async with fleet.app() as opened:
        yield opened


@pytest.fixture
def jobs(app: App) -> Jobs:
    return Jobs(lambda: app)


def forget(url: str) -> None:
    """As if all jobs that wait had been taken by others."""
    execute(url, "DELETE FROM procrastinate_jobs")


async def test_a_morning_job_by_job(jobs: Jobs, fleet: Environment, postgres_url: str) -> None:
    await jobs.do(COLLECT)
    assert keys(postgres_url) == [job.key for job in COMPOSE]
    forget(postgres_url)
    for job in COMPOSE:
        await jobs.do(job)
    assert keys(postgres_url) == [job.key for job in DELIVER]
    forget(postgres_url)
    for job in DELIVER:
        await jobs.do(job)
    assert rows(postgres_url) == []
    assert fleet.received() == {"slack": 1, "discord": 0, "mail": 1}


async def test_every_job_done_twice_sends_nothing_twice(jobs: Jobs, fleet: Environment) -> None:
    for job in (COLLECT, *COMPOSE, *DELIVER):
        await jobs.do(job)
        await jobs.do(job)
    assert fleet.received() == {"slack": 1, "discord": 0, "mail": 1}


async def test_two_workers_that_do_the_same_jobs_at_once_send_nothing_twice(jobs: Jobs, fleet: Environment) -> None:
    await jobs.do(COLLECT)
    other: App
    async with fleet.app() as other:
        theirs = Jobs(lambda: other)
        for job in (*COMPOSE, *DELIVER):
            await asyncio.gather(jobs.do(job), theirs.do(job))
    assert fleet.received() == {"slack": 1, "discord": 0, "mail": 1}


async def test_the_next_round_is_asked_for_when_something_is_due(fleet: Environment, postgres_url: str) -> None:
    fleet.config["subscribers"]["late"] = {"slack": "C0123456780", "topics": ["birds"], "at": "10:00"}
    app: App
    async with fleet.app() as app:
        await Jobs(lambda: app).do(COLLECT)
    (after,) = (row.seconds for row in rows(postgres_url) if row.key == "collect")
    assert 7100 < after <= 7200  # from 08:00 to 10:00 in Berlin


async def test_reactions_are_read_by_one_worker_once_an_hour(fleet: Environment) -> None:
    fleet.config["subscribers"]["lab"]["reactions"] = True
    fleet.slack.now = lambda: fleet.clock.now().timestamp()
    app: App
    async with fleet.app() as app, fleet.app() as other:
        here, there = Jobs(lambda: app), Jobs(lambda: other)
        for job in (COLLECT, *COMPOSE, *DELIVER):
            await here.do(job)
        fleet.slack.reactions[fleet.slack.messages[0].ts] = {"+1": ["U0ADA000001", "U0BO0000001"]}
        fleet.clock.set(morning(MONDAY, 8))
        await asyncio.gather(here.do(COLLECT), there.do(COLLECT))
        looks = [path for _, path in fleet.slack.requests if path.endswith("conversations.history")]
        assert len(looks) == 1
        with app.store.snapshot() as view:
            assert [each.opinion for each in view.feedback.of_subscriber("lab")] == ["more", "more"]


async def test_nothing_is_composed_while_this_process_asks_for_the_mailing(
    jobs: Jobs, fleet: Environment, postgres_url: str
) -> None:
    fleet.arxiv.feeds["cs.CV"] = Answer(b"", delay=120)
    collecting = asyncio.create_task(jobs.do(COLLECT))
    while not fleet.arxiv.requests:  # noqa: ASYNC110 - the server tells nobody
        await asyncio.sleep(0.01)
    await jobs.do(COMPOSE[0])
    assert [(row.key, 50 < row.seconds <= 60) for row in rows(postgres_url)] == [(COMPOSE[0].key, True)]
    collecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await collecting
    forget(postgres_url)
    await jobs.do(COMPOSE[0])
    assert rows(postgres_url) == []


async def test_nothing_is_composed_while_another_process_asks_for_the_mailing(
    jobs: Jobs, app: App, fleet: Environment, postgres_url: str
) -> None:
    await jobs.do(COLLECT)
    forget(postgres_url)
    elsewhere = "elsewhere||1|"
    taken = "INSERT INTO leases (name, owner, until) VALUES ('collect', :owner, :until)"
    execute(postgres_url, taken, owner=elsewhere, until=fleet.clock.now() + timedelta(minutes=5))
    await jobs.do(COMPOSE[0])
    assert [(row.key, 50 < row.seconds <= 60) for row in rows(postgres_url)] == [(COMPOSE[0].key, True)]
    forget(postgres_url)
    fleet.clock.set(morning(TUESDAY))
    execute(postgres_url, "UPDATE leases SET until = :until", until=morning(TUESDAY, 7))
    await jobs.do(COLLECT)
    assert [row.key for row in rows(postgres_url)] == ["collect"]
    assert 50 < rows(postgres_url)[0].seconds <= 60
    assert app.store.outbox.lanes() == ()


async def test_what_may_not_go_yet_is_asked_for_when_it_may(
    jobs: Jobs, fleet: Environment, postgres_url: str
) -> None:
    for job in (COLLECT, *COMPOSE):
        await jobs.do(job)
    forget(postgres_url)
    fleet.slack.script.append(FaultScript(status=429, headers={"Retry-After": "240"}))
    await jobs.do(LAB)
    (row,) = rows(postgres_url)
    assert row.key == LAB.key
    assert 230 < row.seconds <= 240
    fleet.clock.set(fleet.clock.now() + timedelta(minutes=4))
    await jobs.do(LAB)
    assert fleet.received()["slack"] == 1


async def test_what_waits_for_a_person_is_looked_at_again_in_an_hour(jobs: Jobs, postgres_url: str) -> None:
    for job in (COLLECT, *COMPOSE):
        await jobs.do(job)
    forget(postgres_url)
    execute(postgres_url, "UPDATE deliveries SET state = :held", held=DeliveryState.HELD.value)
    await jobs.do(LAB)
    assert [(row.key, row.seconds > 3500) for row in rows(postgres_url)] == [(LAB.key, True)]


async def test_a_job_that_is_cancelled_is_asked_for_again_and_keeps_its_application_open(
    jobs: Jobs, app: App, fleet: Environment, postgres_url: str
) -> None:
    fleet.arxiv.feeds["cs.CV"] = Answer(b"", delay=120)
    doing = asyncio.create_task(jobs.do(COLLECT))
    closing = asyncio.create_task(app.aclose())
    while not fleet.arxiv.requests:  # noqa: ASYNC110 - the server tells nobody
        await asyncio.sleep(0.01)
    assert not closing.done()
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing
    assert keys(postgres_url) == ["collect"]
    await closing


async def test_a_job_that_could_not_use_the_store_is_asked_for_again_soon(jobs: Jobs, postgres_url: str) -> None:
    with table_gone(postgres_url, "mailings"), pytest.raises(StoreError):
        await jobs.do(COLLECT)
    assert [(row.key, 5 < row.seconds <= 10) for row in rows(postgres_url)] == [("collect", True)]


async def test_a_fault_of_ours_fails_one_job_and_is_logged(
    jobs: Jobs, app: App, postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app.runner, "prune", lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        await jobs.do(PRUNE)
    assert [(row.key, 50 < row.seconds <= 60) for row in rows(postgres_url)] == [("prune", True)]
    assert "ZeroDivisionError" in capsys.readouterr().out


async def test_a_fault_of_ours_is_told_to_the_operator_once_a_day(
    fleet: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.config["operator"] = "reader"
    app: App
    async with fleet.app() as app:
        jobs = Jobs(lambda: app)
        monkeypatch.setattr(app.runner, "process_bounces", lambda: 1 // 0)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await jobs.do(COLLECT)
        for job in DELIVER:
            await jobs.do(job)
    (mail,) = fleet.mail.messages
    assert b"A worker fails to collect" in mail.data


async def test_a_fault_in_telling_the_operator_is_no_other_fault(
    fleet: Environment, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.config["operator"] = "reader"
    app: App
    async with fleet.app() as app:
        monkeypatch.setattr(app.runner, "prune", lambda: 1 // 0)
        with table_gone(postgres_url, "concerns"), pytest.raises(ZeroDivisionError):
            await Jobs(lambda: app).do(PRUNE)


async def test_a_job_that_cannot_even_be_asked_for_again_is_left_to_repair(
    jobs: Jobs, app: App, postgres_url: str
) -> None:
    with table_gone(postgres_url, "procrastinate_jobs"), pytest.raises(StoreError, match="procrastinate_jobs"):
        await jobs.do(COLLECT)
    assert COLLECT in app.store.job_queue.missing()


async def test_a_worker_follows_a_changed_configuration_before_each_job(fleet: Environment) -> None:
    former: App
    changed: App
    async with fleet.app() as former:
        fleet.config["subscribers"]["reader"]["mail"] = ["reader@example.org", "new@example.org"]
        async with fleet.app() as changed:
            current = [former]

            async def follow() -> None:
                current[0] = changed

            theirs, ours = Jobs(lambda: changed), Jobs(lambda: current[0], follow=follow)
            for job in (COLLECT, *COMPOSE):
                await theirs.do(job)
            await ours.do(COLLECT)
            for job in DELIVER:
                await theirs.do(job)
    assert fleet.received() == {"slack": 1, "discord": 0, "mail": 2}


async def test_a_job_that_is_cancelled_before_it_begins_is_asked_for_again(app: App, postgres_url: str) -> None:
    async def follow() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await Jobs(lambda: app, follow=follow).do(COLLECT)
    assert keys(postgres_url) == ["collect"]


async def test_what_waits_for_a_mailbox_that_moved_goes_to_the_new_one(fleet: Environment) -> None:
    former: App
    moved: App
    async with fleet.app() as former:
        for job in (COLLECT, *COMPOSE):
            await Jobs(lambda: former).do(job)
    fleet.config["subscribers"]["reader"]["mail"] = "moved@example.org"
    async with fleet.app() as moved:
        for job in (COLLECT, *DELIVER):
            await Jobs(lambda: moved).do(job)
    assert [mail.rcpt for mail in fleet.mail.messages] == [("moved@example.org",)]


async def test_bounces_are_read_by_who_collects(fleet: Environment) -> None:
    fleet.config["channels"]["mail"]["bounces"] = "Maildir"
    fleet.config["operator"] = "lab"
    (fleet.folder / "Maildir").write_text("no folder")
    app: App
    async with fleet.app() as app:
        for job in (COLLECT, LAB):
            await Jobs(lambda: app).do(job)
    assert "Mails that came back cannot be read" in fleet.slack_text()


async def test_once_works_beside_workers(jobs: Jobs, fleet: Environment, postgres_url: str) -> None:
    await fleet.once()
    assert keys(postgres_url) == [job.key for job in DELIVER]
    for job in (*DELIVER, COLLECT, *COMPOSE, *DELIVER):
        await jobs.do(job)
    assert fleet.received() == {"slack": 1, "discord": 0, "mail": 1}


async def test_pages_are_written_and_a_folder_that_refuses_them_is_told_to_the_operator(
    fleet: Environment, postgres_url: str
) -> None:
    fleet.config |= {"site": {"dir": "site", "topics": ["birds"]}, "operator": "lab"}
    app: App
    async with fleet.app() as app:
        jobs = Jobs(lambda: app)
        await jobs.do(COLLECT)
        assert "publish" in keys(postgres_url)
        await jobs.do(PUBLISH)
        assert (fleet.folder / "site" / "birds" / f"{MONDAY}.md").is_file()
        forget(postgres_url)
        (fleet.folder / "site" / "index.html").unlink()
        (fleet.folder / "site" / "index.html").mkdir()
        await jobs.do(PUBLISH)
        assert keys(postgres_url) == [LAB.key]
        await jobs.do(LAB)
    assert "The site could not be written" in fleet.slack_text()


async def test_a_broken_template_is_told_to_the_operator(fleet: Environment) -> None:
    (fleet.folder / "looks" / "slack").mkdir(parents=True)
    (fleet.folder / "looks" / "slack" / "paper.mrkdwn.j2").write_text("{{ oh")
    fleet.config |= {"templates": "looks", "operator": "reader"}
    app: App
    async with fleet.app() as app:
        jobs = Jobs(lambda: app)
        for job in (COLLECT, *COMPOSE, *DELIVER):
            await jobs.do(job)
    assert any(b"A template of lab is broken" in mail.data for mail in fleet.mail.messages)


async def test_old_texts_are_pruned(jobs: Jobs, app: App, fleet: Environment) -> None:
    for job in (COLLECT, *COMPOSE, *DELIVER):
        await jobs.do(job)
    fleet.clock.set(fleet.clock.now() + timedelta(days=100))
    await jobs.do(PRUNE)
    assert all(app.store.queries.detail(each.id).pruned for each in app.store.queries.all())


async def test_what_may_go_at_once_is_not_asked_for_without_a_pause(
    jobs: Jobs, app: App, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = app.clock.now()
    left = LaneReport("lab", "C0123456789", reason="another process took it over", left_until=now)

    async def delivered(**_: Any) -> tuple[LaneReport, ...]:
        return (left,)

    monkeypatch.setattr(app.runner, "deliver", delivered)
    await jobs.do(LAB)
    assert [(row.key, 3 < row.seconds <= 5) for row in rows(postgres_url)] == [(LAB.key, True)]
