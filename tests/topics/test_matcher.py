from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.errors import QueryError
from bot.model import Hit, Match, MatchMode, Paper, Topic
from bot.topics.matcher import Matcher, Verdict
from bot.topics.query import Or, Term
from tests.builders import paper


def hits(of: Paper, **conditions: Any) -> tuple[Hit, ...] | None:
    """The hits of a topic with these conditions, or None if it does not want the paper."""
    topic = replace(Topic("t", "T", ()), **conditions)
    match = Matcher([topic]).match(of).get("t")
    return match.hits if match else None


def in_title(keyword: str, title: str) -> bool:
    return hits(paper(title=title, abstract=""), keywords=(keyword,)) == (Hit(keyword, "title"),)


@pytest.mark.parametrize(
    ("keyword", "title"),
    [
        ("VLM", "A VLM for Pigeons"),
        ("VLM", "VLM-based Navigation"),
        ("VLM", "(VLM)"),
        ("vlm", "The VLM's Eye"),
        ("VLM", "All VLMs"),
        ("VLMs", "One VLM"),
        ("Vision Language Model", "vision-language models"),
        ("vision-language models", "A Vision Language Model"),
        ("Vision Language Model", "vision–language\nmodel"),
        ("visionlanguage", "vision\u00adlanguage"),
        ("box", "Boxes"),
        ("boxes", "A Box"),
        ("C++", "C++: a Study"),
        ("C++", "C++11"),
        (".NET", "The .NET Way"),
        ("Erdős", "An Erdos Problem"),
        ("Erdos", "An Erd\\H{o}s Problem"),
        ("naive", "A Naïve Bird"),
        ("O(n)", "An $\\mathcal{O}(n)$ Way"),
        ("straße", "STRASSE"),
        ("language model", "\\textbf{Language} Models"),
        ("学习", "学习 of Birds"),
        ("VLM", "VLM_base"),
        ("multimodal", "multi-modal"),
        ("multi-modal", "multimodal"),
    ],
)
def test_the_title_holds_the_keyword(keyword: str, title: str) -> None:
    assert in_title(keyword, title)


@pytest.mark.parametrize(
    ("keyword", "title"),
    [
        ("MLM", "MLMR-SD"),
        ("MLM", "MLLM and XMLM"),
        ("VLM", "VLM3"),
        ("vision language model", "vision and language model"),
        ("vision language model", "visions language model"),
        ("language models", "language modelling"),
        ("is", "I, Pigeon"),
        ("C++", "C+ and ObjC++"),
        ("-", "A - B"),
        ("bird", "birdses"),
    ],
)
def test_the_title_does_not_hold_the_keyword(keyword: str, title: str) -> None:
    assert hits(paper(title=title, abstract=""), keywords=(keyword,)) is None


def test_every_hit_is_named_in_the_topics_order_title_first_and_once() -> None:
    found = hits(
        paper(
            title="Maps for Pigeons",
            abstract="Pigeons read maps. Every pigeon does.",
            authors=["Ada Byron", "A. Byron"],
        ),
        keywords=("pigeon", "owl", "maps", "pigeon"),
        authors=("Byron, Ada",),
    )
    assert found == (
        Hit("pigeon", "title"),
        Hit("pigeon", "abstract"),
        Hit("maps", "title"),
        Hit("maps", "abstract"),
        Hit("Byron, Ada", "author"),
    )


def test_a_topic_without_terms_claims_everything_without_hits() -> None:
    assert hits(paper()) == ()


def test_an_exclusion_beats_keywords_and_authors() -> None:
    assert hits(paper(title="Owls"), keywords=("owl",), exclude=("map",)) is None
    assert hits(paper(title="Owls"), exclude=("map",)) is None
    assert hits(paper(title="Owls"), exclude=("map reader",)) == ()


def test_an_excluded_acronym_does_not_stop_another() -> None:
    assert hits(paper(title="A GP for Everything"), exclude=("GPS",)) == ()
    assert hits(paper(title="A GPS for Everything"), exclude=("GPS",)) is None


