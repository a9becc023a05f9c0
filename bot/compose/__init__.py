"""The second verb: makes each subscriber's digest of what is new, and writes its messages into the outbox.

    [due?] -> plan -> render -> outbox

Subscribers are independent: each has its own cursor, hour and templates. The content of a digest is planned in
`digests`. Subscribers with the same content in the same form share one rendering, and many digests are written in one
transaction. A subscriber for which another process composed meanwhile is skipped. Between two digests other tasks
run, so that a stop ends compose there: what was written stays, the next run goes on. Nothing here sends or asks
arXiv.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.compose.rendering import render
from bot.compose.slots import is_due, next_slot, served_slot
from bot.errors import RenderError
from bot.model import Composed, Outcome
from bot.store.subscribers import SubscriberState

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from bot.channels.channel import Channel
    from bot.compose.digests import DigestPlan, DigestPlanner
    from bot.model import Digest
    from bot.settings import Settings, Subscriber
    from bot.store import Store
    from bot.store.outbox import RenderedDigest


_DIGESTS_PER_TRANSACTION = 50
"""How many different digests are written in one transaction: enough to make a commit cheap, few enough for memory."""

_MOST_PLANS = 1000
"""How many different digests are planned before they are rendered: a plan takes about 5 KB."""

_PLANS_PER_TURN = 10
"""How many digests are planned before other tasks of the event loop run."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One subscriber, its state before and after, and its plan."""

    subscriber: Subscriber
    before: SubscriberState | None
    """As stored; None for a new subscriber."""
    after: SubscriberState
    plan: DigestPlan | None
    """None if it is not due."""

    @property
    def same_messages_key(self) -> tuple[object, ...]:
        """Equal for subscribers that get exactly the same messages."""
        each = self.subscriber
        return (self.plan, each.channel, each.max_messages, each.full, each.options, each.when_empty)


@dataclass(frozen=True, slots=True)
class _RenderedGroup:
    """Subscribers that get the same messages, with these messages."""

    candidates: Sequence[_Candidate]
    rendered: RenderedDigest | None
    template_error: str
    """What was wrong with the user's templates; empty if nothing was."""
    failed: bool = False
    """Whether nothing could be rendered for them."""

    @property
    def updates(self) -> list[tuple[SubscriberState, Sequence[str]]]:
        """The subscribers whose state or deliveries have to be written."""
        if self.failed:
            return []
        return [(t.after, t.subscriber.recipients) for t in self.candidates if self.rendered or t.after != t.before]


