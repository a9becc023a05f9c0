"""Each command holds as a whole or not at all, wherever it is stopped; and two at once leave what one would.

A statement that fails stands for a process that dies there: what was not committed, the database takes back.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import time
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from bot.members.commands import (
    bounced,
    complained,
    confirm,
    delete,
    feedback,
    follow,
    hour,
    resubscribe,
    subscribe,
    unsubscribe,
)
from bot.store.database.tables import metadata
from bot.store.feedback import Opinion
from bot.store.suppressions import Via
from tests.members.driver import DAY, DORA, HOUR, KEY, NOW, OWN, ask, mails, member, stored, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from bot.members.context import Context
    from bot.store import Store


class StoppedError(Exception):
    """The process is gone."""


COMMANDS: dict[str, Callable[[Context, str], object]] = {
    "subscribe": lambda context, _: subscribe(context, "new@example.edu", ("birds", OWN), "UTC", NOW),
    "subscribe again": lambda context, _: subscribe(context, DORA, ("light",), "UTC", NOW + 2 * DAY),
    "confirm": lambda context, _: confirm(context, KEY, NOW),
    "follow": lambda context, key: follow(context, key, OWN),
    "hour": lambda context, key: hour(context, key, time(9)),
    "unsubscribe": lambda context, _: unsubscribe(context, KEY, Via.PAGE, NOW),
    "complained": lambda context, _: complained(context, KEY, NOW),
    "bounced": lambda context, _: bounced(context, KEY, "d", "5.1.1", now=NOW),
    "resubscribe": lambda context, _: resubscribe(context, KEY),
    "delete": lambda context, key: delete(context, key, NOW),
    "feedback": lambda context, key: feedback(
        context, key, context.keys.person("mail", KEY), "2604.00001", Opinion.SAVED, place="mail", now=NOW
    ),
}


def everything(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """All that the database holds."""
    with store._database.reading() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(table.select())), key=repr)
            for table in metadata.sorted_tables
        }


@contextmanager
def stopped_before(store: Store, statement: int) -> Iterator[None]:
    """Whatever comes next dies before its statement of that number."""
    numbers = count(1)

    def stop(*_: object) -> None:
        if next(numbers) == statement:
            raise StoppedError

    engine = store._database._engines.writing
    event.listen(engine, "before_cursor_execute", stop)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", stop)


@pytest.mark.parametrize("name", COMMANDS)
def test_stopped_anywhere_a_command_leaves_everything_as_it_was_or_all_done(context: Context, name: str) -> None:
    dora = member(context)
    if name == "confirm":
        unsubscribe(context, KEY, Via.PAGE, NOW)
        ask(context, now=NOW + DAY)
    if name == "resubscribe":
        unsubscribe(context, KEY, Via.PAGE, NOW)
    wait_for(context.store, dora.key, dora.recipient)
    before = everything(context.store)
    for statement in count(1):
        try:
            with stopped_before(context.store, statement):
                COMMANDS[name](context, dora.key)
        except StoppedError:
            assert everything(context.store) == before
        else:
            break
    assert statement > 1
    assert everything(context.store) != before


def at_once(command: Callable[[int], object], times: int = 6) -> list[object]:
    """What that many threads get that do it at the same time."""
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(command, range(times)))


def test_of_many_requests_for_one_address_at_once_one_mail_comes(context: Context) -> None:
    at_once(lambda _: subscribe(context, DORA, ("birds",), "UTC", NOW))
    assert mails(context.store) == [("confirm", "pending")]
    assert stored(context)


def test_changes_at_once_are_all_there(context: Context) -> None:
    dora = member(context)
    at_once(lambda number: follow(context, dora.key, {**OWN, "title": str(number)}))
    found = stored(context)
    assert found
    assert len(found.topics) == 7
    assert len({getattr(topic, "name", topic) for topic in found.topics}) == 7


def test_a_no_and_a_yes_at_once_leave_one_of_both_and_nothing_half(context: Context) -> None:
    for number in range(5):
        now = NOW + number * 2 * DAY
        ask(context, now=now)

        def either(which: int, now: datetime = now) -> object:
            return confirm(context, KEY, now) if which else unsubscribe(context, KEY, Via.PAGE, now)

        at_once(either, 2)
        found = stored(context)
        assert found is None or found.asked_topics is None
        unsubscribe(context, KEY, Via.PAGE, now + HOUR)
