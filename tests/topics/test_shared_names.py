"""The names that people write as topics' authors, and whom they find. Reads ../shared/data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.model import Author, Topic
from bot.topics.matcher import Matcher
from bot.topics.name_errors import no_name
from tests.builders import paper

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.shared

CASES = Path(__file__).parents[3] / "shared/data/cases/05-names.json"


def cases() -> Iterator[dict[str, str]]:
    if not CASES.is_file():
        pytest.skip(f"there is no {CASES.name}")
    yield from (case for case in json.loads(CASES.read_text(encoding="utf-8"))["cases"] if "topic author" in case)


def test_an_author_of_a_topic_finds_whom_it_should() -> None:
    wrong = []
    for case in cases():
        if "paper author" in case:
            of = replace(paper(), authors=(Author(case["paper author"]),))
            found = bool(Matcher([Topic("t", "T", (), authors=(case["topic author"],))]).match(of))
            wrong += [case] if found is case["right"].startswith("not found") else []
    assert not wrong


def test_what_is_no_name_is_a_problem() -> None:
    refused = [case["topic author"] for case in cases() if "paper author" not in case]
    assert all(map(no_name, refused)), refused
