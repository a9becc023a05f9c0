from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.topics.author_names import Name, readings


@pytest.mark.parametrize(
    ("meant", "found"),
    [
        ("Ada Byron", "Ada Byron"),
        ("Byron, Ada", "Ada Byron"),
        ("Ada Byron", "Byron, Ada"),
        ("A. Byron", "Ada Byron"),
        ("Ada Byron", "A. Byron"),
        ("Ada Byron", "Ada K. Byron"),
        ("Ada Katherine Byron", "A. K. Byron"),
        ("Byron, A.K.", "Ada Katherine Byron"),
        ("Byron", "Ada Byron"),
        ("ada byron", "ADA BYRON"),
        ("Leon Bruck", "L\\'eon Br\\\"uck"),
        ("Léon Brück", "Leon Bruck"),
        ("J.-Y. Lee", "Jean-Yves Lee"),
        ("Jean Yves Lee", "Jean-Yves Lee"),
        ("van der Tulp, Laura", "Laura van der Tulp"),
        ("Tulp, Laura van der", "Laura van der Tulp"),
        ("van Tulp", "Laura van Tulp"),
        ("Garcia Plaza, Nora", "Nora Isabel García Plaza"),
        ("Nora Plaza", "Nora García Plaza"),
        ("Bo Chen Li", "Bo Chen-Li"),
        ("Robert Crane Jr.", "Robert Crane"),
        ("Crane, Jr., Robert", "Robert Crane III"),
        ("D. Wang", "Di Wang"),
        ("Wang", "Di Wang"),
        ("Pigeon Collaboration", "Pigeon Collaboration"),
        ("Pigeon Collaboration", "The Pigeon Collaboration"),
        ("the Pigeon Collaboration", "Pigeon Collaboration"),
        ("Nguyen The Anh", "Nguyen The Anh"),
        ("The", "The"),
    ],
)
def test_these_can_be_one_person(meant: str, found: str) -> None:
    assert Name.read(meant).may_be(Name.read(found))


@pytest.mark.parametrize(
    ("meant", "found"),
    [
        ("Ada Byron", "Ada Byrons"),
        ("Ada Byron", "Bo Byron"),
        ("Ada Byron", "Byron Ada"),
        ("A. Byron", "Bo Byron"),
        ("Ad Byron", "Ada Byron"),
        ("Ada Byron", "Byron"),
        ("Ada K. Byron", "Ada L. Byron"),
        ("Owl Collaboration", "The Pigeon Collaboration"),
        ("Ada K. L. Byron", "Ada L. K. Byron"),
        ("Tulp, Laura", "Laura van der Tulp"),
        ("Chen", "Bo Chen-Li"),
        ("Li", "Bo Chen-Li"),
        ("", "Ada Byron"),
        ("Ada Byron", ":"),
        (",", ","),
    ],
)
def test_these_cannot(meant: str, found: str) -> None:
    assert not Name.read(meant).may_be(Name.read(found))


@given(st.text(), st.text())
def test_names_that_may_be_one_share_their_last_word(one: str, other: str) -> None:
    meant, found = Name.read(f"{one} X"), Name.read(f"{other} X")
    if meant.may_be(found):
        assert meant.last == found.last


@given(st.lists(st.text("abcdefg", min_size=2, max_size=6), min_size=2, max_size=4))
def test_the_two_orders_are_one(words: list[str]) -> None:
    straight, turned = " ".join(words), f"{words[-1]}, {' '.join(words[:-1])}"
    assert Name.read(straight) == Name.read(turned)


@pytest.mark.parametrize(
    ("written", "found", "expected"),
    [
        ("del_maestro", "Adrian del Maestro", True),
        ("Ada_Byron", "Ada Byron", True),
        ("Ada_Byron", "Byron Ada", False),
        ("byron_a", "Ada Byron", True),
        ("byron_a_k", "Ada Katherine Byron", True),
        ("byron_a_k", "Ada Lou Byron", False),
        ("byron_b", "Ada Byron", False),
        ("del_maestro_a", "Adrian del Maestro", True),
        ("van_der_tulp_l", "Laura van der Tulp", True),
        ("Weinan_E", "Weinan E", True),
        ("a_byron", "Ada Byron", True),
        ("a_b", "Ada B", True),
        ("A. Byron", "Ada Byron", True),
    ],
)
def test_underscores_are_blanks_and_initials_may_stand_last(written: str, found: str, *, expected: bool) -> None:
    assert any(meant.may_be(Name.read(found)) for meant in readings(written)) is expected
