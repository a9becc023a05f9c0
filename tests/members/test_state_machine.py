"""Whatever readers and strangers say in whatever order, the store says what a simple model says.

And at every moment: nothing waits for who said no, and no address got two mails a day because it was typed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bot.members.commands import (
    bounced,
    complained,
    confirm,
    delete,
    follow,
    lift,
    resubscribe,
    subscribe,
    unfollow,
    unsubscribe,
)
from bot.members.commands.signup import MAILS, MAILS_TO_WHO_LEFT
from bot.members.links import CONFIRM_WITHIN
from bot.members.mailbox import mailbox_key
from bot.members.values import Refused, Suppressed
from bot.store.database.tables import metadata, schema_version
from bot.store.members import Member
from bot.store.suppressions import SuppressionReason, Via
from tests.members.conftest import context_over, mailbox
from tests.members.driver import NOW, stored, suppression, wait_for

if TYPE_CHECKING:
    from bot.members.context import Context
    from bot.store import Store

PEOPLE = ("dora@example.edu", "fay@example.edu", "alice@example.edu")
"""The last one stands in the YAML, too."""
people, topics = st.sampled_from(PEOPLE), st.sampled_from(["birds", "light"])
BOUNCED, UNSUBSCRIBED, DECLINED, COMPLAINED = SuppressionReason


@dataclass
class Person:
    """What is so of one mailbox."""

    topics: list[str] | None = None
    """None: not subscribed."""
    asked: list[str] | None = None
    no: SuppressionReason | None = None
    mailed: list[datetime] = field(default_factory=list)
    """When it got a mail because it was typed."""
    asked_at: datetime = NOW

    @property
    def is_known(self) -> bool:
        return self.topics is not None or self.asked is not None

    @property
    def is_subscribed(self) -> bool:
        return self.topics is not None and self.no is None


class Readers(RuleBasedStateMachine):
    """Readers, strangers, mail servers and the operator."""

    store: Store
    context: Context

    def __init__(self) -> None:
        super().__init__()
        with self.store._database.writing() as connection:
            for table in reversed(metadata.sorted_tables):
                if table is not schema_version:
                    connection.execute(table.delete())
        self.context = context_over(self.store)
        self.now = NOW
        self.people = {address: Person() for address in PEOPLE}

    @rule(hours=st.sampled_from([1, 12, 25]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(address=people, wanted=topics)
    def somebody_signs_up(self, address: str, wanted: str) -> None:
        person = self.people[address]
        assert subscribe(self.context, address.title(), [wanted], "UTC", self.now) is None
        if person.no not in (None, UNSUBSCRIBED):
            return
        rate = MAILS_TO_WHO_LEFT if person.no else MAILS
        if not person.mailed or self.now - person.mailed[-1] >= rate.every:
            person.mailed.append(self.now)
        if not person.is_subscribed:
            person.asked, person.asked_at = [wanted], self.now

    @rule(address=people)
    def the_reader_confirms(self, address: str) -> None:
        person = self.people[address]
        found = confirm(self.context, mailbox_key(address), self.now)
        assert isinstance(found, Member) == (person.asked is not None or person.is_subscribed)
        if person.asked is not None:
            person.topics, person.asked, person.no = person.asked, None, None

    @rule(address=people, via=st.sampled_from([Via.PAGE, Via.ONE_CLICK]))
    def the_reader_says_no(self, address: str, via: Via) -> None:
        assert isinstance(unsubscribe(self.context, mailbox_key(address), via, self.now), Suppressed)
        declines = self.people[address].topics is None and self.people[address].asked is not None
        self.suppressed(address, DECLINED if declines and address != "alice@example.edu" else UNSUBSCRIBED)

    @rule(address=people)
    def the_reader_complains(self, address: str) -> None:
        complained(self.context, mailbox_key(address), self.now)
        self.suppressed(address, COMPLAINED)

    @rule(address=people)
    def the_mailbox_is_gone(self, address: str) -> None:
        bounced(self.context, mailbox_key(address), "d", "5.1.1", now=self.now)
        self.suppressed(address, BOUNCED)

    def suppressed(self, address: str, reason: SuppressionReason) -> None:
        person = self.people[address]
        person.no = max(reason, person.no or reason, key=list(SuppressionReason).index)
        person.asked = None

    @rule(address=people)
    def the_reader_takes_it_back(self, address: str) -> None:
        person = self.people[address]
        found = resubscribe(self.context, mailbox_key(address))
        assert isinstance(found, Refused) == (person.no in (BOUNCED, COMPLAINED))
        if isinstance(found, int):
            assert found == (person.no is not None)
            person.no = None

    @rule(address=people)
    def the_operator_lifts(self, address: str) -> None:
        found = suppression(self.context, address)
        assert lift(self.context, found.key if found else "0") == bool(found)
        self.people[address].no = None

    @rule(address=people, topic=topics)
    def the_reader_follows(self, address: str, topic: str) -> None:
        person, found = self.people[address], stored(self.context, address)
        refused = isinstance(follow(self.context, found.key if found else "m-0", topic), Refused)
        assert refused == (person.topics is None)
        if person.topics is not None and topic not in person.topics:
            person.topics.append(topic)

    @rule(address=people, topic=topics)
    def the_reader_unfollows(self, address: str, topic: str) -> None:
        person, found = self.people[address], stored(self.context, address)
        unfollow(self.context, found.key if found else "m-0", topic)
        if person.topics is not None:
            person.topics = [each for each in person.topics if each != topic]

    @rule(address=people)
    def the_reader_is_deleted(self, address: str) -> None:
        found = stored(self.context, address)
        delete(self.context, found.key if found else "m-0", self.now)
        self.people[address] = Person(no=self.people[address].no, mailed=self.people[address].mailed)

    @rule()
    def old_requests_are_forgotten(self) -> None:
        with self.store.transaction() as transaction:
            transaction.members.forget_requests(self.now - CONFIRM_WITHIN)
        for person in self.people.values():
            if person.asked is not None and person.asked_at < self.now - CONFIRM_WITHIN:
                person.asked = None

    @rule(address=people)
    def a_digest_is_composed(self, address: str) -> None:
        found = stored(self.context, address)
        if found and self.people[address].is_subscribed:
            wait_for(self.store, found.key, found.recipient)
        if address == "alice@example.edu" and self.people[address].no is None:
            wait_for(self.store, "alice", mailbox(address).key)

    @invariant()
    def the_store_says_what_the_model_says(self) -> None:
        for address, person in self.people.items():
            found, no = stored(self.context, address), suppression(self.context, address)
            assert (no.reason if no else None) == person.no
            assert (found is not None) == person.is_known
            if found:
                assert found.topics == tuple(person.topics or ())
                assert (found.confirmed_at is not None) == (person.topics is not None)
                assert found.asked_topics == (None if person.asked is None else tuple(person.asked))

    @invariant()
    def nothing_waits_for_who_said_no(self) -> None:
        waiting = self.store.outbox.lanes()
        for address, person in self.people.items():
            if person.no is not None and person.asked is None:
                assert mailbox(address).key not in {lane.recipient for lane in waiting}

    @invariant()
    def no_address_is_mailed_twice_a_day(self) -> None:
        for person in self.people.values():
            assert all(later - earlier >= MAILS.every for earlier, later in pairwise(person.mailed))
        sent = [record for record in self.store.queries.all() if record.title != "digest"]
        assert len(sent) == sum(len(person.mailed) for person in self.people.values())


@pytest.mark.parametrize("examples", [24, pytest.param(200, marks=pytest.mark.on_request)])
def test_the_store_agrees_with_a_simple_model(store: Store, examples: int) -> None:
    on_postgres = store._database.name.startswith("postgres")
    machine = type("Machine", (Readers,), {"store": store})
    some = examples // 4 if on_postgres else examples
    limits = settings(
        max_examples=some, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(machine, settings=limits)
