"""What every room of the tests may ask for."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.fast_stores import _stores_open_fast
from tests.leaks import _what_is_read_is_remembered, pytest_runtest_makereport
from tests.postgres import _kept_store_url, _postgres_connection, empty_schema_url, postgres_server, postgres_url
from tests.world import Environment, opened_environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

__all__ = [
    "_kept_store_url",
    "_postgres_connection",
    "_stores_open_fast",
    "_what_is_read_is_remembered",
    "empty_schema_url",
    "postgres_server",
    "postgres_url",
    "pytest_runtest_makereport",
]

# This machine may have other work. What `make test` says is not up to chance: each run has the same examples; `make
# thorough` takes the other profile, which looks for new ones.
settings.register_profile(
    "short", deadline=None, max_examples=40, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("short"), max_examples=300, derandomize=False)
settings.load_profile("short")

_LONG_SECONDS = 120
"""A test that may take longer is one of the longest."""


_SLOW = (
    "tests/app/test_daemon.py",
    "tests/app/test_reaction_reader.py",
    "tests/arxiv/test_hostile_answers.py",
    "tests/browser/",
    "tests/channels/discord/test_digest.py",
    "tests/channels/mail/test_digest.py",
    "tests/channels/slack/test_digest.py",
    "tests/channels/test_contract.py",
    "tests/channels/test_contract_rendering.py",
    "tests/channels/test_hostile_answers.py",
    "tests/chat/discord/test_week.py",
    "tests/chat/slack/test_rendering.py",
    "tests/chat/slack/test_socket.py",
    "tests/chat/slack/test_week.py",
    "tests/cli/commands/test_run",
    "tests/cli/commands/test_worker",
    "tests/chat/test_service.py",
    "tests/cli/test_completion.py",
    "tests/cli/test_lazy.py",
    "tests/cli/test_unusable_store.py",
    "tests/compose/test_learned.py",
    "tests/counterparts/",
    "tests/deliver/test_giving_up.py",
    "tests/demo/",
    "tests/fake_arxiv/",
    "tests/app/fleet/",
    "tests/members/test_state_machine.py",
    "tests/members/test_whole_days.py",
    "tests/proofs/",
    "tests/publish/test_publish.py",
    "tests/store/database/test_backup.py",
    "tests/store/database/test_schema.py",
    "tests/store/test_days.py",
    "tests/store/test_two_machines.py",
    "tests/test_crash.py",
    "tests/test_real_days.py",
    "tests/test_secrets.py",
    "tests/test_seed_pipeline.py",
    "tests/test_shared_cases.py",
    "tests/test_state_machine.py",
    "tests/test_thirty_mailings.py",
    "tests/test_three_ways.py",
    "tests/test_today_first.py",
    "tests/test_wheel.py",
    "tests/text/test_latex.py",
    "tests/topics/test_percolation.py",
)
"""Where tests take seconds each: `make quick` leaves them out, and PostgreSQL's twins of what is shown on SQLite."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: the tests of processes and browsers wait for a good part of their time."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the slow ones; the longest begin first, else one worker would be left alone with one in the end."""
    for item in items:
        if item.nodeid.startswith(_SLOW) or "postgres" in item.nodeid.partition("[")[2]:
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: not any(mark.args[0] > _LONG_SECONDS for mark in item.iter_markers("timeout")))


def pytest_collection_finish() -> None:
    """What is imported by now stays: no collection has to look through it again, which took a sixth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # and what a test makes lives shortly


@pytest.fixture
async def environment(tmp_path: Path) -> AsyncIterator[Environment]:
    async with opened_environment(tmp_path) as environment:
        yield environment


def _log_plainly() -> None:
    """As structlog does by itself, but for Rich's picture of a traceback, of which one may take a second."""
    structlog.reset_defaults()
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], renderer])


@pytest.fixture(autouse=True)
def _logging_of_one_test_is_not_the_next_one_s() -> None:
    """A command configures logging for its process, onto a stderr that here is gone with its test."""
    _log_plainly()
