from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pybtex.database
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pybtex.richtext import Text

from bot.publish import bibtex
from tests.builders import paper

if TYPE_CHECKING:
    from bot.model import Paper

CASES = Path(__file__).parents[2] / "../shared/data/cases/07-bibtex.json"


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
        ("50% of A & b, #1", r"50\% of A \& b, \#1"),
        ("a → b at 5° for 3€ ©", r"a $\rightarrow$ b at 5$^{\circ}$ for 3{\texteuro} {\textcopyright}"),
        (r"already 50\% here", r"already 50\% here"),
        ("$x_1$ and a_b", r"$x_1$ and a\_b"),
        ("It costs $5 per paper", r"It costs \$5 per paper"),
        ("r^2, R^2, 10^{-16} and 5^", r"$r^{2}$, $R^{2}$, 10$^{-16}$ and 5\^{}"),
        ("Crumbs at z~2, Fig.~3", r"Crumbs at z$\sim$2, Fig. 3"),
        (r"C:\dir and \emph{so} \ours{}", r"{C}:\textbackslash{}dir and so ours"),
        (r"M\"uller's {BERT}", "Müller's {BERT}"),
        (r"a \{0, 1\}-law {and} more", r"a \{0, 1\}-law {and} more"),
        ("no } and { here", "no  and  here"),
        (r"\input{/etc/passwd}} 5%", r"input/etc/passwd 5\%"),
        ("a trailing \\", r"a trailing \textbackslash{}"),
        ("a<b | c>d", "a$<$b $|$ c$>$d"),
        ("Λ and ≤, x²₁, $λ$, é, “ж”", r"{$\Lambda$} and $\leq$, x$^{2}$$_{1}$, $\lambda$, é, “ж”"),
        (
            r"$5%$, $\alpha#1$, $10^6\Msun$, $\ours{x}$",
            r"$5\%$, $\alpha\#1$, 10$^{6}$ {M}\_$\odot$, \$\textbackslash{}ours{x}\$",
        ),
    ],
)
def test_a_title_is_tex_and_stays_in_its_braces(raw: str, tex: str) -> None:
    assert f"  title = {{{tex}}},\n" in bibtex.entry(paper(title=raw))


def test_a_title_of_nothing_but_braces_is_left_out() -> None:
    assert "title" not in bibtex.entry(paper(title="}{"))


def test_capitals_that_a_style_would_make_small_are_protected() -> None:
    raw, tex = (
        "A GPT-4 of X-rays: Maps in 3D by LaTeX and I",
        "A {GPT}-4 of {X}-rays: Maps in {3D} by {LaTeX} and {I}",
    )
    assert f"  title = {{{tex}}},\n" in bibtex.entry(paper(title=raw))


@pytest.mark.parametrize(
    ("name", "tex"),
    [
        *((name, f"{{{name}}}") for name in ("Owl Collaboration", "The Owls", "Kimi Team", "Institute of Birds")),
        *(
            (name, f"{{{name}}}")
            for name in ("Brandt and Sons", "The Collaboration, Inc.", "Owl-AI", "others", "Chen II")
        ),
        ("Owls & Co", r"{Owls \& Co}"),
        *(
            (f"Ada Byron{written}", f"Byron, {is_}, Ada")
            for written, is_ in ((" III", "III"), (", Jr.", "Jr."), (" Sr", "Sr"))
        ),
        ("Ludwig van Beethoven", "Ludwig van Beethoven"),
        ("Ludwig van Beethoven Jr.", "van Beethoven, Jr., Ludwig"),
        ("Ada Van den Berg", "Van den Berg, Ada"),
        ("Bo Dal Corso", "Dal Corso, Bo"),
        ("Di Wang", "Di Wang"),
        ("Ada Denise Byron", "Ada Denise Byron"),  # begins like a particle
        ("Cher", "Cher"),
        (r"J\"org }M_x{", r"Jörg M\_x"),
    ],
)
def test_a_name_is_written_so_that_bibtex_parts_it_rightly(name: str, tex: str) -> None:
    assert f"  author = {{{tex}}},\n" in bibtex.entry(paper(authors=(name,)))


def test_what_has_no_letter_is_no_author() -> None:
    assert "  author = {Bo Chen},\n" in bibtex.entry(paper(authors=(":", "Bo Chen")))
    assert "author" not in bibtex.entry(paper(authors=(":",)))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Owl Collaboration", ("", "", "Owl Collaboration", "")),
        ("Brandt and Sons", ("", "", "Brandt and Sons", "")),
        ("Ada C. Byron III", ("Ada C.", "", "Byron", "III")),
        ("Maria de la Cruz", ("Maria", "de la", "Cruz", "")),
        ("Gerard 't Hooft", ("Gerard", "'t", "Hooft", "")),
        ("Bo Dal Corso", ("Bo", "", "Dal Corso", "")),
        (r"J\"org M\"uller-L\"udenscheid", ("Jörg", "", "Müller-Lüdenscheid", "")),
    ],
)
def test_pybtex_reads_the_parts_of_a_name(name: str, parts: tuple[str, ...]) -> None:
    first, second = _read(paper(authors=(name, "Bo Chen"))).persons["author"]
    given = [*first.first_names, *first.middle_names]
    read = (given, first.prelast_names, first.last_names, first.lineage_names)
    assert tuple(Text.from_latex(" ".join(words)).render_as("text") for words in read) == parts
    assert second.last_names == ["Chen"]


@pytest.mark.parametrize(
    ("title", "read"),
    [
        (r"M\"uller's {BERT}: 50% of A & B_1", "Müller's BERT: 50% of A & B_1"),
        ("Crumbs at z~2 in $ΛCDM", "Crumbs at z∼2 in \\$ΛCDM"),  # which it does not decode; TeX does
        ("no } and { here", "no and here"),
    ],
)
def test_pybtex_reads_a_title_as_it_is_meant(title: str, read: str) -> None:
    assert Text.from_latex(_read(paper(title=title)).fields["title"]).render_as("text") == read


def _read(written: Paper) -> Any:
    return next(iter(pybtex.database.parse_string(bibtex.entry(written), "bibtex").entries.values()))


@pytest.mark.shared
@pytest.mark.skipif(not CASES.is_file(), reason="no ../shared/data/cases here")
def test_the_cases_that_people_met_are_right() -> None:
    for case in json.loads(CASES.read_text(encoding="utf-8"))["cases"]:
        if "author" in case:
            assert f"  author = {{{case['right']}}},\n" in bibtex.entry(paper(authors=(case["author"],)))
        else:
            title = bibtex.entry(paper(title=case["title"])).partition("\n  author")[0]
            is_escaped = "^" not in re.sub(r"\$[^$]+\$|\\\^", "", title)
            assert case["right"] in title or (case["right"] == "escaped or in math" and is_escaped)


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
