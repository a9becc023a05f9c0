"""What tests of commands say often: somebody subscribes, and what lies in the outbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.members.commands import confirm, subscribe
from bot.members.mailbox import mailbox_key
from bot.store.members import Member
from bot.store.outbox import RenderedDigest
from bot.store.subscribers import SubscriberState
from tests.store.outbox.test_outbox import message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.members.context import Context
    from bot.store import Store
    from bot.store.suppressions import Suppression

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DORA = "Dora@Example.edu"
KEY = mailbox_key(DORA)
OWN = {"title": "Maps", "categories": ["cs.CV"], "keywords": ["map"]}


def ask(context: Context, address: str = DORA, topics: Sequence[object] = ("birds",), now: datetime = NOW) -> None:
    assert subscribe(context, address, topics, "Asia/Tokyo", now) is None  # type: ignore[arg-type]


def member(
    context: Context, address: str = DORA, topics: Sequence[object] = ("birds",), now: datetime = NOW
) -> Member:
    """Somebody who asked and said yes."""
    ask(context, address, topics, now)
    confirmed = confirm(context, mailbox_key(address), now)
    assert isinstance(confirmed, Member)
    return confirmed


def stored(context: Context, address: str = DORA) -> Member | None:
    with context.store.snapshot() as view:
        return view.members.of_mailbox(mailbox_key(address))


def suppression(context: Context, address: str = DORA) -> Suppression | None:
    with context.store.snapshot() as view:
        return view.suppressions.find(context.keys.suppression(mailbox_key(address)))


def mails(store: Store) -> list[tuple[str, str]]:
    """What lies in the outbox or ever did: each message's title and state, in order."""
    return [(record.title, record.state.value) for record in store.queries.all()]


def wait_for(store: Store, subscriber: str, *recipients: str, title: str = "digest") -> None:
    """Have a digest wait for these."""
    state = store.subscribers.state(subscriber) or SubscriberState(subscriber)
    store.outbox.enqueue(state, RenderedDigest("mail", title, (message(),)), recipients, NOW)
