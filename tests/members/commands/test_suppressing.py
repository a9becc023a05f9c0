"""No means no, at once and for good (law 10): whoever says it, however it is heard."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.members.commands import bounced, complained, lift, resubscribe, unsubscribe
from bot.members.mailbox import mailbox_key
from bot.members.values import Counted, Refusal, Refused, Suppressed
from bot.store.outbox.policy import Lane
from bot.store.suppressions import SuppressionReason, Via
from tests.members.conftest import OLD_SECRET, SECRET, WEB, context_over, mailbox
from tests.members.driver import DAY, DORA, HOUR, KEY, NOW, member, stored, suppression, wait_for
from tests.store.outbox.test_outbox import claim

if TYPE_CHECKING:
    from bot.members.context import Context
    from bot.settings import WebSettings
    from bot.store import Store

EVE = "Eve@example.edu"
UNSUBSCRIBED, BOUNCED, COMPLAINED = (
    SuppressionReason.UNSUBSCRIBED,
    SuppressionReason.BOUNCED,
    SuppressionReason.COMPLAINED,
)


def test_what_waits_for_the_mailbox_is_dropped_at_every_subscriber_and_nobody_elses(context: Context) -> None:
    dora = member(context)
    wait_for(context.store, dora.key, dora.recipient)
    wait_for(context.store, "seminar", mailbox("bob@example.edu").key, mailbox(EVE).key)
    found = unsubscribe(context, mailbox_key(EVE), Via.ONE_CLICK, NOW)
    assert found == Suppressed(UNSUBSCRIBED, NOW, dropped=1)
    states = [(record.subscriber, record.state.value) for record in context.store.queries.all()]
    assert states[1:] == [(dora.key, "pending"), ("seminar", "pending"), ("seminar", "dropped")]
    assert context.store.queries.all()[-1].reason == "its mailbox is suppressed: unsubscribed"
    assert unsubscribe(context, KEY, Via.PAGE, NOW).dropped == 2


def test_a_second_no_changes_nothing(context: Context) -> None:
    unsubscribe(context, KEY, Via.ONE_CLICK, NOW)
    first = suppression(context)
    assert unsubscribe(context, KEY, Via.PAGE, NOW + DAY) == Suppressed(UNSUBSCRIBED, NOW, again=True)
    assert suppression(context) == first


def test_a_mailbox_that_nobody_knows_can_say_no_too(context: Context) -> None:
    assert unsubscribe(context, mailbox_key("gil@example.edu"), Via.PAGE, NOW) == Suppressed(UNSUBSCRIBED, NOW)
    assert suppression(context, "GIL@example.edu")


def test_what_is_on_its_way_at_that_moment_is_counted(context: Context) -> None:
    wait_for(context.store, "alice", mailbox("alice@example.edu").key)
    wait_for(context.store, "alice", mailbox("alice@example.edu").key)
    claim(context.store, lane=Lane("alice", mailbox("alice@example.edu").key))
    found = unsubscribe(context, mailbox_key("alice@example.edu"), Via.PAGE, NOW)
    assert (found.dropped, found.being_sent) == (1, 1)


def test_it_is_kept_where_it_was_heard_and_of_whom_without_an_address(context: Context) -> None:
    unsubscribe(context, mailbox_key(EVE), Via.ONE_CLICK, NOW)
    found = suppression(context, EVE)
    assert found
    assert (found.how, found.subscriber, found.since) == (Via.ONE_CLICK, "seminar", NOW)
    assert "ve@" not in repr(found)
    assert found.key not in (mailbox_key(EVE), mailbox(EVE).key)
    unsubscribe(context, KEY, Via.MAIL, NOW, subscriber="lists")
    dora = suppression(context)
    assert dora
    assert dora.subscriber == "lists"


def test_the_reader_takes_it_back(context: Context) -> None:
    dora = member(context)
    unsubscribe(context, KEY, Via.PAGE, NOW)
    assert resubscribe(context, KEY) == 1
    assert resubscribe(context, KEY) == 0
    assert suppression(context) is None
    assert stored(context) == dora


@pytest.mark.parametrize("reason", [BOUNCED, COMPLAINED])
def test_a_bounce_or_a_complaint_is_not_taken_back_that_way(context: Context, reason: SuppressionReason) -> None:
    if reason is BOUNCED:
        bounced(context, KEY, "d", "5.1.1", now=NOW)
    else:
        complained(context, KEY, NOW)
    assert resubscribe(context, KEY) == Refused(Refusal.SUPPRESSED)
    found = suppression(context)
    assert found
    assert found.reason is reason
    assert lift(context, found.key) == 1
    assert lift(context, found.key) == 0
    assert suppression(context) is None


def test_the_stronger_reason_stays(context: Context) -> None:
    bounced(context, KEY, "d", "5.1.1", now=NOW)
    unsubscribe(context, KEY, Via.PAGE, NOW + HOUR)
    found = suppression(context)
    assert found
    assert (found.reason, found.since) == (UNSUBSCRIBED, NOW + HOUR)
    complained(context, KEY, NOW + DAY)
    unsubscribe(context, KEY, Via.PAGE, NOW + 2 * DAY)
    bounced(context, KEY, "e", "5.1.1", now=NOW + 2 * DAY)
    found = suppression(context)
    assert found
    assert (found.reason, found.since, found.how) == (COMPLAINED, NOW + DAY, Via.COMPLAINT)


# -- bounces -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["5.1.1", "5.1.10"])
def test_no_such_mailbox_suppresses_at_once(context: Context, status: str) -> None:
    wait_for(context.store, "alice", mailbox("alice@example.edu").key)
    found = bounced(context, mailbox_key("alice@example.edu"), "d", status, now=NOW, subscriber="alice")
    assert found == Suppressed(BOUNCED, NOW, dropped=1)


def test_any_other_refusal_suppresses_at_the_third_within_14_days(context: Context) -> None:
    days = timedelta(days=1)
    assert bounced(context, KEY, "a", "5.2.2", now=NOW) == Counted(1)
    assert bounced(context, KEY, "a", "5.2.2", now=NOW) == Counted(1)
    assert bounced(context, KEY, "b", "5.7.1", now=NOW + 10 * days) == Counted(2)
    assert bounced(context, KEY, "c", "5.2.2", now=NOW + 15 * days) == Counted(2)
    assert suppression(context) is None
    assert isinstance(bounced(context, KEY, "d", "5.7.1", now=NOW + 16 * days), Suppressed)


def test_what_may_pass_suppresses_never(context: Context) -> None:
    for number in range(9):
        assert bounced(context, KEY, str(number), "4.2.2", now=NOW) == Counted()
    assert suppression(context) is None


def test_a_full_mailbox_of_one_is_not_counted_for_another(context: Context) -> None:
    bounced(context, KEY, "a", "5.2.2", now=NOW)
    bounced(context, KEY, "b", "5.2.2", now=NOW)
    assert bounced(context, mailbox_key(EVE), "c", "5.2.2", now=NOW) == Counted(1)


def test_who_is_lifted_begins_to_count_anew(context: Context) -> None:
    for number in range(3):
        bounced(context, KEY, str(number), "5.2.2", now=NOW)
    found = suppression(context)
    assert found
    lift(context, found.key)
    assert bounced(context, KEY, "x", "5.2.2", now=NOW) == Counted(1)


# -- secrets -----------------------------------------------------------------------------------------------------


def test_while_the_secret_is_changed_an_old_no_holds_and_is_not_written_twice(store: Store) -> None:
    unsubscribe(context_over(store, replace(WEB, secret=(OLD_SECRET,))), KEY, Via.PAGE, NOW)
    both = context_over(store, replace(WEB, secret=(SECRET, OLD_SECRET)))
    assert unsubscribe(both, KEY, Via.PAGE, NOW + DAY).again
    found = suppression(both)
    assert found
    assert found.since == NOW
    assert found.secret == both.keys.names[1]
    assert resubscribe(both, KEY) == 1
    assert suppression(both) is None


def test_without_web_a_key_of_the_store_serves_and_what_it_hid_holds_when_web_comes(store: Store) -> None:
    unsubscribe(context_over(store, None), KEY, Via.COMMAND, NOW)
    assert suppression(context_over(store, None))
    assert suppression(context_over(store))


@pytest.mark.parametrize("web", [WEB, None])
def test_law_10_neither_a_new_secret_nor_a_file_without_web_brings_anybody_back(
    store: Store, web: WebSettings | None
) -> None:
    unsubscribe(context_over(store, replace(WEB, secret=(OLD_SECRET,))), KEY, Via.PAGE, NOW)
    changed = context_over(store, web)
    found = suppression(changed)
    assert found
    assert unsubscribe(changed, KEY, Via.PAGE, NOW + DAY).again
    assert resubscribe(changed, KEY) == 1


def test_a_secret_and_an_address_are_in_no_repr(store: Store) -> None:
    context = context_over(store)
    dora = member(context)
    for each in (context, dora, context.keys):
        assert SECRET.reveal() not in repr(each)
        assert DORA.casefold() not in repr(each).casefold()
