"""`paperboy migrate`: the schema, from what to what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.store.database.tables import SCHEMA_VERSION
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
