"""Topics that readers write: judged as the configuration judges its own, and bounded."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.members.own_topics import LONGEST_TERM, LONGEST_TITLE, MOST_TERMS, read_terms, read_topic
from bot.members.values import Refusal, Refused
from bot.model import Topic
from bot.web.forms import MOST_BYTES

MAPS = {"title": "Maps", "categories": ["cs.CV", "q-bio.NC"], "keywords": ["map"], "exclude": ["road"]}


def problems(wanted: dict[str, Any]) -> list[str]:
    found = read_topic(wanted, ("topics", 0))
    assert isinstance(found, Refused)
    assert found.why is Refusal.WORDS
    return [f"{problem.path}: {problem.message}" for problem in found.problems]


def test_a_topic_is_read_as_the_yaml_would_be() -> None:
    assert read_topic(MAPS) == Topic("", "Maps", ("cs.CV", "q-bio.NC"), ("map",), ("road",))


def test_what_was_left_empty_in_the_form_was_not_said() -> None:
    assert read_topic({**MAPS, "query": "", "authors": [], "exclude": None}) == Topic(
        "", "Maps", ("cs.CV", "q-bio.NC"), ("map",)
    )


@pytest.mark.parametrize(
    ("wanted", "title"),
    [
        ({"keywords": ["map", "atlas"]}, "map"),
        ({"authors": ["Ada Byron"]}, "Ada Byron"),
        ({"query": "ti:map"}, "ti:map"),
        ({}, "papers"),
    ],
)
def test_a_topic_without_a_title_is_called_by_its_first_words(wanted: dict[str, Any], title: str) -> None:
    found = read_topic({"categories": ["cs.CV"], **wanted})
    assert isinstance(found, Topic)
    assert found.title == title


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({}, "topics[0].categories: is missing: add the mailings to read"),
        ({"categories": ["cs.CW"]}, "topics[0].categories[0]: unknown category cs.CW"),
        (
            {"categories": ["cs.CV"], "keywords": ["?"]},
            "topics[0].keywords[0]: says nothing to look for: a letter or a digit is expected",
        ),
        (
            {"categories": ["cs.CV"], "query": "ti:map", "keywords": ["map"]},
            "topics[0].query: stands beside keywords: say all in the query or nothing",
        ),
        ({"categories": ["cs.CV"], "title": "x" * (LONGEST_TITLE + 1)}, "topics[0].title: at most 100 characters"),
        ({"categories": ["cs.CV"], "query": "x" * 1001}, "topics[0].query: at most 1000 characters"),
        (
            {"categories": ["cs.CV"], "keywords": ["x" * (LONGEST_TERM + 1)]},
            "topics[0].keywords: at most 200 characters",
        ),
        ({"categories": ["cs.CV"], "exclude": ["x"] * (MOST_TERMS + 1)}, "topics[0]: at most 100 words"),
        ({"categories": ["cs.CV"] * (MOST_TERMS + 1)}, "topics[0]: at most 100 categories"),
        ({"categories": ["cs.CV"], "keywords": ["x" * 200] * 20}, "topics[0]: at most 4000 characters in all"),
    ],
)
def test_what_is_wrong_is_said_as_the_configuration_says_it(wanted: dict[str, Any], sentence: str) -> None:
    (found,) = problems(wanted)
    assert found.startswith(sentence)


def test_a_query_that_does_not_parse_is_shown_where() -> None:
    (found,) = problems({"categories": ["cs.CV"], "query": "ti:("})
    assert "column" in found


def test_nothing_is_read_from_the_environment_or_a_file() -> None:
    found = read_topic({"categories": ["cs.CV"], "keywords": ["${file:/etc/hostname} ${HOME}"]})
    assert isinstance(found, Topic)
    assert found.keywords == ("${file:/etc/hostname} ${HOME}",)


def test_what_else_a_topic_could_have_is_not_for_readers() -> None:
    found = read_topic({**MAPS, "limit": 1, "announce": ["replace"], "name": "birds", "order": "listing"})
    assert found == read_topic(MAPS)


def test_law_8_only_categories_that_the_operator_reads_are_read_for_a_stranger() -> None:
    assert read_topic(MAPS, read={"cs.CV", "q-bio.NC", "cs.CL"}) == read_topic(MAPS)
    found = read_topic({**MAPS, "categories": ["cs.*", "cs.CV"]}, read={"cs.CV", "cs.CL"})
    assert isinstance(found, Refused)
    assert found.why is Refusal.CATEGORIES
    (problem,) = found.problems
    assert problem.path == "topics[0].categories"
    assert problem.message.startswith("cs.AI, cs.AR, cs.CC, cs.CE, cs.CG and ")
    assert problem.message.endswith(" more: not read here. What is read: cs.CL, cs.CV")


terms = st.lists(st.text(max_size=LONGEST_TERM), max_size=MOST_TERMS)


@given(st.fixed_dictionaries({"keywords": terms, "exclude": terms, "title": st.text(max_size=LONGEST_TITLE)}))
@example({"keywords": ["\U0001d538" * 199] * 20, "exclude": ["x"] * 78, "title": "\U0001d538" * 10})
def test_whatever_is_short_enough_fits_into_a_form(wanted: dict[str, Any]) -> None:
    found = read_topic({"categories": ["cs.CV"], **wanted})
    is_too_long = isinstance(found, Refused) and any("at most" in problem.message for problem in found.problems)
    if not is_too_long:
        fields = {name: "\r\n".join(value) if isinstance(value, list) else value for name, value in wanted.items()}
        rest = {"address": "ü" * 320, "zone": "America/Argentina/ComodRivadavia", "do": "subscribe", "name": "m-0/1"}
        assert len(urlencode({**fields, **rest, "categories": "cs.CV"}, errors="replace")) <= MOST_BYTES


def test_muted_words_are_judged_as_exclusions_are() -> None:
    assert read_terms(["road ", "road"], "muted") == ("road",)
    found = read_terms(["!"], "muted")
    assert isinstance(found, Refused)
    assert found.problems[0].path == "muted[0]"
    assert read_terms([f"word {n}" for n in range(MOST_TERMS)], "muted") == tuple(
        f"word {n}" for n in range(MOST_TERMS)
    )
    found = read_terms(["x"] * (MOST_TERMS + 1), "muted")
    assert isinstance(found, Refused)
    assert [(each.path, each.message) for each in found.problems] == [("muted", "at most 100 words are expected")]


values = st.none() | st.text() | st.integers() | st.lists(st.text() | st.integers(), max_size=3)


@given(st.dictionaries(st.sampled_from([*MAPS, "query", "authors", "other"]), values))
def test_whatever_a_form_brings_is_a_topic_or_refused_with_a_sentence(wanted: dict[str, object]) -> None:
    found = read_topic(wanted)
    if isinstance(found, Refused):
        assert all(problem.message for problem in found.problems)
        assert found.problems
    else:
        assert found.categories
