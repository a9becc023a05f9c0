from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.topics.author_names import readings, signed
from tests.topics.alone import is_one


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
        ("A.Byron", "Ada Byron"),
        ("Byron", "A.Byron"),
        ("Ada Byron", "A.K.Byron"),
        ("T. A. Pham", "The Anh Pham"),
        ("The Anh Pham", "The Anh Pham"),
        # family names of two words
        ("'t Hooft", "Gerda 't Hooft"),
        ("’t Hooft", "G. 't Hooft"),
        ("Dal Corso", "Anna Dal Corso"),
        ("San Martin", "Rosa San Martín"),
        ("Mac Lane", "Sam Mac Lane"),
        ("Mac Lane", "Sam MacLane"),
        ("MacLane", "Sam Mac Lane"),
        ("Lo Presti", "Franco Lo Presti"),
        ("García Márquez", "Nora García Márquez"),
        ("Nora Márquez", "Nora García Márquez"),
        ("Ó Briain", "Dara Ó Briain"),
        ("O'Brien", "Ann O Brien"),
        ("OBrien", "Ann O’Brien"),
        ("Do Vale", "Rui do Vale"),
        ("dello Russo", "Ada dello Russo"),
        ("St. John", "Mark St John"),
        ("Ben Arous", "Gil Ben Arous"),
        ("Arous", "Gil Ben Arous"),
        ("v. Weizfeld", "Karl v. Weizfeld"),
        ("De Luca", "Ada DeLuca"),
        ("Plaza Owl,", "Nora Plaza Owl"),
        # ü is ue
        ("Jürgen Müller", "Juergen Mueller"),
        ("Mueller", "Ada Müller"),
        ("Muller", "Ada Müller"),
        ("Møller", "Bo Moeller"),
        ("Goedel", 'Kurt G{\\"o}del'),
        ("Ångström", "Bo Aangstroem"),
        ("Weiß", "Ada Weiss"),
        # the family name first
        ("Ada Byron", "Byron Ada"),
        ("Byron Ada", "Ada Byron"),
        ("Xiao-Lei Wang", "Wang Xiaolei"),
        ("Liu Weimin", "Weimin Liu"),
        ("Byron Ada Kay", "Ada Kay Byron"),
        ("Ada Kay Byron", "Byron Ada Kay"),
        ("Byron A.", "Ada Byron"),
        ("Ada Byron", "Byron A. K."),
        # hyphens, blanks and case
        ("Xiao-Lei Wang", "Xiaolei Wang"),
        ("Xiaolei Wang", "Xiao Lei Wang"),
        ("XiaoLei Wang", "Xiao-lei Wang"),
        ("Xiaolei Wang", "X.-L. Wang"),
        ("Xiaolei Wang", "Xiao-Lei K. Wang"),
        # collaborations
        ("OWL", "OWL Collaboration"),
        ("OWL", "The OWL Collaboration"),
        ("The OWL Collaboration", "OWL Collaboration"),
        ("Barn Owl Telescope", "for the Barn Owl Telescope Collaboration"),
        ("OWL", "The OWL Scientific Collaboration"),
        ("Owl Team", "the Owl Team"),
        ("OWL Collab.", "OWL Collaboration"),
        # initials without dots, and abbreviated names
        ("JK Owl", "Jane Kay Owl"),
        ("AM Owl", "Anne-Marie Owl"),
        ("Owl AM", "Anne-Marie Owl"),
        ("Anne-Marie Owl", "AM Owl"),
        ("Th. Owl", "Thomas Owl"),
        ("Yuri Owl", "Yu. Owl"),
        ("Chr. M. Owl", "Christian Max Owl"),
        # the first of two family names alone
        ("Ana García", "Ana García López"),
        ("García", "Ana García-López"),
        ("Owl y Plaza", "Nora Owl y Plaza"),
        # letters and signs
        ("Đorđe Đukić", "Djordje Djukic"),
        ("Đorđe Đukić", "Djordje Dukić"),
        ("Þór Æsir", "Thor Aesir"),
        ("Ann O`Brien", "Ann O'Brien"),
        ("Ann O'Brien", "Ann O‘Brien"),
        ("Lü", "Wei Lyu"),
        ("Van't Owl", "Ada van 't Owl"),
        ("t Owl", "Ada 't Owl"),
        # marks of footnotes, and whom they speak for
        ("Ada Byron", "Ada Byron^1"),
        ("Ada Byron", "Ada Byron $^{1,2}$"),
        ("Ada Byron", "Ada Byron*"),
        ("Ada Byron", "Ada Byron†"),
        ("Ada Byron", "Ada Byron [3]"),
        ("Ada Byron", "Ada Byron1"),
        ("Ada Byron", "Ada Byron for the OWL Collaboration"),
        ("OWL", "Ada Byron, on behalf of the OWL Collaboration"),
        ("OWL-2", "OWL-2 Collaboration"),
        # orders of the east
        ("Au Yeung Ka Ming", "Ka-Ming Au-Yeung"),
        ("Nguyen Van Minh", "Minh Van Nguyen"),
        ("Minh Van Nguyen", "Nguyen Van Minh"),
        # titles
        ("Dr. Ada Byron", "Ada Byron"),
        ("Prof. Byron", "Ada Byron"),
        ("Ada Byron, PhD", "Ada Byron"),
        # suffixes
        ("Fred Bloom", "Fred Bloom, Jr"),
        ("Fred Bloom Jr.", "Fred Bloom III"),
    ],
)
def test_these_can_be_one_person(meant: str, found: str) -> None:
    assert is_one(readings(meant), signed(found))