def test_a_substring_is_looked_for_in_the_raw_text() -> None:
    of = paper(title="MLMR-SD", abstract="Vision-language, \\emph{here}")
    mode = MatchMode.SUBSTRING
    assert hits(of, keywords=("mlm",), match=mode) == (Hit("mlm", "title"),)
    assert hits(of, keywords=("vision language",), match=mode) is None
    assert hits(of, keywords=("EMPH{",), match=mode) == (Hit("EMPH{", "abstract"),)
    assert hits(of, exclude=("lmr",), match=mode) is None
    assert hits(of, authors=("Byro",), match=mode) is None


ODD = replace(
    paper(
        "2604.00007",
        version=3,
        title="Owls",
        abstract="See owls.",
        authors=["Adrian del Maestro"],
        categories=["math.MP"],
    ),
    journal_ref="Pigeon Lett. 5 (2026)",
    comment="12 pages, accepted at a roost",
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ti:owl", (Hit("owl", "title"),)),
        ("owl", (Hit("owl", "title"), Hit("owl", "abstract"))),
        ("ti:see", None),
        ("ti:owl ANDNOT abs:see", None),
        ("ti:owl NOT abs:map", (Hit("owl", "title"),)),
        ("NOT map", ()),
        ("map OR abs:see", (Hit("see", "abstract"),)),
        ("map see", None),
        ("ti:ow*", (Hit("ow*", "title"),)),
        ("ti:wl*", None),
        ("cat:math-ph", (Hit("math-ph", "category"),)),
        ("cat:MATH.mp", (Hit("MATH.mp", "category"),)),
        ("cat:math.*", (Hit("math.*", "category"),)),
        ("cat:math.m*", (Hit("math.m*", "category"),)),
        ("cat:m*", (Hit("m*", "category"),)),
        ("au:del_maestro", (Hit("del_maestro", "author"),)),
        ('au:"Maestro"', None),
        ("au:maes*", (Hit("maes*", "author"),)),
        ("au:estro*", None),
        ('jr:"pigeon lett"', (Hit("pigeon lett", "journal_ref"),)),
        ("co:owl", None),
        ("co:roost", (Hit("roost", "comment"),)),
        ('co:"accepted at"', (Hit("accepted at", "comment"),)),
        ("all:roost", (Hit("roost", "comment"),)),
        ("roosts", (Hit("roosts", "comment"),)),
        ("id:2604.00007", (Hit("2604.00007", "id"),)),
        ("id:2604.00007v3", (Hit("2604.00007v3", "id"),)),
        ("id:2604.00007v2", None),
        ("id:2604.*", (Hit("2604.*", "id"),)),
        ("id:2604.0000", None),
        ("id:2604.00007v*", (Hit("2604.00007v*", "id"),)),
    ],
)
def test_a_query_is_answered_field_by_field(query: str, expected: tuple[Hit, ...] | None) -> None:
    assert hits(ODD, query=query) == expected


def test_all_topics_answer_at_once_under_their_names() -> None:
    topics = [
        Topic("birds", "B", (), keywords=("pigeon",)),
        Topic("owls", "O", (), keywords=("owl",)),
        Topic("all", "A", ()),
    ]
    assert Matcher(topics).match(paper(abstract="")) == {
        "birds": Match("birds", (Hit("pigeon", "title"),)),
        "all": Match("all"),
    }


def test_a_verdict_gives_the_reasons_for_yes_and_no() -> None:
    matcher = Matcher([Topic("t", "T", (), keywords=("pigeon",), exclude=("owl", "map", "read"))])
    pigeon = Hit("pigeon", "title")
    assert matcher.verdict("t", paper(abstract="")) == Verdict(None, (pigeon,), Hit("map", "title"))
    assert matcher.verdict("t", paper(title="Pigeons", abstract="")) == Verdict(
        Match("t", (pigeon,)), (pigeon,), None
    )
    assert matcher.verdict("t", paper(title="Bees", abstract="")) == Verdict(
        None, None, None, (Or((Term("pigeon"),)),)
    )
    with pytest.raises(KeyError):
        matcher.verdict("other", paper())


def test_a_broken_query_is_told_when_the_matcher_is_made() -> None:
    with pytest.raises(QueryError):
        Matcher([Topic("t", "T", (), query="(")])
