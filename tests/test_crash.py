"""Real processes killed with SIGKILL and run again, judged by what the other side has taken.

Law 2: nothing is marked done before it is done. A message may be doubled only where its answer was lost and the
platform cannot be asked; none may be lost anywhere.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from bot.demo.arxiv import Answer
from bot.demo.discord import Scripted as DiscordSays
from bot.demo.slack import Scripted as SlackSays
from tests.builders import paper
from tests.world import TUESDAY, World, morning

if TYPE_CHECKING:
    from collections.abc import Callable

HANGS = 60.0


async def start(world: World, *, hour: int = 6) -> asyncio.subprocess.Process:
    assert world.settings is not None  # writes the file
    command = (sys.executable, "-m", "tests.once_child", str(world.folder / "config.yaml"))
    moment = morning(TUESDAY, hour).isoformat()
    return await asyncio.create_subprocess_exec(*command, moment, env={**os.environ, "NO_PROXY": "127.0.0.1"})


async def kill_when(process: asyncio.subprocess.Process, condition: Callable[[], Any]) -> None:
    """SIGKILL at the moment when the condition holds; the process has not ended by itself."""
    for _ in range(2_000):
        if condition():
            break
        assert process.returncode is None, "it ended before it could be killed"
        await asyncio.sleep(0.01)
    process.kill()
    assert await process.wait() < 0


async def run_to_the_end(world: World, *, hour: int = 6) -> int:
    return await (await start(world, hour=hour)).wait()


def keys(world: World) -> Counter[str]:
    """The delivery ids that Slack's bot messages bear."""
    return Counter(
        message.metadata["event_payload"]["delivery_id"] for message in world.slack.messages if message.metadata
    )


async def test_killed_while_arxiv_answers_it_has_stored_nothing_and_the_next_run_has_it_all(world: World) -> None:
    world.arxiv.feeds["cs.CV"] = Answer(b"", delay=HANGS)
    await kill_when(await start(world), lambda: world.arxiv.requests)
    world.announce(TUESDAY, paper())
    assert await run_to_the_end(world) == 0
    assert world.received()["slack"] == 1


async def test_killed_before_slack_has_taken_the_message_it_is_sent_by_the_next_run(world: World) -> None:
    world.announce(TUESDAY, paper())
    world.slack.script.append(SlackSays(takes=False, hangs=HANGS))
    await kill_when(await start(world), lambda: not world.slack.script)
    assert await run_to_the_end(world) == 0
    assert world.received()["slack"] == 1


async def test_killed_after_slack_has_taken_it_slack_is_asked_and_it_stays_one_message(world: World) -> None:
    world.announce(TUESDAY, paper())
    world.slack.script.append(SlackSays(takes=True, hangs=HANGS))
    await kill_when(await start(world), lambda: not world.slack.script)
    assert await run_to_the_end(world) == 0
    assert set(keys(world).values()) == {1}


async def test_killed_after_discord_has_taken_it_the_nonce_keeps_it_one_message(world: World) -> None:
    world.config["subscribers"] = {"group": {"discord": "123456789012345678", "topics": ["birds"]}}
    world.announce(TUESDAY, paper())
    world.discord.script.append(DiscordSays(takes=True, hangs=HANGS))
    await kill_when(await start(world), lambda: not world.discord.script)
    assert await run_to_the_end(world) == 0
    assert world.received()["discord"] == 1


@pytest.mark.parametrize("seed", range(3))
async def test_killed_at_random_moments_nothing_is_lost_and_order_is_kept(world: World, seed: int) -> None:
    chance = random.Random(seed)
    world.config["subscribers"] = {
        "lab": {"slack": "C0123456789", "topics": ["birds"], "thread": True},
        "hook": {"slack": world.slack.webhook_url("hook"), "topics": ["birds"]},
        "group": {"discord": "123456789012345678", "topics": ["birds"]},
        "duo": {"mail": ["alice@example.org", "bob@example.org"], "topics": ["birds"]},
    }
    world.config["site"] = {"dir": "site", "topics": ["birds"]}
    world.announce(TUESDAY, *(paper(f"2604.{n:05d}", title=f"Pigeon {n}") for n in range(1, 80)))
    kills = 0
    for _ in range(4):
        process = await start(world)
        await asyncio.sleep(chance.uniform(0.4, 1.3))
        if process.returncode is None:
            process.kill()
            kills += 1
        await process.wait()
    assert await run_to_the_end(world, hour=7) == 0
    parts = keys(world)
    assert max(parts.values()) <= kills + 1
    threads = [message for message in world.slack.messages if message.channel == "C0123456789"]
    numbers = [message.text.partition("(")[2].partition("/")[0] for message in threads]
    assert list(dict.fromkeys(numbers)) == [str(n) for n in range(1, len(parts) + 1)]  # first comings are in order
    pigeons = {n for n in range(1, 80) if f"Pigeon {n}<" in _all_text(world) or f"Pigeon {n}>" in _all_text(world)}
    assert len(pigeons) == 79
    posted = Counter(message.payload.get("nonce") for message in world.discord.messages)
    assert set(posted.values()) == {1}
    mails = Counter((mail.rcpt[0], _message_id(mail.data)) for mail in world.mail.messages)
    assert {to for to, _ in mails} == {"alice@example.org", "bob@example.org"}
    assert (world.folder / "site" / "birds" / "2026-04-21.md").exists()


def _all_text(world: World) -> str:
    return world.slack_text()


def _message_id(data: bytes) -> bytes:
    return next(line for line in data.splitlines() if line.lower().startswith(b"message-id:"))
