from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import QueryError
from bot.model import MatchMode, Topic
from bot.topics.fields import FIELDS
from bot.topics.query import ALL, EVERYTHING, NOTHING, And, Node, Not, Or, Term, followed, from_topic, parse, spelled


def anywhere(text: str) -> Term:
    return Term(text, ALL)


def in_title(text: str, *, prefix: bool = False) -> Term:
    return Term(text, ("title",), prefix)


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
        ("=GPs", Term("GPs", ALL, mode=MatchMode.EXACT)),
        ('ti:="fine tuning"', Term("fine tuning", ("title",), mode=MatchMode.EXACT)),
        (
            'ti:(=GP OR ="C*")',
            Or((in_title("GP")._replace(mode=MatchMode.EXACT), in_title("C*")._replace(mode=MatchMode.EXACT))),
        ),
        ("=GP*", Term("GP", ALL, prefix=True, mode=MatchMode.EXACT)),
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
        (
            "C++11 A+B 1,000 L^2 [OIII] ~foo",
            And(tuple(map(anywhere, ("C++11", "A+B", "1,000", "L^2", "[OIII]", "~foo")))),
        ),
        ("ti:“a b” „c“ ‟d”", And((Term("a b", ("title",)), C, D))),
        ("cat:CS.cv", Term("CS.cv", ("category",))),
        ("cat:math.MP", Term("math.MP", ("category",))),
        ("cat:cs.*", Term("cs.", ("category",), prefix=True)),
        ("cat:stat.T*", Term("stat.T", ("category",), prefix=True)),
        ("cat:Q*", Term("Q", ("category",), prefix=True)),
        ("cat:alg-*", Term("alg-", ("category",), prefix=True)),
        ("cat:hep*", Term("hep", ("category",), prefix=True)),
        ("id:2604.00001v2", Term("2604.00001v2", ("id",))),
        ("id:arXiv:2604.00001", Term("2604.00001", ("id",))),
        ("id:https://arxiv.org/abs/2604.00001v2", Term("2604.00001v2", ("id",))),
        ("id:math.GT/0309136", Term("math/0309136", ("id",))),
        ("id:2604.*", Term("2604.", ("id",), prefix=True)),
        ("C*-algebra", anywhere("C*-algebra")),
        ('"RRT*" AND "T2* map" AND "C*"', And((anywhere("RRT*"), anywhere("T2* map"), anywhere("C*")))),
        ('"nuclear C*-algebra" "f*g"', And((anywhere("nuclear C*-algebra"), anywhere("f*g")))),
        ('"all you need?"', anywhere("all you need?")),
        ("Hubbard's 't", And((anywhere("Hubbard's"), anywhere("'t")))),
        ("'t Hooft models'", And((anywhere("'t"), anywhere("Hooft"), anywhere("models'")))),
        ("au:'t_Hooft '80s", And((Term("'t_Hooft", ("author",)), anywhere("'80s")))),
        ("\"it is 'so' here\"", anywhere("it is 'so' here")),
        ('"XOR" "ti=a" ":b" "SU(3)"', And((anywhere("XOR"), anywhere("ti=a"), anywhere(":b"), anywhere("SU(3)")))),
        ('ti:XOR NOT(a)OR(b)AND"c"', Or((And((in_title("XOR"), Not(A))), And((B, C))))),
        ("a**", Term("a", ALL, prefix=True)),
        ("ti:and OR ti:AND", Or((Term("and", ("title",)), Term("AND", ("title",))))),
        ('"-b" AND "!c" AND "*d"', And((anywhere("-b"), anywhere("!c"), anywhere("*d")))),
        ('"a%20b" "a+AND+b"', And((anywhere("a%20b"), anywhere("a+AND+b")))),
        ("（a\u3000OR　ti：＂a b＂）", Or((A, Term("a b", ("title",))))),
        ("a\n\tOR\r\nb", Or((A, B))),
    ],
)
def test_a_query_is_read_as_arxiv_reads_it(query: str, tree: Node) -> None:
    assert parse(query) == tree
    assert parse(spelled(tree)) == tree, "a tree is spelled as a query that means the same"


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("ti:(a)", in_title("a")),
        ('ti:(vision OR "large language")', Or((in_title("vision"), in_title("large language")))),
        ("ti: (a b*) c", And((And((in_title("a"), in_title("b", prefix=True))), C))),
        ("ti:(a ANDNOT (b OR NOT c))", And((in_title("a"), Not(Or((in_title("b"), Not(in_title("c")))))))),
        ("NOT ti:(a b)", Not(And((in_title("a"), in_title("b"))))),
        ("a ANDNOT ti:((b))", And((A, Not(in_title("b"))))),
        ("ti:(a)OR(b)", Or((in_title("a"), B))),
        ("all:(a b)", And((A, B))),
        ("cat:(cs.CV OR cs.*)", Or((Term("cs.CV", ("category",)), Term("cs.", ("category",), prefix=True)))),
        ("id:(2604.00001)", Term("2604.00001", ("id",))),
        ('au:("Ada Byron" OR chen_b)', Or((Term("Ada Byron", ("author",)), Term("chen_b", ("author",))))),
    ],
)
def test_a_field_before_parentheses_is_the_field_of_every_term_inside(query: str, tree: Node) -> None:
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
        ("a cat:xx*", "unknown category xx*", 3),
        ("cat:(cs.CV OR hepp*)", "unknown category hepp*", 15),
        ("cat:hep-th.*", "unknown category hep-th.*", 1),
        ("cat:quant", "unknown category quant: did you mean quant-ph?", 1),
        ("a and b", 'and is a word here: write AND, or "and"', 3),
        ("a And b", 'And is a word here: write AND, or "And"', 3),
        ("ti:(a OR abs:b)", "abs: inside of ti:(...): leave abs: away, or take it out of the parentheses", 10),
        ("ti:(a OR ti:b)", "ti: inside of ti:(...)", 10),
        ("all:(a OR (ti:b))", "ti: inside of all:(...)", 12),
        ("ti:(a abs:(b))", "abs: inside of ti:(...)", 7),
        ("ti:(a tit:b)", "unknown field tit: did you mean ti: ?", 7),
        ("a title:(b)", "unknown field title: did you mean ti: ?", 3),
        ("ti:()", "something to look for before )", 5),
        ("ti:(a", "a parenthesis is not closed", 4),
        ("ti:(a cat:cs.CVV)", "cat: inside of ti:(...)", 7),
        ("cat:(cs.CV OR cs.CVV)", "unknown category cs.CVV: did you mean cs.CV?", 15),
        ("a ti: b", "ti: says nothing to look for; no blank stands after a colon", 3),
        ("(a) (b", "a parenthesis is not closed", 5),
        ("(a)) OR (b)", "a parenthesis was never opened", 4),
        ("a) OR (b", "a parenthesis was never opened", 2),
        ("a\n  title:b", "unknown field title", 5),
        ("a\n\n OR", "something to look for at the end", 7),
        ("a\nOR\tOR b", "something to look for before OR", 6),
        ("\t𝔸🕊 ti:", "ti: says nothing", 5),
        ("a -b", '-b excludes nothing: write NOT before it, or "-b"', 3),
        ("a ti:!b", '!b excludes nothing: write NOT before it, or "!b"', 3),
        ("a *b", '*b begins with a *, which only stands at an end: write "*b" if it is meant', 3),
        ("au:del_maestro+AND+ti:owl", "encoded for a URL", 1),
        ("a ti:%22visual+grounding%22", "encoded for a URL", 3),
        ('a ti:\\"b c\\"', "a quote takes no backslash", 6),
        ('au:M\\"uller', "an accent is written as in ü", 5),
        ('a ti:"ground*"', 'a * stands after the last quote: write "ground"*', 13),
        ('au:"Wang L*"', 'write "Wang L"*', 11),
        ('"vis* grounding"', "a * stands only at the end of a word, ground*, or after the last quote", 5),
        ("ti:gro*nd", "a * stands only at the end of a word", 7),
        ("a ti:foo*bar*", "a * stands only at the end of a word", 9),
        ("f*g", "a * stands only at the end of a word", 2),
        ("au:(w*g)", "a * stands only at the end of a word", 6),
        ("ti:ground?", "a ? stands for no letter: a * stands only at the end of a word", 10),
        ("a ti:gr?und", "a ? stands for no letter", 8),
        ("a 'visual grounding'", 'a phrase stands in double quotes: "..."', 3),
        ("ti:‘x y’ b", "a phrase stands in double quotes", 4),
        ("(`x' OR b)", "a phrase stands in double quotes", 2),
        ("``x y''", "a phrase stands in double quotes", 1),
        ("a ti :foo", "no blank stands before a colon: write ti:foo", 6),
        ("a ti : foo", "no blank stands before a colon: write ti:", 6),
        ("(abs :(a b))", "no blank stands before a colon: write abs:", 6),
        ("std ::vector", "no field stands before this", 5),
        ("a ti=foo", "a colon stands after a field: write ti:foo", 3),
        ('ti="a b"', "a colon stands after a field: write ti:", 1),
        ("ti;foo", "a colon stands after a field: write ti:foo", 1),
        ("a =", "= says nothing to look for", 3),
        ("a au:=byron", "a = is for words, not for au: leave it away", 3),
        ('ti:="gro*nd here"', "a * stands only at the end of a word", 9),
        ("all:machine+learning", 'a + joins no words: write all:"machine learning"', 1),
        ("a machine+deep+learning", 'write "machine deep learning"', 3),
        ("ti:owl,pigeon", "a , joins no words: write ti:(owl OR pigeon)", 1),
        ("owl|pigeon", "write (owl OR pigeon)", 1),
        ("a RAG~2", "~2 finds nothing similar: leave it away, or write RAG*", 3),
        ("ti:owl~", "~ finds nothing similar", 1),
        ("ti:^foo", "^ means nothing here: leave it away", 1),
        ("owl^2.5", "^2.5 means nothing here: leave it away", 1),
        ("+owl", "+owl is there anyway if no OR stands beside it: write owl", 1),
        ("ti:[a TO b]", "there are no ranges", 4),
        ("a submittedDate:[202601010000 TO 202602010000]", "there are no ranges", 17),
        ("a submittedDate:2026", "there is no submittedDate: here: a topic reads the mailings", 3),
        ("lastupdateddate:2026", "`paperboy search --days N`", 1),
        ("a rn:CERN-1", "there is no rn: here: no feed brings report numbers", 3),
        ("doi:10.1000/1", "there is no doi: here: no feed brings DOIs in time: look for the paper by id:", 1),
        ("a doi:(b)", "there is no doi: here", 3),
        ("a ti::foo", "one colon stands after a field: write ti:foo", 3),
        ("ti:abs:foo", "one field stands before a word: write ti: or abs:", 1),
        ("ti:abs:(a b)", "one field stands before a word: write ti: or abs:", 1),
        ("foo XOR bar", "there is no XOR: write (a OR b) ANDNOT (a AND b)", 5),
        ("foo AND-NOT bar", 'AND-NOT is a word here: write ANDNOT, or "AND-NOT"', 5),
        ("foo and_not bar", "write ANDNOT", 5),
        ("foo and not bar", 'and is a word here: write ANDNOT, or "and"', 5),
        ("foo and notes", "write AND,", 5),
        ('a "foo"bar', "no blank stands before bar: put all that belongs together in one pair of quotes", 8),
        ('"foo"*bar', "no blank stands before bar", 7),
        ('"foo""bar"', 'no blank stands after "foo": put all of it in quotes', 1),
        ('ti:foo"bar baz"', "no blank stands after ti:foo: put all of it in quotes", 1),
        ("a SU(3)", 'no blank stands after SU: put all of it in quotes, "SU(3)"', 3),
        ("ti:SU(3)-bundle", 'no blank stands after ti:SU: put all of it in quotes, ti:"SU(3)-bundle"', 1),
        ("O(n log n)", 'put all of it in quotes, "O(n log n)"', 1),
        ("a (1+1)d", "no blank stands before d", 8),
        ("ti:(a SU(3))", 'put all of it in quotes, "SU(3)"', 7),
        ("SU(a (b))", "no blank stands after SU: put all of it in quotes", 1),
        ('a -"b c"', "- excludes nothing: write NOT instead", 3),
        ("a !(b c)", "! excludes nothing: write NOT instead", 3),
        ("a id:2604.1", "not an arXiv identifier: '2604.1'", 3),
        ("(" * 100 + "a" + ")" * 100, "too deeply nested", 100),
        ('(a) "(b" ' + "(" * 100 + '"(c" d' + ")" * 100 + " (e)", "too deeply nested", 109),
        ("(a) " + "ti:(" + "(" * 100 + "b" + ")" * 101, "too deeply nested", 108),
        ("NOT " * 2000 + "a", "too deeply nested", 4 * 1999 + 1),
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
    | st.lists(
        st.sampled_from(["a", "ti:", '"', "(", ")", " ", "AND", "OR", "NOT", "*", "b c", ":", "'", "?", "="])
    ).map("".join)
)
def test_any_text_is_a_tree_or_an_error_within_it(query: str) -> None:
    try:
        tree = parse(query)
    except QueryError as error:
        assert 1 <= error.column <= len(query) + 1  # noqa: PT017 - either outcome is right
    else:
        assert isinstance(tree, Node)


