"""The third verb: outbox -> claim -> send -> settle.

    lanes -> (each on its own: claim -> send -> settle -> claim ...)        no transaction open while sending
                                    or -> ask  -> settle                    where an earlier outcome is unknown

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

from bot.channels.channel import CannotTellError, Question
from bot.errors import DeliveryError, StoreError, Trouble
from bot.model import DeliveryState
from bot.store.claims import ClaimLostError, Wait
from bot.store.doubts import Doubt

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
"""How long `once` waits, in all, for pacing and Retry-After."""

SETTLING = timedelta(seconds=10)
"""How long a message that was just taken may be missing from what the other side shows."""

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
    withdrawn: int = 0
    """Taken back: for a subscriber that is gone, or to be composed anew for another channel."""
    held: int = 0
    """Whose outcome is unknown, and that wait for a person."""
    reason: str = ""
    """Why something stayed behind, or died."""
    left_until: datetime | None = None
    """When it is worth trying again; None if nothing stayed behind."""
    paused: bool = False

    @property
    def is_news(self) -> bool:
        """Whether there is anything to say of it; a lane of which all is held has been told of before."""
        counts = self.sent + self.dead + self.dropped + self.withdrawn + self.held
        return bool(counts or self.left_until or self.paused)


async def deliver(
    store: Store,
    settings: Settings,
    channels: Mapping[str, Channel],
    clock: Clock,
    *,
    eager: bool,
    patience: timedelta = PATIENCE,
    only: str | None = None,
) -> tuple[LaneReport, ...]:
    """Send what the outbox holds, as far as gates and patience allow.

    Args:
        store: whose outbox.
        settings: the addresses, read now; the outbox has none.
        channels: by name, those that a subscriber uses.
        clock: for now and for waiting.
        eager: whether failed deliveries are tried again before their backoff is over, once each.
        patience: how long this run waits, in all, for pacing and Retry-After.
        only: the one subscriber to deliver to; all if there is none.
    """
    run = _Run(store, channels, clock, eager=eager, patience=patience)
    lanes = [
        (lane, subscriber, address)
        for lane in store.outbox.lanes()
        if (subscriber := settings.subscribers.get(lane.subscriber)) and only in (None, subscriber.name)
        if (address := subscriber.address(lane.recipient))
    ]
    reports = await asyncio.gather(*(run.lane(*lane) for lane in lanes), return_exceptions=True)
    # Every lane has come to its end before any failure ends the run: one's trouble must not cut off another's send.
    for report in reports:
        if isinstance(report, BaseException):
            raise report
    return tuple(report for report in reports if isinstance(report, LaneReport) and report.is_news)


def readdress(store: Store, settings: Settings, now: datetime) -> tuple[LaneReport, ...]:
    """See, before anything is composed or sent, that what is left is meant for an address that is there.

    What was for a subscriber that is gone is taken back; so is what was for another channel than the subscriber is on
    now, and is then composed anew. A lane follows its subscriber's only address; one of several that is gone is given
    up.
    """
    reports = []
    for name in sorted({lane.subscriber for lane in store.outbox.lanes()}):
        subscriber = settings.subscribers.get(name)
        channel = subscriber.channel if subscriber else None
        reason = f"moved to {channel}" if subscriber else f"{name} is no longer in the configuration"
        withdrawn = store.outbox.withdraw(name, reason, now, but_for=channel)
        reports.append(LaneReport(name, "", withdrawn=withdrawn, reason=reason))
    for lane in store.outbox.lanes():
        subscriber = settings.subscribers.get(lane.subscriber)
        if subscriber is None or subscriber.address(lane.recipient) is not None:
            continue
        if len(subscriber.addresses) == 1 and store.outbox.was_alone(lane):
            # A rotated webhook, a moved mailbox: the subscriber is the same, and so is its only lane.
            store.outbox.readdress(lane, subscriber.recipients[0])
            continue
        reason = "its address is no longer in the configuration"
        dropped = store.outbox.drop(lane, reason, now)
        reports.append(LaneReport(lane.subscriber, "", dropped=dropped, reason=reason))
    news = tuple(report for report in reports if report.is_news)
    for report in news:
        counts = {"dropped": report.dropped, "withdrawn": report.withdrawn}
        log.warning(
            "deliveries of a changed configuration", subscriber=report.subscriber, **counts, reason=report.reason
        )
    return news


class _Run:
    """One run over all lanes: what they share is the patience and the places per channel."""

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        clock: Clock,
        *,
        eager: bool,
        patience: timedelta,
    ) -> None:
        self._store = store
        self._channels = channels
        self._clock = clock
        self._eager = eager
        self._until = clock.now() + patience
        self._places = {name: asyncio.Semaphore(SENDS_AT_ONCE) for name in channels}

    async def lane(self, lane: Lane, subscriber: Subscriber, address: Address) -> LaneReport:
        """Everything for one address, in order, until it is done or has to wait too long."""
        if subscriber.paused:
            return LaneReport(lane.subscriber, address.label, paused=True)
        outcomes = Counter(self._recover(lane))
        reason = "its sender kept dying" if outcomes[DeliveryState.DEAD] else ""
        eager, left_until = self._eager, None
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
            if state is not DeliveryState.SENT and why:
                # One more try of the same delivery has to be asked for anew, by the next run.
                eager, reason = False, why
        return LaneReport(
            subscriber=lane.subscriber,
            address=address.label,
            sent=outcomes[DeliveryState.SENT],
            dead=outcomes[DeliveryState.DEAD],
            dropped=outcomes[DeliveryState.DROPPED],
            held=outcomes[DeliveryState.HELD],
            reason=reason,
            left_until=left_until,
        )

    def _recover(self, lane: Lane) -> tuple[DeliveryState, ...]:
        outcomes = self._store.outbox.recover(lane, owner=self._store.owner, now=self._clock.now())
        for state in outcomes:
            log.warning("a sender died while sending", subscriber=lane.subscriber, state=state.value)
        return outcomes

    async def _step(
        self,
        lane: Lane,
        subscriber: Subscriber,
        address: Address,
        *,
        eager: bool,
    ) -> tuple[DeliveryState | Wait | None, str]:
        """Claim, send or ask, settle: one delivery's new state and why, or what to wait for, or None when done."""
        channel = self._channels[subscriber.channel]
        gates = channel.gates(address)
        claimed = self._store.outbox.claim(
            lane,
            gates,
            owner=self._store.owner,
            now=self._clock.now(),
            eager=eager,
        )
        if claimed is None or isinstance(claimed, Wait):
            return claimed, ""
        delivery = claimed.delivery
        try:
            if isinstance(claimed, Doubt):
                return await self._ask(channel, claimed, subscriber, address, gates)
            return await self._send(channel, delivery, address, gates)
        except ClaimLostError:
            log.warning("claim lost", subscriber=lane.subscriber, delivery=delivery.id)
            return Wait(self._clock.now(), "another process took it over", pacing=False), ""

    async def _settle_sent(self, delivery: Delivery, receipt: Receipt, gates: Gates) -> None:
        """Write down that it arrived, with patience: what is not written down is sent a second time."""
        for pause in (1.0, 2.0, 4.0):
            try:
                self._store.outbox.settle_sent(
                    delivery, receipt, gates, owner=self._store.owner, now=self._clock.now()
                )
            except StoreError as error:
                log.warning("the store did not take a receipt, trying again", reason=error.reason)
                await self._clock.sleep(pause)
            else:
                return
        self._store.outbox.settle_sent(delivery, receipt, gates, owner=self._store.owner, now=self._clock.now())

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
        await self._settle_sent(delivery, receipt, gates)
        told.info("delivered")
        return DeliveryState.SENT, ""

    async def _ask(
        self, channel: Channel, doubt: Doubt, subscriber: Subscriber, address: Address, gates: Gates
    ) -> tuple[DeliveryState, str]:
        """Find out what became of a delivery; its new state, and why if that is no good news."""
        delivery, owner = doubt.delivery, self._store.owner
        doubts = self._store.outbox.doubts
        told = log.bind(subscriber=delivery.subscriber, to=address.label, part=f"{delivery.part}/{delivery.parts}")
        try:
            receipt = await self._find(channel, doubt, address)
        except CannotTellError as error:
            wish = subscriber.on_unknown
            state = doubts.settle_untold(delivery, error.reason, wish, owner=owner, now=self._clock.now())
            told.warning("nobody can tell whether it arrived", reason=error.reason, state=state.value)
            return state, "" if state is DeliveryState.PENDING else f"outcome unknown, {state}: {error.reason}"
        except DeliveryError as error:
            state = doubts.settle_unasked(delivery, error, gates, owner=owner, now=self._clock.now())
            told.warning("could not ask whether it arrived", trouble=error.trouble.value, reason=error.reason)
            return state, f"outcome unknown, and asking failed: {error.reason}"
        if receipt is None:
            told.info("it had not arrived, and is sent again")
            return doubts.settle_missing(delivery, owner=owner), ""
        state = doubts.settle_found(delivery, receipt, gates, owner=owner, now=self._clock.now())
        told.info("it had arrived", state=state.value)
        return state, "" if state is DeliveryState.SENT else "outcome unknown, and what was found is another's"

    async def _find(self, channel: Channel, doubt: Doubt, address: Address) -> Receipt | None:
        """What the other side shows, asked again a little later before anything counts as missing."""
        found = await self._look(channel, doubt, address)
        if found is None:
            await self._clock.sleep(SETTLING.total_seconds())
            found = await self._look(channel, doubt, address)
        return found

    async def _look(self, channel: Channel, doubt: Doubt, address: Address) -> Receipt | None:
        now = self._clock.now()
        if now < doubt.delivery.created_at:
            raise CannotTellError("the clock was set back, so nobody knows since when to look")
        try:
            return await channel.find(Question(doubt.delivery, now, doubt.landmark, doubt.taken), address)
        except (CannotTellError, DeliveryError):
            raise
        except Exception as error:
            fault = f"internal error in the {type(channel).__name__}: {type(error).__name__}"
            raise CannotTellError(fault) from error  # it would fail again, and its text may quote a secret
