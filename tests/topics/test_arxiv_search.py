from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.topics.arxiv_search import PRECEDENCE, SIDE_BY_SIDE, STEMMED, read_otherwise


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("a AND b OR c", (PRECEDENCE,)),
        ("a ANDNOT b OR c", (PRECEDENCE,)),
        ("a OR (b AND c OR d)", (PRECEDENCE,)),
        ("a b", (SIDE_BY_SIDE,)),
        ('ti:"a b" abs:c', (SIDE_BY_SIDE,)),
        ("(a OR b) c", (SIDE_BY_SIDE,)),
        ("a (b OR c)", (SIDE_BY_SIDE,)),
        ("ti:(a b)", (SIDE_BY_SIDE,)),
        ("ti:study", (STEMMED,)),
        ("a b AND c OR ti:study", (SIDE_BY_SIDE, PRECEDENCE, STEMMED)),
    ],
)
def test_what_arxiv_reads_otherwise_is_said(query: str, said: tuple[str, ...]) -> None:
    assert read_otherwise(query) == said


@pytest.mark.parametrize(
    "query",
    [
        "a",
        "a AND b",
        "a OR b",
        "a OR b AND c",
        "(a AND b) OR c",
        "a ANDNOT b",
        "NOT a",
        '"a b AND c OR d"',
        "ti:stud*",
        "ti:(a)",
    ],
)
def test_what_both_read_the_same_is_not(query: str) -> None:
    assert read_otherwise(query) == ()


@given(st.text())
def test_any_text_can_be_asked(query: str) -> None:
    assert isinstance(read_otherwise(query), tuple)
