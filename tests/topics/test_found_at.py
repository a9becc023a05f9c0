"""What is marked is what was matched: no more, no less, and never elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import MatchMode, Topic
from bot.text import flatten_tex
from bot.topics.found_at import spans
from bot.topics.matcher import Matcher
from tests.builders import paper
from tests.topics.test_spelling import SAME

TEXTS = st.text(st.sampled_from("abcesxyzABSαβé²₂^_-– ()[]{}$\\*+İﬁßæ\u0301") | st.characters(), max_size=40)
TERMS = st.text(st.sampled_from("abcesxABSαé²₂-_^ *+İﬁß"), min_size=1, max_size=6)


@pytest.mark.parametrize(("term", "text"), [pair for kind in SAME.values() for pair in kind])
def test_whatever_is_the_same_is_found_where_it_stands(term: str, text: str) -> None:
    flat = flatten_tex(f"On {text}, too")
    found = [flat[start:end] for start, end in spans(term, MatchMode.WORDS, f"On {text}, too")]
    assert found, flat
    assert all(each in flatten_tex(text) for each in found)


@given(TEXTS, TERMS, st.sampled_from(MatchMode), st.sampled_from(["other", "own"]))
def test_a_place_is_found_exactly_where_the_matcher_finds_the_term(
    text: str, term: str, mode: MatchMode, whose: str
) -> None:
    term = (whose == "own" and text[2:5].strip()) or term
    topic = Topic("t", "T", ("cs.CV",), keywords=(term,), match=mode)
    claims = Matcher([topic]).match(paper(title="", abstract=text))
    found = spans(term, mode, text)
    if mode is MatchMode.SUBSTRING:
        assert bool(found) == (term.casefold() in flatten_tex(text).casefold())
    elif not term.endswith("*"):
        assert bool(found) == bool(claims)
    assert list(found) == sorted(found)
    assert all(0 <= start < end <= len(flatten_tex(text)) for start, end in found)
