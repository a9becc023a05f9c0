"""`paperboy --version`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import __version__

if TYPE_CHECKING:
    from tests.cli.conftest import Terminal


async def test_it_says_its_version_alone(paperboy: Terminal) -> None:
    answer = await paperboy.raw("--version")
    assert (answer.code, answer.out, answer.err) == (0, f"paperboy {__version__}\n", "")
