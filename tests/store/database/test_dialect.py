"""What either database computes is what Python computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import literal, select

from bot.model import Shard
from bot.store.database.dialect import in_shard

if TYPE_CHECKING:
    from bot.store import Store

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=64)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(["lab", "läb", "m-0000000000000001", ""], 32)
@given(st.lists(NAMES, min_size=1, max_size=4), st.integers(1, 64))
def test_the_database_finds_the_same_names_in_a_shard(store: Store, names: list[str], of: int) -> None:
    with store._database.reading() as connection:
        for name in names:
            found = connection.execute(
                select(*(in_shard(connection, literal(name), Shard(number, of)) for number in range(of)))
            ).one()
            assert list(found) == [name in Shard(number, of) for number in range(of)]
