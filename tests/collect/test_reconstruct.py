"""From versions and dates back to announcements: what must have been in a mailing that nobody fetched."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from bot.arxiv.calendar import EASTERN
from bot.arxiv.oai import Record, Version
from bot.collect.reconstruct import Known, reconstruct, submitted_after
from bot.model import AnnounceType
from bot.store.papers import Event
from tests.builders import paper

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WEDNESDAY, THURSDAY, FRIDAY, MONDAY, TUESDAY = (date(2026, 4, day) for day in (15, 16, 17, 20, 21))
DAYS = (THURSDAY, FRIDAY, MONDAY)
NEW, CROSS, REPLACE, REPLACE_CROSS = AnnounceType
ID = "2604.00001"
NOTHING = Known({}, {})


def at(text: str) -> datetime:
    """A moment in New York."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=EASTERN).astimezone(UTC)


def record(
    *submitted: str,
    changed: date = FRIDAY,
    categories: Sequence[str] = ("cs.CV", "cs.LG"),
    first: int = 1,
    identifier: str = ID,
) -> Record:
    """A paper whose versions were submitted at these moments."""
    versions = tuple(Version(number, at(moment)) for number, moment in enumerate(submitted, first))
    return Record(paper(identifier, version=versions[-1].number, categories=categories), versions, changed)


def told(
    *records: Record,
    known: Known = NOTHING,
    days: Sequence[date] = DAYS,
    category: str = "cs.CV",
) -> list[tuple[date, str, int, AnnounceType]]:
    found = reconstruct(category, records, days, known)
    assert list(found) == list(days)
    return [
        (day, entry.paper.identifier, entry.paper.version, entry.type)
        for day, entries in found.items()
        for entry in entries
    ]


def history(*events: tuple[date, int, AnnounceType], categories: Sequence[str] = ("cs.CV", "cs.LG")) -> Known:
    """What is stored of the one paper."""
    return Known({ID: tuple(Event(*event) for event in events)} if events else {}, {ID: frozenset(categories)})


# -- new and cross -----------------------------------------------------------------------------------------------


def test_a_paper_never_stored_is_new_on_the_day_that_its_submission_leads_to() -> None:
    assert told(record("04-15 15:00")) == [(FRIDAY, ID, 1, NEW)]
    assert told(record("04-16 15:00", changed=MONDAY)) == [(MONDAY, ID, 1, NEW)]
    assert told(record("04-15 15:00", changed=TUESDAY)) == [(FRIDAY, ID, 1, NEW)]


def test_what_was_held_within_these_days_stands_where_its_datestamp_says() -> None:
    assert told(record("04-14 15:00", changed=MONDAY)) == [(MONDAY, ID, 1, NEW)]
    assert told(record("04-14 15:00", changed=WEDNESDAY)) == [(THURSDAY, ID, 1, NEW)]


def test_it_is_a_cross_list_where_another_category_is_its_first() -> None:
    assert told(record("04-15 15:00", categories=("cs.LG", "cs.CV"))) == [(FRIDAY, ID, 1, CROSS)]


def test_either_name_of_a_category_is_its_own() -> None:
    assert told(record("04-15 15:00", categories=("cs.NA",)), category="math.NA") == [(FRIDAY, ID, 1, NEW)]


def test_what_was_held_back_is_announced_on_the_day_of_its_datestamp() -> None:
    assert told(record("04-09 15:00", changed=FRIDAY)) == [(FRIDAY, ID, 1, NEW)]


def test_what_was_held_back_and_changed_again_is_one_of_these_days() -> None:
    assert told(record("04-09 15:00", changed=TUESDAY)) == [(MONDAY, ID, 1, NEW)]
    assert told(record("04-09 15:00", changed=WEDNESDAY)) == [(THURSDAY, ID, 1, NEW)]


def test_what_was_submitted_for_a_later_mailing_is_left_to_that_one() -> None:
    assert told(record("04-17 15:00", changed=TUESDAY)) == []


def test_between_days_that_are_open_a_closed_one_is_passed_over() -> None:
    assert told(record("04-15 15:00"), days=(THURSDAY, MONDAY)) == [(MONDAY, ID, 1, NEW)]


def test_an_old_paper_that_only_changed_its_metadata_is_no_news() -> None:
    assert told(record("03-02 12:00")) == []


def test_a_paper_that_was_announced_before_is_not_new_again() -> None:
    assert told(record("04-13 15:00"), known=history((WEDNESDAY, 1, NEW))) == []


def test_a_paper_that_appeared_and_was_replaced_meanwhile_is_both() -> None:
    assert told(record("04-14 15:00", "04-16 15:00", changed=MONDAY)) == [
        (THURSDAY, ID, 2, NEW),
        (MONDAY, ID, 2, REPLACE),
    ]


