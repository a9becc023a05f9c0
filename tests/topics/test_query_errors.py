from __future__ import annotations

import pytest

from bot.topics.query_errors import only_in_a_query


@pytest.mark.parametrize(
    ("keyword", "sign"),
    [
        ("segment*", "*"),
        ("visual ground* here", "*"),
        ('"visual grounding"', "quotes"),
        ("“visual grounding”", "quotes"),
        ("'visual grounding'", "quotes"),
        ("foo AND bar", "AND"),
        ("(foo OR bar)", "OR"),
        ("NOT foo", "NOT"),
        ("foo ANDNOT bar", "ANDNOT"),
        ("ti:foo", "ti:"),
        ('foo abs:"a b"', "abs:"),
    ],
)
def test_a_keyword_that_is_written_as_a_query_is_known_by_what_only_a_query_has(keyword: str, sign: str) -> None:
    assert only_in_a_query(keyword) == sign


@pytest.mark.parametrize(
    "keyword",
    [
        "RRT*",
        "C*-algebra",
        "A* search",
        "T2* map",
        "5'-UTR",
        "'t Hooft",
        'a 7" screen',
        "AND gate",
        "cs.CV",
        "anti:body",
    ],
)
def test_a_keyword_that_means_what_it_says_is_not_taken_for_a_query(keyword: str) -> None:
    assert only_in_a_query(keyword) == ""


def test_no_author_s_name_has_a_star() -> None:
    assert (only_in_a_query("Wang L*"), only_in_a_query("Wang L*", author=True)) == ("", "*")
    assert only_in_a_query("O'Brien", author=True) == ""
