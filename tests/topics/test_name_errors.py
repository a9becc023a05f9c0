from __future__ import annotations

import pytest

from bot.errors import QueryError
from bot.topics.name_errors import no_name, perhaps_no_name
from bot.topics.query import parse


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("byron_a_1", "an arXiv author identifier is no name: write Byron, A"),
        ("del_finch_a_b_12", "write Del Finch, A B"),
        ("0000-0002-1825-0097", "an ORCID is no name"),
        ("https://orcid.example/0000-0002-1825-009X", "an ORCID is no name"),
        ("https://arxiv.org/a/byron_a_1", "a link is no name"),
        ("www.byron.example", "a link is no name"),
        ("arxiv.org/a/byron_a_1", "a link is no name"),
        ("ada@byron.example", "a mail address is no name"),
        ("au:Byron", "here a name stands without au:"),
        ("Ada Byron (Cambridge)", "a name has no brackets"),
        ("Ada Byron [1]", "a name has no brackets"),
        ("Ada Byron and Bo Chen", "one name is expected: make each an entry of its own"),
        ("Ada Byron; Bo Chen", "one name is expected: make each an entry of its own"),
        ("Ada Byron & Bo Chen", "one name is expected: make each an entry of its own"),
        ("Ada Byron, Bo Chen, Cy Day", "one name is expected: make each an entry of its own"),
        ("Ada Byron / Bo Chen", "one name is expected: make each an entry of its own"),
        ("Ada Byron | Bo Chen", "one name is expected: make each an entry of its own"),
        ("Ada Byron OR Bo Chen", "one name is expected: make each an entry of its own"),
        ("Byron A., Chen B.", "one name is expected: make each an entry of its own"),
        ("Ada Byron et al.", "leave et al. away"),
        ("Dr. Ada Byron", "without a title"),
        ("A. K.", "a family name is expected, not initials alone"),
        ("Ada Byron 2", "a name has no number"),
        ("Jr.", "an author's name is expected, like Ada Byron"),
        (",", "an author's name is expected, like Ada Byron"),
        (":", "an author's name is expected, like Ada Byron"),
    ],
)
def test_what_is_no_name_is_told_with_what_to_write(written: str, sentence: str) -> None:
    assert sentence in no_name(written)


@pytest.mark.parametrize(
    "written",
    [
        "Ada Byron",
        "Byron, A. K.",
        "byron_a",
        "del_maestro",
        "Crane, Jr., Robert",
        "Fred Bloom, Jr",
        "'t Hooft",
        "E",
        "Weinan E",
        'Kurt G{\\"o}del',
        "Santiago Owl y Finch",
        "Plaza Owl,",
        "H1 and OWL Collaborations",
        "SH0ES",
        "Owl 2 Collaboration",
        "Anders Anderson",
        "Drew Byron",
        "Or Finch",
        "Ada Or Finch",
        "Byron, A.",
        "Owl E, B.",
    ],
)
def test_what_can_be_a_name_is_taken(written: str) -> None:
    assert no_name(written) == ""


def test_what_is_hardly_meant_so_is_noted() -> None:
    assert "of two people make two entries" in perhaps_no_name("Ada Byron, Bo Chen")
    assert "Latin letters" in perhaps_no_name("拜伦")
    names = ["Ada Byron", "García Plaza, Nora", "García Plaza, Nora I.", "Robert Crane Smith, Jr.", "Müller", "SH0ES"]
    assert not any(map(perhaps_no_name, names))


def test_a_query_is_told_the_same_at_its_column() -> None:
    with pytest.raises(QueryError, match="write Byron, A") as caught:
        parse("ti:owl au:byron_a_1")
    assert caught.value.column == 8
