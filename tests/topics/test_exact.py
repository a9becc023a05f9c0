from __future__ import annotations

import pytest

from bot.model import MatchMode, Topic
from bot.topics.exact import as_written, stands_at
from bot.topics.matcher import Matcher
from tests.builders import paper


def finds(keyword: str, text: str) -> bool:
    topic = Topic("t", "T", (), keywords=(keyword,), match=MatchMode.EXACT)
    return bool(Matcher([topic]).match(paper(title=text, abstract="")))


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("GPS", "GPS-based maps"),
        ("supernova", "Supernova remnants"),
        ("visual grounding", "Visual Grounding of Owls"),
        ("visual grounding", "visual-grounding"),
        ("Hubble constant", "The Hubble Constant"),
        ("colour", "On colour."),
        ("C++", "C++11"),
        ("Erdős", "An Erd\\H{o}s Problem"),
        ("naïve", "NAÏVE"),
        ("İzmir", "İzmir"),
    ],
)
def test_the_letters_are_found(keyword: str, text: str) -> None:
    assert finds(keyword, text)


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("GPS", "GPs and kernels"),
        ("GPs", "GPS tracking"),
        ("GP", "GPs"),
        ("supernova", "supernovae"),
        ("galaxy", "galaxies"),
        ("colour", "color"),
        ("fine-tuning", "finetuning"),
        ("finetuning", "fine-tuning"),
        ("Lyα", "Lya"),
        ("MoS2", "MoS$_2$"),
        ("Erdos", "An Erdős Problem"),
        ("SAM", "Sam the owl"),
        ("AI", "maintain"),
        ("-", "a - b"),
    ],
)
def test_no_others_are(keyword: str, text: str) -> None:
    assert not finds(keyword, text)


def test_one_term_of_a_query_may_be_exact_and_the_others_not() -> None:
    matcher = Matcher([Topic("t", "T", (), query='=GP OR "gray owl"')])
    assert matcher.match(paper(title="Grey Owls"))
    assert matcher.match(paper(title="A GP"))
    assert not matcher.match(paper(title="GPs"))


def test_a_topic_s_exclusions_are_exact_too() -> None:
    matcher = Matcher([Topic("t", "T", (), exclude=("owl",), match=MatchMode.EXACT)])
    assert matcher.match(paper(title="Owls", abstract=""))
    assert not matcher.match(paper(title="Owl", abstract=""))


def test_how_a_word_begins_may_be_exact() -> None:
    assert stands_at("GP", 2, as_written("A GPS"), prefix=True)
    assert not stands_at("GP", 2, as_written("A GPS"), prefix=False)
