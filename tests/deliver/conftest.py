"""What is said of deliver holds on either database; by default both are tried where the database has a say in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.world import Environment, opened_environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


ON_BOTH = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)], indirect=True
)
"""For what rows, locks and transactions decide; of the rest PostgreSQL's twin is on request."""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.on_request)])
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def environment(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Environment]:
    async with opened_environment(tmp_path) as environment:
        if database == "postgres":
            environment.config["store"] = request.getfixturevalue("postgres_url")
        yield environment
