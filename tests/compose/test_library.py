from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from bot.compose import library
from bot.compose.library import Libraries, LibraryError, by_title, documents, read_library
from bot.settings import Interest, Secret, ZoteroLibrary
from bot.topics.features import Document
from bot.topics.library import Entry
from tests.builders import paper
from tests.world import TUESDAY, morning

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from bot.model import Paper


class Papers:
    """Knows one paper."""

    def newest(self, identifiers: Collection[str]) -> dict[str, Paper]:
        known = paper("2604.00001", title="As arXiv has it")
        return {known.identifier: known} if known.identifier in identifiers else {}


def test_both_kinds_of_files_are_one_library(tmp_path: Path) -> None:
    bib, ris = tmp_path / "refs.bib", tmp_path / "refs.ris"
    bib.write_text("\ufeff@article{a, title={Pigeons}}", encoding="utf-8")
    ris.write_text("TY  - JOUR\nTI  - Bread\nER  -\n", encoding="utf-8")

    assert [entry.title for entry in read_library(Interest(bib, ris))] == ["Pigeons", "Bread"]
    assert read_library(Interest()) == ()


@pytest.mark.parametrize("name", ["missing.bib", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(LibraryError, match=r"(?i)no such file|is a directory"):
        read_library(Interest(tmp_path / name))


def test_a_file_beyond_all_measure_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "MOST_BYTES", 10)
    (tmp_path / "refs.bib").write_text("@article{a, title={Pigeons}}")

    with pytest.raises(LibraryError, match="larger than 10 bytes"):
        read_library(Interest(tmp_path / "refs.bib"))


def test_an_entry_is_taken_as_arxiv_has_it_where_it_is_known_by_identifier_or_title() -> None:
    announced = [Document("2604.00002", "Möbius maps", "An abstract.")]
    entries = [
        Entry("Pigeons", identifier="2604.00001"),
        Entry("{Mobius}-Maps".replace("{", "").replace("}", "")),
        Entry("Unknown", "Own abstract.", identifier="2604.09999"),
        Entry("Again", identifier="2604.00001"),
    ]

    found = documents(entries, Papers(), by_title(announced))  # type: ignore[arg-type]  # all that is asked of them

    assert [each.title for each in found] == ["As arXiv has it", "Möbius maps", "Unknown"]
    assert found[2].abstract == "Own abstract."


async def test_a_library_that_cannot_be_kept_costs_no_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fetched(_: object) -> None:
        """Nothing is written, and there is no folder to touch a file in."""

    monkeypatch.setattr("bot.compose.zotero.refresh", fetched)
    library = ZoteroLibrary("users/123", Secret("KEY"), "http://127.0.0.1:9/", tmp_path / "gone" / "z.ris")
    subscriber: Any = SimpleNamespace(interest=SimpleNamespace(zotero=library))
    libraries = Libraries()

    await libraries.refresh([subscriber], morning(TUESDAY))

    assert list(libraries.problems) == ["A library could not be kept: No such file or directory"]
