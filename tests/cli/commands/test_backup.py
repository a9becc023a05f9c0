"""`paperboy backup` and `paperboy migrate`: the store as a file and as a schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.store import Store
from tests.builders import paper
from tests.world import TUESDAY, Environment, morning

if TYPE_CHECKING:
    import pytest

    from tests.cli.conftest import Terminal


async def test_backup_copies_the_store_and_says_its_size(paperboy: Terminal, environment: Environment) -> None:
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    target = environment.folder / "copy.db"
    answer = await paperboy("backup", str(target))
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == f"{target}: {target.stat().st_size:,} bytes\n"
    copy = Store(f"sqlite:///{target}", must_exist=True)
    assert copy.papers.last_seq() == 1
    copy.close()


async def test_a_file_that_is_there_is_replaced_only_on_request(paperboy: Terminal, environment: Environment) -> None:
    await environment.once(morning(TUESDAY))
    target = environment.folder / "copy.db"
    target.write_text("mine", encoding="utf-8")
    refused = await paperboy("backup", str(target))
    assert (refused.code, refused.out) == (2, "")
    assert "is there already; --force replaces it" in refused.err
    assert target.read_text(encoding="utf-8") == "mine"
    assert (await paperboy("backup", str(target), "--force")).code == 0
    assert target.read_bytes().startswith(b"SQLite format 3\0")


async def test_a_copy_of_megabytes_says_so_in_megabytes(
    paperboy: Terminal, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.database.backup.back_up", lambda *_: 12_345_678)
    answer = await paperboy("backup", str(environment.folder / "copy.db"))
    assert answer.out.endswith(": 12,345,678 bytes (12.3 MB)\n")


async def test_the_store_itself_is_no_place_for_its_copy(paperboy: Terminal, environment: Environment) -> None:
    await environment.once(morning(TUESDAY))
    answer = await paperboy("backup", str(environment.folder / "paperboy.db"), "--force")
    assert answer.code == 1
    assert "it is the store itself" in answer.err


async def test_without_a_store_there_is_nothing_to_copy(paperboy: Terminal, environment: Environment) -> None:
    answer = await paperboy("backup", str(environment.folder / "copy.db"))
    assert answer.code == 3
    assert answer.err.endswith("there is none yet: `paperboy once` makes it\n")
    assert not (environment.folder / "copy.db").exists()


async def test_another_database_has_its_own_tool(paperboy: Terminal, environment: Environment) -> None:
    environment.config["store"] = "postgresql+psycopg://paperboy:hidden@localhost/paperboy"
    answer = await paperboy("backup", str(environment.folder / "copy.db"))
    assert answer.code == 2
    assert "pg_dump" in answer.err
    assert "hidden" not in answer.err