class Composer:
    """One run of compose over one reading of the store."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        channels: Mapping[str, Channel],
        planner: DigestPlanner,
        *,
        fallbacks: Mapping[str, Channel] = MappingProxyType({}),
    ) -> None:
        """Take what composing needs.

        Args:
            store: read and written.
            settings: the roster.
            channels: by name, with the user's own templates where there are any.
            planner: plans the digests, over the same store and roster.
            fallbacks: the same channels with the built-in templates, where the user has own ones.
        """
        self._store = store
        self._settings = settings
        self._channels = channels
        self._fallbacks = fallbacks
        self._planner = planner

    @property
    def problems(self) -> tuple[str, ...]:
        """What the operator should hear of: why nothing was learned, or not from all there is."""
        return tuple(self._planner.learned.problems)

    async def compose(
        self,
        now: datetime,
        *,
        any_hour: bool = False,
        wait_until: datetime | None = None,
    ) -> tuple[Composed, ...]:
        """Compose for every subscriber whose hour has come.

        Args:
            now: the moment, UTC.
            any_hour: compose for all subscribers, due or not.
            wait_until: until then, subscribers without an hour of their own wait for late categories.
        """
        await self._planner.learned.libraries.refresh(self._settings.subscribers.values(), now)
        states = self._states
        done: dict[str, Composed] = {}
        groups: dict[tuple[object, ...], list[_Candidate]] = {}
        self._forget_silent(states)
        listening: list[tuple[Subscriber, SubscriberState]] = []
        for subscriber in self._settings.subscribers.values():
            if subscriber.paused or _is_silent(subscriber):
                outcome = Outcome.PAUSED if subscriber.paused else Outcome.NOBODY
                done[subscriber.name] = Composed(subscriber.name, outcome)
            else:
                state = states.get(subscriber.name) or SubscriberState(subscriber.name)
                listening.append((subscriber, self._begun(subscriber, state, now)))
        served = [
            (subscriber, state) for subscriber, state in listening if any_hour or is_due(subscriber, state, now)
        ]
        self._planner.expect({topic for subscriber, _ in served for topic in subscriber.topics})
        await self._planner.prepare(served)
        for number, (subscriber, state) in enumerate(listening):
            if number % _PLANS_PER_TURN == 0:
                await asyncio.sleep(0)
            candidate = self._candidate(subscriber, states.get(subscriber.name), state, now, any_hour=any_hour)
            if wait_until and now < wait_until and (late := self._waits_for(candidate, now)):
                done[subscriber.name] = Composed(subscriber.name, Outcome.WAITING, late=late)
            else:
                groups.setdefault(candidate.same_messages_key, []).append(candidate)
            if len(groups) == _MOST_PLANS:
                done |= await self._serve_all(groups, now)
        done |= await self._serve_all(groups, now)
        return tuple(
            replace(done[each.name], self_service=True) if each.is_self_service else done[each.name]
            for each in self._settings.subscribers.values()
        )

    def most_digests(self, now: datetime, *, any_hour: bool = False) -> int:
        """How many different digests `compose` would make at most, counted without a look at any paper.

        Args:
            now: the moment, UTC.
            any_hour: count all subscribers, due or not.
        """
        states = self._states
        known = [min(state.cursors.values(), default=0) for state in states.values()]
        last = self._store.papers.last_seqs(min(known, default=0))

        def has_news(subscriber: Subscriber) -> bool:
            state = states.get(subscriber.name)
            if state is None:
                return any_hour or subscriber.at is None  # else it starts at its next slot
            is_new = any(seq < last.get(key.rpartition("/")[2], 0) for key, seq in state.cursors.items())
            return is_new and (any_hour or is_due(subscriber, state, now))

        listening = (each for each in self._settings.subscribers.values() if not (each.paused or _is_silent(each)))
        own = self._planner.learned.may_learn  # nobody else's digest has the same order
        return len({(each.channel, each.topics, own(each) and each.name) for each in listening if has_news(each)})

    def enrol(self, now: datetime) -> None:
        """Stores the first cursors of every new subscriber, so that it gets the latest mailing and all after it."""
        states = self._store.subscribers.states(self._settings.subscribers)
        updates = []
        for subscriber in self._settings.subscribers.values():
            before = states.get(subscriber.name)
            state = self._planner.add_missing_cursors(subscriber, before or SubscriberState(subscriber.name))
            if state != before and not subscriber.paused and not _is_silent(subscriber):
                updates.append((state, ()))
        # A subscriber for which another process composed meanwhile has its cursors from there.
        self._store.outbox.enqueue_all([(updates, None)], now)

    @cached_property
    def _states(self) -> Mapping[str, SubscriberState]:
        """The states that the roster's subscribers have when this run begins; new ones have none."""
        return self._store.subscribers.states(self._settings.subscribers)

    def _forget_silent(self, states: Mapping[str, SubscriberState]) -> None:
        """Deletes the state of subscribers without an address, so that they start anew at the latest mailing."""
        silent = [each.name for each in self._settings.subscribers.values() if not each.addresses]
        self._store.subscribers.forget([name for name in silent if name in states])

    def _waits_for(self, candidate: _Candidate, now: datetime) -> tuple[str, ...]:
        """The late categories of today for which the subscriber's digest waits; none if it has an hour of its own."""
        has_news = candidate.plan is not None and candidate.plan.digest is not None
        return self._planner.late(candidate.subscriber, now) if has_news and candidate.subscriber.at is None else ()

    # -- one subscriber, and all like it ---------------------------------------------------------------------------

    def _begun(self, subscriber: Subscriber, state: SubscriberState, now: datetime) -> SubscriberState:
        """The state with all that a newcomer has none of; who has an hour only now starts at its next slot, too."""
        return replace(
            self._planner.add_missing_cursors(subscriber, state),
            due_at=next_slot(subscriber, now),
            composed_as=subscriber.revision,
            slot=state.slot or served_slot(subscriber, now),
        )

    def _candidate(
        self,
        subscriber: Subscriber,
        before: SubscriberState | None,
        state: SubscriberState,
        now: datetime,
        *,
        any_hour: bool,
    ) -> _Candidate:
        due = is_due(subscriber, state, now)
        if not (due or any_hour):
            return _Candidate(subscriber, before, state, None)
        plan = self._planner.plan(subscriber, state, now)
        slot = plan.counted_until or (served_slot(subscriber, now) if due else state.slot)
        return _Candidate(subscriber, before, replace(plan.after(state), slot=slot), plan)

    async def _serve_all(
        self, groups: dict[tuple[object, ...], list[_Candidate]], now: datetime
    ) -> dict[str, Composed]:
        """Renders and writes all groups, and forgets them and their plans."""
        done: dict[str, Composed] = {}
        in_order = list(groups.values())
        for start in range(0, len(in_order), _DIGESTS_PER_TRANSACTION):
            batch = in_order[start : start + _DIGESTS_PER_TRANSACTION]
            done.update((composed.subscriber, composed) for composed in await self._serve(batch, now))
        groups.clear()
        self._planner.forget_plans()
        return done

    async def _serve(self, groups: Iterable[Sequence[_Candidate]], now: datetime) -> list[Composed]:
        """Renders each group and writes all of them in one transaction."""
        rendered_groups = []
        for candidates in groups:
            rendered_groups.append(self._render_group(candidates))
            await asyncio.sleep(0)
        lost = self._store.outbox.enqueue_all([(each.updates, each.rendered) for each in rendered_groups], now)
        return [result for each in rendered_groups for result in self._results(each, lost, now)]

    def _results(self, group: _RenderedGroup, lost: Container[str], now: datetime) -> Iterator[Composed]:
        """The result for each subscriber of the group; for the `lost` ones another process composed."""
        plan = group.candidates[0].plan
        matched = plan.digest.matched if plan and plan.digest else 0
        parts = len(group.rendered.messages) if group.rendered else 0
        late = self._planner.late(group.candidates[0].subscriber, now) if plan else ()
        for candidate in group.candidates:
            name = candidate.subscriber.name
            if group.failed:
                yield Composed(name, Outcome.FAILED, reason=group.template_error)
            elif name in lost:
                yield Composed(name, Outcome.ELSEWHERE)
            else:
                outcome, messages = _outcome(plan, group.rendered), parts * len(candidate.subscriber.addresses)
                slot = next_slot(candidate.subscriber, now)
                yield Composed(name, outcome, matched, messages, group.template_error, slot, late)

    def _render_group(self, candidates: Sequence[_Candidate]) -> _RenderedGroup:
        first, plan = candidates[0].subscriber, candidates[0].plan
        try:
            channel, fallback = self._channels[first.channel], self._fallbacks.get(first.channel)
            rendered, template_error = render(first, plan, channel, fallback) if plan else (None, "")
        except RenderError as error:
            # A broken template affects only its subscribers: the cursors stay, the next run composes again.
            return _RenderedGroup(candidates, None, str(error), failed=True)
        return _RenderedGroup(candidates, rendered, template_error)

    def preview(self, subscriber: Subscriber, now: datetime, *, as_newcomer: bool) -> Digest | None:
        """What the subscriber would be told now, due or not; a new subscriber would get the latest mailing."""
        known = None if as_newcomer else self._store.subscribers.state(subscriber.name)
        state = self._planner.add_missing_cursors(subscriber, known or SubscriberState(name=""))
        return self._planner.plan(subscriber, state, now).digest


def _is_silent(subscriber: Subscriber) -> bool:
    """Whether nothing is composed for it: it is not confirmed, or has no address or no topic."""
    return subscriber.unconfirmed or not subscriber.addresses or not subscriber.topics


def _outcome(plan: DigestPlan | None, rendered: RenderedDigest | None) -> Outcome:
    if plan is None:
        return Outcome.NOT_DUE
    if rendered is None:
        return Outcome.EMPTY
    return Outcome.DIGEST if plan.digest else Outcome.SAID_EMPTY
