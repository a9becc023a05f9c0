"""One transaction over all that a reader's command reads and writes: it holds as a whole, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.store.database.dialect import hold_reader
from bot.store.feedback import Feedback
from bot.store.members import Members
from bot.store.outbox.enqueue import put_all
from bot.store.outbox.stop import count_being_sent, stop
from bot.store.reactions import Reactions
from bot.store.request_limits import take
from bot.store.suppressions import Suppressions

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.store.outbox.enqueue import RenderedDigest
    from bot.store.outbox.policy import Lane
    from bot.store.outbox.stop import Stopped
    from bot.store.request_limits import Rate


class Transaction:
    """What a command can do. Committed by `Store.transaction` at its end."""

    def __init__(self, connection: Connection, *, lock: bool = True) -> None:
        """Take the connection, and whether what is read one by one is to be locked, since it will be changed."""
        self._connection = connection
        self.members = Members(connection, lock=lock)
        self.suppressions = Suppressions(connection)
        self.feedback = Feedback(connection)
        self.reactions = Reactions(connection)

    def hold_reader(self, key: str) -> None:
        """Let no other command of this reader, named by a hash in hex, come between. Before anything else."""
        hold_reader(self._connection, key)

    def take(self, key: str, rate: Rate, now: datetime) -> float:
        """Take a token of a request limit; 0.0 if there was one, else in how many seconds there is."""
        return take(self._connection, key, rate, now)

    def has_outdated(self, *, requests: datetime, bounces: datetime) -> bool:
        """Whether there are requests or bounces from before these moments."""
        return self.members.has_requests(requests) or self.suppressions.has_bounces(bounces)

    def enqueue(self, rendered: RenderedDigest, lane: Lane, now: datetime) -> None:
        """Have the message sent there."""
        put_all(self._connection, [(rendered, [lane])], now)

    def stop(self, lanes: Collection[Lane], reason: str, now: datetime) -> Stopped:
        """Drop what waits in these lanes."""
        return stop(self._connection, lanes, reason, now)

    def count_being_sent(self, lanes: Collection[Lane]) -> int:
        """How many deliveries of these lanes are on their way."""
        return count_being_sent(self._connection, lanes)
