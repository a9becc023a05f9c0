"""Each command holds as a whole or not at all, wherever it is stopped; and two at once leave what one would.

A statement that fails stands for a process that dies there: what was not committed, the database takes back.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import time
from itertools import count
from threading import Event
from time import sleep
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
from bot.model import Limit, Limits, Receipt
from bot.store.database.tables import metadata
from bot.store.feedback import Opinion
from bot.store.outbox import Claimed
from bot.store.outbox.claim import ClaimRequest
from bot.store.outbox.policy import Lane
from bot.store.subscribers import StateChangedError
from bot.store.suppressions import Via
from bot.store.worker import WorkerId
from tests.members.driver import DAY, DORA, HOUR, KEY, NOW, OWN, ask, mails, member, stored, wait_for
from tests.store.one_lane import settle_sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from bot.members.context import Context
    from bot.store import Store


LIMITS = Limits(Limit("mail:d", 0.0), Limit("mail-relay:r", 0.0))


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


def test_after_a_no_was_answered_nothing_is_claimed_for_it_whoever_composes_and_claims_meanwhile(
    context: Context,
) -> None:
    """With a roster from before the no, as another machine may have it."""
    found = member(context)
    lane = Lane(found.key, found.recipient)
    request = ClaimRequest(lane, LIMITS, ignore_backoff=True, suppression_keys=context.keys.suppression(KEY))
    said = Event()
    claimed_after: list[object] = []

    def compose_and_claim(number: int) -> None:
        owner = replace(WorkerId.current(), pid=number + 1)
        for turn in range(8):
            with suppress(StateChangedError):
                wait_for(context.store, found.key, found.recipient, title=f"{number} {turn}")
            was_said = said.is_set()
            (outcome,) = context.store.outbox.claim_batch((), [request], owner=owner, now=NOW).outcomes
            if isinstance(outcome, Claimed):
                claimed_after.extend([outcome] if was_said else [])
                settle_sent(context.store.outbox, outcome.delivery, Receipt(), LIMITS, owner=owner, now=NOW)

    def say_no(_: int) -> None:
        sleep(0.02)
        unsubscribe(context, KEY, Via.ONE_CLICK, NOW)
        said.set()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda which: (compose_and_claim if which else say_no)(which), range(4)))
    assert said.is_set()
    assert claimed_after == []
    (outcome,) = context.store.outbox.claim_batch((), [request], owner=WorkerId.current(), now=NOW).outcomes
    assert outcome is None
    assert lane not in context.store.outbox.lanes()
