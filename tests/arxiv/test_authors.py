from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.arxiv.authors import authors, creators
from bot.model import Author

CASES = Path(__file__).parents[2].parent / "shared" / "data" / "cases" / "04-bylines-of-second-sources.json"


def _names(byline: str) -> list[str]:
    return [author.name for author in authors(byline)]


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("", []),
        ("  ", []),
        ("Plato", ["Plato"]),
        (" Plato, Bo", ["Plato", "Bo"]),
        ("Ada Byron, Bo Chen", ["Ada Byron", "Bo Chen"]),
        ("Ada Byron,Bo Chen,", ["Ada Byron", "Bo Chen"]),
        ("J.~Day, K.\\ Owl, L.~M.~Lark", ["J. Day", "K. Owl", "L. M. Lark"]),
        (", Ada,, Bo, ,", ["Ada", "Bo"]),
        ("Ada, Bo and Cy", ["Ada", "Bo", "Cy"]),
        ("Ada, Bo, and Cy", ["Ada", "Bo", "Cy"]),
        ("Ada\nand Bo", ["Ada", "Bo"]),
        ("Ada & Bo", ["Ada", "Bo"]),
        ("Ada, & Bo", ["Ada", "Bo"]),
        (r"Ada \& Bo", ["Ada", "Bo"]),
        ("Ada and and Bo", ["Ada", "Bo"]),
        ("Ada (Loft),and Bo", ["Ada", "Bo"]),
        ("Ada (Loft) and Bo (Nest) & Cy", ["Ada", "Bo", "Cy"]),
        ("and, Andy Anders", ["and", "Andy Anders"]),
        ("Randy Land, Candand Ander", ["Randy Land", "Candand Ander"]),
        ("Ada (Loft) Bo (Nest) Cy", ["Ada", "Bo", "Cy"]),
        ("鸽子, Bo", ["鸽子", "Bo"]),
        # teams
        ("The Loft Collaboration: Ada, Bo", ["The Loft Collaboration", "Ada", "Bo"]),
        ("The Loft Collaboration, :, Ada", ["The Loft Collaboration", "Ada"]),
        ("The Loft Collaboration, Ada, et al", ["The Loft Collaboration", "Ada"]),
        ("Loft-Nest Collaboration and Homing Team: Ada", ["Loft-Nest Collaboration", "Homing Team", "Ada"]),
        ("Ada Byron, on behalf of the Loft Group", ["Ada Byron", "on behalf of the Loft Group"]),
        ("Ada Byron for the Loft Group", ["Ada Byron for the Loft Group"]),
        ("Ada Byron, [for the Loft Group]", ["Ada Byron", "[for the Loft Group]"]),
        # and others
        ("Ada Byron, et al.", ["Ada Byron"]),
        ("Ada Byron, et. al. (for the Loft Group)", ["Ada Byron"]),
        ("Ada Byron et al", ["Ada Byron"]),
        ("Fred Bloom, Jr et al.", ["Fred Bloom, Jr"]),
        ("Et Alvarez, Bet Al", ["Et Alvarez", "Bet Al"]),
        # suffixes and particles
        ("Fred Bloom, Jr, Cy Day", ["Fred Bloom, Jr", "Cy Day"]),
        ("Fred Bloom, Jr., Cy, Sr., Bo, III and Plato", ["Fred Bloom, Jr.", "Cy, Sr.", "Bo, III", "Plato"]),
        ("Fred Bloom Jr, Cy Day III", ["Fred Bloom Jr", "Cy Day III"]),
        ("Fred Bloom (Loft), Jr., Cy", ["Fred Bloom, Jr.", "Cy"]),
        ("Jr-Shin Li, Jr Bo", ["Jr-Shin Li", "Jr Bo"]),
        ("Jr, Bo", ["Jr", "Bo"]),
        ("Lou van der Berg, Ed Van de Sand and del Norte", ["Lou van der Berg", "Ed Van de Sand", "del Norte"]),
        # initials are spaced as arXiv's feeds have them, accents in TeX left alone
        ("A.B.Byron, C. Day", ["A. B. Byron", "C. Day"]),
        ("J.-P. Bloom", ["J. -P. Bloom"]),
        (r"\.Ilker {\"O}zg\"ur, C\'ecile D{\'e}, {\.I}", [r"\.Ilker {\"O}zg\"ur", r"C\'ecile D{\'e}", r"{\.I}"]),
        # parentheses that do not fit
        ("(Anonymous), Bo", ["Bo"]),
        ("Ada X), Bo (Loft, Nest), Cy", ["Ada X)", "Bo", "Cy"]),
        ("Ada (Loft)), Bo (Nest)", ["Ada", "Bo"]),
        ("Ada (X, Bo, Cy", ["Ada"]),
    ],
)  # fmt: skip
def test_a_byline_is_taken_apart_as_arxivs_own_parser_does(byline: str, names: list[str]) -> None:
    assert _names(byline) == names


