from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import AnnounceType, DigestEntry, Hit, Order, Topic
from bot.topics.ranking import rank, reasons
from tests.builders import MONDAY, entry, paper

RELEVANCE = Topic("birds", "Birds", (), authors=("Ada Byron", "Bo Chen"))
LISTING = Topic("birds", "Birds", (), order=Order.LISTING)
TITLE, ABSTRACT, OTHER, AUTHOR = (
    Hit("a", "title"),
    Hit("a", "abstract"),
    Hit("b", "abstract"),
    Hit("Ada Byron", "author"),
)


def identifiers(entries: list[DigestEntry]) -> list[str]:
    return [each.paper.identifier for each in entries]


def test_the_newest_mailing_comes_first_in_either_order() -> None:
    old = entry(paper("1"), mailing_date=MONDAY - timedelta(days=3), hits=[AUTHOR, TITLE])
    new = entry(paper("2"), type=AnnounceType.REPLACE_CROSS, hits=[])
    assert rank(RELEVANCE, [old, new]) == [new, old]
    assert rank(LISTING, [old, new]) == [new, old]


def test_relevance_asks_its_questions_in_turn() -> None:
    ranked = [
        entry(paper("9"), hits=[AUTHOR]),
        entry(paper("8"), hits=[TITLE, OTHER]),
        entry(paper("7"), hits=[TITLE, ABSTRACT]),
        entry(paper("6"), hits=[ABSTRACT, OTHER]),
        entry(paper("4"), hits=[ABSTRACT]),
        entry(paper("5"), hits=[ABSTRACT]),
        entry(paper("3"), hits=[ABSTRACT], type=AnnounceType.CROSS),
        entry(paper("2"), hits=[ABSTRACT], type=AnnounceType.REPLACE),
        entry(paper("1"), hits=[ABSTRACT], type=AnnounceType.REPLACE_CROSS),
        entry(paper("0"), hits=[], type=AnnounceType.NEW),
    ]
    assert identifiers(rank(RELEVANCE, ranked[::-1])) == identifiers(ranked)


def test_an_author_is_followed_where_the_topic_names_one_by_authors_or_by_au() -> None:
    by_byron = entry(paper("2"), hits=[Hit("byron", "author")])
    in_title = entry(paper("1"), hits=[Hit("byron", "title")])
    for query in ("au:byron", "a au:byron", "all:byron OR au:byron", "au:(byron OR chen)"):
        of = Topic("t", "T", (), query=query)
        assert rank(of, [in_title, by_byron]) == [by_byron, in_title]
        assert reasons(of, by_byron) == "by byron, nothing in the title, 1 term, new"


def test_a_term_for_any_field_that_meets_an_author_is_a_term_like_any() -> None:
    by_byron = entry(paper("2"), hits=[Hit("byron", "author")])
    in_title = entry(paper("1"), hits=[Hit("byron", "title")])
    for query in ("byron", "all:byron", "byron OR au:chen"):
        of = Topic("t", "T", (), query=query)
        assert rank(of, [by_byron, in_title]) == [in_title, by_byron]
        assert reasons(of, by_byron) == "nothing in the title, 1 term, new"


@pytest.mark.parametrize("spelled", [["LLM", "LLMs", "llm"], ["VLM", "vlm"], ["box", "boxes"], ["a-b c", "a b C"]])
def test_a_word_that_a_topic_spells_in_several_ways_is_one_term(spelled: list[str]) -> None:
    several = entry(paper("1"), hits=[Hit(term, "title") for term in spelled])
    single = entry(paper("0"), hits=[Hit("owl", "title")])
    assert rank(RELEVANCE, [several, single]) == [single, several]
    assert reasons(RELEVANCE, several) == f"in the title: {spelled[0]}, 1 term, new"


def test_terms_that_may_stand_on_different_words_are_different_in_any_order() -> None:
    for terms in permutations(["GP", "GPS", "GPs"]):
        several = entry(hits=[Hit(term, "abstract") for term in terms])
        assert reasons(RELEVANCE, several) == "nothing in the title, 2 terms, new"
    prefix = entry(hits=[Hit("electron", "abstract"), Hit("electro*", "abstract"), Hit("Electro*", "abstract")])
    assert reasons(RELEVANCE, prefix) == "nothing in the title, 2 terms, new"


def test_what_is_one_term_loses_neither_its_author_nor_its_title() -> None:
    of = Topic("t", "T", (), authors=("Byrons",))
    by_byrons = entry(hits=[Hit("Byron", "title"), Hit("Byrons", "author")])
    assert reasons(of, by_byrons) == "by Byrons, in the title: Byron, 1 term, new"
    assert rank(of, [entry(paper("0"), hits=[TITLE]), by_byrons])[0] == by_byrons


def test_listing_is_arxivs_own_order() -> None:
    ranked = [
        entry(paper("2"), hits=[]),
        entry(paper("4"), hits=[AUTHOR]),
        entry(paper("3"), type=AnnounceType.CROSS),
        entry(paper("1"), type=AnnounceType.REPLACE),
        entry(paper("0"), type=AnnounceType.REPLACE_CROSS),
    ]
    assert identifiers(rank(LISTING, ranked[::-1])) == identifiers(ranked)


def test_the_reasons_of_a_rank_are_given_in_the_order_in_which_they_count() -> None:
    followed = entry(hits=[TITLE, ABSTRACT, Hit("Bo Chen", "author"), AUTHOR], type=AnnounceType.CROSS)
    assert reasons(RELEVANCE, followed) == "by Bo Chen and Ada Byron, in the title: a, 3 terms, cross"
    assert reasons(RELEVANCE, entry(hits=[ABSTRACT, ABSTRACT])) == "nothing in the title, 1 term, new"
    assert reasons(RELEVANCE, entry(hits=[])) == "nothing in the title, 0 terms, new"
    assert reasons(LISTING, followed) == "cross"


@given(
    st.lists(st.sampled_from([TITLE, ABSTRACT, OTHER, AUTHOR]), unique=True),
    st.lists(st.sampled_from([TITLE, ABSTRACT, OTHER, AUTHOR]), unique=True),
)
def test_where_the_rank_differs_the_reasons_differ(some: list[Hit], others: list[Hit]) -> None:
    one, other = entry(paper("1"), hits=some), entry(paper("1"), hits=others)
    if rank(RELEVANCE, [one, other]) != rank(RELEVANCE, [other, one])[::-1]:
        assert reasons(RELEVANCE, one) != reasons(RELEVANCE, other)


@given(st.permutations([entry(paper(str(n)), type=kind) for n, kind in enumerate([*AnnounceType, *AnnounceType])]))
def test_the_order_of_the_input_does_not_matter(entries: list[DigestEntry]) -> None:
    assert rank(RELEVANCE, entries) == rank(RELEVANCE, entries[::-1])
    assert rank(LISTING, entries) == rank(LISTING, entries[::-1])
