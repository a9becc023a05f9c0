"""What arXiv said is stored once, in one transaction per answer, and found again as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from bot.model import AnnounceType, Author, FeedItem, InvalidItem, Mailing, MailingState, Paper
from bot.store.papers import Event, Verdict
from tests.builders import paper

if TYPE_CHECKING:
    from bot.store import Store

MON, TUE = date(2026, 4, 20), date(2026, 4, 21)
NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
COMPLETE = Verdict(MailingState.COMPLETE, "all in")
FAILED = Verdict(MailingState.FAILED, "no answer")


def mailing(
    *papers: Paper, day: date = MON, category: str = "cs.CV", kind: AnnounceType = AnnounceType.NEW
) -> Mailing:
    return Mailing(category, day, tuple(FeedItem(each, kind) for each in papers))


def test_a_paper_comes_back_as_it_went_in(store: Store) -> None:
    full = Paper(
        identifier="hep-th/9901001",
        version=3,
        title="Strings — $\\alpha$ & co",
        abstract="Long.",
        authors=(Author('J\\"org Ärger', ("CERN", "Bonn")), Author(":")),
        categories=("hep-th", "math-ph"),
        license="http://creativecommons.org/licenses/by/4.0/",
        doi="10.1000/1",
        journal_ref="Ann. Phys. 1",
    )
    store.papers.record(mailing(full), COMPLETE, NOW)
    assert store.papers.load({("hep-th/9901001", 3)}) == {("hep-th/9901001", 3): full}
    assert store.papers.versions("hep-th/9901001") == (full,)


def test_a_comment_is_given_to_the_version_that_was_announced_then_and_one_that_is_known_stays(store: Store) -> None:
    first, second = paper("2604.00001"), paper("2604.00001", version=2)
    other = replace(paper("2604.00002"), comment="12 pages")
    store.papers.record(mailing(first, other), COMPLETE, NOW)
    store.papers.record(mailing(second, day=TUE, kind=AnnounceType.REPLACE), COMPLETE, NOW)
    comments = {"2604.00001": "8 pages", "2604.00002": "13 pages", "2604.00003": "not announced"}
    store.papers.add_comments(MON, "cs.CV", comments)
    assert [each.comment for each in store.papers.versions("2604.00001")] == ["8 pages", None]
    assert [each.comment for each in store.papers.versions("2604.00002")] == ["12 pages"]
    store.papers.add_comments(TUE, "cs.LG", {"2604.00001": "of another category"})
    assert [each.comment for each in store.papers.versions("2604.00001")] == ["8 pages", None]
    store.papers.add_comments(TUE, "cs.CV", {})


def test_a_mailing_that_is_reopened_forgets_its_announcements_keeps_its_papers_and_is_due_again(store: Store) -> None:
    store.papers.record(mailing(paper("2604.00001"), paper("2604.00002"), day=TUE), COMPLETE, NOW)
    store.papers.record(mailing(paper("2604.00001"), day=TUE, category="cs.LG"), COMPLETE, NOW)
    store.papers.reopen(TUE, "cs.CV", Verdict(MailingState.SUSPECT_STALE, "Monday's"))
    record = store.papers.mailing(TUE, "cs.CV")
    assert record is not None
    assert (record.state, record.reason, record.announced, record.asked_at) == (
        MailingState.SUSPECT_STALE,
        "Monday's",
        0,
        None,
    )
    assert [a.category for a in store.papers.announcements_on(TUE, {"cs.CV", "cs.LG"})] == ["cs.LG"]
    assert store.papers.versions("2604.00002")
    assert store.papers.record(mailing(paper("2604.00002"), day=MON), COMPLETE, NOW) == 1
    assert store.papers.record(mailing(paper("2604.00003"), day=TUE), COMPLETE, NOW) == 1


def test_characters_that_no_database_takes_are_left_out_wherever_they_stand(store: Store) -> None:
    dirty = Paper(
        identifier="2604.00001",
        version=1,
        title="Pige\0ons",
        abstract="A half \ud83d of a pair.",
        authors=(Author("Ada\0 Byron", ("Cam\0bridge",)),),
        categories=("cs.CV\0",),
        doi="\0",
    )
    store.papers.record(mailing(dirty), Verdict(MailingState.COMPLETE, "all\0 in"), NOW)
    (clean,) = store.papers.versions("2604.00001")
    assert (clean.title, clean.abstract, clean.doi) == ("Pigeons", "A half  of a pair.", "")
    assert clean.authors == (Author("Ada Byron", ("Cambridge",)),)
    assert clean.categories == ("cs.CV",)
    assert store.papers.announcements_of("2604\0.00001") == store.papers.announcements_of("2604.00001")
    record = store.papers.mailing(MON, "cs.CV")
    assert record is not None
    assert record.reason == "all in"


def test_categories_come_in_the_same_order_whatever_the_database_s_language(store: Store) -> None:
    for category in ("math-ph", "cs.CV", "math.AG", "Zoo", "cs-CV"):
        store.papers.record(mailing(paper(), category=category), COMPLETE, NOW)
    found = [record.category for record in store.papers.mailings_since(MON)]
    assert found == ["Zoo", "cs-CV", "cs.CV", "math-ph", "math.AG"]


def test_recording_the_same_answer_again_adds_nothing_but_a_try(store: Store) -> None:
    answer = mailing(paper("2604.00001"), paper("2604.00002"))
    pending = Verdict(MailingState.TRUNCATED, "cut")
    assert store.papers.record(answer, pending, NOW) == 2
    assert store.papers.record(answer, pending, NOW) == 0
    record = store.papers.mailing(MON, "cs.CV")
    assert record is not None
    assert (record.announced, record.tries) == (2, 2)


def test_a_second_answer_adds_only_what_is_unseen_and_numbers_rise(store: Store) -> None:
    store.papers.record(mailing(paper("2604.00001")), Verdict(MailingState.TRUNCATED, "cut"), NOW)
    first = store.papers.last_seq()
    assert store.papers.record(mailing(paper("2604.00001"), paper("2604.00002")), COMPLETE, NOW) == 1
    (late,) = store.papers.announcements_after("cs.CV", first, store.papers.last_seq())
    assert late.identifier == "2604.00002"


def test_a_closed_mailing_is_not_opened_again_by_a_failure(store: Store) -> None:
    store.papers.record(mailing(paper()), COMPLETE, NOW)
    store.papers.record_failure(MON, "cs.CV", FAILED, NOW)
    record = store.papers.mailing(MON, "cs.CV")
    assert record is not None
    assert record.state is MailingState.COMPLETE


def test_a_failure_is_remembered_and_an_answer_mends_it(store: Store) -> None:
    store.papers.record_failure(MON, "cs.CV", FAILED, NOW)
    failed = store.papers.mailing(MON, "cs.CV")
    assert failed is not None
    assert (failed.state, failed.reason, failed.asked_at) == (MailingState.FAILED, "no answer", NOW)
    store.papers.record(mailing(paper()), COMPLETE, NOW)
    mended = store.papers.mailing(MON, "cs.CV")
    assert mended is not None
    assert (mended.state, mended.tries) == (MailingState.COMPLETE, 2)


def test_unreadable_entries_are_counted(store: Store) -> None:
    answer = Mailing("cs.CV", MON, (FeedItem(paper(), AnnounceType.NEW),), (InvalidItem("item 2", "no guid"),))
    store.papers.record(answer, Verdict(MailingState.INCOMPLETE, "1 unreadable"), NOW)
    record = store.papers.mailing(MON, "cs.CV")
    assert record is not None
    assert (record.announced, record.unreadable) == (1, 1)


def test_an_empty_answer_is_recorded_without_announcements(store: Store) -> None:
    assert store.papers.record(mailing(), Verdict(MailingState.EXPECTED_EMPTY, "holiday"), NOW) == 0
    assert [record.state for record in store.papers.mailings_since(MON)] == [MailingState.EXPECTED_EMPTY]


def test_since_when_a_category_is_asked_for_is_known(store: Store) -> None:
    store.papers.record_failure(MON, "cs.LG", FAILED, NOW)
    store.papers.record(mailing(paper(), day=TUE), COMPLETE, NOW)
    store.papers.record_failure(TUE, "cs.LG", FAILED, NOW)
    assert store.papers.first_asked() == {"cs.LG": MON, "cs.CV": TUE}


def test_a_newcomer_starts_just_before_the_latest_mailing(store: Store) -> None:
    assert store.papers.start_of_latest_mailing("cs.CV") == 0
    store.papers.record(mailing(paper("2604.00001")), COMPLETE, NOW)
    store.papers.record(mailing(paper("2604.00002"), day=TUE), COMPLETE, NOW)
    later = mailing(paper("2604.00003"), day=TUE + timedelta(days=1), category="cs.LG")  # cs.CV's is late
    store.papers.record(later, COMPLETE, NOW)
    start = store.papers.start_of_latest_mailing("cs.CV")
    found = store.papers.announcements_after("cs.CV", start, store.papers.last_seq())
    assert [announcement.identifier for announcement in found] == ["2604.00002"]
    assert store.papers.latest_mailing("cs.CV") == TUE


def test_each_category_has_its_own_cursor(store: Store) -> None:
    store.papers.record(mailing(paper("2604.00001")), COMPLETE, NOW)
    store.papers.record(mailing(paper("2604.00001"), category="cs.LG", kind=AnnounceType.CROSS), COMPLETE, NOW)
    assert store.papers.announcements_after("cs.CV", 1, store.papers.last_seq()) == ()
    found = store.papers.announcements_after("cs.LG", 0, store.papers.last_seq())
    assert [(a.category, a.type) for a in found] == [("cs.LG", AnnounceType.CROSS)]


def test_nothing_beyond_the_upper_bound_is_read(store: Store) -> None:
    store.papers.record(mailing(paper("2604.00001"), paper("2604.00002")), COMPLETE, NOW)
    assert len(store.papers.announcements_after("cs.CV", 0, 1)) == 1


def test_a_paper_in_two_categories_is_announced_in_both(store: Store) -> None:
    store.papers.record(mailing(paper()), COMPLETE, NOW)
    store.papers.record(mailing(paper(), category="cs.LG", kind=AnnounceType.CROSS), COMPLETE, NOW)
    for category in ("cs.CV", "cs.LG"):
        assert store.papers.identifiers_on(MON, category) == {"2604.00001"}
    assert store.papers.identifiers_on(TUE, "cs.CV") == frozenset()
    assert len(store.papers.announcements_of("2604.00001")) == 2
    assert len(store.papers.announcements_on(MON, {"cs.LG"})) == 1


def test_a_paper_s_history_is_what_its_category_announced_oldest_first(store: Store) -> None:
    store.papers.record(mailing(paper("2604.00001", version=2), day=TUE, kind=AnnounceType.REPLACE), COMPLETE, NOW)
    store.papers.record(mailing(paper("2604.00001"), paper("2604.00002")), COMPLETE, NOW)
    store.papers.record(mailing(paper("2604.00001"), category="cs.LG"), COMPLETE, NOW)
    assert store.papers.history("cs.CV", {"2604.00001", "2604.99999"}) == {
        "2604.00001": (Event(MON, 1, AnnounceType.NEW), Event(TUE, 2, AnnounceType.REPLACE)),
    }


def test_a_paper_s_categories_are_those_of_the_versions_stored_before_then(store: Store) -> None:
    first = paper("2604.00001", categories=["cs.CV"])
    later = (paper("2604.00001", version=version, categories=["cs.CV", f"cs.R{version}"]) for version in (2, 3))
    for days, each in enumerate((first, *later)):
        store.papers.record(mailing(each, day=TUE), COMPLETE, NOW + timedelta(days=days))
    found = store.papers.categories_of({"2604.00001", "2604.99999"}, before=NOW + timedelta(days=2))
    assert found == {"2604.00001": frozenset({"cs.CV", "cs.R2"})}


def test_of_a_paper_the_newest_version_is_found(store: Store) -> None:
    store.papers.record(mailing(paper("1", version=2)), COMPLETE, NOW)
    store.papers.record(mailing(paper("1"), paper("2"), day=TUE), COMPLETE, NOW)

    found = store.papers.newest(["1", "2", "unknown"])

    assert {identifier: each.version for identifier, each in found.items()} == {"1": 2, "2": 1}


def test_the_latest_papers_before_a_date_come_each_once_the_latest_last(store: Store) -> None:
    friday = MON - timedelta(days=3)
    for day, names in ((friday, "1 2"), (MON, "3 1"), (TUE, "4")):
        store.papers.record(mailing(*map(paper, names.split()), day=day), COMPLETE, NOW)

    def latest(since: date, most: int = 9, category: str = "cs.CV") -> list[str]:
        found = store.papers.latest([category, "cs.CL"], since=since, before=TUE, most=most)
        return [each.identifier for each in found]

    assert latest(friday) == ["2", "3", "1"]
    assert latest(MON) == ["3", "1"]
    assert latest(friday, most=1) == ["1"]
    assert latest(friday, category="cs.LG") == []


def test_what_is_concluded_is_marked_so(store: Store) -> None:
    store.papers.record(mailing(paper("2604.00001")), COMPLETE, NOW, reconstructed=True)
    store.papers.record(mailing(paper("2604.00001"), paper("2604.00002")), COMPLETE, NOW)
    marks = {a.identifier: a.reconstructed for a in store.papers.announcements_on(MON, {"cs.CV"})}
    assert marks == {"2604.00001": True, "2604.00002": False}


def test_the_moment_of_the_first_asking_stays(store: Store) -> None:
    failed = Verdict(MailingState.FAILED, "no answer")
    store.papers.record_failure(MON, "cs.CV", failed, NOW)
    store.papers.record_failure(MON, "cs.CV", failed, NOW + timedelta(hours=1))
    record = store.papers.mailing(MON, "cs.CV")
    assert record is not None
    assert (record.first_asked_at, record.asked_at, record.tries) == (NOW, NOW + timedelta(hours=1), 2)


def test_dates_with_news_are_told_with_their_highest_number(store: Store) -> None:
    store.papers.record(mailing(paper("2604.00001"), paper("2604.00002")), COMPLETE, NOW)
    store.papers.record(mailing(paper("2604.00003"), day=TUE), COMPLETE, NOW)
    assert store.papers.dates_after({"cs.CV"}, 1) == {MON: 2, TUE: 3}