@pytest.mark.parametrize(
    ("meant", "found"),
    [
        ("Ada Byron", "Ada Byrons"),
        ("Ada Byron", "Bo Byron"),
        ("A. Byron", "Bo Byron"),
        ("Ad Byron", "Ada Byron"),
        ("Ada Byron", "Byron"),
        ("Ada K. Byron", "Ada L. Byron"),
        ("Owl Collaboration", "The Pigeon Collaboration"),
        ("Ada K. L. Byron", "Ada L. K. Byron"),
        ("Tulp, Laura", "Laura van der Tulp"),
        ("Chen", "Bo Chen-Li"),
        ("Li", "Bo Chen-Li"),
        ("Anh Pham", "The Anh Pham"),
        ("Ada Byron", "Augusta Ada Byron"),
        ("Mueller", "Muller"),
        ("Yang Liu", "Liu Yang"),
        ("Bauer", "Baur"),
        ("Michael Owl", "Michal Owl"),
        ("Ada Byron", "Byron Adam"),
        ("A. Byron", "Byron Ada"),
        ("Byron Ada", "A. Byron"),
        ("Pigeon Team", "Pigeon Collaboration"),
        ("Byron", "Byron Collaboration Byrons"),
        ("Corso", "Anna Dal Corso"),
        ("Xiaolei Wang", "Xiaolin Wang"),
        ("Smith", "Ada Mac"),
        ("", "Ada Byron"),
        ("Th. Owl", "Gina Owl"),
        ("Chr. Owl", "Carla Owl"),
        ("Jo Owl", "Jane Owl"),
        ("AM Owl", "Bert Owl"),
        ("Al Owl", "Alice Owl"),
        ("Xi Wang", "Xiaoming Wang"),
        ("López", "Ana García Plaza"),
        ("Ana Plaza López", "Ana García Plaza"),
        ("O'Brien", "Ann Brien"),
        ("Ada Byron", ":"),
        (",", ","),
    ],
)
def test_these_cannot(meant: str, found: str) -> None:
    assert not is_one(readings(meant), signed(found))


@given(st.text())
def test_whatever_is_written_can_be_read_and_is_itself(written: str) -> None:
    of = signed(written)
    assert not of or is_one(readings(written), of)


@given(st.lists(st.text("bcdfg", min_size=2, max_size=6), min_size=2, max_size=4))
def test_the_two_orders_are_one(words: list[str]) -> None:
    straight, turned = " ".join(words), f"{words[-1]}, {' '.join(words[:-1])}"
    assert is_one(readings(straight), signed(turned))
    assert is_one(readings(turned), signed(straight))


@pytest.mark.parametrize(
    ("written", "found", "expected"),
    [
        ("del_maestro", "Adrian del Maestro", True),
        ("Ada_Byron", "Ada Byron", True),
        ("Ada_Byron", "Byron Ada", True),
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
    assert is_one(readings(written), signed(found)) is expected
