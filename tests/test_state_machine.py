"""Whatever happens in whatever order: nothing lost, order kept, doubled only where nobody could be asked.

A machine of hypothesis drives the real store and, on the channel's side, what the three kinds of platforms do: one
that can be asked, one that drops a repetition, and one that can neither. Meanwhile people decide about deliveries and
change the configuration: an address, a channel, whether a subscriber is in it.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.channels.channel import CannotTellError
from bot.deliver.addressing import readdress
from bot.errors import DeliveryError, FailureKind
from bot.model import DeliveryState, Limit, Limits, Message, OnUnknown, Receipt, UnknownDelivery
from bot.settings import Address, Secret, Settings, Subscriber
from bot.store import Store
from bot.store.database.tables import metadata, schema_version
from bot.store.outbox import Claimed, RenderedDigest
from bot.store.outbox.giving_up import GIVE_UP_AFTER
from bot.store.outbox.manual import RefusedError
from bot.store.outbox.policy import ClaimLostError, Lane
from bot.store.subscribers import SubscriberState
from bot.store.worker import WorkerId
from tests.store.one_lane import claim_one, settle_sent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.model import Delivery
    from bot.store.outbox.queries import DeliveryRecord

START = datetime(2026, 4, 21, 6, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
TRIED = re.compile(r"tried \d+ times in (\d+) h$")
"""How a reason ends of what was given up because it could not be told for about a day."""


class Kind(StrEnum):
    """What a platform does for who does not know whether it has a message."""

    ANSWERS = "answers"
    DROPS_REPETITIONS = "drops repetitions"
    NEITHER = "neither"


NAMES = st.sampled_from([kind.name.lower() for kind in Kind])
"""A platform's name is its subscriber's."""


class Answer(StrEnum):
    """What comes back for one message."""

    YES = "yes"
    YES_BUT_LOST = "taken, and the answer lost"
    NO_BUT_LOST = "not taken, and the answer lost"
    BUSY = "busy"
    TRANSIENT = "transient"
    CLOSED = "closed"
    CREDENTIAL = "credential"
    MALFORMED = "malformed"


TROUBLES = {
    Answer.YES_BUT_LOST: FailureKind.UNKNOWN,
    Answer.NO_BUT_LOST: FailureKind.UNKNOWN,
    Answer.BUSY: FailureKind.RATE_LIMITED,
    Answer.TRANSIENT: FailureKind.TRANSIENT,
    Answer.CLOSED: FailureKind.DESTINATION_GONE,
    Answer.CREDENTIAL: FailureKind.CREDENTIAL,
    Answer.MALFORMED: FailureKind.REJECTED,
}


@dataclass
class Platform:
    """One platform, all that it has taken, and the subscriber there as it stands in the configuration."""

    name: str
    kind: Kind
    wish: OnUnknown
    moves: int = 0
    """How often its address was changed."""
    channel: str = "slack"
    configured: bool = True
    """Whether it is in the configuration."""
    taken: list[tuple[str, str]] = field(default_factory=list)
    """Recipient and delivery."""
    lost: set[str] = field(default_factory=set)
    """What it took while nobody heard of it."""
    failing: int = 0
    """How many questions it will not answer."""

    @property
    def subscriber(self) -> Subscriber:
        address = Address(Secret(f"{self.name}-{self.moves}"), "channel", self.name)
        return Subscriber(self.name, self.channel, (address,), (), BERLIN, on_unknown=self.wish)

    @property
    def recipient(self) -> str:
        return self.subscriber.recipients[0]

    @property
    def lane(self) -> Lane:
        return Lane(self.name, self.recipient)

    def send(self, delivery: Delivery, answer: Answer) -> Receipt:
        """To the address that it was claimed for, which may have changed since."""
        if answer in (Answer.YES, Answer.YES_BUT_LOST) and not self._drops(delivery):
            self.taken.append((delivery.recipient, delivery.id))
        if answer is Answer.YES:
            return Receipt(f"m-{delivery.id}")
        if answer is Answer.YES_BUT_LOST:
            self.lost.add(delivery.id)
        raise DeliveryError(TROUBLES[answer], answer.value, retry_after=30.0 if answer is Answer.BUSY else None)

    def _drops(self, delivery: Delivery) -> bool:
        return self.kind is Kind.DROPS_REPETITIONS and (delivery.recipient, delivery.id) in self.taken

    def lookup(self, delivery: Delivery) -> Receipt | None:
        if self.failing:
            self.failing -= 1
            raise DeliveryError(FailureKind.TRANSIENT, "the question failed")
        if self.kind is Kind.NEITHER:
            raise CannotTellError("no way to ask")
        if self.kind is Kind.DROPS_REPETITIONS:
            return None
        return Receipt(f"m-{delivery.id}") if (delivery.recipient, delivery.id) in self.taken else None


class Worker:
    """A process that takes one step at a time and may die between any two."""

    def __init__(self, url: str, host: str) -> None:
        self._url, self._host, self._lives = url, host, count(1)
        self.store = self._born()
        self.holds: dict[str, Claimed | UnknownDelivery] = {}
        """What it has claimed and not yet settled, by subscriber."""
        self.overtaken: set[str] = set()
        """Those of these subscribers about whose delivery a person decided while it was being asked about."""

    def _born(self) -> Store:
        owner = replace(WorkerId.current(), host=self._host, started=str(next(self._lives)))
        return Store(self._url, owner)

    def dies(self) -> None:
        self.store.close()
        self.holds.clear()
        self.overtaken.clear()
        self.store = self._born()


class Delivering(RuleBasedStateMachine):
    """Two workers, three platforms, one store."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.platforms: dict[str, Platform] = {}
        self.order: dict[str, list[str]] = {}
        """Every delivery enqueued, per subscriber."""
        self.poisoned: set[str] = set()
        self.over: dict[str, DeliveryState] = {}
        """What came to an end, and to which."""
        self.given_up: set[str] = set()
        """By hand."""
        self.risked: set[str] = set()
        """Tried again by hand though nobody can be asked any more whether the reader has it."""
        self.belated: set[str] = set()
        """May come after later ones: a person brought it back, or an old address held it while one was being sent."""
        self.taken_back: set[str] = set()
        """There while their subscriber left its channel or the configuration."""
        self.workers: list[Worker] = []

    @initialize(wishes=st.tuples(*[st.sampled_from(OnUnknown)] * 3))
    def open(self, wishes: tuple[OnUnknown, ...]) -> None:
        self.workers = [Worker(self.url, host) for host in ("one", "two")]
        for kind, wish in zip(Kind, wishes, strict=True):
            name = kind.name.lower()
            self.platforms[name], self.order[name] = Platform(name, kind, wish), []
            self.compose(name, parts=3)  # from the first step on there is something to do

    def teardown(self) -> None:
        if self.workers:
            self.heal_and_drain()
            self.judge()
            for worker in self.workers:
                worker.store.close()

    # -- what happens ----------------------------------------------------------------------------------------------

    @rule(name=NAMES, parts=st.integers(1, 3))
    def compose(self, name: str, parts: int) -> None:
        platform = self.platforms[name]
        if not platform.configured:
            return
        outbox, readers = self.workers[0].store.outbox, self.workers[0].store.subscribers
        number = sum(map(len, self.order.values()))
        messages = tuple(Message({"text": f"{name} {number} {part}"}, {"text": "plain"}) for part in range(parts))
        state = readers.state(name) or SubscriberState(name)
        outbox.enqueue(
            state, RenderedDigest(platform.channel, f"{name} {number}", messages), (platform.recipient,), self.now
        )
        self.order[name] = [record.id for record in self.records(name)]

    @rule(who=st.integers(0, 1), name=NAMES, ignore_backoff=st.booleans())
    def claim(self, who: int, name: str, *, ignore_backoff: bool) -> None:
        worker = self.workers[who]
        if name in worker.holds or not self.platforms[name].configured:
            return
        self.now += timedelta(seconds=2)  # pacing alone keeps nobody waiting here
        lane, owner = self.platforms[name].lane, worker.store.owner
        worker.store.outbox.recover(lane, owner=owner, now=self.now)
        found = claim_one(
            worker.store.outbox,
            lane,
            limits(lane.recipient),
            owner=owner,
            now=self.now,
            ignore_backoff=ignore_backoff,
        )
        if isinstance(found, (Claimed, UnknownDelivery)):
            worker.holds[name] = found

    @rule(who=st.integers(0, 1), name=NAMES, answers=st.lists(st.sampled_from(Answer), min_size=3, max_size=8))
    def busy_hours(self, who: int, name: str, answers: list[Answer]) -> None:
        """A worker goes on with one lane whatever comes back, and most waits are over by the next try."""
        for answer in answers:
            self.time_passes(timedelta(hours=2))
            self.work(who, name, answer, ignore_backoff=False)

    @rule(who=st.integers(0, 1), name=NAMES)
    def both_want_it(self, who: int, name: str) -> None:
        self.claim(who, name, ignore_backoff=True)
        self.claim(1 - who, name, ignore_backoff=True)

    @precondition(lambda self: not any(worker.holds for worker in self.workers))
    @rule(who=st.integers(0, 1), name=NAMES, answer=st.sampled_from(Answer), other=st.sampled_from(Answer))
    def sleeps_through_its_lease(self, who: int, name: str, answer: Answer, other: Answer) -> None:
        """A machine falls asleep with an answer in hand; another goes on meanwhile, and what it wrote stands."""
        worker = self.workers[who]
        self.claim(who, name, ignore_backoff=True)
        if name not in worker.holds:
            return
        held = worker.holds.pop(name)
        outcome = self._outcome(name, held, answer)
        if isinstance(outcome, Receipt) and isinstance(held, Claimed):
            self.platforms[name].lost.add(held.delivery.id)
        self.now += timedelta(hours=2)
        self.work(1 - who, name, other, ignore_backoff=True)
        with pytest.raises(ClaimLostError) if isinstance(held, Claimed) else suppress(ClaimLostError):
            self._settle(worker, name, held, outcome)

    def work(self, who: int, name: str, answer: Answer, *, ignore_backoff: bool) -> None:
        """A whole step of a worker: what it takes it also settles."""
        if name not in self.workers[who].holds:
            self.claim(who, name, ignore_backoff=ignore_backoff)
        if name in self.workers[who].holds:
            self.act(who, name, answer, dies=False)

    @precondition(lambda self: any(worker.holds for worker in self.workers))
    @rule(who=st.integers(0, 1), name=NAMES, answer=st.sampled_from(Answer), dies=st.booleans())
    def act(self, who: int, name: str, answer: Answer, *, dies: bool) -> None:
        """Send or ask what was claimed, that lane's or another's; perhaps die before the outcome is written down."""
        worker = self.workers[who] if self.workers[who].holds else self.workers[1 - who]
        name = name if name in worker.holds else next(iter(worker.holds))
        held = worker.holds.pop(name)
        outcome = self._outcome(name, held, answer)
        if dies:
            if isinstance(outcome, Receipt) and isinstance(held, Claimed):
                self.platforms[name].lost.add(held.delivery.id)
            worker.dies()
            return
        self._settle(worker, name, held, outcome)

    @precondition(lambda self: any(worker.holds for worker in self.workers))
    @rule(who=st.integers(0, 1))
    def die(self, who: int) -> None:
        """Between a claim and what was to follow."""
        self.workers[who].dies()

    @rule(name=NAMES, times=st.integers(1, 2))
    def questions_fail(self, name: str, times: int) -> None:
        self.platforms[name].failing = times

    @rule(jump=st.sampled_from([timedelta(seconds=2), timedelta(minutes=2), timedelta(hours=2), timedelta(days=3)]))
    def time_passes(self, jump: timedelta) -> None:
        """Nobody who lives is in the middle of a send that takes longer than a lease."""
        if not any(worker.holds for worker in self.workers) or jump < timedelta(minutes=5):
            self.now += jump

    @rule(jump=st.sampled_from([timedelta(minutes=5), timedelta(days=2), timedelta(days=400)]))
    def clock_is_set_back(self, jump: timedelta) -> None:
        if not any(worker.holds for worker in self.workers):
            self.now -= jump

    # -- what people do --------------------------------------------------------------------------------------------

    @rule(name=NAMES, which=st.integers(0, 8))
    def retry(self, name: str, which: int) -> None:
        self.try_again(self.pick(name, which).id)

    @rule(name=NAMES, which=st.integers(0, 8))
    def drop(self, name: str, which: int) -> None:
        self.give_up(self.pick(name, which).id)

    @rule(who=st.integers(0, 1), name=NAMES, answer=st.sampled_from([Answer.YES_BUT_LOST, Answer.NO_BUT_LOST]))
    def think_again(self, who: int, name: str, answer: Answer) -> None:
        """A person gives up what nobody knows of, and then wants it after all."""
        self.work(who, name, answer, ignore_backoff=True)
        for record in self.records(name):
            if record.state is DeliveryState.UNKNOWN:
                self.give_up(record.id)
                self.try_again(record.id)

    def try_again(self, delivery_id: str) -> None:
        """As `deliveries retry`, which refuses by itself what has nobody to go to."""
        store = self.workers[0].store
        detail = store.queries.detail(delivery_id)
        record, platform = detail.record, self.platforms[detail.record.subscriber]
        if not platform.configured or record.channel != platform.channel:
            return
        try:
            store.manual.retry(
                record.id, limits(detail.recipient) if detail.recipient == platform.recipient else None
            )
        except RefusedError:
            assert record.state in (DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.WITHDRAWN)
            return
        self.over.pop(record.id, None)
        self.given_up.discard(record.id)
        self.overtake(record.id)
        if record.state in (DeliveryState.HELD, DeliveryState.DEAD, DeliveryState.DROPPED):
            self.belated.add(record.id)
        if platform.kind is Kind.NEITHER:
            self.risked.add(record.id)

    def give_up(self, delivery_id: str) -> None:
        """As `deliveries drop`."""
        store = self.workers[0].store
        state = store.queries.detail(delivery_id).record.state
        try:
            store.manual.drop(delivery_id, self.now)
        except RefusedError:
            assert state.final or state is DeliveryState.SENDING
            return
        self.given_up.add(delivery_id)
        self.overtake(delivery_id)

    @rule(who=st.integers(0, 1), name=NAMES)
    def address_changes(self, who: int, name: str) -> None:
        self.platforms[name].moves += 1
        self.a_round_begins(who)

    @precondition(lambda self: not any(worker.holds for worker in self.workers))
    @rule(who=st.integers(0, 1), name=NAMES, answer=st.sampled_from(Answer), other=st.sampled_from(Answer))
    def address_changes_under_way(self, who: int, name: str, answer: Answer, other: Answer) -> None:
        """One process still sends to the old address when another reads of the new one, and goes on there."""
        self.claim(who, name, ignore_backoff=True)
        self.address_changes(1 - who, name)
        self.work(1 - who, name, other, ignore_backoff=True)
        if name in self.workers[who].holds:
            self.act(who, name, answer, dies=False)

    @rule(who=st.integers(0, 1), name=NAMES)
    def channel_changes(self, who: int, name: str) -> None:
        platform = self.platforms[name]
        platform.channel = "discord" if platform.channel == "slack" else "slack"
        platform.moves += 1
        self.depart(name)
        self.a_round_begins(who)

    @rule(who=st.integers(0, 1), name=NAMES)
    def goes_or_comes_back(self, who: int, name: str) -> None:
        platform = self.platforms[name]
        platform.configured = not platform.configured
        if not platform.configured:
            self.depart(name)
        self.a_round_begins(who)

    @rule(who=st.integers(0, 1))
    def a_round_begins(self, who: int) -> None:
        """What every run does first; a process in the middle of something begins none."""
        worker = self.workers[who]
        if not worker.holds:
            readdress(worker.store, self.settings, self.now)
            self.overtake(*(record.id for record in worker.store.queries.all(DeliveryState.WITHDRAWN)))
            for record in worker.store.queries.unfinished():
                recipient = worker.store.queries.detail(record.id).recipient
                if recipient != self.platforms[record.subscriber].recipient:
                    self.belated.add(record.id)

    @property
    def settings(self) -> Settings:
        there = {name: each.subscriber for name, each in self.platforms.items() if each.configured}
        return Settings(contact="", store="", timezone=BERLIN, topics={}, subscribers=there)

    def records(self, name: str) -> list[DeliveryRecord]:
        return [record for record in self.workers[0].store.queries.all() if record.subscriber == name]

    def pick(self, name: str, which: int) -> DeliveryRecord:
        """One of its deliveries; what is sent leaves nothing to decide, so rather another."""
        records = self.records(name)
        open_ones = [record for record in records if record.state is not DeliveryState.SENT]
        return (open_ones or records)[which % len(open_ones or records)]

    def depart(self, name: str) -> None:
        self.taken_back.update(record.id for record in self.records(name) if not record.state.final)

    def overtake(self, *delivery_ids: str) -> None:
        """Who was asking about one of them has lost it."""
        for worker in self.workers:
            asking = {name: held for name, held in worker.holds.items() if isinstance(held, UnknownDelivery)}
            worker.overtaken.update(name for name, held in asking.items() if held.delivery.id in delivery_ids)

    # -- what holds at every moment ----------------------------------------------------------------------------------

    @invariant()
    def two_never_hold_the_same(self) -> None:
        held = Counter(
            each.delivery.id
            for worker in self.workers
            for name, each in worker.holds.items()
            if name not in worker.overtaken
        )
        assert set(held.values()) <= {1}

    @invariant()
    def what_is_over_stays_over(self) -> None:
        for record in self.workers[0].store.queries.all() if self.workers else ():
            assert self.over.get(record.id, record.state) is record.state
            if record.state.final:
                self.over[record.id] = record.state

    # -- how it is told --------------------------------------------------------------------------------------------

    def _outcome(self, name: str, held: Claimed | UnknownDelivery, answer: Answer) -> Receipt | Exception | None:
        platform = self.platforms[name]
        try:
            if isinstance(held, UnknownDelivery):
                return platform.lookup(held.delivery)
            if answer is Answer.MALFORMED and held.delivery.payload == {"text": "plain"}:
                self.poisoned.add(held.delivery.id)
            return platform.send(held.delivery, answer)
        except (DeliveryError, CannotTellError) as error:
            return error

    def _settle(
        self, worker: Worker, name: str, held: Claimed | UnknownDelivery, outcome: Receipt | Exception | None
    ) -> None:
        delivery, outbox = held.delivery, worker.store.outbox
        who: dict[str, Any] = {"owner": worker.store.owner}
        overtaken = name in worker.overtaken
        worker.overtaken.discard(name)
        with pytest.raises(ClaimLostError) if overtaken else nullcontext():
            match held, outcome:
                case Claimed(), Receipt():
                    settle_sent(outbox, delivery, outcome, limits(delivery.recipient), now=self.now, **who)
                case Claimed(), DeliveryError():
                    outbox.settle_failed(delivery, outcome, limits(delivery.recipient), now=self.now, **who)
                case UnknownDelivery(), Receipt():
                    outbox.reconciliation.mark_found(
                        delivery, outcome, limits(delivery.recipient), now=self.now, **who
                    )
                case UnknownDelivery(), None:
                    outbox.reconciliation.mark_not_found(delivery, now=self.now, **who)
                case UnknownDelivery(), CannotTellError():
                    wish = self.platforms[name].wish
                    outbox.reconciliation.mark_unknowable(delivery, outcome.reason, wish, now=self.now, **who)
                case UnknownDelivery(), DeliveryError():
                    outbox.reconciliation.mark_lookup_failed(
                        delivery, outcome, limits(delivery.recipient), now=self.now, **who
                    )

    # -- and in the end --------------------------------------------------------------------------------------------

    def heal_and_drain(self) -> None:
        """Everybody who was in the middle of something dies; then one worker, good answers, and time enough."""
        for worker in self.workers:
            worker.dies()
        for platform in self.platforms.values():
            platform.failing = 0
        worker = self.workers[0]
        for _ in range(40 * (1 + sum(map(len, self.order.values())))):
            self.now += timedelta(hours=1)
            self.a_round_begins(0)
            for lane in worker.store.outbox.lanes():
                self.work(0, lane.subscriber, Answer.YES, ignore_backoff=False)
            if all(record.state is DeliveryState.HELD for record in worker.store.queries.unfinished()):
                return
        raise AssertionError("it does not come to an end")

    def judge(self) -> None:
        records = {record.id: record for record in self.workers[0].store.queries.all()}
        for name, ids in self.order.items():
            platform = self.platforms[name]
            copies = Counter(each for _, each in platform.taken)
            for each in ids:
                self.judge_end(records[each], platform, taken=each in copies)
            for (_, each), times in Counter(platform.taken).items():
                if times > 1:
                    assert platform.kind is Kind.NEITHER, "doubled although it could be asked"
                    wished = platform.wish is OnUnknown.RESEND or each in self.risked
                    assert wished, "doubled although nobody wished it"
            for each, times in copies.items():
                assert times == 1 or each in platform.lost, "doubled although the answer was heard"
            if platform.wish is not OnUnknown.HOLD:
                for recipient in {recipient for recipient, _ in platform.taken}:
                    came = dict.fromkeys(each for at, each in platform.taken if at == recipient)
                    places = [ids.index(each) for each in came if each not in self.belated]
                    assert all(before < after for before, after in pairwise(places)), "out of order"

    def judge_end(self, record: DeliveryRecord, platform: Platform, *, taken: bool) -> None:
        match record.state:
            case DeliveryState.SENT:
                assert taken, "said to be sent, and never taken"
            case DeliveryState.DEAD:
                tried = TRIED.search(record.reason or "")
                in_vain = tried is not None and timedelta(hours=int(tried[1])) >= GIVE_UP_AFTER
                died = "died" in (record.reason or "")
                assert record.id in self.poisoned or died or in_vain, "given up without a reason"
            case DeliveryState.WITHDRAWN:
                assert record.id in self.taken_back, "taken back although its subscriber was there"
            case DeliveryState.DROPPED if record.id in self.given_up:
                pass
            case state:
                wishes = {OnUnknown.DROP: DeliveryState.DROPPED, OnUnknown.HOLD: DeliveryState.HELD}
                # A clock that was set back makes nobody sure here too, but this machine's platforms need none.
                assert platform.kind is Kind.NEITHER, "given up although it could be asked"
                assert wishes.get(platform.wish) is state, "given up unasked"


