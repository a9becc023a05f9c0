"""What an answer proves, as a table: from the answer, what is stored of it and the papers' history alone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from bot.collect import verdict
from bot.collect.fallback import Found
from bot.collect.verdict import (
    events_of,
    fallback_from,
    is_news,
    judge,
    judge_found,
    proves_empty,
    repeats,
    settles,
    without,
)
from bot.model import AnnounceType, FeedItem, InvalidItem, Mailing, MailingRecord, MailingState
from bot.store.papers import Event
from tests.builders import paper

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

THURSDAY, FRIDAY, SATURDAY, MONDAY, TUESDAY = (date(2026, 4, day) for day in (16, 17, 18, 20, 21))
HOLIDAY = date(2026, 6, 22)
NEW, CROSS, REPLACE, REPLACE_CROSS = AnnounceType
COMPLETE, EXPECTED_EMPTY = MailingState.COMPLETE, MailingState.EXPECTED_EMPTY
BROKEN = InvalidItem("oai:arXiv.org:2604.00009v1", "no announce type")


def item(number: int, kind: AnnounceType = NEW, version: int = 1) -> FeedItem:
    return FeedItem(paper(f"2604.{number:05d}", version=version), kind)


def mailing(*entries: FeedItem, day: date = TUESDAY, unreadable: Sequence[InvalidItem] = ()) -> Mailing:
    return Mailing("cs.CV", day, entries, tuple(unreadable))


def told(number: int, day: date = MONDAY, kind: AnnounceType = NEW, version: int = 1) -> dict[str, tuple[Event, ...]]:
    return {f"2604.{number:05d}": (Event(day, version, kind),)}


def record(state: MailingState, announced: int = 0, day: date = TUESDAY) -> MailingRecord:
    return MailingRecord(day, "cs.CV", state, "as told", announced, 0, 1, None)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, True, id="nothing is known of their records"),
        pytest.param({1: MONDAY, 2: MONDAY, 3: MONDAY}, True, id="they were announced the day before"),
        pytest.param({1: TUESDAY, 2: MONDAY, 3: MONDAY}, True, id="one of a stale feed was edited since"),
        pytest.param({1: TUESDAY, 2: TUESDAY}, False, id="most are late cross-lists of that very day"),
        pytest.param({1: TUESDAY, 2: TUESDAY, 3: TUESDAY}, False, id="all are"),
    ],
)
def test_a_feed_of_late_cross_lists_repeats_nothing_though_a_reconstructed_mailing_has_them(
    changed: dict[int, date], *, expected: bool
) -> None:
    entries = [item(number, CROSS) for number in (1, 2, 3)]
    history = {**told(1, kind=CROSS), **told(2, kind=CROSS), **told(3, kind=CROSS)}
    days = {(f"2604.{number:05d}", 1): day for number, day in changed.items()}
    assert repeats(entries, TUESDAY, history, days) is expected


def test_a_record_that_changed_by_a_later_version_proves_nothing_of_an_earlier_one() -> None:
    assert repeats([item(1)], TUESDAY, told(1), {("2604.00001", 2): TUESDAY})


@pytest.mark.parametrize(
    ("answer", "history", "state", "reason"),
    [
        pytest.param(mailing(item(1), item(2)), {}, COMPLETE, "2 announced", id="all new to us"),
        pytest.param(mailing(day=TUESDAY), {}, MailingState.UNEXPECTED_EMPTY, "empty on a working day", id="nothing"),
        pytest.param(mailing(day=HOLIDAY), {}, EXPECTED_EMPTY, "a listed holiday", id="nothing on a listed holiday"),
        pytest.param(mailing(item(1), day=HOLIDAY), {}, COMPLETE, "1 announced", id="papers on a listed holiday"),
        pytest.param(
            mailing(item(1), unreadable=[BROKEN]),
            {},
            MailingState.INCOMPLETE,
            "1 of 2 entries could not be read; the first is oai:arXiv.org:2604.00009v1: no announce type",
            id="an entry that nobody can read",
        ),
        pytest.param(
            mailing(item(1), item(2), item(3)),
            told(1) | told(2),
            MailingState.SUSPECT_STALE,
            "repeats an earlier mailing",
            id="most were told before",
        ),
        pytest.param(mailing(item(1), item(2)), told(1), COMPLETE, "2 announced", id="half were told before"),
        pytest.param(mailing(item(1)), told(1, TUESDAY), COMPLETE, "1 announced", id="told under the same date"),
        pytest.param(
            mailing(item(1)), told(1, date(2026, 4, 22)), COMPLETE, "1 announced", id="told under a later date"
        ),
        pytest.param(
            mailing(item(1, REPLACE, 3)), told(1, version=2), COMPLETE, "1 announced", id="a version that is new"
        ),
        pytest.param(
            mailing(item(1, REPLACE, 3)),
            told(1, kind=REPLACE, version=3),
            MailingState.SUSPECT_STALE,
            "repeats an earlier mailing",
            id="a version that was told",
        ),
    ],
)
def test_what_a_feed_proves_about_its_own_date(
    answer: Mailing, history: Mapping[str, tuple[Event, ...]], state: MailingState, reason: str
) -> None:
    found = judge(answer, history)
    assert found.state is state
    assert reason in found.reason


def test_a_feed_at_arxiv_s_cap_is_cut_and_one_below_it_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdict, "FEED_CAP", 3)
    assert judge(mailing(item(1), item(2)), {}).state is COMPLETE
    assert judge(mailing(item(1), item(2), item(3)), {}).state is MailingState.TRUNCATED


@pytest.mark.parametrize(
    ("shown", "known", "taken"),
    [
        pytest.param(MONDAY, None, True, id="the day before, never asked for"),
        pytest.param(MONDAY, record(MailingState.FAILED), True, id="the day before, still open"),
        pytest.param(MONDAY, record(COMPLETE), False, id="the day before, closed"),
        pytest.param(FRIDAY, None, False, id="long ago, never asked for"),
        pytest.param(FRIDAY, record(MailingState.PENDING), True, id="long ago, still open"),
        pytest.param(SATURDAY, None, False, id="a weekend"),
        pytest.param(date(2026, 4, 22), None, False, id="tomorrow"),
    ],
)
def test_a_feed_of_another_day_settles_that_day_only_where_it_is_open(
    shown: date, known: MailingRecord | None, *, taken: bool
) -> None:
    assert settles(shown, known, TUESDAY) is taken


@pytest.mark.parametrize(
    ("known", "hour", "proven"),
    [
        pytest.param(None, 8, False, id="nothing stored, at night"),
        pytest.param(record(MailingState.SUSPECT_STALE), 10, False, id="tried before, at night"),
        pytest.param(record(MailingState.TRUNCATED, announced=3), 5, True, id="some of it stored"),
        pytest.param(None, 11, True, id="at seven in New York"),
    ],
)
def test_that_a_second_source_has_nothing_proves_something_only_in_the_morning_or_beside_what_is_stored(
    known: MailingRecord | None, hour: int, *, proven: bool
) -> None:
    assert proves_empty(TUESDAY, known, datetime(2026, 4, 21, hour, tzinfo=UTC)) is proven


@pytest.mark.parametrize(
    ("found", "known", "beside", "state", "reason"),
    [
        pytest.param(
            Found(mailing(item(1)), "OAI-PMH", reconstructed=True),
            None,
            "",
            COMPLETE,
            "1 announced, reconstructed from OAI-PMH",
            id="concluded",
        ),
        pytest.param(
            Found(mailing(item(1)), "OAI-PMH", reconstructed=True),
            record(MailingState.TRUNCATED, announced=4),
            "the feed is cut",
            COMPLETE,
            "5 announced, reconstructed from OAI-PMH (the feed is cut)",
            id="concluded on top of what the feed brought",
        ),
        pytest.param(
            Found(mailing(item(1)), "the page", reconstructed=False),
            record(MailingState.TRUNCATED, announced=4),
            "",
            COMPLETE,
            "1 announced, from the page",
            id="exact, whatever is stored",
        ),
        pytest.param(
            Found(mailing(), "OAI-PMH", reconstructed=True),
            None,
            "no feed",
            EXPECTED_EMPTY,
            "nothing announced, says OAI-PMH (no feed)",
            id="nothing at all",
        ),
        pytest.param(
            Found(mailing(item(1), unreadable=[BROKEN]), "OAI-PMH", reconstructed=True),
            None,
            "",
            COMPLETE,
            "1 announced, reconstructed from OAI-PMH; 1 of its records could not be read, first oai:arXiv.org:2604.0",
            id="a record that nobody can read keeps no day open",
        ),
        pytest.param(
            Found(mailing(item(1), unreadable=[BROKEN]), "the page", reconstructed=False),
            None,
            "",
            MailingState.INCOMPLETE,
            "1 of 2 entries could not be read",
            id="an entry of an exact page that nobody can read",
        ),
    ],
)
def test_what_a_second_source_proves(
    found: Found, known: MailingRecord | None, beside: str, state: MailingState, reason: str
) -> None:
    judged = judge_found(found, known, beside)
    assert judged.state is state
    assert judged.reason.startswith(reason)


def test_what_mailings_announced_is_the_history_of_a_later_one() -> None:
    earlier = [mailing(item(1), item(2), day=FRIDAY), mailing(item(1, REPLACE, 2), day=MONDAY)]
    history = events_of(earlier)
    assert history["2604.00001"] == (Event(FRIDAY, 1, NEW), Event(MONDAY, 2, REPLACE))
    assert repeats([item(2), item(1, REPLACE, 2)], TUESDAY, history)
    assert not repeats([item(2), item(1, REPLACE, 3)], TUESDAY, history)


def test_one_entry_that_was_submitted_too_late_to_be_repeated_proves_that_they_are_news() -> None:
    assert is_news([item(1), item(2, REPLACE, 3)], {("2604.00002", 3)})
    assert not is_news([item(1), item(2, REPLACE, 3)], {("2604.00002", 4), ("2604.00003", 1)})


@pytest.mark.parametrize(
    ("concluded", "told", "kept"),
    [
        pytest.param(item(1), item(1), False, id="new, and new in a later feed"),
        pytest.param(item(1, CROSS), item(1), False, id="a cross-list, and new in a later feed"),
        pytest.param(item(1), item(1, REPLACE, 2), True, id="new, and replaced in a later feed"),
        pytest.param(item(1, REPLACE, 2), item(1, REPLACE, 2), False, id="a version that a later feed told"),
        pytest.param(item(1, REPLACE, 3), item(1, REPLACE, 2), True, id="a version after that of a later feed"),
        pytest.param(item(1), item(2), True, id="another paper"),
    ],
)
def test_what_a_later_feed_announced_is_certain_and_what_is_concluded_gives_way(
    concluded: FeedItem, told: FeedItem, *, kept: bool
) -> None:
    assert bool(without(mailing(concluded), [told]).entries) is kept


@pytest.mark.parametrize("state", [state for state in MailingState if not state.closed])
def test_every_open_state_has_its_hour_for_a_second_source_and_a_cut_feed_the_first(state: MailingState) -> None:
    cut = fallback_from(TUESDAY, MailingState.TRUNCATED)
    assert cut <= fallback_from(TUESDAY, state) <= fallback_from(TUESDAY, MailingState.UNEXPECTED_EMPTY)
