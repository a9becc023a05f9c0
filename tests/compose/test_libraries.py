from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from bot.compose.libraries import Libraries
from bot.settings import Secret, ZoteroLibrary
from tests.world import TUESDAY, morning

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


async def test_a_library_that_cannot_be_kept_costs_no_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fetched(_: object) -> None:
        """Nothing is written, and there is no folder to touch a file in."""

    monkeypatch.setattr("bot.compose.zotero.refresh", fetched)
    library = ZoteroLibrary("users/123", Secret("KEY"), "http://127.0.0.1:9/", tmp_path / "gone" / "z.ris")
    subscriber: Any = SimpleNamespace(interest=SimpleNamespace(zotero=library))
    libraries = Libraries()

    await libraries.refresh([subscriber], morning(TUESDAY))

    assert list(libraries.problems) == ["A library could not be kept: No such file or directory"]