def test_on_one_day_it_is_new_alone() -> None:
    assert told(record("04-09 15:00", "04-10 09:00", changed=FRIDAY), days=(FRIDAY,)) == [(FRIDAY, ID, 2, NEW)]


def test_a_paper_that_was_new_in_these_days_is_new_although_a_later_feed_told_of_its_replacement() -> None:
    known = history((TUESDAY, 2, REPLACE))
    assert told(record("04-15 15:00", "04-17 15:00", changed=TUESDAY), known=known) == [(FRIDAY, ID, 2, NEW)]


# -- late cross-lists --------------------------------------------------------------------------------------------


def test_a_paper_known_from_elsewhere_is_cross_listed_since() -> None:
    known = history(categories=("cs.LG",))
    listed = record("03-02 12:00", categories=("cs.LG", "cs.CV"))
    assert told(listed, known=known) == [(FRIDAY, ID, 1, CROSS)]


def test_one_that_bore_the_category_when_it_was_stored_is_not() -> None:
    assert told(record("03-02 12:00"), known=history(categories=("cs.LG", "cs.CV"))) == []
    aliased = record("03-02 12:00", categories=("math.AP", "math.NA"))
    assert told(aliased, known=history(categories=("math.AP", "cs.NA")), category="math.NA") == []


def test_one_whose_record_changed_on_a_day_whose_feed_is_still_to_come_is_left_to_that_feed() -> None:
    known = history(categories=("cs.LG",))
    listed = record("03-02 12:00", categories=("cs.LG", "cs.CV"), changed=TUESDAY)
    assert reconstruct("cs.CV", [listed], DAYS, known, awaited=TUESDAY) == dict.fromkeys(DAYS, ())
    assert told(listed, known=known) == [(MONDAY, ID, 1, CROSS)]


def test_the_late_cross_list_of_a_paper_never_stored_cannot_be_known() -> None:
    assert told(record("03-02 12:00", categories=("cs.LG", "cs.CV"))) == []


# -- replacements ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("primary", "kind"), [("cs.CV", REPLACE), ("cs.LG", REPLACE_CROSS)])
def test_a_fresh_version_of_an_old_paper_is_a_replacement(primary: str, kind: AnnounceType) -> None:
    categories = ("cs.CV", "cs.LG") if primary == "cs.CV" else ("cs.LG", "cs.CV")
    found = told(record("03-02 12:00", "04-15 15:00", categories=categories))
    assert found == [(FRIDAY, ID, 2, kind)]


def test_a_version_that_was_announced_is_not_announced_again() -> None:
    known = history((WEDNESDAY, 2, REPLACE))
    assert told(record("03-02 12:00", "04-13 15:00"), known=known) == []


def test_a_version_beyond_the_fifth_appears_in_no_mailing() -> None:
    assert told(record("04-15 15:00", first=5, changed=FRIDAY), known=history((WEDNESDAY, 1, NEW))) == [
        (FRIDAY, ID, 5, REPLACE)
    ]
    assert told(record("04-15 15:00", first=6, changed=FRIDAY), known=history((WEDNESDAY, 1, NEW))) == []


def test_an_old_version_whose_record_was_touched_is_no_replacement() -> None:
    assert told(record("02-02 12:00", "03-02 12:00")) == []


def test_old_style_identifiers_are_papers_like_any_other() -> None:
    old = record("03-02 12:00", "04-15 15:00", identifier="hep-th/9901001")
    assert told(old) == [(FRIDAY, "hep-th/9901001", 2, REPLACE)]


def test_what_is_told_does_not_depend_on_the_order_of_the_records() -> None:
    records = [record("04-15 15:00", identifier=f"2604.0000{number}") for number in range(5)]
    assert told(*records) == told(*reversed(records))


def test_what_is_known_of_one_paper_says_nothing_of_another() -> None:
    known: Mapping[str, tuple[Event, ...]] = {"2604.00009": (Event(WEDNESDAY, 1, NEW),)}
    assert told(record("04-15 15:00"), known=Known(known, {})) == [(FRIDAY, ID, 1, NEW)]


def test_a_version_is_in_no_mailing_before_the_one_that_its_submission_leads_to() -> None:
    each = record(
        "04-15T09:00", "04-17T09:00", "04-17T15:00", changed=TUESDAY
    )  # in time for Thursday, Monday, Tuesday
    assert list(submitted_after([each], FRIDAY)) == [(ID, 2), (ID, 3)]
    assert list(submitted_after([each], MONDAY)) == [(ID, 3)]
    assert list(submitted_after([each], TUESDAY)) == []
