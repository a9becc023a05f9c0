"""What every channel groups alike."""

from __future__ import annotations

from datetime import date

from bot.channels.grouping import Term, terms, together, told
from bot.model import Hit, Link, Match
from tests.builders import MONDAY, entry, paper, section

FRIDAY = date(2026, 4, 17)


def test_a_term_stands_once_with_its_fields_in_words() -> None:
    hits = (Hit("owl", "abstract"), Hit("crow", "title"), Hit("owl", "journal_ref"), Hit("owl", "abstract"))
    assert terms(Match("birds", hits)) == (Term("owl", ("abstract", "journal ref")), Term("crow", ("title",)))
    assert terms(Match("birds")) == ()


def test_topics_together_keep_every_paper_newest_first_and_each_link_once() -> None:
    here, there = Link("here", "https://lab.example/1"), Link("there", "https://lab.example/2")
    of = [
        section([entry(paper("1"), mailing_date=FRIDAY)], hidden=2, more=[here, there]),
        section([], hidden=0, more=[]),
        section([entry(paper("2")), entry(paper("3"), mailing_date=FRIDAY)], hidden=1, more=[there]),
    ]
    one = together(of)
    assert [each.paper.identifier for each in one.entries] == ["2", "1", "3"]
    assert [each.mailing_date for each in one.entries] == [MONDAY, FRIDAY, FRIDAY]
    assert (one.title, one.hidden, one.more) == ("3 topics", 3, (here, there))
    assert told(one) == sum(map(told, of)) == 6
