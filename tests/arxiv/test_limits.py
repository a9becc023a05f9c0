from __future__ import annotations

from dataclasses import replace

import pytest

from bot.arxiv.limits import require_plausible
from bot.model import Author, Paper
from tests.builders import paper

LARGE = replace(
    paper(title="t" * 5_000, abstract="a" * 50_000, authors=["Bo"] * 20_000, categories=["cs.CV"] * 200),
    comment="c" * 20_000,
)


def test_a_large_paper_passes_as_it_is() -> None:
    assert require_plausible(LARGE) is LARGE


@pytest.mark.parametrize(
    ("beyond", "reason"),
    [
        (replace(LARGE, title="t" * 5_001), "title of 5001 characters"),
        (replace(LARGE, abstract="a" * 50_001), "abstract of 50001 characters"),
        (replace(LARGE, comment="c" * 20_001), "comment of 20001 characters"),
        (replace(LARGE, doi="d" * 2_001), "doi of 2001 characters"),
        (replace(LARGE, authors=(Author("Bo"),) * 20_001), "20001 authors"),
        (replace(LARGE, categories=("cs.CV",) * 201), "201 categories"),
        (replace(LARGE, authors=(Author("B" * 5_001),)), "a name of 5001 characters"),
        (replace(LARGE, authors=(Author("Bo", ("Nest", "N" * 5_001)),)), "a name of 5001 characters"),
        (replace(LARGE, categories=("c" * 5_001,)), "a name of 5001 characters"),
    ],
)
def test_a_paper_beyond_any_sense_is_refused_with_the_figure(beyond: Paper, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        require_plausible(beyond)
