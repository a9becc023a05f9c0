from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.app import opened_context
from bot.errors import StoreError
from bot.store import Store
from bot.text.templates import Templates

if TYPE_CHECKING:
    from tests.world import Environment


def test_a_store_whose_keys_cannot_be_read_is_closed(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Store] = []

    def unreadable(self: Store, _secrets: object) -> None:
        raise StoreError(f"{self}", "no keys")

    def close(self: Store) -> None:
        closed.append(self)

    monkeypatch.setattr(Store, "reader_keys", unreadable)
    monkeypatch.setattr(Store, "close", close)

    with pytest.raises(StoreError, match="no keys"):
        opened_context(environment.settings, Templates())

    assert len(closed) == 1
