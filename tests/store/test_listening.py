"""Since when a platform is not listened to, whichever machine listens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.store.listening import ListeningRecord

if TYPE_CHECKING:
    from bot.store import Store

NOON, MINUTE = datetime(2026, 4, 21, 12, tzinfo=UTC), timedelta(minutes=1)


def test_it_is_known_until_when_somebody_listened_and_why_nobody_does(store: Store) -> None:
    store.listening.note("slack", NOON)
    store.listening.note("slack", NOON + MINUTE)
    store.listening.note("slack", NOON + 2 * MINUTE, "Slack said invalid_auth")
    assert store.listening.all() == (ListeningRecord("slack", NOON + MINUTE, "Slack said invalid_auth"),)
    store.listening.note("slack", NOON + 3 * MINUTE)
    assert store.listening.all() == (ListeningRecord("slack", NOON + 3 * MINUTE, ""),)


def test_what_never_worked_is_deaf_since_it_was_tried(store: Store) -> None:
    store.listening.note("discord", NOON, "no connection")
    store.listening.note("discord", NOON + MINUTE, "no connection")
    assert store.listening.all() == (ListeningRecord("discord", NOON, "no connection"),)


def test_it_is_known_which_commands_a_platform_was_sent_last(store: Store) -> None:
    assert store.listening.commands("discord") is None
    for commands in ("one", "two"):
        store.listening.note_commands("discord", commands, NOON)
        assert store.listening.commands("discord") == commands
    store.listening.note("discord", NOON, "gone")
    assert (store.listening.commands("discord"), store.listening.commands("slack")) == ("two", None)