def limits(recipient: str) -> Limits:
    return Limits(Limit(f"door:{recipient}", 1.0), Limit("token", 0.1))


def drive(url_of: Callable[[], str], examples: int, steps: int) -> None:
    class Fresh(Delivering):
        def __init__(self) -> None:
            super().__init__()
            self.url = url_of()

    run_state_machine_as_test(
        Fresh,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(600)  # a failure is made small first, and that takes minutes
@pytest.mark.parametrize("examples", [15, pytest.param(200, marks=pytest.mark.on_request)])
def test_any_interleaving_on_sqlite(tmp_path: Path, examples: int) -> None:
    template = tmp_path / "template.db"
    Store(f"sqlite:///{template}").close()
    numbers = count(1)

    def fresh() -> str:
        path = tmp_path / f"{next(numbers)}.db"
        shutil.copyfile(template, path)
        return f"sqlite:///{path}"

    drive(fresh, examples=examples, steps=40)


@pytest.mark.timeout(600)  # a failure is made small first, and that takes minutes
@pytest.mark.parametrize("examples", [6, pytest.param(40, marks=pytest.mark.on_request)])
def test_any_interleaving_on_postgres(postgres_url: str, examples: int) -> None:
    store = Store(postgres_url)

    def fresh() -> str:
        with store._database.writing() as connection:
            for table in reversed(metadata.sorted_tables):
                if table is not schema_version:
                    connection.execute(table.delete())
        return postgres_url

    drive(fresh, examples=examples, steps=30)
    store.close()
