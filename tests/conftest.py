"""What every room of the tests may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog

from tests.leaks import _what_is_read_is_remembered, pytest_runtest_makereport
from tests.world import World, opened_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

__all__ = ["_what_is_read_is_remembered", "pytest_runtest_makereport"]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with opened_world(tmp_path) as world:
        yield world


@pytest.fixture(autouse=True)
def _logging_of_one_test_is_not_the_next_one_s() -> Iterator[None]:
    """A command configures logging for its process, onto a stderr that here is gone with its test."""
    yield
    structlog.reset_defaults()
