"""The sentence that says what a paper does, in the kinds of English in which authors say it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text import contribution, sentences

BEFORE = "Bells have rung for ages. Existing bells are often too loud. "
AFTER = " It rings at noon. Experiments show that ours is 3 dB softer."


def chosen(abstract: str, title: str = "") -> str | None:
    place = contribution(abstract, title)
    return next((abstract[begin:end] for begin, end in sentences(abstract) if begin == place), None)


@pytest.mark.parametrize(
    "sentence",
    [
        "We propose a bell of glass.",
        "We here present, for the first time, a bell of glass.",
        "To this end, we first introduce glass bells.",
        "Here we show that glass rings.",
        "Here, we measure the tone of 40 bells.",
        "In this paper, the tone of glass bells is studied.",
        "This work surveys the tones of bells.",
        "To close this gap, this study offers a list of bells.",
        "The present article gives a list of bells.",
        "Our paper describes a bell.",
        "The aim of this note is to list all bells.",
        "I prove that no bell is silent.",
        "Motivated by this, we put glass into a mould and introduce the bell of sand.",
        "Objective: To describe a bell in daily use.",
        "A measurement of the tone of 40 bells is reported.",
        "It is shown that every tone is that of a bell.",
        "Spectra of 40 bells were measured at 4 K, i.e. below those of H. Bellman et al. and of Fig. 2.",
        "We evaluate 40 bells in 3 towers.",
        "Glasbell is a framework that tunes bells.",
    ],
)
def test_what_the_authors_say_of_their_own_work_is_found(sentence: str) -> None:
    assert chosen(BEFORE + sentence + AFTER, "Glasbell: Bells of Glass") == sentence


@pytest.mark.parametrize(
    "others",
    [
        "Several bells were proposed.",
        "Glass was introduced by Bellman et al. in 1999.",
        "Bells have been studied for ages.",
        "Tones are often measured at noon.",
        "This is the bell that we propose to keep.",
        "Can we hear glass?",
        "If it rings, I will give you fifty bells.",
        "We hope that bells ring again.",
        "We release our code at https://bells.example.",
        "Our code and data are publicly available.",
    ],
)
def test_a_sentence_of_others_or_of_what_comes_after_does_not_stand_for_the_paper(others: str) -> None:
    plain = "We build a tower of 40 bells."
    assert chosen(f"{others} {plain}") == plain
    assert chosen(f"{plain} {others}") == plain


def test_the_plainest_sentence_wins_over_an_earlier_one() -> None:
    abstract = "We observe that existing bells are loud. We also present a hat. In this work, we present a bell."
    assert chosen(abstract) == "In this work, we present a bell."


def test_where_nothing_is_said_of_the_paper_nothing_is_found() -> None:
    assert contribution("Bells are old. Several were proposed. They ring.") is None
    assert contribution("") is None


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("By H. Bellman et al. in Fig. 3 and Eqs. 4, e.g. in the U.S. Navy.", 1),
        ("See Bellman et al. We go on.", 2),
        ("It is 3.5 dB. Is it? Yes! “No.” So be it.", 5),
        ("iBell rings. iBell rings again.", 1),
        ("One sentence without an end", 1),
    ],
)
def test_sentences_end_where_a_reader_sees_their_end(text: str, count: int) -> None:
    assert len(list(sentences(text))) == count


@given(st.text(alphabet="Wwe .!?\n()AFigproposetal,:", max_size=120), st.text(max_size=30))
def test_sentences_cover_every_text_in_order_and_the_place_found_is_the_beginning_of_one(
    text: str, title: str
) -> None:
    spans = list(sentences(text))
    covered = "".join(text[begin:end] for begin, end in spans)
    assert "".join(covered.split()) == "".join(text.split())
    assert all(begin < end for begin, end in spans)
    place = contribution(text, title)
    assert place is None or place in {begin for begin, _ in spans}
