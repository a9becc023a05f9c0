"""The outbox: which message goes to which address, and its state. The only record of what was sent.

    enqueue -> pending -> claim -> sending -> settle -> sent | pending | unknown | dead
               unknown -> claim -> asking  -> settle -> sent | pending | unknown | dropped | held   (`reconciliation`)

A claim is committed before the first byte is sent, and only its owner may settle it; only a confirmation makes a
delivery `sent`. The deliveries to one address are a lane: they go in order, one at a time. Nothing in here sends or
waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from bot.model import DeliveryState
from bot.store.database.dialect import Lock, hold_lock, in_shard
from bot.store.database.tables import deliveries, digests, messages
from bot.store.limits import close_circuit, in_order
from bot.store.outbox.claim import BatchResult, Claimed, ClaimRequest, SentReceipt, claim_batch
from bot.store.outbox.enqueue import DigestPaper, RenderedDigest, in_batches, put_all
from bot.store.outbox.policy import OPEN, Lane, apply_to_limits, next_state, recover, settle
from bot.store.outbox.reconciliation import Reconciliation
from bot.store.subscribers import StateChangedError, put_states

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from bot.errors import DeliveryError
    from bot.model import Delivery, Limits, Shard
    from bot.store.database import Database
    from bot.store.outbox.enqueue import EnqueueRequest
    from bot.store.subscribers import SubscriberState
    from bot.store.worker import WorkerId


__all__ = ["Claimed", "DigestPaper", "Outbox", "RenderedDigest"]


class Outbox:
    """Enqueues digests, claims deliveries and settles them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.reconciliation = Reconciliation(database)

    # -- enqueue -------------------------------------------------------------------------------------------------

    def enqueue(
        self, state: SubscriberState, rendered: RenderedDigest | None, recipients: Sequence[str], now: datetime
    ) -> int:
        """Writes in one transaction: the subscriber's new state, the digest, a delivery per message and recipient.

        Equal digests are stored once. Returns the number of deliveries written.

        Raises:
            StateChangedError: another process composed for this subscriber; nothing was written.
        """
        return self._enqueue([([(state, recipients)], rendered)], now)

    def enqueue_all(self, requests: Sequence[EnqueueRequest], now: datetime) -> frozenset[str]:
        """Digests for many subscribers, many in one transaction; each subscriber may be in one request only.

        If another process composed for one of them meanwhile, the others are still written.

        Returns:
            The names of those for which another process composed; for them nothing was written.
        """
        lost: list[str] = []
        for batch in in_batches(requests):
            try:
                self._enqueue(batch, now)
            except StateChangedError:
                lost.extend(self._enqueue_one_by_one(batch, now))
        return frozenset(lost)

    def _enqueue_one_by_one(self, requests: Iterable[EnqueueRequest], now: datetime) -> Iterator[str]:
        for update, rendered in ((update, rendered) for updates, rendered in requests for update in updates):
            try:
                self._enqueue([([update], rendered)], now)
            except StateChangedError:
                yield update[0].name

    def _enqueue(self, requests: Sequence[EnqueueRequest], now: datetime) -> int:
        with self._database.writing() as connection:
            put_states(connection, [state for updates, _ in requests for state, _ in updates])
            lanes = ([Lane(state.name, to) for state, tos in updates for to in tos] for updates, _ in requests)
            enqueued = [(rendered, to) for (_, rendered), to in zip(requests, lanes, strict=True) if rendered]
            return put_all(connection, enqueued, now)

    # -- claim and settle ----------------------------------------------------------------------------------------

    def backlog(self, shard: Shard | None = None) -> dict[Lane, int]:
        """Every lane with deliveries that are not final, held ones included, and how many they are.

        Lanes that were tried least come first, so that one whose refusal opens a shared circuit comes after them.

        Args:
            shard: whose lanes; all if there is none.
        """
        statement = (
            select(
                deliveries.c.subscriber,
                deliveries.c.recipient,
                func.count().label("left"),
                func.max(deliveries.c.tries).label("tries"),
            )
            .where(deliveries.c.state.in_(OPEN))
            .group_by(deliveries.c.subscriber, deliveries.c.recipient)
        )
        with self._database.reading() as connection:
            if shard is not None:
                statement = statement.where(in_shard(connection, deliveries.c.subscriber, shard))
            rows = sorted(connection.execute(statement).all(), key=lambda row: (row.tries, *row[:2]))
        return {Lane(row.subscriber, row.recipient): row.left for row in rows}

    def lanes(self, shard: Shard | None = None) -> tuple[Lane, ...]:
        """Every lane of the backlog, or of a shard's."""
        return tuple(self.backlog(shard))

    def recover(
        self, *lanes: Lane, owner: WorkerId, now: datetime, shard: Shard | None = None
    ) -> tuple[tuple[Lane, DeliveryState], ...]:
        """Marks deliveries whose sender died as unknown, to be looked up; as dead after too many crashes.

        Args:
            lanes: of whom.
            owner: this process.
            now: the moment, UTC.
            shard: in which all of these lanes are, so that no other row is locked.

        Returns:
            The new state of each of them.
        """
        with self._database.writing() as connection:
            return recover(connection, frozenset(lanes), owner=owner, now=now, shard=shard)

    def claim_batch(
        self,
        sent_receipts: Sequence[SentReceipt],
        requests: Sequence[ClaimRequest],
        *,
        owner: WorkerId,
        now: datetime,
    ) -> BatchResult:
        """Settles receipts and claims each requesting lane's next delivery, in one transaction.

        A claim needs both limits free and holds them afterwards; a receipt closes the circuits of its limits.
        """
        with self._database.writing() as connection:
            return claim_batch(connection, sent_receipts, requests, owner=owner, now=now)

    def settle_failed(
        self,
        delivery: Delivery,
        error: DeliveryError,
        limits: Limits,
        *,
        owner: WorkerId,
        now: datetime,
    ) -> DeliveryState:
        """Stores a failed attempt, and what it means for the delivery and its limits. Returns the new state.

        Raises:
            ClaimLostError: the claim is no longer ours.
        """
        with self._database.writing() as connection:
            change = next_state(connection, delivery, error, now)
            settle(connection, delivery, owner, **({"reason": error.reason} | change))
            apply_to_limits(connection, error, limits, now)
            state: DeliveryState = change["state"]
            return state

    def abandon(self, owner: WorkerId, now: datetime) -> int:
        """Marks what this owner is sending as unknown, because it will not settle it. Returns how many deliveries.

        What it is looking up is released for another process.
        """
        mine = deliveries.c.owner == str(owner)
        free = {"owner": None, "lease_until": None, "not_before": now}
        sending, asking = (
            mine & (deliveries.c.state == state) for state in (DeliveryState.SENDING, DeliveryState.UNKNOWN)
        )
        with self._database.writing() as connection:
            connection.execute(deliveries.update().where(asking).values(**free))
            left = {"state": DeliveryState.UNKNOWN, "reason": "interrupted", **free}
            return connection.execute(deliveries.update().where(sending).values(**left)).rowcount

    def close_circuits(self, limits: Limits) -> None:
        """Closes the circuits after a message that was sent outside the outbox (`check --send`)."""
        with self._database.writing() as connection:
            for key in in_order(limits):
                close_circuit(connection, key)

    # -- retention -----------------------------------------------------------------------------------------------

    def prune(self, before: datetime) -> int:
        """Deletes the payloads of older digests whose deliveries are all final; what was told stays.

        Returns:
            The number of messages whose payload was deleted.
        """
        open_digests = select(deliveries.c.digest_id).where(deliveries.c.state.in_(OPEN))
        old = select(digests.c.id).where(digests.c.created_at < before, digests.c.id.not_in(open_digests))
        with self._database.writing() as connection:
            hold_lock(connection, Lock.DELIVERIES)
            done = connection.execute(
                messages.update()
                .where(messages.c.digest_id.in_(old), messages.c.payload.is_not(None))
                .values(payload=None, plain=None),
            )
            return done.rowcount
