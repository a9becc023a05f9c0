"""Reconciles a delivery whose outcome is unknown: asks the platform, and stores the answer.

Sends nothing. If the platform cannot tell, the subscriber's `on_unknown` decides.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.channels.channel import CLOCK_SKEW, CannotTellError
from bot.errors import DeliveryError
from bot.model import DeliveryState

if TYPE_CHECKING:
    from bot.channels.channel import Channel
    from bot.clock import Clock
    from bot.model import Limits, Receipt, UnknownDelivery
    from bot.settings import Address, Subscriber
    from bot.store import Store

log = structlog.get_logger(__name__)

VISIBLE_AFTER = timedelta(seconds=10)
"""How long a message that the platform just accepted may be missing from what it shows."""


async def reconcile(
    store: Store,
    clock: Clock,
    channel: Channel,
    unknown: UnknownDelivery,
    *,
    subscriber: Subscriber,
    address: Address,
    limits: Limits,
) -> tuple[DeliveryState, str]:
    """Looks up a delivery and stores what was found. Returns its new state, and a reason unless it was sent.

    Raises:
        ClaimLostError: the claim is no longer ours.
        StoreError: the store cannot be written.
    """
    delivery, owner, reconciliation = unknown.delivery, store.owner, store.outbox.reconciliation
    to, part = subscriber.log_name(address), f"{delivery.part}/{delivery.parts}"
    bound_log = log.bind(subscriber=delivery.subscriber, to=to, part=part)
    try:
        receipt = await _lookup_twice(clock, channel, unknown, address)
    except CannotTellError as error:
        policy = subscriber.on_unknown
        state = reconciliation.mark_unknowable(delivery, error.reason, policy, owner=owner, now=clock.now())
        bound_log.warning("nobody can tell whether it arrived", reason=error.reason, state=state.value)
        return state, "" if state is DeliveryState.PENDING else f"outcome unknown, {state}: {error.reason}"
    except DeliveryError as error:
        state = reconciliation.mark_lookup_failed(delivery, error, limits, owner=owner, now=clock.now())
        bound_log.warning("could not ask whether it arrived", trouble=error.kind.value, reason=error.reason)
        return state, f"outcome unknown, and asking failed: {error.reason}"
    if receipt is None:
        state = reconciliation.mark_not_found(delivery, owner=owner, now=clock.now())
        bound_log.info("it had not arrived", state=state.value)
        return state, "" if state is DeliveryState.PENDING else "it never arrived"
    state = reconciliation.mark_found(delivery, receipt, limits, owner=owner, now=clock.now())
    bound_log.info("it had arrived", state=state.value)
    return state, "" if state is DeliveryState.SENT else "outcome unknown, and what was found is another's"


async def _lookup_twice(clock: Clock, channel: Channel, unknown: UnknownDelivery, address: Address) -> Receipt | None:
    """Looks the message up; if it is missing, once more `VISIBLE_AFTER` later."""
    found = await _lookup(clock, channel, unknown, address)
    if found is None:
        await clock.sleep(VISIBLE_AFTER.total_seconds())
        found = await _lookup(clock, channel, unknown, address)
    return found


async def _lookup(clock: Clock, channel: Channel, unknown: UnknownDelivery, address: Address) -> Receipt | None:
    now = clock.now()
    if now < unknown.delivery.created_at - CLOCK_SKEW:
        raise CannotTellError("the clock was set back, so nobody knows since when to look")
    try:
        return await channel.lookup(replace(unknown, asked_at=now), address)
    except (CannotTellError, DeliveryError):
        raise
    except Exception as error:
        fault = f"internal error in the {type(channel).__name__}: {type(error).__name__}"
        raise CannotTellError(fault) from error  # it would fail again, and its text may quote a secret
