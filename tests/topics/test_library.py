from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.topics.library import Entry, read_bibtex, read_ris

BIBTEX = r"""
% Mine, since 2019
@STRING{byron = "Ada " # "Byron"}
@comment{jabref-meta: databaseType:bibtex;}
@article{byron2026,
  title     = {{Pigeons} Read {M\"obius} Maps},
  author    = byron # { and Chen, Bo and {The Loft Collaboration}},
  abstract  = "They do so {"}better{"} than
               expected.",
  eprint    = {2604.00001v2}, archivePrefix = {arXiv}, year = 2026
}
@misc(url-only, title = "On fish", url = {https://arxiv.org/abs/math/0611800})
@inproceedings{doi-only, title={Bread}, doi={https://doi.org/10.48550/arXiv.2604.00003},}
@book{nothing, author = {Cy Twill}}
@article{broken, title = {Never closed, author = {Di Orr}
"""
RIS = """TY  - JOUR
TI  - Pigeons Read Maps
AU  - Byron, Ada
AU  - Chen, Bo
AB  - They do so better
than expected.
UR  - https://arxiv.org/pdf/2604.00001v1
ER  -

TY  - CHAP
T1  - On fish
A1  - Orr, Di
N2  - Fish do not read.
DO  - 10.1000/fish
ER  -
TY  - GEN
AU  - Nobody
ER  -
"""


def test_bibtex_as_people_keep_it_is_read() -> None:
    pigeons, fish, bread, broken = read_bibtex(BIBTEX)

    assert pigeons == Entry(
        "Pigeons Read Möbius Maps",
        'They do so "better" than expected.',
        ("Ada Byron", "Bo Chen", "The Loft Collaboration"),
        "2604.00001",
    )
    assert (fish.title, fish.identifier) == ("On fish", "math/0611800")
    assert (bread.title, bread.identifier) == ("Bread", "2604.00003")
    assert broken.title.startswith("Never closed")


def test_ris_as_reference_managers_write_it_is_read() -> None:
    pigeons, fish = read_ris(RIS)

    assert pigeons == Entry(
        "Pigeons Read Maps", "They do so better than expected.", ("Ada Byron", "Bo Chen"), "2604.00001"
    )
    assert fish == Entry("On fish", "Fish do not read.", ("Di Orr",))


def test_a_ris_file_that_ends_too_soon_keeps_its_last_entry() -> None:
    assert read_ris("TY  - JOUR\nTI  - Bread")[0].title == "Bread"


def test_what_our_site_offers_as_bibtex_is_read_back() -> None:
    from bot.publish.bibtex import bibliography  # noqa: PLC0415 - a floor above
    from tests.builders import paper  # noqa: PLC0415

    entry, _ = read_bibtex(bibliography([paper(), paper("2604.00002")]))

    assert (entry.title, entry.identifier, entry.authors) == (
        "Pigeons Read Maps",
        "2604.00001",
        ("Ada Byron", "Bo Chen"),
    )


def test_two_entries_are_two_documents_and_none_has_an_arxiv_identifier_as_its_key() -> None:
    one, other = Entry("Bread", authors=("Ada Byron",)).document, Entry("Bread").document

    assert one.key != other.key
    assert one.key.startswith("library:")


@pytest.mark.parametrize("read", [read_bibtex, read_ris])
@given(st.text(alphabet='@{}()",=# \\\nabTYER-  '))
def test_no_text_breaks_a_reader(read: object, raw: str) -> None:
    assert callable(read)
    for entry in read(raw):
        assert entry.title
