"""Limits on requests that readers send us: a token bucket for each key, shared by all machines on the store.

https://en.wikipedia.org/wiki/Token_bucket. A key is a hash, never an address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.store.database.dialect import insert
from bot.store.database.tables import request_limits

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy import Connection

    from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate: `burst` requests at once, and as many again within `every`."""

    burst: int
    every: timedelta

    @property
    def seconds_per_token(self) -> float:
        """Seconds until one more request is allowed."""
        return self.every.total_seconds() / self.burst


class RequestLimits:
    """The token buckets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def forget(self, before: datetime) -> int:
        """Deletes the buckets not used since `before`; returns how many.

        `before` must be so long ago that all of them are full again: that is not checked.
        """
        old = request_limits.c.updated_at < before
        if self._database.read_scalar(select(request_limits.c.key).where(old).limit(1)) is None:
            return 0
        with self._database.writing() as connection:
            return connection.execute(request_limits.delete().where(old)).rowcount


def take(connection: Connection, key: str, rate: Rate, now: datetime) -> float:
    """Takes a token, if there is one.

    Args:
        connection: of the transaction.
        key: the bucket's key.
        rate: how many it holds, and how fast it fills.
        now: the moment, UTC.

    Returns:
        0.0 if a token was taken; else the seconds until there is one.
    """
    mine = request_limits.c.key == key
    full = {"tokens": float(rate.burst), "updated_at": now}
    connection.execute(insert(connection, request_limits).values(key=key, **full).on_conflict_do_nothing())
    row = connection.execute(select(request_limits).where(mine).with_for_update()).one()
    passed = max(0.0, (now - row.updated_at).total_seconds())  # no tokens if the clock was set back
    tokens = min(float(rate.burst), row.tokens + passed / rate.seconds_per_token)
    if tokens < 1.0:
        return float((1.0 - tokens) * rate.seconds_per_token)
    values = {"tokens": tokens - 1.0, "updated_at": now}
    connection.execute(request_limits.update().where(mine).values(**values))
    return 0.0
