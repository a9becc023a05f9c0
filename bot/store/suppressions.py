"""Who must not be written to, and why; and the bounces that may lead to that. Works inside a transaction.

A mailbox is known by its keyed hash (`keys`) alone, also after its subscriber is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select

from bot.store.database import batched
from bot.store.database.dialect import insert
from bot.store.database.tables import bounces, suppressions

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection, Row


class SuppressionReason(StrEnum):
    """Why a mailbox is not written to. A later reason takes an earlier one's place, never the other way round."""

    BOUNCED = "bounced"
    UNSUBSCRIBED = "unsubscribed"
    DECLINED = "declined"
    """Said no when it was asked whether it wanted to subscribe: it is not asked again."""
    COMPLAINED = "complained"

    @property
    def strength(self) -> int:
        """0 for what a machine said; more for what a person did."""
        return list(SuppressionReason).index(self)


class Via(StrEnum):
    """How we heard of it."""

    PAGE = "page"
    ONE_CLICK = "one-click"
    """RFC 8058: the mail program's own button."""
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
    """To whom the mail went that led to it, if that is known."""
    since: datetime


class Suppressions:
    """The suppressions and bounces, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, keys: Collection[str]) -> Suppression | None:
        """The strongest one under any of these keys of a mailbox."""
        return max(self.among(keys).values(), key=lambda found: found.reason.strength, default=None)

    def among(self, keys: Collection[str]) -> dict[str, Suppression]:
        """Those under these keys, by key."""
        found: dict[str, Suppression] = {}
        for batch in batched(sorted(keys)):
            rows = self._connection.execute(select(suppressions).where(suppressions.c.key.in_(batch)))
            found |= {row.key: _suppression(row) for row in rows}
        return found

    def all(self) -> tuple[Suppression, ...]:
        """Every one, oldest first."""
        rows = self._connection.execute(select(suppressions).order_by(suppressions.c.since, suppressions.c.key))
        return tuple(map(_suppression, rows))

    def beginning_with(self, prefix: str) -> tuple[Suppression, ...]:
        """Those whose key begins so."""
        like = suppressions.c.key.startswith(prefix.lower(), autoescape=True)
        return tuple(map(_suppression, self._connection.execute(select(suppressions).where(like))))

    def version(self) -> str:
        """A text that changes whenever one comes, goes or changes."""
        statement = select(func.count(), func.max(suppressions.c.since)).select_from(suppressions)
        return "/".join(map(str, self._connection.execute(statement).one()))

    def put(self, suppression: Suppression) -> None:
        """Store it, in place of one of the same key."""
        values = {
            "secret": suppression.secret,
            "reason": suppression.reason.value,
            "how": suppression.how.value,
            "subscriber": suppression.subscriber,
            "since": suppression.since,
        }
        statement = insert(self._connection, suppressions).values(key=suppression.key, **values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))

    def lift(self, keys: Collection[str]) -> int:
        """Forget those under these keys, with the bounces counted there. How many suppressions there were."""
        self._connection.execute(bounces.delete().where(bounces.c.key.in_(keys)))
        return self._connection.execute(suppressions.delete().where(suppressions.c.key.in_(keys))).rowcount

    def add_bounce(self, key: str, delivery: str, status: str, at: datetime) -> None:
        """Note that a delivery came back; the same one counts once."""
        row = {"key": key, "delivery": delivery, "status": status, "at": at}
        self._connection.execute(insert(self._connection, bounces).values(**row).on_conflict_do_nothing())

    def bounces_since(self, keys: Collection[str], moment: datetime, but_for: Collection[str] = ()) -> int:
        """How many different deliveries to the mailbox came back since then, with another status than these."""
        recent = bounces.c.key.in_(keys) & (bounces.c.at >= moment) & bounces.c.status.not_in(but_for)
        return self._connection.scalar(select(func.count(bounces.c.delivery.distinct())).where(recent)) or 0

    def has_bounces(self, before: datetime) -> bool:
        """Whether there are any from before that moment."""
        return self._connection.scalar(select(bounces.c.key).where(bounces.c.at < before).limit(1)) is not None

    def forget_bounces(self, before: datetime) -> int:
        """Forget those that count no more. How many."""
        return self._connection.execute(bounces.delete().where(bounces.c.at < before)).rowcount


_AMONG = select(suppressions.c.key).where(suppressions.c.key.in_(bindparam("keys", expanding=True)))


def suppressed_among(connection: Connection, keys: Collection[str]) -> frozenset[str]:
    """Which of these keys there is a suppression under: asked before every claim, so it is built once."""
    return frozenset(connection.scalars(_AMONG, {"keys": list(keys)})) if keys else frozenset()


def _suppression(row: Row[Any]) -> Suppression:
    values = {**row._mapping}  # noqa: SLF001 - SQLAlchemy's public name
    return Suppression(**{**values, "reason": SuppressionReason(values["reason"]), "how": Via(values["how"])})
