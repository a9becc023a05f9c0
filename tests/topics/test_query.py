from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import QueryError
from bot.model import Topic
from bot.topics.query import ALL, And, Node, Not, Or, Term, from_topic, parse


def anywhere(text: str) -> Term:
    return Term(text, ALL)


A, B, C, D = map(anywhere, "abcd")


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("a", A),
        ("all:a", A),
        ("(a)", A),
        ("ti:a", Term("a", ("title",))),
        ('ti:"a b"', Term("a b", ("title",))),
        ("abs:a co:b", And((Term("a", ("abstract",)), Term("b", ("comment",))))),
        ("au:del_maestro", Term("del_maestro", ("author",))),
        ("cat:cs.CV", Term("cs.CV", ("category",))),
        ('jr:"Pigeon Letters"', Term("Pigeon Letters", ("journal_ref",))),
        ("id:2604.00001", Term("2604.00001", ("id",))),
        ("electro*", Term("electro", ALL, prefix=True)),
        ('ti:"deep lear"*', Term("deep lear", ("title",), prefix=True)),
        ("a AND b", And((A, B))),
        ("a b", And((A, B))),
        ("a OR b", Or((A, B))),
        ("a ANDNOT b", And((A, Not(B)))),
        ("a NOT b", And((A, Not(B)))),
        ("NOT a", Not(A)),
        ("a OR b AND c", Or((A, And((B, C))))),
        ("(a OR b) c", And((Or((A, B)), C))),
        ("a OR b c ANDNOT (d OR NOT a)", Or((A, And((B, C, Not(Or((D, Not(A))))))))),
        ("ANDROID ORB NOTE", And((anywhere("ANDROID"), anywhere("ORB"), anywhere("NOTE")))),
        ('"AND"', anywhere("AND")),
        ("C++ self-play", And((anywhere("C++"), anywhere("self-play")))),
        ("https://a.example", anywhere("https://a.example")),
        ("ti:“a b” „c“ ‟d”", And((Term("a b", ("title",)), C, D))),
        ("cat:CS.cv", Term("CS.cv", ("category",))),
        ("cat:math.MP", Term("math.MP", ("category",))),
        ("cat:cs.*", Term("cs.", ("category",), prefix=True)),
        ("cat:stat.T*", Term("stat.T", ("category",), prefix=True)),
        ("cat:hep*", Term("hep", ("category",), prefix=True)),
    ],
)
def test_a_query_is_read_as_arxiv_reads_it(query: str, tree: Node) -> None:
    assert parse(query) == tree


@pytest.mark.parametrize(
    ("query", "message", "column"),
    [
        ("", "the query is empty", 1),
        ("  ", "the query is empty", 1),
        ("a AND", "something to look for at the end", 6),
        ("AND a", "something to look for before AND", 1),
        ("a OR OR b", "something to look for before OR", 6),
        ("a ANDNOT )", "a parenthesis was never opened", 10),
        ("a ()", "something to look for before )", 4),
        ("a (b", "a parenthesis is not closed", 3),
        ('"(" a)', "a parenthesis was never opened", 6),
        ('ti:"a', "a quote is not closed", 4),
        ("a tit:b", "unknown field tit: did you mean ti: ?", 3),
        ("title:b", "unknown field title: did you mean ti: ?", 1),
        ("a std::vector", "unknown field std: there are ti, abs, au, cat, co, jr, id and all; a colon", 3),
        ("ti:", "ti: says nothing to look for", 1),
        ('a ti:" "', 'ti:" " says nothing to look for', 3),
        ("a *", "* says nothing to look for", 3),
        ("a & b", "& says nothing to look for", 3),
        ("a ti:“—”", 'ti:"—" says nothing to look for', 3),
        ("a “b", "a quote is not closed", 3),
        ("a cat:cs.CVV", "unknown category cs.CVV: did you mean cs.CV?", 3),
        ("cat:cs", "unknown category cs: did you mean cs.*?", 1),
        ("a OR cat:xx.*", "unknown category xx.*", 6),
        ("cat:cs.CVV*", "unknown category cs.CVV*: did you mean cs.*?", 1),
        ("a and b", 'and is a word here: write AND, or "and"', 3),
        ("(" * 100 + "a" + ")" * 100, "too deeply nested", 1),
        ("NOT " * 2000 + "a", "too deeply nested", 1),
    ],
)
def test_what_is_wrong_is_said_with_its_column(query: str, message: str, column: int) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert message in caught.value.message
    assert caught.value.column == column
    assert len(caught.value.query) == len(query)


@given(
    st.text()
    | st.lists(st.sampled_from(["a", "ti:", '"', "(", ")", " ", "AND", "OR", "NOT", "*", "b c"])).map("".join)
)
def test_any_text_is_a_tree_or_an_error_within_it(query: str) -> None:
    try:
        tree = parse(query)
    except QueryError as error:
        assert 1 <= error.column <= len(query) + 1  # noqa: PT017 - either outcome is right
    else:
        assert isinstance(tree, Node)


def test_keywords_and_authors_are_sugar_for_one_or() -> None:
    topic = Topic("t", "T", (), keywords=("VLM",), authors=("Ada Byron",), exclude=("medical", "legal"))
    wanted = Or((Term("VLM", ("title", "abstract")), Term("Ada Byron", ("author",))))
    excluded = Or((Term("medical", ("title", "abstract")), Term("legal", ("title", "abstract"))))
    assert from_topic(topic) == (wanted, excluded)


def test_a_query_stands_for_itself_and_is_excluded_from_too() -> None:
    assert from_topic(Topic("t", "T", (), query="ti:a", exclude=("b",))) == (Term("a", ("title",)), Or((Term("b"),)))
    assert from_topic(Topic("t", "T", (), query="ti:a")) == (Term("a", ("title",)), None)


def test_a_topic_without_terms_wants_everything() -> None:
    assert from_topic(Topic("t", "T", ("cs.CV",))) == (None, None)


def test_a_broken_query_of_a_topic_is_an_error() -> None:
    with pytest.raises(QueryError, match="a quote is not closed"):
        from_topic(Topic("t", "T", (), query='"'))
