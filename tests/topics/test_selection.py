"""Which announcement of a paper counts, which version is shown, and what telling it settles."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import count
from typing import TYPE_CHECKING

from bot.model import Announcement, AnnounceType, Topic
from bot.topics.matched_papers import MatchedPapers
from bot.topics.matcher import Matcher
from bot.topics.selection import select
from tests.builders import paper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.topics.selection import Selected

MON, TUE = date(2026, 4, 20), date(2026, 4, 21)
NEW, CROSS, REPLACE, REPLACE_CROSS = AnnounceType
EVERY_TYPE = frozenset(AnnounceType)
_seq = count(1)


def said(kind: AnnounceType, *, day: date = MON, category: str = "cs.CV", version: int = 1) -> Announcement:
    return Announcement(next(_seq), day, category, "2604.00001", version, kind)


def topic(
    *,
    announce: frozenset[AnnounceType] = frozenset({NEW, CROSS}),
    categories: str = "cs.CV cs.LG",
    keywords: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
) -> Topic:
    return Topic("birds", "Birds", tuple(categories.split()), keywords, exclude, announce=announce)


def matched(of: Topic) -> MatchedPapers:
    return MatchedPapers(lambda: Matcher([of]))


def selection(
    of: Topic,
    *announcements: Announcement,
    told: Sequence[tuple[str, int]] = (),
) -> list[Selected]:
    papers = {(a.identifier, a.version): paper(a.identifier, version=a.version) for a in announcements}
    return select(of, announcements, papers, matched(of), told=frozenset(told))


def test_the_strongest_type_over_the_topic_s_own_categories_counts() -> None:
    (found,) = selection(topic(), said(CROSS, category="cs.CV"), said(NEW, category="cs.LG"))
    assert found.entry.type is NEW
    assert found.settles == (("2604.00001", 0),)


def test_other_categories_do_not_strengthen_a_type() -> None:
    (found,) = selection(topic(categories="cs.CV"), said(CROSS, category="cs.CV"), said(NEW, category="cs.LG"))
    assert found.entry.type is CROSS


def test_a_paper_of_no_category_of_the_topic_is_passed_over() -> None:
    assert selection(topic(categories="math.NA"), said(NEW)) == []


def test_a_later_cross_list_of_a_told_paper_is_no_news() -> None:
    assert selection(topic(), said(CROSS, day=TUE), told=[("2604.00001", 0)]) == []


def test_a_replacement_is_told_only_where_it_is_asked_for() -> None:
    replaced = said(REPLACE, version=2)
    assert selection(topic(), replaced) == []
    (found,) = selection(topic(announce=EVERY_TYPE), replaced)
    assert found.settles == (("2604.00001", 2),)
    assert found.entry.url == "https://arxiv.org/abs/2604.00001v2"


def test_a_version_is_told_as_replaced_once() -> None:
    asked = topic(announce=EVERY_TYPE)
    assert selection(asked, said(REPLACE, version=2), told=[("2604.00001", 2)]) == []
    (found,) = selection(asked, said(REPLACE, version=3), told=[("2604.00001", 2), ("2604.00001", 0)])
    assert found.settles == (("2604.00001", 3),)


def test_announced_and_replaced_between_two_digests_is_one_entry_and_settles_both() -> None:
    (found,) = selection(topic(announce=EVERY_TYPE), said(NEW), said(REPLACE, day=TUE, version=2))
    assert (found.entry.type, found.entry.replaced_to, found.entry.paper.version) == (NEW, 2, 2)
    assert found.entry.mailing_date == MON
    assert found.settles == (("2604.00001", 0), ("2604.00001", 2))


def test_new_now_v2_is_said_also_where_replacements_are_not_asked_for() -> None:
    (found,) = selection(topic(), said(NEW), said(REPLACE, day=TUE, version=2))
    assert found.entry.replaced_to == 2


def test_only_the_last_of_several_replacements_is_told_and_all_are_settled() -> None:
    (found,) = selection(topic(announce=EVERY_TYPE), said(REPLACE, version=2), said(REPLACE, day=TUE, version=3))
    assert found.entry.paper.version == 3
    assert found.settles == (("2604.00001", 2), ("2604.00001", 3))


def test_a_told_paper_that_is_replaced_comes_as_replaced() -> None:
    (found,) = selection(
        topic(announce=EVERY_TYPE),
        said(CROSS, category="cs.LG"),
        said(REPLACE, version=2),
        told=[("2604.00001", 0)],
    )
    assert found.entry.type is REPLACE


def test_a_topic_that_asks_for_new_alone_gets_no_cross_list() -> None:
    assert selection(topic(announce=frozenset({NEW})), said(CROSS)) == []


def test_a_fresh_cross_list_of_an_old_version_shows_that_version_and_is_no_replacement() -> None:
    (found,) = selection(topic(), said(CROSS, version=3))
    assert (found.entry.type, found.entry.replaced_to) == (CROSS, None)
    assert found.settles == (("2604.00001", 0),)


def test_a_claim_on_an_earlier_version_holds_for_the_one_that_is_shown() -> None:
    announcements = (said(NEW), said(REPLACE, day=TUE, version=2))
    papers = {("2604.00001", 1): paper(title="Pigeons"), ("2604.00001", 2): paper(version=2, title="Doves")}
    of = topic(keywords=("pigeons",))
    (found,) = select(of, announcements, {k: replace(p, abstract="") for k, p in papers.items()}, matched(of))
    assert found.entry.paper.version == 2


def test_a_claim_on_an_earlier_version_does_not_hold_where_the_one_that_is_shown_is_excluded() -> None:
    announcements = (said(NEW), said(REPLACE, day=TUE, version=2))
    papers = {("2604.00001", 1): paper(title="Pigeons"), ("2604.00001", 2): paper(version=2, title="Doves")}
    of = topic(keywords=("pigeons",), exclude=("doves",))
    assert select(of, announcements, {k: replace(p, abstract="") for k, p in papers.items()}, matched(of)) == []


def test_what_the_topic_does_not_claim_is_not_selected() -> None:
    of = topic(keywords=("xylophone",))
    assert select(of, (said(NEW),), {("2604.00001", 1): paper()}, matched(of)) == []
