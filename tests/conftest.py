"""What every room of the tests may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.world import World, opened_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with opened_world(tmp_path) as world:
        yield world
