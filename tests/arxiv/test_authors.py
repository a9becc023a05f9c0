from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.arxiv.authors import authors
from bot.model import Author


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("", ()),
        ("  ", ()),
        ("Ada Byron, Bo Chen", (Author("Ada Byron"), Author("Bo Chen"))),
        (" Plato, Bo", (Author("Plato"), Author("Bo"))),
        ("Ada (X, Y), Bo", (Author("Ada", ("X", "Y")), Author("Bo"))),
        ("Ada (X (Y, Z), W), Bo", (Author("Ada", ("X (Y, Z)", "W")), Author("Bo"))),
        ("Ada (X (Y))", (Author("Ada", ("X (Y)",)),)),
        ("Ada (ada@loft.example), Bo", (Author("Ada", ("ada@loft.example",)), Author("Bo"))),
        ("Ada (), Bo", (Author("Ada"), Author("Bo"))),
        ("Ada, and Weicheng Fu", (Author("Ada"), Author("Weicheng Fu"))),
        ("and, Andy Anders", (Author("and"), Author("Andy Anders"))),
        ("The Loft Collaboration, :, Ada", (Author("The Loft Collaboration"), Author("Ada"))),
        ("Ada,, Bo, ", (Author("Ada"), Author("Bo"))),
        ("Ada (X, Bo, Cy", (Author("Ada", ("X",)), Author("Bo"), Author("Cy"))),
        ("Ada X), Bo", (Author("Ada X)"), Author("Bo"))),
        ("(Anonymous), Bo", (Author("(Anonymous)"), Author("Bo"))),
        ("鸽子, Bo", (Author("鸽子"), Author("Bo"))),
        ("Ada, Bo and Cy (Loft)", (Author("Ada"), Author("Bo"), Author("Cy", ("Loft",)))),
        ("Ada\nand Bo", (Author("Ada"), Author("Bo"))),
        ("Ada (Trinidad and Tobago)", (Author("Ada", ("Trinidad and Tobago",)),)),
        ("Randy Land, Candand Ander", (Author("Randy Land"), Author("Candand Ander"))),
        ("Ada (X and Bo", (Author("Ada", ("X",)), Author("Bo"))),
    ],
)
def test_authors_are_split_outside_parentheses(names: str, expected: tuple[Author, ...]) -> None:
    assert authors(names) == expected


@given(st.text("ABab(), :é"))
def test_no_letter_of_a_name_is_lost(names: str) -> None:
    shown = "".join(author.name + "".join(author.affiliations) for author in authors(names))
    assert [c for c in shown if c.isalnum()] == [c for c in names if c.isalnum()]
