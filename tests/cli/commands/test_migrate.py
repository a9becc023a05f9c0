"""`paperboy migrate`: the schema, from what to what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.store.database.tables import SCHEMA_VERSION
from tests.app.fleet.rows import rows
from tests.builders import paper
from tests.world import TUESDAY, Environment, morning

if TYPE_CHECKING:
    import pytest

    from tests.cli.conftest import Terminal


async def test_migrate_makes_a_store_where_there_is_none_and_says_so(
    paperboy: Terminal, environment: Environment
) -> None:
    answer = await paperboy("migrate")
    assert (answer.code, answer.out) == (0, f"A new store was made; its schema is {SCHEMA_VERSION}.\n")
    assert (environment.folder / "paperboy.db").exists()


async def test_migrate_says_that_there_was_nothing_to_do(paperboy: Terminal, environment: Environment) -> None:
    await environment.once(morning(TUESDAY))
    answer = await paperboy("migrate")
    assert (answer.code, answer.out) == (0, f"The store's schema is {SCHEMA_VERSION} already.\n")


async def test_migrate_says_from_what_to_what(
    paperboy: Terminal, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.migrate", lambda _: ("0001", "0002"))
    assert environment.settings is not None
    assert (await paperboy("migrate")).out == "The store's schema was 0001 and is 0002 now.\n"


async def test_a_store_from_the_future_is_refused_with_3(paperboy: Terminal, environment: Environment) -> None:
    await environment.once(morning(TUESDAY))
    async with environment.app() as app:
        with app.store._database.writing() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    answer = await paperboy("migrate")
    assert (answer.code, answer.out) == (3, "")
    assert "9999" in answer.err


async def test_migrate_to_another_database_copies_the_store(paperboy: Terminal, environment: Environment) -> None:
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    target = environment.folder / "moved.db"
    answer = await paperboy("migrate", "--to", f"sqlite:///{target}")
    assert (answer.code, answer.err) == (0, "")
    assert "\npapers: 1\n" in answer.out
    assert answer.out.endswith(" rows copied and counted. Now let `store:` name the new database.\n")
    environment.config["store"] = f"sqlite:///{target}"
    assert not (await environment.once(morning(TUESDAY))).left_undone
    assert environment.received()["slack"] == 1


async def test_migrate_from_needs_where_to(paperboy: Terminal, environment: Environment) -> None:  # noqa: ARG001 - writes the file
    answer = await paperboy("migrate", "--from", "sqlite:///old.db")
    assert answer.code == 2
    assert "it needs --to" in answer.err


async def test_migrate_makes_the_queue_where_many_share_the_work_and_a_copy_leaves_it_out(
    paperboy: Terminal, environment: Environment, empty_schema_url: str
) -> None:
    environment.config |= {"store": empty_schema_url, "fleet": True}
    answer = await paperboy("migrate")
    assert (answer.code, answer.out) == (0, f"A new store was made; its schema is {SCHEMA_VERSION}.\n")
    environment.announce(TUESDAY, paper())
    environment.clock.set(morning(TUESDAY))
    await environment.once()
    assert len(rows(empty_schema_url)) == 1
    answer = await paperboy("migrate", "--to", f"sqlite:///{environment.folder / 'moved.db'}")
    assert (answer.code, "procrastinate" in answer.out) == (0, False)
