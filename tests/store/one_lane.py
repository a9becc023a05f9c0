"""One lane at a time, where the program claims and settles the deliveries of many in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.store.outbox.claim import ClaimRequest, SentReceipt

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Delivery, Limits, Receipt
    from bot.store.outbox import Outbox
    from bot.store.outbox.claim import ClaimOutcome
    from bot.store.outbox.policy import Lane
    from bot.store.worker import WorkerId


def claim_one(
    outbox: Outbox, lane: Lane, limits: Limits, *, owner: WorkerId, now: datetime, ignore_backoff: bool
) -> ClaimOutcome:
    """Claims the lane's next delivery."""
    (outcome,) = outbox.claim_batch((), (ClaimRequest(lane, limits, ignore_backoff),), owner=owner, now=now).outcomes
    return outcome


def settle_sent(
    outbox: Outbox, delivery: Delivery, receipt: Receipt, limits: Limits, *, owner: WorkerId, now: datetime
) -> None:
    """Stores that the platform has it.

    Raises:
        ClaimLostError: the claim is no longer the owner's.
    """
    (lost,) = outbox.claim_batch((SentReceipt(delivery, receipt, limits),), (), owner=owner, now=now).settled
    if lost is not None:
        raise lost
