"""Asking the other side what became of a delivery whose outcome is unknown, and writing down what it says.

Sends nothing, and decides nothing that the store or the subscriber's wish does not.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.channels.channel import CannotTellError, Question
from bot.errors import DeliveryError
from bot.model import DeliveryState

if TYPE_CHECKING:
    from bot.channels.channel import Channel
    from bot.clock import Clock
    from bot.model import Gates, Receipt
    from bot.settings import Address, Subscriber
    from bot.store import Store
    from bot.store.outbox.reconciliation import Doubt

log = structlog.get_logger(__name__)

SETTLING = timedelta(seconds=10)
"""How long a message that was just taken may be missing from what the other side shows."""


async def inquire(
    store: Store,
    clock: Clock,
    channel: Channel,
    doubt: Doubt,
    *,
    subscriber: Subscriber,
    address: Address,
    gates: Gates,
) -> tuple[DeliveryState, str]:
    """Find out what became of a delivery; its new state, and why if that is no good news.

    Raises:
        ClaimLostError: the claim is no longer ours.
        StoreError: the store cannot be written.
    """
    delivery, owner, doubts = doubt.delivery, store.owner, store.outbox.doubts
    told = log.bind(subscriber=delivery.subscriber, to=address.label, part=f"{delivery.part}/{delivery.parts}")
    try:
        receipt = await _find(clock, channel, doubt, address)
    except CannotTellError as error:
        wish = subscriber.on_unknown
        state = doubts.settle_untold(delivery, error.reason, wish, owner=owner, now=clock.now())
        told.warning("nobody can tell whether it arrived", reason=error.reason, state=state.value)
        return state, "" if state is DeliveryState.PENDING else f"outcome unknown, {state}: {error.reason}"
    except DeliveryError as error:
        state = doubts.settle_unasked(delivery, error, gates, owner=owner, now=clock.now())
        told.warning("could not ask whether it arrived", trouble=error.trouble.value, reason=error.reason)
        return state, f"outcome unknown, and asking failed: {error.reason}"
    if receipt is None:
        told.info("it had not arrived, and is sent again")
        return doubts.settle_missing(delivery, owner=owner), ""
    state = doubts.settle_found(delivery, receipt, gates, owner=owner, now=clock.now())
    told.info("it had arrived", state=state.value)
    return state, "" if state is DeliveryState.SENT else "outcome unknown, and what was found is another's"


async def _find(clock: Clock, channel: Channel, doubt: Doubt, address: Address) -> Receipt | None:
    """What the other side shows, asked again a little later before anything counts as missing."""
    found = await _look(clock, channel, doubt, address)
    if found is None:
        await clock.sleep(SETTLING.total_seconds())
        found = await _look(clock, channel, doubt, address)
    return found


async def _look(clock: Clock, channel: Channel, doubt: Doubt, address: Address) -> Receipt | None:
    now = clock.now()
    if now < doubt.delivery.created_at:
        raise CannotTellError("the clock was set back, so nobody knows since when to look")
    try:
        return await channel.find(Question(doubt.delivery, now, doubt.landmark, doubt.taken), address)
    except (CannotTellError, DeliveryError):
        raise
    except Exception as error:
        fault = f"internal error in the {type(channel).__name__}: {type(error).__name__}"
        raise CannotTellError(fault) from error  # it would fail again, and its text may quote a secret
