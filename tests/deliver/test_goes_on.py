"""Digests that were composed before a default changed, and are half delivered, go on as they were composed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.builders import paper
from tests.servers.discord import FaultScript as DiscordSays
from tests.servers.slack import FaultScript
from tests.world import TUESDAY, Environment, morning

if TYPE_CHECKING:
    from typing import Any

BEFORE: dict[str, Any] = {"max_messages": 10, "thread": False}
"""What was the default: up to ten messages in the channel, as many papers in full as they hold."""


async def test_what_is_in_the_outbox_is_sent_as_composed_whatever_the_defaults_are_now(
    environment: Environment,
) -> None:
    places: dict[str, dict[str, Any]] = {
        "lab": {"slack": "C0123456789", "topics": ["birds"]},
        "group": {"discord": "123456789012345678", "topics": ["birds"]},
    }
    environment.config["subscribers"] = {name: {**place, **BEFORE} for name, place in places.items()}
    environment.announce(TUESDAY, *(paper(f"2604.{n:05d}", title=f"Pigeon {n}") for n in range(1, 61)))
    environment.slack.script.extend([FaultScript(takes=True), FaultScript(503)])
    environment.discord.script.extend([DiscordSays(200, takes=True), DiscordSays(503)])
    await environment.once(morning(TUESDAY))
    half = environment.received()
    environment.config["subscribers"] = places
    for hour in (8, 10, 12):
        await environment.once(morning(TUESDAY, hour))
    assert environment.received()["slack"] > half["slack"] > 0
    assert not any(message.thread_ts for message in environment.slack.messages)
    assert not any(message.thread for message in environment.discord.messages)
    texts = environment.slack_text()
    assert [n for n in range(1, 61) if f"Pigeon {n}" not in texts] == []
    numbers = [message.content.splitlines()[0] for message in environment.discord.messages]
    total = len(numbers)
    assert numbers == [f"**Birds · Tue 21 Apr 2026** ({part}/{total})" for part in range(1, total + 1)]
