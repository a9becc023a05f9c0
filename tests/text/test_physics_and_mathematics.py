"""Formulas, units, names and layout as physics, astronomy and mathematics write them, and how they are read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.text import flatten_tex

CORPUS = Path(__file__).parents[1] / "data/text/physics_and_mathematics.tsv"
ROWS = [line.split("\t") for line in CORPUS.read_text(encoding="utf-8").splitlines()]
BROKEN = ("broken", "unbalanced", "stray", "$ and b")
"""In these the author's own TeX is broken, so that some of it stays."""


@pytest.mark.parametrize(("written", "read"), ROWS, ids=[written for written, _ in ROWS])
def test_it_reads_as_it_is_meant(written: str, read: str) -> None:
    assert flatten_tex(written) == read


def test_no_command_and_no_brace_of_tex_is_left_where_it_was_not_broken() -> None:
    assert len(ROWS) >= 1_100
    unclean = [
        read
        for written, read in ROWS
        if not any(word in written for word in BROKEN)
        and (re.search(r"\\|[\^_]\{|\$(?=\S+\$)|``", read) or read.count("{") != read.count("}"))
    ]
    assert unclean in ([], ["f(x)={ 1 x>0; 0 x≤0"])
