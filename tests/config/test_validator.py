from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date  # noqa: TC003 - pydantic reads the annotation at run time
from typing import TYPE_CHECKING

import pytest

from bot.config.validator import Validator, at_least, checked, join, several
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
        if self.place == "nowhere":
            raise ValueError("a nest is somewhere")


@pytest.fixture
def validator(tmp_path: Path) -> Validator:
    return Validator(tmp_path, {"TREE": "the old oak"})


def test_texts_become_what_the_dataclass_declares(validator: Validator) -> None:
    raw = {"place": "${TREE}", "eggs": "3", "ring": "gold", "built": "2026-04-20", "twigs": ["a", "b"]}
    nest = validator.record(Nest, raw, "nest")
    assert nest is not None
    assert (nest.place, nest.eggs, nest.ring, nest.twigs) == ("the old oak", 3, Secret("gold"), ("a", "b"))
    assert str(nest.built) == "2026-04-20"
    assert validator.problems == []


def test_defaults_stand_in_and_given_fields_are_no_keys(validator: Validator) -> None:
    nest = validator.record(Nest, {"eggs": None}, "nest", given={"twigs": ("x",)}, defaults={"place": "oak"})
    assert nest == Nest(place="oak", twigs=("x",))
    validator.record(Nest, {"place": "oak", "twigs": ["y"]}, "nest", given={"twigs": ()})
    assert [problem.path for problem in validator.problems] == ["nest.twigs"]


def test_nothing_is_replaced_in_a_literal_field(validator: Validator) -> None:
    nest = validator.record(Nest, {"place": "${TREE}"}, "nest", literal=("place",))
    assert nest == Nest(place="${TREE}")


def test_all_problems_are_noted_at_once(validator: Validator) -> None:
    raw = {"eggs": "many", "ring": "${GONE}", "egs": "1"}
    assert validator.record(Nest, raw, "nest", why={"ring": " (so)"}) is None
    assert validator.problems == [
        Problem("nest.egs", "unknown key egs: did you mean eggs?"),
        Problem("nest.place", "is missing"),
        Problem("nest.eggs", "a whole number is expected"),
        Problem("nest.ring", "environment variable GONE is not set (so)"),
    ]


def test_a_kind_of_error_that_has_no_sentence_of_ours_has_pydantics(validator: Validator) -> None:
    assert validator.record(Nest, {"place": "oak", "built": "soon"}, "nest") is None
    (problem,) = validator.problems
    assert problem.path == "nest.built"
    assert "valid date" in problem.message
    assert "soon" not in problem.message


def test_what_the_dataclass_itself_refuses_is_noted_at_the_whole(validator: Validator) -> None:
    assert validator.record(Nest, {"place": "nowhere"}, "nest") is None
    assert validator.problems == [Problem("nest", "a nest is somewhere")]


def test_a_sentence_that_repeats_what_a_reference_stood_for_is_cut(validator: Validator) -> None:
    validator.resolve({"a": ["${TREE}", "https://oak.example/hook"], "b": "beech"}, "nest")
    validator.add_redacted_problem("nest", "no nest in the old oak, at https://oak.example/hook or on a beech")
    assert validator.problems == [Problem("nest", "no nest in (not shown), at (not shown) or on a beech")]


def test_our_own_words_are_never_cut(validator: Validator) -> None:
    validator.resolve(["${TREE}", "https://", "sqlite:///"], "nest")
    validator.add_problem("nest", "not in the old oak")
    validator.add_redacted_problem("nest", "in the old oaks, like https://oak.example/ or sqlite:///oak.db")
    assert [problem.message for problem in validator.problems] == [
        "not in the old oak",
        "in the old oaks, like https://oak.example/ or sqlite:///oak.db",
    ]


def test_references_in_lists_and_mappings_have_paths_of_their_own(validator: Validator) -> None:
    validator.resolve({"a": ["x", "${GONE}"], "b": None}, "nest")
    assert [problem.path for problem in validator.problems] == ["nest.a[1]"]


def test_names_are_checked_and_a_nameless_mapping_is_refused(validator: Validator) -> None:
    assert validator.named({"oak": 1, "old oak": 2}, "trees") == {"oak": 1, "old oak": 2}
    assert validator.named(None, "trees") == {}
    assert validator.named(["oak"], "trees") == {}
    assert [problem.path for problem in validator.problems] == ["trees.old oak", "trees"]


def test_annotations_say_what_is_expected(validator: Validator) -> None:
    assert validator.value(several(checked(str.upper)), ["a", "b", "a"], "x") == ("A", "B")
    assert validator.value(several(checked(str.upper), kind=frozenset), ["a"], "x") == {"A"}
    assert validator.value(at_least(1), "1", "x") == 1
    assert validator.problems == []
    assert validator.value(several(str), [], "x") is None
    assert validator.value(at_least(0.5, float), "0.25", "y") is None
    assert validator.value(at_least(1, most=9), "10", "z") is None
    assert [problem.message for problem in validator.problems] == [
        "at least one is expected",
        "at least 0.5 is expected",
        "at most 9 is expected",
    ]


def test_a_path_is_written_as_one_would_say_it() -> None:
    assert join("", "topics", "mllm", "categories", 1) == "topics.mllm.categories[1]"
    assert join("topics", "x" * 60) == "topics.(not shown)"
