"""What every channel groups alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from bot.channels.presentation import merged, paper_count, paper_links
from bot.model import AnnounceType, Link
from tests.builders import MONDAY, entry, paper, section

FRIDAY = date(2026, 4, 17)


def test_a_paper_is_had_as_pdf_and_html_in_its_version_and_where_its_authors_say() -> None:
    of = paper("2604.00001", version=2, abstract="Code: https://github.com/lab/crow")
    pdf, html = Link("PDF", "https://arxiv.org/pdf/2604.00001"), Link("HTML", "https://arxiv.org/html/2604.00001")
    code, data = Link("code", "https://github.com/lab/crow"), Link("data", "https://osf.io/x1")
    assert paper_links(entry(replace(of, comment="Data: osf.io/x1"))) == (pdf, html, code, data)
    assert paper_links(entry(replace(of, comment="withdrawn"))) == (code,)
    replaced = paper_links(entry(of, type=AnnounceType.REPLACE))
    assert [link.url[-12:] for link in replaced[:2]] == ["2604.00001v2", "2604.00001v2"]


def test_topics_together_keep_every_paper_newest_first_and_each_link_once() -> None:
    here, there = Link("here", "https://lab.example/1"), Link("there", "https://lab.example/2")
    of = [
        section([entry(paper("1"), mailing_date=FRIDAY)], hidden=2, more=[here, there]),
        section([], hidden=0, more=[]),
        section([entry(paper("2")), entry(paper("3"), mailing_date=FRIDAY)], hidden=1, more=[there]),
    ]
    one = merged(of)
    assert [each.paper.identifier for each in one.entries] == ["2", "1", "3"]
    assert [each.mailing_date for each in one.entries] == [MONDAY, FRIDAY, FRIDAY]
    assert (one.title, one.hidden, one.more) == ("3 topics", 3, (here, there))
    assert paper_count(one) == sum(map(paper_count, of)) == 6
