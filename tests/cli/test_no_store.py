"""Whoever only reads makes no store: where there is none yet, that is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Terminal
    from tests.world import Environment


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("explain", "2604.00001"),
        ("preview",),
        ("search", "pigeons"),
        ("query", "pigeons"),
        ("deliveries", "list"),
        ("deliveries", "show", "abc"),
        ("deliveries", "retry", "abc"),
        ("deliveries", "drop", "abc"),
    ],
    ids=" ".join,
)
async def test_a_command_that_reads_says_who_makes_the_store_and_makes_none(
    paperboy: Terminal, environment: Environment, command: tuple[str, ...]
) -> None:
    answer = await paperboy(*command)
    assert answer.code == 3
    assert answer.err.endswith("paperboy.db: there is none yet: `paperboy once` makes it\n")
    assert "disk" not in answer.err
    assert [path.name for path in environment.folder.iterdir()] == ["config.yaml"]