@pytest.mark.parametrize(
    ("byline", "affiliations"),
    [
        ("Ada (Loft, Nest), Bo", [("Loft", "Nest"), ()]),
        ("Ada(Loft)", [("Loft",)]),
        ("Ada (X (Y, Z), W)", [("X (Y, Z)", "W")]),
        ("Ada (ada@loft.example), Bo ()", [("ada@loft.example",), ()]),
        ("Ada (Trinidad and Tobago)", [("Trinidad and Tobago",)]),
        ("Ada (Loft; Nest)", [("Loft; Nest",)]),
        ("Ada, (Loft)", [()]),
        ("Ada ((Loft), (Nest))", [()]),
        ("Ada (X, Bo, Cy", [("X", "Bo", "Cy")]),
        # shared with the next who has some
        ("Ada, Bo and Cy (Loft)", [("Loft",)] * 3),
        ("Ada, Bo (Loft), Cy (Nest), Dee", [("Loft",), ("Loft",), ("Nest",), ()]),
        ("The Loft Group: Ada, Bo (Nest)", [(), ("Nest",), ("Nest",)]),
        ("The Loft Group, Homing Team", [(), ()]),
        # in a numbered list
        ("Ada (1), Bo (2), ((1) Nest, (2) Loft)", [("Nest",), ("Loft",)]),
        ("Ada (1), Bo (2) ((1) Nest, (2) Loft", [("Nest",), ("Loft",)]),
        ("Ada(1,2)((1)Nest (Upper Floor),(2)Loft, London.)", [("Nest (Upper Floor)", "Loft", "London")]),
        ("Ada (1, 2), Bo (1 and 3), Cy (1 & 2), Dee, Eve (2) ( (1) Nest; (2) Loft)",
         [("Nest", "Loft"), ("Nest",), ("Nest", "Loft"), ("Loft",), ("Loft",)]),
        ("Ada (1), Bo (a)", [("a",), ("a",)]),
    ],
)  # fmt: skip
def test_affiliations_stand_in_parentheses_or_in_a_list(byline: str, affiliations: list[tuple[str, ...]]) -> None:
    assert [author.affiliations for author in authors(byline)] == affiliations


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ([], ()),
        (["", " "], ()),
        (["Ada Byron"], (Author("Ada Byron"),)),
        (["Ada Byron", "Bo Chen (Loft)"], (Author("Ada Byron"), Author("Bo Chen", ("Loft",)))),
        (
            ["Ada Byron, Fred Bloom, Jr, Cy Day"],
            (Author("Ada Byron"), Author("Fred Bloom, Jr"), Author("Cy Day")),
        ),
        (["Fred Bloom,  III (Nest, Loft), Sr."], (Author("Fred Bloom, III, Sr.", ("Nest", "Loft")),)),
        (["The Loft,  :, Ada"], (Author("The Loft"), Author("Ada"))),
        (["Ada, Bo (Loft)"], (Author("Ada"), Author("Bo", ("Loft",)))),
    ],
)
def test_a_feeds_elements_name_one_author_or_many(elements: list[str], expected: tuple[Author, ...]) -> None:
    assert creators(elements) == expected


_FIRST = st.sampled_from(["Ada", "B.", "C. D.", "Jean-Luc", '{\\"O}zg', "\\.Il"])
_FAMILY = st.sampled_from(
    ["Byron", "van der Berg", "del Norte", "O'Day", 'M{\\"u}', "鸽子", "Bloom, Jr.", "Chen III"]
)
_PERSON = st.builds("{} {}".format, _FIRST, _FAMILY)
_PLACE = st.sampled_from(["", " (Loft)", "(Nest, London)", " (1)", " (1,2)", "  (2 and 1)"])
_BETWEEN = st.sampled_from([", ", ",", " and ", ", and ", " & ", ",\n"])
_START = st.sampled_from(["", "Owl Collaboration: ", "The Owl Team, "])
_END = st.sampled_from(["", ", et al", " et al.", ", ((1) Nest, (2) Loft)", " ( (1) Nest (2) Loft )", ","])


@given(st.lists(st.tuples(_PERSON, _PLACE, _BETWEEN), min_size=1, max_size=8), _START, _END)
def test_however_authors_are_strung_together_each_is_found(
    people: list[tuple[str, str, str]], start: str, end: str
) -> None:
    byline = start + "".join(map("".join, people)).removesuffix(people[-1][2]) + end
    assert _names(byline)[bool(start) :] == [name for name, _, _ in people]


@given(st.text("ABab(), :&é1.\\"))
def test_a_name_is_never_empty_and_never_grows(byline: str) -> None:
    read = _names(byline)
    assert all(any(map(str.isalnum, name)) for name in read)
    assert sum(c.isalnum() for name in read for c in name) <= sum(map(str.isalnum, byline))


@given(st.lists(_PERSON, max_size=5))
def test_a_feed_says_the_same_as_the_byline(people: list[str]) -> None:
    assert creators([", ".join(people)]) == creators(people) == authors(" and ".join(people))


@pytest.mark.shared
@pytest.mark.skipif(not CASES.exists(), reason="needs ../shared/data")
def test_bylines_that_people_met_are_read_right() -> None:
    for case in json.loads(CASES.read_text())["cases"]:
        assert _names(case["authors"]) == case["right"]
