"""The third verb: sends what is in the outbox.

    each lane:  claim -> send -> settle -> claim ...          no transaction is open while sending
                claim -> look up -> settle -> claim ...       if the outcome of an earlier attempt is unknown

A lane is one address: its messages go in order, one at a time, and its failures delay no other lane. What a
failure means is decided by the store from its kind alone; nothing in here knows a platform. Lanes share commits
(`group_commit`), never an outcome. Unknown outcomes are looked up in `reconcile`; deliveries whose address is gone or
changed are settled beforehand in `addressing`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.clock import Durations
from bot.deliver.group_commit import GroupCommitter
from bot.deliver.reconcile import reconcile
from bot.errors import DeliveryError, FailureKind, StoreError
from bot.model import DeliveryState, LaneReport, UnknownDelivery
from bot.store.outbox.claim import ClaimRequest, SentReceipt
from bot.store.outbox.policy import ClaimLostError, Wait

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from bot.channels.channel import Channel
    from bot.clock import Clock
    from bot.model import Delivery, Limits, Receipt, Shard
    from bot.settings import Address, Settings, Subscriber
    from bot.store import Store
    from bot.store.keys import ReaderKeys
    from bot.store.outbox.claim import ClaimOutcome
    from bot.store.outbox.policy import Lane

log = structlog.get_logger(__name__)

MAX_WAIT = timedelta(minutes=5)
"""How long `once` waits, in all, for pacing and Retry-After."""


async def deliver(
    store: Store,
    settings: Settings,
    channels: Mapping[str, Channel],
    clock: Clock,
    *,
    ignore_backoff: bool,
    max_wait: timedelta = MAX_WAIT,
    only: str | None = None,
    sends: Durations | None = None,
    shard: Shard | None = None,
    shared: Shared | None = None,
) -> tuple[LaneReport, ...]:
    """Sends what is in the outbox, as far as the limits allow within `max_wait`.

    Args:
        store: whose outbox.
        settings: the addresses, read now; the outbox has none.
        channels: by name, those that a subscriber uses.
        clock: for now and for waiting.
        ignore_backoff: whether failed deliveries are tried again before their backoff is over, once each.
        max_wait: how long this run waits, in all, for pacing and Retry-After.
        only: the one subscriber to deliver to; all if there is none.
        sends: counts how long each send takes, by channel.
        shard: whose lanes alone are read and asked for; all if there is none.
        shared: what this run shares with others of the process at the same time, over the same channels.
    """
    jobs = tuple(
        _LaneJob(lane, left, subscriber, address)
        for lane, left in store.outbox.backlog(shard).items()
        if (subscriber := settings.subscribers.get(lane.subscriber)) and only in (None, subscriber.name)
        if (address := subscriber.address(lane.recipient))
    )
    lost = recover(store, [job.lane for job in jobs if not job.subscriber.paused], clock.now(), shard)
    run = _Run(
        store,
        channels,
        clock,
        store.reader_keys(settings.secrets),
        shared or Shared(store, channels, clock),
        sends or Durations(),
        ignore_backoff,
        until=clock.now() + max_wait,
    )
    reports = await asyncio.gather(*(run.lane(job, lost.get(job.lane, ())) for job in jobs), return_exceptions=True)
    # Wait for all lanes before raising, so that an error in one lane does not cancel a send in another.
    for report in reports:
        if isinstance(report, BaseException):
            raise report
    return tuple(report for report in reports if isinstance(report, LaneReport) and report.is_news)


def recover(
    store: Store, lanes: Sequence[Lane], now: datetime, shard: Shard | None = None
) -> dict[Lane, list[DeliveryState]]:
    """Marks these lanes' deliveries whose sender died as unknown, or dead after too many crashes.

    Args:
        store: whose outbox.
        lanes: of whom.
        now: the moment, UTC.
        shard: in which all of these lanes are, if they are a shard's.

    Returns:
        The new states, by lane; only lanes with such deliveries.
    """
    found: dict[Lane, list[DeliveryState]] = {}
    for lane, state in store.outbox.recover(*lanes, owner=store.owner, now=now, shard=shard):
        log.warning("a sender died while sending", subscriber=lane.subscriber, state=state.value)
        found.setdefault(lane, []).append(state)
    return found


@dataclass(frozen=True, slots=True)
class _LaneJob:
    """A lane with its subscriber and its address of now."""

    lane: Lane
    left: int
    """How many of its deliveries are not final."""
    subscriber: Subscriber
    address: Address


class Shared:
    """What lanes share, also those of several runs at the same time: the group commit, send slots and queues."""

    def __init__(self, store: Store, channels: Mapping[str, Channel], clock: Clock) -> None:
        self.committer = GroupCommitter(store, clock)
        self.slots = {name: asyncio.Semaphore(channel.max_concurrent_sends) for name, channel in channels.items()}
        """By channel. A delivery is claimed only when a slot is free to send it at once, because after a crash
        everything claimed is unknown."""
        self.queues: dict[str, asyncio.Lock] = {}
        """By credential: lanes behind one rate limit wait in a queue; only the first of them polls the store."""


@dataclass(frozen=True, slots=True)
class _Run:
    """One run over all lanes, within one time budget."""

    store: Store
    channels: Mapping[str, Channel]
    clock: Clock
    keys: ReaderKeys
    shared: Shared
    sends: Durations
    ignore_backoff: bool
    until: datetime
    """When waiting for pacing and Retry-After ends."""

    async def lane(self, job: _LaneJob, lost: Sequence[DeliveryState]) -> LaneReport:
        """Everything for one address, in order, until it is done or has to wait too long."""
        if job.subscriber.paused:
            self_service = job.subscriber.is_self_service
            return LaneReport(job.lane.subscriber, job.address.label, paused=True, self_service=self_service)
        outcomes = Counter(lost)
        reason = "its sender kept dying" if outcomes[DeliveryState.DEAD] else ""
        ignore_backoff, left_until = self.ignore_backoff, None
        left = job.left - sum(state.final for state in lost)
        while left > 0:
            state, why = await self._step(job, ignore_backoff=ignore_backoff)
            if state is None:
                break
            if isinstance(state, Wait):
                if self._waits_for(state):
                    await self._wait(state)
                    continue
                reason, left_until = reason or state.reason, state.until
                break
            outcomes[state] += 1
            left -= state.final
            if state is not DeliveryState.SENT and why:
                # Backoff is ignored for one try only; the same delivery waits for its backoff, or the next run.
                ignore_backoff, reason = False, why
        return LaneReport(
            subscriber=job.lane.subscriber,
            address=job.address.label,
            sent=outcomes[DeliveryState.SENT],
            dead=outcomes[DeliveryState.DEAD],
            dropped=outcomes[DeliveryState.DROPPED],
            held=outcomes[DeliveryState.HELD],
            reason=reason,
            left_until=left_until,
            self_service=job.subscriber.is_self_service,
        )

    def _suppression_keys(self, job: _LaneJob) -> tuple[str, ...]:
        """The keys under which the address may be suppressed; none for a confirmation mail, which may always go."""
        mailbox = job.address.mailbox
        return () if mailbox is None or job.subscriber.unconfirmed else self.keys.suppression(mailbox)

    def _waits_for(self, wait: Wait) -> bool:
        """Whether this run has the time to wait for it."""
        return wait.pacing and wait.until <= self.until

    async def _wait(self, wait: Wait) -> None:
        await self.clock.sleep((wait.until - self.clock.now()).total_seconds())

    async def _step(self, job: _LaneJob, *, ignore_backoff: bool) -> tuple[DeliveryState | Wait | None, str]:
        """Claims one delivery, sends it or looks it up, and settles it.

        Returns:
            Its new state and the reason; or what to wait for; or None if the lane is done.
        """
        subscriber, address = job.subscriber, job.address
        channel, slots = self.channels[subscriber.channel], self.shared.slots[subscriber.channel]
        limits = channel.limits(address)
        claimed = await self._claim(
            ClaimRequest(job.lane, limits, ignore_backoff, self._suppression_keys(job)), slots
        )
        if claimed is None or isinstance(claimed, Wait):
            return claimed, ""
        try:
            if isinstance(claimed, UnknownDelivery):
                with _released(slots):
                    return await reconcile(
                        self.store,
                        self.clock,
                        channel,
                        claimed,
                        subscriber=subscriber,
                        address=address,
                        limits=limits,
                    )
            return await self._send(channel, claimed.delivery, job, limits, slots)
        except ClaimLostError:
            log.warning("claim lost", subscriber=subscriber.name, delivery=claimed.delivery.id)
            return Wait(self.clock.now(), "another process took it over", pacing=False), ""

    async def _claim(self, request: ClaimRequest, slots: asyncio.Semaphore) -> ClaimOutcome:
        """Claims the lane's next delivery and a slot to send it. Without one it returns what to wait for, or None."""
        credential, queues = request.limits.credential, self.shared.queues
        async with queues.setdefault(credential.key, asyncio.Lock()) if credential.min_interval else nullcontext():
            while True:
                await slots.acquire()
                found: ClaimOutcome = None
                try:
                    found = await self.shared.committer.claim(request)
                finally:
                    if found is None or isinstance(found, Wait):
                        slots.release()
                if not (isinstance(found, Wait) and found.limit == credential.key and self._waits_for(found)):
                    return found
                await self._wait(found)

    async def _settle_sent(self, delivery: Delivery, receipt: Receipt, limits: Limits) -> None:
        """Stores that it arrived, with retries, because what is not stored would be sent again."""
        sent_receipt = SentReceipt(delivery, receipt, limits)
        for pause in (1.0, 2.0, 4.0):
            try:
                await self.shared.committer.settle(sent_receipt)
            except StoreError as error:
                log.warning("the store did not take a receipt, trying again", reason=error.reason)
                await self.clock.sleep(pause)
            else:
                return
        await self.shared.committer.settle(sent_receipt)

    @staticmethod
    async def _attempt(channel: Channel, delivery: Delivery, address: Address) -> Receipt:
        try:
            return await channel.send(delivery, address)
        except DeliveryError:
            raise
        except Exception as error:
            # A bug in one channel must not end the run of the others. Nobody knows whether the message was sent
            # before it. Its text may quote a webhook URL, so only its type is shown.
            fault = f"internal error in the {type(channel).__name__}: {type(error).__name__}"
            raise DeliveryError(FailureKind.UNKNOWN, fault) from error

    async def _send(
        self, channel: Channel, delivery: Delivery, job: _LaneJob, limits: Limits, slots: asyncio.Semaphore
    ) -> tuple[DeliveryState, str]:
        to, part = job.subscriber.log_name(job.address), f"{delivery.part}/{delivery.parts}"
        bound_log = log.bind(subscriber=delivery.subscriber, to=to, part=part)
        try:
            # The lane that gets the slot now claims while this one settles, so both share a commit.
            with _released(slots), self.sends.timed(job.subscriber.channel):
                receipt = await self._attempt(channel, delivery, job.address)
        except asyncio.CancelledError:
            self.shared.committer.forget(delivery)
            raise
        except DeliveryError as error:
            state = self.shared.committer.fail(delivery, error, limits)
            bound_log.warning("not delivered", trouble=error.kind.value, reason=error.reason, state=state.value)
            return state, error.reason
        await self._settle_sent(delivery, receipt, limits)
        bound_log.info("delivered")
        return DeliveryState.SENT, ""


@contextmanager
def _released(slots: asyncio.Semaphore) -> Iterator[None]:
    """Releases at the end the slot that the claim has taken."""
    try:
        yield
    finally:
        slots.release()
