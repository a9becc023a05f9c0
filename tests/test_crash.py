"""Real processes killed with SIGKILL and run again, judged by what the other side has taken.

Law 2: nothing is marked done before it is done. A message may be doubled only where its answer was lost and the
platform cannot be asked; none may be lost anywhere.
"""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from bot.store import Store
from bot.store.feedback import FeedbackRecord, Opinion
from tests.builders import paper
from tests.crash.driver import EVERY_PHASE, ProcessPool, Tally, drive, next_mailing, process_pool
from tests.crash.fleet import drive_fleet, opened_fleet
from tests.crash.judge import ASKABLE
from tests.servers.arxiv import Answer
from tests.servers.discord import FaultScript as DiscordSays
from tests.servers.slack import FaultScript as SlackSays
from tests.world import MONDAY, TUESDAY, Environment, morning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HANGS = 60.0


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessPool]:
    with process_pool(tmp_path_factory.mktemp("processes") / "children.log") as found:
        yield found


async def kill_when(processes: ProcessPool, environment: Environment, condition: Callable[[], Any]) -> None:
    """SIGKILL at the moment when the condition holds; the process has not ended by itself."""
    pid = await processes.start(environment, morning(TUESDAY))
    async with asyncio.timeout(HANGS):
        while not condition():  # noqa: ASYNC110 - the servers note it, and tell nobody
            await asyncio.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    assert (await processes.ended()).code == -signal.SIGKILL, "it ended before it could be killed"


async def run_to_the_end(processes: ProcessPool, environment: Environment) -> int:
    return (await processes.run(environment, morning(TUESDAY))).code


async def test_killed_while_arxiv_answers_it_has_stored_nothing_and_the_next_run_has_it_all(
    environment: Environment, processes: ProcessPool
) -> None:
    environment.arxiv.feeds["cs.CV"] = Answer(b"", delay=HANGS)
    await kill_when(processes, environment, lambda: environment.arxiv.requests)
    environment.announce(TUESDAY, paper())
    assert await run_to_the_end(processes, environment) == 0
    assert environment.received()["slack"] == 1


async def test_killed_before_slack_has_taken_the_message_it_is_sent_by_the_next_run(
    environment: Environment, processes: ProcessPool
) -> None:
    environment.announce(TUESDAY, paper())
    environment.slack.script.append(SlackSays(takes=False, hangs=HANGS))
    await kill_when(processes, environment, lambda: not environment.slack.script)
    assert await run_to_the_end(processes, environment) == 0
    assert environment.received()["slack"] == 1


async def test_killed_after_slack_has_taken_it_slack_is_asked_and_it_stays_one_message(
    environment: Environment, processes: ProcessPool
) -> None:
    environment.announce(TUESDAY, paper())
    environment.slack.script.append(SlackSays(takes=True, hangs=HANGS))
    await kill_when(processes, environment, lambda: not environment.slack.script)
    assert await run_to_the_end(processes, environment) == 0
    assert environment.received()["slack"] == 1


async def test_killed_after_slack_has_taken_what_was_liked_it_stays_one_message(
    environment: Environment, processes: ProcessPool
) -> None:
    liked = {"slack": "C0123456789", "topics": ["birds"], "digest": "liked", "at": "05:00", "on": ["tue"]}
    environment.config["subscribers"]["lab-liked"] = liked
    environment.announce(MONDAY, paper())
    assert (await processes.run(environment, morning(MONDAY))).code == 0
    store = Store(environment.settings.store)
    with store.transaction() as transaction:
        vote = FeedbackRecord("lab", "ada", "2604.00001", Opinion.MORE, "slack", morning(MONDAY), "birds")
        transaction.feedback.put(vote)
    store.close()
    environment.announce(TUESDAY, paper("2604.00002", title="On fish", abstract="Fish."))
    environment.slack.script.append(SlackSays(takes=True, hangs=HANGS))
    await kill_when(processes, environment, lambda: not environment.slack.script)
    for _ in range(2):
        assert await run_to_the_end(processes, environment) == 0
    assert [each for each in environment.slack.messages if "1 liked this" in str(each.blocks)] == [
        environment.slack.messages[-1]
    ]