FIELD_OF = {fields: f"{prefix}:" for prefix, field in FIELDS.items() for fields in [(field,)]} | {ALL: ""}


def written(node: Node) -> str:
    """A tree as a query, with parentheses around whatever is joined."""
    match node:
        case Term(text, fields, prefix):
            return f'{FIELD_OF[fields]}"{text}"{"*" if prefix else ""}'
        case Not(inner):
            return f"NOT {written(inner)}"
        case And(nodes):
            return f"({' AND '.join(map(written, nodes))})"
        case Or(nodes):
            return f"({' OR '.join(map(written, nodes))})"


words = st.text(st.characters(exclude_characters='"“”„‟＂\\*'), min_size=1)
terms = st.builds(
    Term,
    text=words.filter(lambda text: any(map(str.isalnum, text)) and text.isprintable()).map(str.strip),
    fields=st.sampled_from([ALL, *((FIELDS[prefix],) for prefix in ("ti", "abs", "co", "jr"))]),
    prefix=st.booleans(),
)
terms |= st.builds(Term, st.sampled_from(["cs.CV", "math-ph"]), st.just(("category",)))
terms |= st.builds(Term, st.sampled_from(["Ada Byron", "byron_a", "'t Hooft"]), st.just(("author",)))
trees = st.recursive(
    terms,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple))
        | st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=8,
)


