"""The third verb: outbox -> claim -> send -> settle.

    lanes -> (each on its own: claim -> send -> settle -> claim ...)        no transaction open while sending

A lane is one address: its messages go in order, one at a time, and its trouble holds up nobody else. What a
failure means is decided by the store from its kind alone; nothing in here knows a platform.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.errors import DeliveryError, Trouble
from bot.model import DeliveryState
from bot.store.claims import ClaimLostError, Wait

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.channels.channel import Channel
    from bot.clock import Clock
    from bot.model import Delivery, Gates, Receipt
    from bot.settings import Address, Settings, Subscriber
    from bot.store import Store
    from bot.store.claims import Lane

log = structlog.get_logger(__name__)

PATIENCE = timedelta(minutes=5)
"""How long one run waits, in all, for pacing and Retry-After."""

SENDS_AT_ONCE = 10
"""Per channel: enough that one slow destination is not felt, few enough for any platform."""


@dataclass(frozen=True, slots=True)
class LaneReport:
    """What became of one address's deliveries in this run."""

    subscriber: str
    address: str
    """The label that may be shown."""
    sent: int = 0
    dead: int = 0
    dropped: int = 0
    reason: str = ""
    """Why something stayed behind, or died."""
    left_until: datetime | None = None
    """When it is worth trying again; None if nothing stayed behind."""
    paused: bool = False


async def deliver(
    store: Store,
    settings: Settings,
    channels: Mapping[str, Channel],
    clock: Clock,
    *,
    eager: bool,
    only: str | None = None,
) -> tuple[LaneReport, ...]:
    """Send what the outbox holds, as far as gates and patience allow.

    Args:
        store: whose outbox.
        settings: the addresses, read now; the outbox has none.
        channels: by name, those that a subscriber uses.
        clock: for now and for waiting.
        eager: whether failed deliveries are tried again before their backoff is over, once each.
        only: the one subscriber to deliver to; all if there is none.
    """
    run = _Run(store, channels, clock, eager=eager)
    lanes = [lane for lane in store.outbox.lanes() if only in (None, lane.subscriber)]
    return tuple(await asyncio.gather(*(run.lane(lane, settings.subscribers.get(lane.subscriber)) for lane in lanes)))


class _Run:
    """One run over all lanes: what they share is the patience and the places per channel."""

    def __init__(self, store: Store, channels: Mapping[str, Channel], clock: Clock, *, eager: bool) -> None:
        self._store = store
        self._channels = channels
        self._clock = clock
        self._eager = eager
        self._until = clock.now() + PATIENCE
        self._places = {name: asyncio.Semaphore(SENDS_AT_ONCE) for name in channels}

    async def lane(self, lane: Lane, subscriber: Subscriber | None) -> LaneReport:
        """Everything for one address, in order, until it is done or has to wait too long."""
        address = subscriber.address(lane.recipient) if subscriber else None
        if subscriber is None or address is None:
            gone = f"{lane.subscriber} is no longer in the configuration" if subscriber is None else "address removed"
            dropped = self._store.outbox.drop_lane(lane, gone, self._clock.now())
            log.warning("deliveries dropped", subscriber=lane.subscriber, count=dropped, reason=gone)
            return LaneReport(lane.subscriber, "", dropped=dropped, reason=gone)
        if subscriber.paused:
            return LaneReport(lane.subscriber, address.label, paused=True)
        outcomes: Counter[DeliveryState] = Counter()
        reason, left_until = "", None
        eager = self._eager
        while True:
            async with self._places[subscriber.channel]:
                state, why = await self._step(lane, subscriber, address, eager=eager)
            if state is None:
                break
            if isinstance(state, Wait):
                if state.pacing and state.until <= self._until:
                    await self._clock.sleep((state.until - self._clock.now()).total_seconds())
                    continue
                reason, left_until = reason or state.reason, state.until
                break
            outcomes[state] += 1
            if state is not DeliveryState.SENT:
                # One more try of the same delivery has to be asked for anew, by the next run.
                eager, reason = False, why
        return LaneReport(
            subscriber=lane.subscriber,
            address=address.label,
            sent=outcomes[DeliveryState.SENT],
            dead=outcomes[DeliveryState.DEAD],
            reason=reason,
            left_until=left_until,
        )

    async def _step(
        self,
        lane: Lane,
        subscriber: Subscriber,
        address: Address,
        *,
        eager: bool,
    ) -> tuple[DeliveryState | Wait | None, str]:
        """Claim, send, settle: one delivery's new state and why, or what to wait for, or None when done."""
        channel = self._channels[subscriber.channel]
        gates = channel.gates(address)
        claimed = self._store.outbox.claim(
            lane,
            gates,
            owner=self._store.owner,
            on_unknown=subscriber.on_unknown,
            now=self._clock.now(),
            eager=eager,
        )
        if claimed is None or isinstance(claimed, Wait):
            return claimed, ""
        delivery = claimed.delivery
        try:
            return await self._send(channel, delivery, address, gates)
        except ClaimLostError:
            log.warning("claim lost while sending", subscriber=lane.subscriber, delivery=delivery.id)
            return Wait(self._clock.now(), "another process took it over", pacing=False), ""

    @staticmethod
    async def _attempt(channel: Channel, delivery: Delivery, address: Address) -> Receipt:
        try:
            return await channel.send(delivery, address)
        except DeliveryError:
            raise
        except Exception as error:
            # A fault of ours in one channel must not end the others' run, and whether it struck before or after the
            # write nobody knows. Its text may quote a webhook URL, so only its kind is told.
            fault = f"internal error in the {type(channel).__name__}: {type(error).__name__}"
            raise DeliveryError(Trouble.UNKNOWN, fault) from error

    async def _send(
        self,
        channel: Channel,
        delivery: Delivery,
        address: Address,
        gates: Gates,
    ) -> tuple[DeliveryState, str]:
        told = log.bind(subscriber=delivery.subscriber, to=address.label, part=f"{delivery.part}/{delivery.parts}")
        outbox, owner = self._store.outbox, self._store.owner
        try:
            receipt = await self._attempt(channel, delivery, address)
        except DeliveryError as error:
            state = outbox.settle_failed(delivery, error, gates, owner=owner, now=self._clock.now())
            told.warning("not delivered", trouble=error.trouble.value, reason=error.reason, state=state.value)
            return state, error.reason
        outbox.settle_sent(delivery, receipt, gates, owner=owner, now=self._clock.now())
        told.info("delivered")
        return DeliveryState.SENT, ""
