"""Shards: every subscriber is in one, always in the same, and no shard has many more than another."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bot.model import SHARDS, Shard, shard_of


def test_a_name_is_in_the_same_shard_for_ever() -> None:
    assert [shard_of(name) for name in ("lab", "alice", "m-0000000000000001")] == [6, 4, 31]
    assert shard_of("lab", 3) == 0


@given(st.text(), st.integers(1, 100))
def test_every_name_is_in_exactly_one_shard(name: str, of: int) -> None:
    assert [number for number in range(of) if name in Shard(number, of)] == [shard_of(name, of)]


def test_shards_are_about_equal() -> None:
    sizes = Counter(shard_of(f"m-{number:016x}") for number in range(32_000))
    assert len(sizes) == SHARDS
    assert all(800 < size < 1200 for size in sizes.values())