@given(trees)
def test_a_tree_that_is_written_as_a_query_is_read_as_that_tree(tree: Node) -> None:
    query = written(tree)
    plain = query.translate(str.maketrans("（）：", "():"))
    assert written(parse(query)) == plain


@given(
    st.recursive(
        words.map(lambda text: in_title(f"a{text.strip()}")),
        lambda inner: st.builds(Not, inner) | st.builds(Or, st.tuples(inner, inner)),
    )
)
def test_a_field_may_stand_before_the_whole_or_before_each_term(tree: Node) -> None:
    each = written(tree)
    assert parse(f"ti:({each.replace('ti:', '')})") == parse(each)


def test_keywords_and_authors_are_sugar_for_one_or() -> None:
    topic = Topic("t", "T", (), keywords=("VLM",), authors=("Ada Byron",), exclude=("medical", "legal"))
    wanted = Or((Term("VLM", ("title", "abstract")), Term("Ada Byron", ("author",))))
    excluded = Or((Term("medical", ("title", "abstract")), Term("legal", ("title", "abstract"))))
    assert from_topic(topic) == (wanted, excluded)


def test_a_query_stands_for_itself_and_is_excluded_from_too() -> None:
    assert from_topic(Topic("t", "T", (), query="ti:a", exclude=("b",))) == (Term("a", ("title",)), Or((Term("b"),)))
    assert from_topic(Topic("t", "T", (), query="ti:a")) == (Term("a", ("title",)), NOTHING)


def test_a_topic_without_terms_wants_everything() -> None:
    assert from_topic(Topic("t", "T", ("cs.CV",))) == (EVERYTHING, NOTHING)


def test_a_topic_s_mode_is_that_of_all_its_terms() -> None:
    mode = MatchMode.SUBSTRING
    of = Topic("t", "T", (), query="a OR NOT b", exclude=("c",), match=mode)
    assert from_topic(of) == (Or((A._replace(mode=mode), Not(B._replace(mode=mode)))), Or((Term("c", mode=mode),)))


def test_whom_a_topic_follows_it_names_by_authors_or_by_au() -> None:
    assert followed(Topic("t", "T", (), keywords=("owl",), authors=("Ada Byron",))) == {"Ada Byron"}
    assert followed(Topic("t", "T", (), query="au:(byron OR ch*) ti:owl all:dee")) == {"byron", "ch*"}


def test_a_broken_query_of_a_topic_is_an_error() -> None:
    with pytest.raises(QueryError, match="a quote is not closed"):
        from_topic(Topic("t", "T", (), query='"'))
