from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.arxiv import identifier
from bot.model import paper_url

_MONTHS = st.builds("{:02}{:02}".format, st.integers(0, 99), st.integers(1, 12))
_NEW = st.builds("{}.{}".format, _MONTHS, st.from_regex(r"[0-9]{4,6}", fullmatch=True))
_OLD = st.builds(
    "{}/{}{}".format,
    st.sampled_from(["hep-th", "math", "cs", "acc-phys", "q-bio"]),
    _MONTHS,
    st.from_regex(r"[0-9]{3}", fullmatch=True),
)
_PREFIXES = st.sampled_from(["", "arXiv:", "oai:arXiv.org:", "https://arxiv.org/abs/", "http://arxiv.org/pdf/"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2604.90001", ("2604.90001", None)),
        ("2604.90001v12", ("2604.90001", 12)),
        ("0704.0001", ("0704.0001", None)),
        ("2604.900001v1", ("2604.900001", 1)),
        ("  arXiv:2604.90001v2\n", ("2604.90001", 2)),
        ("ARXIV:2604.90001", ("2604.90001", None)),
        ("oai:arXiv.org:2604.90001v1", ("2604.90001", 1)),
        ("oai:arXiv.org:math/9912999v1", ("math/9912999", 1)),
        ("hep-th/9901999", ("hep-th/9901999", None)),
        ("math.CA/9912999v3", ("math/9912999", 3)),
        ("cond-mat.mtrl-sci/9912999", ("cond-mat/9912999", None)),
        ("https://arxiv.org/abs/2604.90001v2", ("2604.90001", 2)),
        ("https://arxiv.org/abs/2604.90001?context=cs", ("2604.90001", None)),
        ("https://www.arxiv.org/pdf/2604.90001v2.pdf#page=3", ("2604.90001", 2)),
        ("export.arxiv.org/abs/hep-th/9901999", ("hep-th/9901999", None)),
    ],
)
def test_every_shape_that_people_and_feeds_write_is_read(text: str, expected: tuple[str, int | None]) -> None:
    assert identifier.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pigeons",
        "2604",
        "2604.123",
        "2604.1234567",
        "2613.90001",
        "2600.90001",
        "2604.90001v0",
        "2604.90001v",
        "2604.90001 2604.90002",
        "math/99129",
        "math/9913999",
        "MATH/9912999",
        "https://arxiv.org.example.com/abs/2604.90001",
        "https://example.com/abs/2604.90001",
        "٢٦٠٤.٩٠٠٠١",
    ],
)
def test_what_is_no_identifier_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an arXiv identifier"):
        identifier.parse(text)


def test_a_refusal_shows_no_more_than_the_beginning() -> None:
    with pytest.raises(ValueError, match="not an arXiv identifier") as caught:
        identifier.parse("x" * 10_000)
    assert len(str(caught.value)) < 150


@given(st.one_of(_NEW, _OLD), st.none() | st.integers(1, 999), _PREFIXES)
def test_prefix_and_version_never_change_the_identifier(canonical: str, version: int | None, prefix: str) -> None:
    written = prefix + canonical + (f"v{version}" if version else "")
    assert identifier.parse(written) == (canonical, version)


@given(st.one_of(_NEW, _OLD), st.none() | st.integers(1, 999))
def test_the_abstract_page_leads_back_to_the_identifier(canonical: str, version: int | None) -> None:
    assert identifier.parse(paper_url(canonical, version)) == (canonical, version)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        canonical, _ = identifier.parse(text)
    except ValueError:
        return
    assert identifier.parse(canonical) == (canonical, None)
