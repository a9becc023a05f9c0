"""The outbox: which message goes to which address, and its state. The only record of what was sent.

    enqueue -> pending -> claim -> sending -> settle -> sent | pending | unknown | dead
               unknown -> claim -> asking  -> settle -> sent | pending | unknown | dropped | held   (`doubts`)

A claim is committed before the first byte is sent, and only its owner may settle it; only a confirmation makes a
delivery `sent`. Deliveries to one address go in order, one at a time: a lane. Nothing in here sends or waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from bot.model import DeliveryState
from bot.store.database.dialect import Lock, hold_lock
from bot.store.database.tables import deliveries, digests, messages
from bot.store.limits import close_circuit, in_order
from bot.store.outbox.claim import BatchResult, Claimed, ClaimRequest, SentReceipt, claim_batch
from bot.store.outbox.enqueue import DigestPaper, RenderedDigest, in_batches, put_deliveries
from bot.store.outbox.policy import OPEN, Lane, apply_to_limits, next_state, recover, settle
from bot.store.outbox.reconciliation import Reconciliation
from bot.store.subscribers import StateChangedError, put_states

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from bot.errors import DeliveryError
    from bot.model import Delivery, Limits, Receipt
    from bot.store.database import Database
    from bot.store.outbox.claim import ClaimOutcome
    from bot.store.outbox.enqueue import EnqueueRequest, StateUpdate
    from bot.store.subscribers import SubscriberState
    from bot.store.worker import WorkerId


__all__ = ["Claimed", "DigestPaper", "Outbox", "RenderedDigest"]


class Outbox:
    """The delivering side of the store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.reconciliation = Reconciliation(database)

    # -- enqueue -------------------------------------------------------------------------------------------------

    def enqueue(
        self, state: SubscriberState, rendered: RenderedDigest | None, recipients: Sequence[str], now: datetime
    ) -> int:
        """In one transaction: the subscriber's new state, the digest, a delivery per message and recipient.

        Equal digests are stored once. Returns the number of deliveries written.

        Raises:
            StateChangedError: another process composed for this subscriber; nothing was written.
        """
        return self._enqueue([([(state, recipients)], rendered)], now)

    def enqueue_for(
        self, updates: Sequence[StateUpdate], rendered: RenderedDigest | None, now: datetime
    ) -> frozenset[str]:
        """The same digest for many; as `enqueue_all`."""
        return self.enqueue_all([(updates, rendered)], now)

    def enqueue_all(self, requests: Sequence[EnqueueRequest], now: datetime) -> frozenset[str]:
        """Digests for many, many in one transaction; of one subscriber there is one state among them.

        If another process composed for one of them in the meantime, the others are still written.

        Returns:
            Those for whom another process composed; for them nothing was written.
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
            return sum(
                put_deliveries(
                    connection, rendered, [Lane(state.name, to) for state, tos in updates for to in tos], now
                )
                for updates, rendered in requests
                if rendered
            )

    # -- claim and settle ----------------------------------------------------------------------------------------

    def backlog(self) -> dict[Lane, int]:
        """Every address with something that is not over yet, held deliveries among it, and how many these are.

        Those that were tried least come first: one that is refused and shuts a limit for all holds up none of them.
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
            rows = sorted(connection.execute(statement).all(), key=lambda row: (row.tries, *row[:2]))
        return {Lane(row.subscriber, row.recipient): row.left for row in rows}

    def lanes(self) -> tuple[Lane, ...]:
        """Every address of the backlog."""
        return tuple(self.backlog())

    def recover(self, *lanes: Lane, owner: WorkerId, now: datetime) -> tuple[tuple[Lane, DeliveryState], ...]:
        """Turn what the dead were sending there into unknown ones, to be asked about. What became of each of them."""
        with self._database.writing() as connection:
            return recover(connection, frozenset(lanes), owner=owner, now=now)

    def claim_batch(
        self,
        sent_receipts: Sequence[SentReceipt],
        requests: Sequence[ClaimRequest],
        *,
        owner: WorkerId,
        now: datetime,
    ) -> BatchResult:
        """In one transaction: what the other side has is sent, and each bidding lane gets its next, if it may go.

        A claim needs open limits and holds them afterwards; a receipt closes the circuits of its limits.
        """
        with self._database.writing() as connection:
            return claim_batch(connection, sent_receipts, requests, owner=owner, now=now)

    def claim(
        self, lane: Lane, limits: Limits, *, owner: WorkerId, now: datetime, ignore_backoff: bool
    ) -> ClaimOutcome:
        """One lane's turn: its next delivery, if its gates are open and its time has come.

        Args:
            lane: whose turn it is.
            limits: the gates to pass and to close behind it.
            owner: who claims.
            now: the moment of the claim, UTC.
            ignore_backoff: whether to try again before a failure's backoff is over. Limits still hold.

        Returns:
            A delivery to send, one to ask about, what to wait for, or None if the lane is done.
        """
        (outcome,) = self.claim_batch(
            (), (ClaimRequest(lane, limits, ignore_backoff),), owner=owner, now=now
        ).outcomes
        return outcome

    def settle_sent(
        self, delivery: Delivery, receipt: Receipt, limits: Limits, *, owner: WorkerId, now: datetime
    ) -> None:
        """Records that the platform has it, and closes the circuits of its limits.

        Raises:
            ClaimLostError: the claim is no longer ours.
        """
        (lost,) = self.claim_batch((SentReceipt(delivery, receipt, limits),), (), owner=owner, now=now).settled
        if lost is not None:
            raise lost

    def settle_failed(
        self,
        delivery: Delivery,
        error: DeliveryError,
        limits: Limits,
        *,
        owner: WorkerId,
        now: datetime,
    ) -> DeliveryState:
        """Record a failed attempt, and what it means for the delivery and for its gates. The state it is in now.

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
        """Call what this owner is sending and will not settle unknown. The number of such deliveries.

        What it is asking about is free for the next to ask.
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
        """Forget the payloads of digests older than that, all of whose deliveries are final. What was told stays."""
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
