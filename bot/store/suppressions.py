"""Suppressions: mailboxes that must not be written to, and why; and the bounces that may lead to one.

Works inside a transaction. A mailbox is stored as a keyed hash (`keys`) only, also after its subscriber is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select

from bot.store.database import rows_among
from bot.store.database.dialect import insert, upsert
from bot.store.database.tables import bounces, suppressions
from bot.store.database.values import row_of, value_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection, Row


class SuppressionReason(StrEnum):
    """Why a mailbox is not written to. A stronger reason, which comes later in this list, replaces a weaker one."""

    BOUNCED = "bounced"
    UNSUBSCRIBED = "unsubscribed"
    DECLINED = "declined"
    """Its reader declined the confirmation mail; it is not asked again."""
    COMPLAINED = "complained"

    @property
    def strength(self) -> int:
        """0 for a bounce; higher for what a person did."""
        return list(SuppressionReason).index(self)


class Via(StrEnum):
    """Through what we learned of it."""

    PAGE = "page"
    ONE_CLICK = "one-click"
    """The mail program's own button, RFC 8058."""
    MAIL = "mail"
    COMMAND = "command"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True)
class Suppression:
    """That a mailbox must not be written to."""

    key: str
    """The mailbox's keyed hash."""
    secret: str
    """The name of the secret it is keyed with."""
    reason: SuppressionReason
    how: Via
    subscriber: str | None
    """The subscriber whose mail led to it, if known."""
    since: datetime


class Suppressions:
    """The suppressions and bounces, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, keys: Collection[str]) -> Suppression | None:
        """The strongest suppression under these keys of one mailbox."""
        return max(self.among(keys).values(), key=lambda found: found.reason.strength, default=None)

    def among(self, keys: Collection[str]) -> dict[str, Suppression]:
        """The suppressions under these keys, by key."""
        rows = rows_among(self._connection, select(suppressions), suppressions.c.key, keys)
        return {row.key: _suppression(row) for row in rows}

    def all(self) -> tuple[Suppression, ...]:
        """All suppressions, oldest first."""
        rows = self._connection.execute(select(suppressions).order_by(suppressions.c.since, suppressions.c.key))
        return tuple(map(_suppression, rows))

    def beginning_with(self, prefix: str) -> tuple[Suppression, ...]:
        """The suppressions whose key begins with the prefix."""
        like = suppressions.c.key.startswith(prefix.lower(), autoescape=True)
        return tuple(map(_suppression, self._connection.execute(select(suppressions).where(like))))

    def put(self, suppression: Suppression) -> None:
        """Stores it, in place of one with the same key."""
        upsert(self._connection, suppressions, row_of(suppression))

    def lift(self, keys: Collection[str]) -> int:
        """Deletes the suppressions under these keys, and their bounces. Returns the number of suppressions."""
        self._connection.execute(bounces.delete().where(bounces.c.key.in_(keys)))
        return self._connection.execute(suppressions.delete().where(suppressions.c.key.in_(keys))).rowcount

    def add_bounce(self, key: str, delivery: str, status: str, at: datetime) -> None:
        """Stores that a delivery bounced; the same delivery counts once."""
        row = {"key": key, "delivery": delivery, "status": status, "at": at}
        self._connection.execute(insert(self._connection, bounces).values(**row).on_conflict_do_nothing())

    def bounces_since(self, keys: Collection[str], moment: datetime, but_for: Collection[str] = ()) -> int:
        """How many different deliveries to the mailbox bounced since then, with other statuses than `but_for`."""
        recent = bounces.c.key.in_(keys) & (bounces.c.at >= moment) & bounces.c.status.not_in(but_for)
        return self._connection.scalar(select(func.count(bounces.c.delivery.distinct())).where(recent)) or 0

    def has_bounces(self, before: datetime) -> bool:
        """Whether there are bounces from before that moment."""
        return self._connection.scalar(select(bounces.c.key).where(bounces.c.at < before).limit(1)) is not None

    def forget_bounces(self, before: datetime) -> int:
        """Deletes bounces from before that moment. Returns how many."""
        return self._connection.execute(bounces.delete().where(bounces.c.at < before)).rowcount


_AMONG = select(suppressions.c.key).where(suppressions.c.key.in_(bindparam("keys", expanding=True)))


def suppressed_among(connection: Connection, keys: Collection[str]) -> frozenset[str]:
    """Which of these keys are suppressed. Asked before every claim, so the statement is built once."""
    return frozenset(connection.scalars(_AMONG, {"keys": list(keys)})) if keys else frozenset()


def _suppression(row: Row[Any]) -> Suppression:
    return value_of(Suppression, row, reason=SuppressionReason(row.reason), how=Via(row.how))