async def test_killed_while_slack_is_asked_for_reactions_the_digest_comes_by_the_next_run_and_votes_an_hour_later(
    environment: Environment, processes: ProcessPool
) -> None:
    environment.config["subscribers"]["lab"]["reactions"] = True
    environment.announce(MONDAY, paper())
    assert (await processes.run(environment, morning(MONDAY))).code == 0
    environment.slack.reactions[environment.slack.messages[0].ts] = {"+1": ["U0ADA000001"]}
    environment.announce(TUESDAY, paper("2604.00002"))
    environment.slack.looks.append(SlackSays(hangs=HANGS))
    await kill_when(processes, environment, lambda: not environment.slack.looks)
    assert await run_to_the_end(processes, environment) == 0
    assert environment.received()["slack"] == 2
    assert (await processes.run(environment, morning(TUESDAY, 8))).code == 0
    store = Store(environment.settings.store)
    with store.snapshot() as view:
        assert [each.identifier for each in view.feedback.of_subscriber("lab")] == ["2604.00001"]
    store.close()


async def test_killed_after_discord_has_taken_it_the_nonce_keeps_it_one_message(
    environment: Environment, processes: ProcessPool
) -> None:
    environment.config["subscribers"] = {"group": {"discord": "123456789012345678", "topics": ["birds"]}}
    environment.announce(TUESDAY, paper())
    environment.discord.script.append(DiscordSays(takes=True, hangs=HANGS))
    await kill_when(processes, environment, lambda: not environment.discord.script)
    assert await run_to_the_end(processes, environment) == 0
    assert environment.received()["discord"] == 1


@pytest.mark.timeout(600)  # some 15 s where nobody else computes
async def test_killed_in_every_phase_and_at_random_moments_nothing_is_lost_doubled_or_out_of_order(
    tmp_path: Path, postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Doubled where it can be asked. `make crash` does it a thousand times. With -s it says where the killed were."""
    total = Tally()
    stores = ["sqlite:///paperboy.db", postgres_url]
    lives = (drive(tmp_path / str(seed), 12, seed, store=store) for seed, store in enumerate(stores, start=1))
    for tally in await asyncio.gather(*lives):
        total.add(tally)
    with capsys.disabled():
        print(f"\n{total}")  # noqa: T201 - where the killed were is half of what it shows
    assert total.kills >= 24
    assert total.deaths > 0
    assert set(EVERY_PHASE) <= set(total.killed)
    assert not total.doubled["lab"] + total.doubled["group"]


@pytest.mark.timeout(300)  # some 15 s where nobody else computes
async def test_one_of_four_workers_on_one_postgresql_killed_at_four_random_moments_of_a_morning_costs_nothing(
    tmp_path: Path, postgres_url: str
) -> None:
    """`make crash FLEET=1` does it a hundred times, and stops, pauses and migrates the database too."""
    async with opened_fleet(tmp_path, postgres_url, 1, command="worker", readers=6) as life:
        await life.spend(next_mailing(TUESDAY), kills=4)
        assert life.tally.killed.total() + life.tally.stopped.total() == 4
        assert not any(life.tally.doubled[lane] for lane in ASKABLE)


@pytest.mark.on_request
@pytest.mark.timeout(900)
@pytest.mark.parametrize("command", ["run", "worker"])
async def test_four_on_one_postgresql_that_crashes_restarts_stands_still_and_is_migrated_lose_and_double_nothing(
    tmp_path: Path, command: str
) -> None:
    tally = await drive_fleet(tmp_path, 30, 2, command=command, pause=3.0)
    assert set(tally.outages) == {"stopped", "restarted", "paused", "migrated"}
    assert tally.killed.total() == 30
    assert not any(tally.doubled[lane] for lane in ASKABLE)
