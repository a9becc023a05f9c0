from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date  # noqa: TC003 - pydantic reads the annotation at run time
from typing import TYPE_CHECKING

import pytest

from bot.config.field_types import Context
from bot.config.models import ArxivSection, SubscriberSection, TopicSection
from bot.config.reader import Reader, join
from bot.config.yaml_file import Document
from bot.errors import Problem
from bot.settings import Secret

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Nest:
    place: str
    eggs: int = 2
    ring: Secret | None = None
    built: date | None = None
    twigs: tuple[str, ...] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        if self.place.startswith("nowhere"):
            raise ValueError(f"a nest is not in {self.place}")


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(Document(None), Context(tmp_path, topics=("birds",)), {"TREE": "the old oak"})


def test_texts_become_what_a_channel_s_dataclass_declares(reader: Reader) -> None:
    raw = {"place": "oak", "eggs": "3", "ring": "gold", "built": "2026-04-20", "twigs": ["a", "b"]}
    nest = reader.validate(Nest, raw, ("nest",))
    assert nest is not None
    assert (nest.place, nest.eggs, nest.ring, nest.twigs) == ("oak", 3, Secret("gold"), ("a", "b"))
    assert str(nest.built) == "2026-04-20"
    assert reader.problems == []


def test_a_key_without_a_value_is_as_if_it_were_not_there(reader: Reader) -> None:
    assert reader.mapping({"place": "oak", "eggs": None}, ("nest",), ("place", "eggs")) == {"place": "oak"}
    topic = reader.validate(TopicSection, {"categories": ["cs.CV"], "limit": None}, ("topics", "birds"))
    assert topic is not None
    assert topic.limit is None
    assert reader.validate(ArxivSection, None, ("arxiv",)) == ArxivSection()


def test_all_problems_are_noted_at_once(reader: Reader) -> None:
    raw = {"categories": ["cs.CV"], "limit": "many", "keyword": ["a"], "query": ["${GONE}"], "title": ""}
    assert reader.validate(TopicSection, raw, ("topics", "birds")) is None
    assert reader.validate(SubscriberSection, {"topics": ["brids"], "at": 8}, ("subscribers", "loft")) is None
    assert reader.validate(Nest, {"eggs": "many"}, ("nest",), why={"place": " (so)"}) is None
    assert reader.problems == [
        Problem("topics.birds.title", "must not be empty"),
        Problem("topics.birds.query", "a text is expected"),
        Problem("topics.birds.limit", "a whole number is expected"),
        Problem("topics.birds.keyword", "unknown key keyword: did you mean keywords?"),
        Problem("subscribers.loft.topics[0]", "no topic brids: did you mean birds?"),
        Problem("subscribers.loft.at", "a text is expected"),
        Problem("nest.place", "is missing (so)"),
        Problem("nest.eggs", "a whole number is expected"),
    ]


def test_a_reference_that_cannot_be_replaced_is_one_problem_and_no_second(reader: Reader) -> None:
    raw = reader.resolve({"place": "oak", "eggs": "${GONE}", "ring": "${GONE}"}, ("nest",), why=" (so)")
    assert reader.validate(Nest, raw, ("nest",)) is None
    assert reader.problems == [
        Problem("nest.eggs", "environment variable GONE is not set (so)"),
        Problem("nest.ring", "environment variable GONE is not set (so)"),
    ]
    assert reader.is_resolved(("nest", "place"))
    assert not reader.is_resolved(("nest",))


def test_nothing_is_replaced_in_a_literal_place(reader: Reader) -> None:
    raw = {"a": "${TREE}", "b": ["${TREE}"]}
    resolved = reader.resolve(raw, (), literal=lambda place: place == ("b",))
    assert resolved == {"a": "the old oak", "b": ["${TREE}"]}


def test_a_kind_of_error_that_has_no_sentence_of_ours_has_pydantics(reader: Reader) -> None:
    assert reader.validate(Nest, {"place": "oak", "built": "soon"}, ("nest",)) is None
    (problem,) = reader.problems
    assert problem.path == "nest.built"
    assert "valid date" in problem.message
    assert "soon" not in problem.message


def test_what_the_dataclass_itself_refuses_is_noted_at_the_whole_without_secrets(reader: Reader) -> None:
    reader.environ = {"TREE": "nowhere else"}
    raw = reader.resolve({"place": "${TREE}"}, ("nest",))
    assert reader.validate(Nest, raw, ("nest",)) is None
    assert reader.problems == [Problem("nest", "a nest is not in (not shown)")]


def test_a_sentence_that_repeats_what_a_reference_stood_for_is_cut(reader: Reader) -> None:
    reader.resolve({"a": ["${TREE}", "https://oak.example/hook"], "b": "beech"}, ("nest",))
    reader.add_redacted_problem(("nest",), "no nest in the old oak, at https://oak.example/hook or on a beech")
    assert reader.problems == [Problem("nest", "no nest in (not shown), at (not shown) or on a beech")]


def test_our_own_words_are_never_cut(reader: Reader) -> None:
    reader.resolve(["${TREE}", "https://", "sqlite:///"], ("nest",))
    reader.add_problem(("nest",), "not in the old oak")
    reader.add_redacted_problem(("nest",), "in the old oaks, like https://oak.example/ or sqlite:///oak.db")
    assert [problem.message for problem in reader.problems] == [
        "not in the old oak",
        "in the old oaks, like https://oak.example/ or sqlite:///oak.db",
    ]


def test_references_in_lists_and_mappings_have_paths_of_their_own(reader: Reader) -> None:
    reader.resolve({"a": ["x", "${GONE}"], "b": None}, ("nest",))
    assert [problem.path for problem in reader.problems] == ["nest.a[1]"]


def test_what_is_no_mapping_is_refused(reader: Reader) -> None:
    assert reader.mapping(["oak"], ("trees",), ("oak",)) == {}
    assert reader.validate(ArxivSection, ["oak"], ("arxiv",)) is None
    sentence = "keys with values are expected, like `key: value`"
    assert reader.problems == [Problem("trees", sentence), Problem("arxiv", sentence)]


def test_a_path_is_written_as_one_would_say_it() -> None:
    assert join(("topics", "mllm", "categories", 1)) == "topics.mllm.categories[1]"
    assert join(("topics", "x" * 60)) == "topics.(not shown)"
    assert join(()) == "(the file)"
