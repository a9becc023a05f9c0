"""The run that is killed: what is told of it follows from what Slack has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.demo.runs import once_after_a_kill, seen
from tests.builders import paper
from tests.servers.slack import SlackMessage
from tests.world import TUESDAY, morning

if TYPE_CHECKING:
    from tests.world import Environment


def message(text: str) -> SlackMessage:
    return SlackMessage("C1", text, [{"text": text}], None, None, "1.0", {})


def test_a_channel_where_nothing_came_twice_is_said_to_have_each_once() -> None:
    (line,) = seen([("lab", message("one")), ("lab", message("two"))])
    assert line.startswith("lab: each message once.")


def test_what_came_twice_is_counted_channel_by_channel() -> None:
    lines = seen([("lab", message("one")), ("hook", message("one")), ("hook", message("one"))])
    assert [line.split(". ")[0] for line in lines] == ["hook: 1 message twice", "lab: each message once"]


async def test_the_message_that_was_under_way_is_found_in_slack_and_not_sent_again(environment: Environment) -> None:
    environment.announce(TUESDAY, paper())
    environment.clock.set(morning(TUESDAY))
    settings = environment.settings
    run = await once_after_a_kill(settings, environment.clock, environment.folder / "config.yaml", environment.slack)
    assert [result.new for result in run.collected] == [1]
    assert [lane.sent for lane in run.delivered] == [1]
    assert len(environment.slack.messages) == 1


async def test_a_process_that_ends_by_itself_says_why(environment: Environment) -> None:
    environment.announce(TUESDAY, paper())
    environment.clock.set(morning(TUESDAY))
    missing = environment.folder / "missing.yaml"
    with pytest.raises(ChildProcessError, match=r"missing\.yaml"):
        await once_after_a_kill(environment.settings, environment.clock, missing, environment.slack)
    assert not environment.slack.script
