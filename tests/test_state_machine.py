"""Whatever happens in whatever order: nothing lost, order kept, doubled only where nobody could be asked.

A machine of hypothesis drives the real store and, on the channel's side, what the three kinds of platforms do: one
that can be asked, one that drops a repetition, and one that can neither.
"""

from __future__ import annotations

import shutil
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any

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
from bot.errors import DeliveryError, Trouble
from bot.model import DeliveryState, Gate, Gates, Message, Receipt
from bot.settings import OnUnknown
from bot.store import Store
from bot.store.claims import ClaimLostError, Lane
from bot.store.doubts import Doubt
from bot.store.outbox import Claimed, Packet
from bot.store.owner import Owner
from bot.store.readers import ReaderState
from bot.store.tables import metadata, schema_version
from tests.store.conftest import postgres_server, postgres_url

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.model import Delivery

__all__ = ["postgres_server", "postgres_url"]

START = datetime(2026, 4, 21, 6, tzinfo=UTC)


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
    Answer.YES_BUT_LOST: Trouble.UNKNOWN,
    Answer.NO_BUT_LOST: Trouble.UNKNOWN,
    Answer.BUSY: Trouble.BUSY,
    Answer.TRANSIENT: Trouble.TRANSIENT,
    Answer.CLOSED: Trouble.CLOSED,
    Answer.CREDENTIAL: Trouble.CREDENTIAL,
    Answer.MALFORMED: Trouble.MALFORMED,
}


@dataclass
class Platform:
    """One address at one platform, and what it has taken."""

    kind: Kind
    wish: OnUnknown
    taken: list[str] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    """What it took while nobody heard of it."""
    failing: int = 0
    """How many questions it will not answer."""

    def send(self, delivery: Delivery, answer: Answer) -> Receipt:
        if answer in (Answer.YES, Answer.YES_BUT_LOST) and not self._drops(delivery):
            self.taken.append(delivery.id)
        if answer is Answer.YES:
            return Receipt(f"m-{delivery.id}")
        if answer is Answer.YES_BUT_LOST:
            self.lost.add(delivery.id)
        raise DeliveryError(TROUBLES[answer], answer.value, retry_after=30.0 if answer is Answer.BUSY else None)

    def _drops(self, delivery: Delivery) -> bool:
        return self.kind is Kind.DROPS_REPETITIONS and delivery.id in self.taken

    def find(self, delivery: Delivery) -> Receipt | None:
        if self.failing:
            self.failing -= 1
            raise DeliveryError(Trouble.TRANSIENT, "the question failed")
        if self.kind is Kind.NEITHER:
            raise CannotTellError("no way to ask")
        if self.kind is Kind.DROPS_REPETITIONS:
            return None
        return Receipt(f"m-{delivery.id}") if delivery.id in self.taken else None


