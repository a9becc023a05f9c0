"""A small world on a PostgreSQL with a queue of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.app.fleet.queue import prepare
from tests.builders import paper
from tests.world import MONDAY, morning

if TYPE_CHECKING:
    from tests.world import Environment


@pytest.fixture
def fleet(environment: Environment, postgres_url: str) -> Environment:
    """A Monday morning with one paper about birds; the lab in Slack is told of it, and a reader by mail."""
    environment.config |= {"store": postgres_url, "fleet": True}
    environment.config["subscribers"]["reader"] = {"mail": "reader@example.org", "topics": ["birds"]}
    environment.announce(MONDAY, paper())
    environment.clock.set(morning(MONDAY))
    prepare(postgres_url)
    return environment
