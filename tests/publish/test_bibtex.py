from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.publish import bibtex
from tests.builders import paper


def test_an_entry_is_as_arxiv_s_own_export_has_it() -> None:
    assert bibtex.entry(replace(paper(), doi="10.1000/xyz")) == (
        "@misc{arXiv:2604.00001,\n"
        "  title = {Pigeons Read Maps},\n"
        "  author = {Ada Byron and Bo Chen},\n"
        "  year = {2026},\n"
        "  eprint = {2604.00001},\n"
        "  archivePrefix = {arXiv},\n"
        "  primaryClass = {cs.CV},\n"
        "  doi = {10.1000/xyz},\n"
        "  url = {https://arxiv.org/abs/2604.00001}\n"
        "}\n"
    )


def test_entries_are_parted_by_an_empty_line() -> None:
    both = bibtex.bibliography([paper("2604.00001"), paper("2604.00002")])
    assert "}\n\n@misc{arXiv:2604.00002,\n" in both
    assert bibtex.bibliography([]) == ""


@pytest.mark.parametrize(
    ("identifier", "year"),
    [("2604.00001", "2026"), ("0704.0001", "2007"), ("hep-th/9901001", "1999"), ("math/0211159", "2002")],
)
def test_the_year_is_the_identifier_s(identifier: str, year: str) -> None:
    assert f"  year = {{{year}}},\n" in bibtex.entry(paper(identifier))


def test_an_identifier_of_no_known_form_has_no_year() -> None:
    assert "year" not in bibtex.entry(paper("strange"))


@pytest.mark.parametrize(
    ("raw", "tex"),
    [
        ("50% of A & B", r"50\% of A \& B"),
        (r"already 50\% here", r"already 50\% here"),
        ("$x_1$ and a_b", r"$x_1$ and a\_b"),
        (r"M\"uller's {BERT}", r"M\"uller's {BERT}"),
        ("no } and { here", "no  and  here"),
        ("}{", ""),
        (r"\input{/etc/passwd}} 5%", r"input/etc/passwd 5\%"),
        ("a trailing \\", "a trailing "),
    ],
)
def test_a_title_stays_tex_and_stays_in_its_braces(raw: str, tex: str) -> None:
    assert f"  title = {{{tex}}},\n" in bibtex.entry(paper(title=raw)) or tex == ""


@pytest.mark.parametrize("name", ["Brandt and Sons", "The Collaboration, Inc."])
def test_a_name_that_bibtex_would_part_is_kept_together(name: str) -> None:
    assert f"  author = {{{{{name}}}}},\n" in bibtex.entry(paper(authors=(name,)))


@given(title=st.text(), author=st.text(), category=st.text(), doi=st.text())
def test_whatever_a_paper_holds_its_entry_is_closed_by_its_own_brace(
    title: str, author: str, category: str, doi: str
) -> None:
    strange = replace(paper(title=title, authors=(author,), categories=(category,)), doi=doi)
    depth, ends = 0, []
    entry = bibtex.entry(strange)
    for place, character in enumerate(entry):
        depth += (character == "{") - (character == "}")
        if depth == 0 and character == "}":
            ends.append(place)
    assert ends == [len(entry) - 2]
    entry.encode()