class Worker:
    """A process that takes one step at a time and may die between any two."""

    def __init__(self, url: str, host: str) -> None:
        self._url, self._host, self._lives = url, host, count(1)
        self.store = self._born()
        self.holds: dict[str, Claimed | Doubt] = {}
        """What it has claimed and not yet settled, by subscriber."""

    def _born(self) -> Store:
        owner = replace(Owner.current(), host=self._host, started=str(next(self._lives)))
        return Store(self._url, owner)

    def dies(self) -> None:
        self.store.close()
        self.holds.clear()
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
        self.workers: list[Worker] = []

    @initialize(wishes=st.tuples(*[st.sampled_from(OnUnknown)] * 3))
    def open(self, wishes: tuple[OnUnknown, ...]) -> None:
        self.workers = [Worker(self.url, host) for host in ("one", "two")]
        for kind, wish in zip(Kind, wishes, strict=True):
            name = kind.name.lower()
            self.platforms[name], self.order[name] = Platform(kind, wish), []
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
        outbox, readers = self.workers[0].store.outbox, self.workers[0].store.readers
        number = sum(map(len, self.order.values()))
        messages = tuple(Message({"text": f"{name} {number} {part}"}, {"text": "plain"}) for part in range(parts))
        state = readers.state(name) or ReaderState(name)
        outbox.enqueue(state, Packet("slack", f"{name} {number}", messages), ("",), self.now)
        mine = [record.id for record in self.workers[0].store.ledger.all() if record.subscriber == name]
        self.order[name] = mine

    @rule(who=st.integers(0, 1), name=NAMES, eager=st.booleans())
    def claim(self, who: int, name: str, *, eager: bool) -> None:
        worker = self.workers[who]
        if name in worker.holds:
            return
        self.now += timedelta(seconds=2)  # pacing alone keeps nobody waiting here
        lane, owner = Lane(name, ""), worker.store.owner
        worker.store.outbox.recover(lane, owner=owner, now=self.now)
        found = worker.store.outbox.claim(lane, gates(name), owner=owner, now=self.now, eager=eager)
        if isinstance(found, (Claimed, Doubt)):
            worker.holds[name] = found

    @rule(who=st.integers(0, 1), name=NAMES, answers=st.lists(st.sampled_from(Answer), min_size=3, max_size=8))
    def busy_hours(self, who: int, name: str, answers: list[Answer]) -> None:
        """A worker goes on with one lane whatever comes back, and most waits are over by the next try."""
        for answer in answers:
            self.time_passes(timedelta(hours=2))
            self.work(who, name, answer, eager=False)

    @rule(who=st.integers(0, 1), name=NAMES)
    def both_want_it(self, who: int, name: str) -> None:
        self.claim(who, name, eager=True)
        self.claim(1 - who, name, eager=True)

    @precondition(lambda self: not any(worker.holds for worker in self.workers))
    @rule(who=st.integers(0, 1), name=NAMES, answer=st.sampled_from(Answer), other=st.sampled_from(Answer))
    def sleeps_through_its_lease(self, who: int, name: str, answer: Answer, other: Answer) -> None:
        """A machine falls asleep with an answer in hand; another goes on meanwhile, and what it wrote stands."""
        worker = self.workers[who]
        self.claim(who, name, eager=True)
        if name not in worker.holds:
            return
        held = worker.holds.pop(name)
        outcome = self._outcome(name, held, answer)
        if isinstance(outcome, Receipt) and isinstance(held, Claimed):
            self.platforms[name].lost.add(held.delivery.id)
        self.now += timedelta(hours=2)
        self.work(1 - who, name, other, eager=True)
        with pytest.raises(ClaimLostError) if isinstance(held, Claimed) else suppress(ClaimLostError):
            self._settle(worker, name, held, outcome)

    def work(self, who: int, name: str, answer: Answer, *, eager: bool) -> None:
        """A whole step of a worker: what it takes it also settles."""
        if name not in self.workers[who].holds:
            self.claim(who, name, eager=eager)
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

    @invariant()
    def two_never_hold_the_same(self) -> None:
        held = Counter(each.delivery.id for worker in self.workers for each in worker.holds.values())
        assert set(held.values()) <= {1}

    # -- how it is told --------------------------------------------------------------------------------------------

    def _outcome(self, name: str, held: Claimed | Doubt, answer: Answer) -> Receipt | Exception | None:
        platform = self.platforms[name]
        try:
            if isinstance(held, Doubt):
                return platform.find(held.delivery)
            if answer is Answer.MALFORMED and held.delivery.payload == {"text": "plain"}:
                self.poisoned.add(held.delivery.id)
            return platform.send(held.delivery, answer)
        except (DeliveryError, CannotTellError) as error:
            return error

    def _settle(self, worker: Worker, name: str, held: Claimed | Doubt, outcome: Receipt | Exception | None) -> None:
        delivery, outbox = held.delivery, worker.store.outbox
        who: dict[str, Any] = {"owner": worker.store.owner}
        match held, outcome:
            case Claimed(), Receipt():
                outbox.settle_sent(delivery, outcome, gates(name), now=self.now, **who)
            case Claimed(), DeliveryError():
                outbox.settle_failed(delivery, outcome, gates(name), now=self.now, **who)
            case Doubt(), Receipt():
                outbox.doubts.settle_found(delivery, outcome, gates(name), now=self.now, **who)
            case Doubt(), None:
                outbox.doubts.settle_missing(delivery, **who)
            case Doubt(), CannotTellError():
                wish = self.platforms[name].wish
                outbox.doubts.settle_untold(delivery, outcome.reason, wish, now=self.now, **who)
            case Doubt(), DeliveryError():
                outbox.doubts.settle_unasked(delivery, outcome, gates(name), now=self.now, **who)

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
            for lane in worker.store.outbox.lanes():
                self.work(0, lane.subscriber, Answer.YES, eager=False)
            if all(record.state is DeliveryState.HELD for record in worker.store.ledger.unfinished()):
                return
        raise AssertionError("it does not come to an end")

    def judge(self) -> None:
        records = {record.id: record for record in self.workers[0].store.ledger.all()}
        for name, ids in self.order.items():
            platform, copies = self.platforms[name], Counter(self.platforms[name].taken)
            for each in ids:
                state = records[each].state
                if state is DeliveryState.SENT:
                    assert copies[each] >= 1, "said to be sent, and never taken"
                elif state is DeliveryState.DEAD:
                    assert each in self.poisoned or "died" in (records[each].reason or ""), (
                        "given up without a reason"
                    )
                else:
                    wishes = {OnUnknown.DROP: DeliveryState.DROPPED, OnUnknown.HOLD: DeliveryState.HELD}
                    # A clock that was set back makes nobody sure here too, but this machine's platforms need none.
                    assert platform.kind is Kind.NEITHER, "given up although it could be asked"
                    assert wishes.get(platform.wish) is state, "given up unasked"
                if copies[each] > 1:
                    assert platform.kind is Kind.NEITHER, "doubled although it could be asked"
                    assert platform.wish is OnUnknown.RESEND, "doubled although nobody wished it"
                    assert each in platform.lost, "doubled although the answer was heard"
            if platform.wish is not OnUnknown.HOLD:
                places = [ids.index(each) for each in dict.fromkeys(platform.taken)]
                assert all(before < after for before, after in pairwise(places)), "out of order"


def gates(name: str) -> Gates:
    return Gates(Gate(f"slack:{name}", 1.0), Gate("token", 0.1))


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
def test_any_interleaving_on_sqlite(tmp_path: Path) -> None:
    template = tmp_path / "template.db"
    Store(f"sqlite:///{template}").close()
    numbers = count(1)

    def fresh() -> str:
        path = tmp_path / f"{next(numbers)}.db"
        shutil.copyfile(template, path)
        return f"sqlite:///{path}"

    drive(fresh, examples=60, steps=40)


@pytest.mark.timeout(600)  # a failure is made small first, and that takes minutes
def test_any_interleaving_on_postgres(postgres_url: str) -> None:
    store = Store(postgres_url)

    def fresh() -> str:
        with store._database.writing() as connection:
            for table in reversed(metadata.sorted_tables):
                if table is not schema_version:
                    connection.execute(table.delete())
        return postgres_url

    drive(fresh, examples=15, steps=30)
    store.close()
