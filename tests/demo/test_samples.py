from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import pytest

from bot.demo.samples import CATEGORIES, hostile, mailings, topics
from bot.model import AnnounceType, Author

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model import FeedItem, Paper

THURSDAY, FRIDAY, MONDAY = date(2026, 3, 5), date(2026, 3, 6), date(2026, 3, 9)
DAYS = dict(mailings())


def entries() -> Iterator[tuple[date, str, FeedItem]]:
    for day, by_category in mailings():
        for category, mailing in by_category.items():
            for entry in mailing.entries:
                yield day, category, entry


def seen(identifier: str) -> list[tuple[date, str, str, int]]:
    return [
        (day, category, str(entry.type), entry.paper.version)
        for day, category, entry in entries()
        if entry.paper.identifier == identifier
    ]


def papers() -> dict[str, Paper]:
    return {entry.paper.identifier: entry.paper for _, _, entry in entries()}


def test_the_mailings_are_three_working_days_with_a_weekend_between() -> None:
    assert list(DAYS) == [THURSDAY, FRIDAY, MONDAY]
    for day, by_category in DAYS.items():
        assert tuple(by_category) == CATEGORIES
        for category, mailing in by_category.items():
            assert (mailing.category, mailing.mailing_date, mailing.unreadable) == (category, day, ())
            assert mailing.entries


@pytest.mark.parametrize("day", DAYS)
def test_a_day_holds_a_dozen_papers_or_more(day: date) -> None:
    assert 12 <= len({entry.paper.identifier for m in DAYS[day].values() for entry in m.entries}) <= 18


def test_entries_come_in_arxiv_s_own_order() -> None:
    order = ["new", "cross", "replace", "replace-cross"]
    for mailing in (mailing for by_category in DAYS.values() for mailing in by_category.values()):
        keys = [(order.index(entry.type), entry.paper.identifier) for entry in mailing.entries]
        assert keys == sorted(keys)


def test_a_paper_is_new_where_its_primary_category_is_asked_for_and_replaced_a_day_later() -> None:
    assert seen("2603.90024") == [
        (THURSDAY, "cs.CL", "new", 1),
        (THURSDAY, "cs.CV", "cross", 1),
        (FRIDAY, "cs.CL", "replace", 2),
        (FRIDAY, "cs.CV", "replace-cross", 2),
    ]


def test_a_late_cross_list_shows_in_the_added_category_alone() -> None:
    assert seen("2603.91083") == [(FRIDAY, "cs.CL", "new", 1), (MONDAY, "cs.CV", "cross", 1)]
    crossed = [entry.paper for _, category, entry in entries() if category == "cs.CV" and entry.type == "cross"]
    assert {paper.identifier: paper.categories for paper in crossed}["2603.91083"] == ("cs.CL", "cs.CV")


def test_papers_from_before_the_demo_are_only_replaced_or_cross_listed() -> None:
    assert seen("2511.90417") == [(THURSDAY, "cs.CV", "replace", 3), (MONDAY, "cs.CV", "replace", 4)]
    assert papers()["2410.90321"].categories == ("cs.LG", "q-bio.NC")
    assert seen("2410.90321") == [(FRIDAY, "q-bio.NC", "cross", 1)]


def test_every_announce_type_occurs() -> None:
    assert {entry.type for _, _, entry in entries()} == set(AnnounceType)


def test_no_identifier_can_ever_be_a_real_paper_s() -> None:
    assert all(re.fullmatch(r"\d{4}\.9\d{4}", identifier) for identifier in papers())


@pytest.mark.parametrize("paper", papers().values(), ids=lambda paper: paper.identifier)
def test_an_abstract_has_80_to_160_words_and_white_space_is_folded(paper: Paper) -> None:
    assert 80 <= len(paper.abstract.split()) <= 160
    for text in (paper.title, paper.abstract, *(author.name for author in paper.authors)):
        assert text == " ".join(text.split())
        assert "," not in text or text in (paper.title, paper.abstract)


@pytest.mark.parametrize(
    "part",
    [
        "<!channel>",
        "@everyone",
        "<script>",
        "=?utf-8?q?",
        "=0ABcc",
        "{{ 7*7 }}",
        "**Bold**",
        "](https://example.org)",
        "\u202e",
        "$\\mathcal{O}(n \\log n)$",
        "Erd\\H{o}s",
    ],
)
def test_titles_hold_what_has_broken_bots_before(part: str) -> None:
    assert any(part in paper.title for paper in papers().values())


@pytest.mark.parametrize("part", ["\\emph{", "18\\%", "$\\pm 7.2\\%$", "https://example.org/", "<img src=x", " | "])
def test_abstracts_do_too(part: str) -> None:
    assert any(part in paper.abstract for paper in papers().values())


def test_a_title_has_300_characters_and_a_collaboration_40_authors() -> None:
    assert max(len(paper.title) for paper in papers().values()) >= 300
    assert max(len(paper.authors) for paper in papers().values()) == 40


def test_affiliations_stand_apart_from_the_name() -> None:
    assert papers()["2603.90055"].authors[0] == Author("Ottilie Brandt", ("Centre for Sleep and Motion", "Utrecht"))
    assert papers()["2603.91008"].authors[0] == Author("Robert Tables Jr.")


def test_hostile_titles_are_in_no_mailing_of_the_first_day() -> None:
    first = {entry.paper.title for mailing in DAYS[THURSDAY].values() for entry in mailing.entries}
    assert hostile()
    assert hostile().keys() <= {paper.title for paper in papers().values()}
    assert not hostile().keys() & first


def test_topics_are_plain_values_for_the_configuration() -> None:
    found = topics()
    assert found["brains"]["authors"] == ["Ottilie Brandt"]
    assert "replace" in found["second-thoughts"]["announce"]
    assert {category for topic in found.values() for category in topic["categories"]} == set(CATEGORIES)
