from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text import normalise
from bot.topics.found_as import found_as
from tests.topics.test_spelling import SAME

KINDS = ("a plural of Latin or Greek", "British and American", "Greek letters and their names", "small words")


@pytest.mark.parametrize(
    ("term", "text", "said"),
    [
        ("dwarf galaxy", "On (dwarf galaxies).", '"dwarf galaxies", plural'),
        ("colour", "Color and shape", '"Color", British or American'),
        ("colour", "Colors", '"Colors", British or American'),
        ("colour theory", "color theories", '"color theories", British or American and plural'),
        ("fine-tuning", "by finetuning it", '"finetuning", joined or split'),
        ("[O III]", "The [OIII] line", '"[OIII]", joined or split'),
        ("w0waCDM", "of $w_0w_a$CDM here", '"w₀w_aCDM", subscript or superscript'),
        ("Lyα", "a Ly-alpha line", '"Ly-alpha", Greek letter and joined or split'),
        ("Lyα", "a Lya line", '"Lya", Greek letter'),
        ("LLM-as-a-judge", "LLM as judge", '"LLM as judge", article'),
        ("sim2real", "sim-to-real", '"sim-to-real", joined or split'),
    ],
)
def test_the_rule_is_named_with_what_it_found(term: str, text: str, said: str) -> None:
    assert found_as(term, text) == said


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("visual grounding", "Visual-Grounding"),
        ("galaxy", "Galaxies and a galaxy"),
        ("VLM", "Small VLMs"),
        ("boxes", "a box"),
        ("MoS2", "MoS$_2$"),
        ("Erdos", "Erdős"),
        ("owl", "no bird"),
        ("-", "a - b"),
    ],
)
def test_nothing_is_said_where_no_rule_is_needed(term: str, text: str) -> None:
    assert found_as(term, text) == ""


@pytest.mark.parametrize(("term", "text"), [pair for kind in KINDS for pair in SAME[kind]])
def test_whatever_a_rule_finds_is_named(term: str, text: str) -> None:
    assert (
        found_as(term, f"On {text}, too.") or normalise(term) in normalise(text) or normalise(text) in normalise(term)
    )


@given(st.text(), st.text())
def test_any_text_can_be_asked(term: str, text: str) -> None:
    assert isinstance(found_as(term, text), str)
