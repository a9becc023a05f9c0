"""Keyed hashes: the same for the same, another for anything else, and of no use without the secret."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from bot.settings import Secret
from bot.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.store.keys import ReaderKeys

NEW, OLD = Secret("n" * 32), Secret("o" * 32)
BOX, OTHER_BOX = "1" * 32, "2" * 32


def hashes(keys: ReaderKeys) -> list[str]:
    return [
        *keys.suppression(BOX),
        *keys.suppression(OTHER_BOX),
        *keys.person("mail", BOX),
        *keys.person("slack", BOX),
    ]


def test_every_mailbox_and_person_has_a_hash_of_its_own_under_every_secret(store: Store) -> None:
    both = store.reader_keys([NEW, OLD])
    assert len(set(hashes(both))) == 8
    assert {len(each) for each in hashes(both)} == {32}
    assert store.reader_keys([OLD]).suppression(BOX) == both.suppression(BOX)[::-1]
    assert store.reader_keys([OLD]).person("mail", BOX) == both.person("mail", BOX)[::-1]
    assert len(set(both.names)) == 2


def test_a_store_has_a_key_of_its_own_where_nobody_has_another(store: Store, url: str) -> None:
    own = store.reader_keys(())
    again = Store(url)
    assert again.reader_keys(()).suppression(BOX) == own.suppression(BOX)
    assert again.reader_keys([NEW]).suppression(BOX)[1:] == own.suppression(BOX)
    again.close()


def test_where_there_is_a_secret_none_is_made(store: Store) -> None:
    assert len(store.reader_keys([NEW]).names) == 1


@pytest.mark.parametrize("later", [[NEW, OLD], [NEW], []])
def test_what_was_kept_under_a_secret_is_found_whatever_becomes_of_it(store: Store, later: Sequence[Secret]) -> None:
    (before,) = store.reader_keys([OLD]).suppression(BOX)
    keys = store.reader_keys(later)
    assert before in keys.suppression(BOX)
    if later:
        assert keys.suppression(BOX) == (store.reader_keys([NEW]).suppression(BOX)[0], before)


def test_secrets_that_are_not_there_any_more_are_counted_and_the_store_s_own_key_is_none(store: Store) -> None:
    store.reader_keys(())
    assert store.reader_keys([OLD]).former_secrets == 0
    assert store.reader_keys([NEW, OLD]).former_secrets == 0
    assert store.reader_keys([NEW]).former_secrets == 1


def test_of_two_that_make_it_at_once_both_have_the_same(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: store.reader_keys(()).names, range(4)))
    assert len(set(found)) == 1


def test_no_secret_is_shown(store: Store) -> None:
    assert "n" * 32 not in repr(store.reader_keys([NEW]))
