"""All topics at once give exactly what each topic gives by itself."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.model import Author, MatchMode, Paper, Topic
from bot.topics.matcher import Matcher
from tests.builders import paper
from tests.topics.alone import ReferenceMatcher, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

WORDS = re.split(
    " ",
    "gp gps GP GPS GPs map maps news new bias biases box boxes vision language models Models C++ .NET VLM VLM-based "
    "bia buses bus uses us US class classes case cases cas CAS as gas ga "
    "multi-modal multimodal multi modals Erd\\H{o}s naïve electro electron a AS 学习 s es galaxy Galaxies "
    "supernovae judge of the as-a-judge data sets dataset data-set colour colors "
    "optimise α alpha PHI φ Lyα Lya h² h^2 H2 "
    "H_2 ¹³CO 13CO [OIII] [O III GPT4 GPT 4 w_a w0wa x_{2-y}z x2-yz",
)
AUTHORS = [
    "Ada Byron",
    "A. Byron",
    "byron_a",
    "Byron_Ada",
    "Byron, Ada",
    "Bo Chen",
    "Adrian del Maestro",
    "Jürgen Müller",
    "Byron",
    "Byron Ada",
    "Juergen Mueller",
    "Mac Lane",
    "Sam MacLane",
    "OWL",
    "The OWL Collaboration",
    "García Plaza",
    "Nora García Plaza",
    "Xiao-Lei Chen",
    "Chen Xiaolei",
]
CATEGORIES = ["cs.CV", "cs.LG", "math-ph", "math.MP", "stat.ML"]
IDENTIFIERS = ["2604.00001", "2604.00002", "hep-th/9901001"]

phrases = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
texts = st.lists(
    st.tuples(st.sampled_from(WORDS), st.sampled_from([" ", "-", "–", "\n", "", ", ", "(", "_"])), max_size=8
).map(lambda pairs: "".join(word + separator for word, separator in pairs))

papers = st.builds(
    Paper,
    identifier=st.sampled_from(IDENTIFIERS),
    version=st.integers(1, 2),
    title=texts,
    abstract=texts,
    authors=st.lists(st.sampled_from(AUTHORS), max_size=3).map(lambda names: tuple(map(Author, names))),
    categories=st.lists(st.sampled_from(CATEGORIES), max_size=2, unique=True).map(tuple),
    journal_ref=st.none() | texts,
    comment=st.none() | texts,
)

stars = st.sampled_from(["", "", "*"])
terms = st.one_of(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["", "ti:", "abs:", "all:", "co:", "jr:", "=", "ti:=", "co:="]),
        phrases.map('"{}"'.format),
        stars,
    ),
    st.builds('au:"{}"{}'.format, st.sampled_from([*AUTHORS, "maes", "by"]), stars),
    st.builds("cat:{}".format, st.sampled_from([*CATEGORIES, "math*", "cs.*", "cs.c*", "q*"])),
    st.builds("id:{}{}".format, st.sampled_from([*IDENTIFIERS, "2604.00001v2"]), stars),
    st.just("id:2604*"),
)
bare_terms = st.builds('"{}"{}'.format, phrases, stars)
queries = st.recursive(
    terms,
    lambda inner: st.one_of(
        st.builds("({}{}{})".format, inner, st.sampled_from([" AND ", " OR ", " ANDNOT ", " NOT ", " "]), inner),
        inner.map("NOT {}".format),
        st.builds("{}({} OR NOT {})".format, st.sampled_from(["ti:", "abs:", "all:", ""]), bare_terms, bare_terms),
    ),
    max_leaves=6,
)
some_phrases = st.lists(phrases, max_size=3).map(tuple)
modes = st.sampled_from(MatchMode)
topics = st.one_of(
    st.builds(
        Topic,
        name=st.just(""),
        title=st.just(""),
        categories=st.just(()),
        keywords=some_phrases,
        authors=st.lists(st.sampled_from(AUTHORS), max_size=2).map(tuple),
        exclude=some_phrases | st.just(()),
        match=modes,
    ),
    st.builds(
        Topic,
        name=st.just(""),
        title=st.just(""),
        categories=st.just(()),
        query=queries,
        exclude=some_phrases | st.just(()),
        match=modes,
    ),
)


def named(some: Sequence[Topic]) -> list[Topic]:
    return [replace(topic, name=f"t{place}") for place, topic in enumerate(some)]


def query(text: str, match: MatchMode = MatchMode.WORDS) -> Topic:
    return Topic("", "", (), query=text, match=match)


@settings(max_examples=60, deadline=None)
@given(st.lists(topics, max_size=12), st.lists(papers, min_size=1, max_size=3))
@example([query("box AND (maps OR NOT gp)"), query("NOT NOT box")], [paper(title="Box", abstract="")])
@example([query("cat:cs.CV box"), query("cat:cs.CV (ti:box OR ti:map)")], [paper(title="A Map", abstract="box")])
@example([query("ti:box OR NOT ti:map", MatchMode.SUBSTRING)], [paper(title="A map", abstract="box")])
@example([query("ti:box OR all:box")], [paper(title="A box", abstract="box")])
def test_all_topics_at_once_give_what_each_gives_alone(some: list[Topic], of: list[Paper]) -> None:
    every = named(some)
    matcher = Matcher(every)
    for one in of:
        reference = ((topic.name, ReferenceMatcher(topic).claim(Text(one))) for topic in every)
        assert matcher.match(one) == {name: claim for name, claim in reference if claim is not None}


def test_every_word_is_found_in_the_same_words_alone_and_among_others() -> None:
    every = [Topic(word, "", (), keywords=(word,)) for word in WORDS]
    matcher, reference = Matcher(every), [ReferenceMatcher(topic) for topic in every]
    for word in WORDS:
        text = paper(title=f"On {word}", abstract=f"{word} ON")
        claims = [claim for each in reference if (claim := each.claim(Text(text)))]
        assert matcher.match(text) == {claim.topic: claim for claim in claims}


@settings(max_examples=50, deadline=None)
@given(topics, papers)
def test_a_verdict_is_what_all_topics_at_once_give(topic: Topic, of: Paper) -> None:
    matcher = Matcher([topic])
    verdict = matcher.verdict("", of)
    assert verdict.match == matcher.match(of).get("")
    assert verdict.match is None or (verdict.match.hits, None) == (verdict.wanted, verdict.excluded_by)


def test_a_topic_is_found_by_any_of_its_terms_and_names_all_in_its_own_order() -> None:
    terms = ("maps", "pigeon", "owl", "read maps", "Pigeons")
    found = Matcher([Topic("t", "", (), keywords=terms)]).match(paper(abstract=""))
    assert [hit.term for hit in found["t"].hits] == ["maps", "pigeon", "read maps", "Pigeons"]


def test_what_one_paper_was_answered_is_not_what_the_next_one_is() -> None:
    matcher = Matcher([Topic("t", "", (), keywords=("pigeon", "owl"))])
    both = matcher.match(paper(title="Pigeons and Owls", abstract=""))["t"]
    one = matcher.match(paper(title="Pigeons", abstract=""))["t"]
    again = matcher.match(paper(title="Pigeons and Owls", abstract=""))["t"]
    assert (both, [hit.term for hit in one.hits]) == (again, ["pigeon"])


def test_text_that_does_not_encode_is_searched_too() -> None:
    odd = Topic("t", "", (), keywords=("\ud800b",), match=MatchMode.SUBSTRING)
    assert Matcher([odd]).match(paper(title="A\ud800B", abstract=""))
    assert not Matcher([odd]).match(paper(title="A\ud801B", abstract=""))


def test_a_term_without_anything_to_look_for_is_found_nowhere() -> None:
    assert Matcher([Topic("t", "", (), keywords=("",), match=MatchMode.SUBSTRING)]).match(paper()) == {}
    assert Matcher([Topic("t", "", (), keywords=("",))]).match(paper()) == {}
