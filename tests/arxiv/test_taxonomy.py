from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.arxiv import taxonomy

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("cs.CV", "cs.CV"),
        ("CS.cv", "cs.CV"),
        (" cs.CV ", "cs.CV"),
        ("cs.NA", "math.NA"),
        ("math.mp", "math-ph"),
        ("hep-th", "hep-th"),
        ("cmp-lg", "cs.CL"),
        ("COND-MAT.MTRL-SCI", "cond-mat.mtrl-sci"),
    ],
)
def test_alias_and_case_are_resolved(written: str, meant: str) -> None:
    assert taxonomy.canonical(written) == meant


@pytest.mark.parametrize(
    ("written", "suggestion"),
    [
        ("cs.CVV", "cs.CV"),
        ("csCV", "cs.CV"),
        ("maths.NA", "math.NA"),
        ("heplat", "hep-lat"),
        ("cs", "cs.*"),
        ("maths.*", "math.*"),
        ("cmp-lg.*", "cs.CL"),
        ("quant", "quant-ph"),
        ("astro.*", "astro-ph.*"),
        ("hep", None),
        ("cs.ML", None),
        ("pigeons", None),
        ("", None),
    ],
)
def test_an_unknown_category_is_refused_with_what_was_probably_meant(written: str, suggestion: str | None) -> None:
    with pytest.raises(taxonomy.UnknownCategoryError) as caught:
        taxonomy.canonical(written)
    assert (caught.value.category, caught.value.suggestion) == (written, suggestion)


def test_the_refusal_is_a_sentence() -> None:
    assert str(taxonomy.UnknownCategoryError("cs.CVV", "cs.CV")) == "unknown category cs.CVV: did you mean cs.CV?"
    assert str(taxonomy.UnknownCategoryError("pigeons", None)) == "unknown category pigeons"


@pytest.mark.parametrize("pattern", ["econ.*", "econ", "ECON.*"])
def test_an_archive_stands_for_its_categories(pattern: str) -> None:
    assert taxonomy.expand(pattern) == ("econ.EM", "econ.GN", "econ.TH")


def test_an_archive_holds_its_aliases_under_their_canonical_names() -> None:
    expanded = taxonomy.expand("cs.*")
    assert len(expanded) == 40
    assert {"math.NA", "eess.SY"} < set(expanded)
    assert not {"cs.NA", "cs.SY"} & set(expanded)


@pytest.mark.parametrize(("pattern", "meant"), [("cs.cv", "cs.CV"), ("cs.NA", "math.NA"), ("hep-th.*", "hep-th")])
def test_a_plain_category_stands_for_itself(pattern: str, meant: str) -> None:
    assert taxonomy.expand(pattern) == (meant,)


@pytest.mark.parametrize("pattern", ["c*", "*", "cs.C*", "birds.*"])
def test_no_other_pattern_is_understood(pattern: str) -> None:
    with pytest.raises(taxonomy.UnknownCategoryError):
        taxonomy.expand(pattern)


@pytest.mark.parametrize(
    ("category", "name"),
    [
        ("cs.CV", "Computer Vision and Pattern Recognition"),
        ("cs.NA", "Numerical Analysis"),
        ("hep-th", "High Energy Physics - Theory"),
        ("astro-ph", "Astrophysics"),
        ("cs", "Computer Science"),
        ("cmp-lg", "Computation and Language"),
        ("birds.PG", "birds.PG"),
    ],
)
def test_every_category_has_a_name_and_an_unknown_one_its_id(category: str, name: str) -> None:
    assert taxonomy.name(category) == name


def test_papers_list_a_category_under_any_of_its_names() -> None:
    assert taxonomy.related("cs.NA") == taxonomy.related("math.NA") == ("math.NA", "cs.NA")
    assert taxonomy.related("cs.CL") == ("cs.CL", "cmp-lg")
    assert taxonomy.related("cs.CV") == ("cs.CV",)
    assert taxonomy.related("birds.PG") == ("birds.PG",)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")
def test_the_taxonomy_is_that_of_arxivs_own_code() -> None:
    facts = json.loads((SHARED / "reference" / "taxonomy.json").read_text())
    aliases = facts["category_aliases"] | facts["archives_subsumed"]
    assert aliases == taxonomy._ALIASES
    active = {id_: record for id_, record in facts["categories"].items() if record["is_active"]}
    assert {id_: record["full_name"] for id_, record in active.items()} == taxonomy._NAMES
    for archive in set(facts["archives_active"]) - {"test"}:
        members = [id_ for id_, record in active.items() if record["in_archive"] == archive]
        assert taxonomy.expand(archive) == tuple(sorted({aliases.get(id_, id_) for id_ in members}))
        assert taxonomy.name(archive) == facts["archives"][archive]["full_name"]


def test_categories_are_known_by_how_they_begin_under_any_of_their_names() -> None:
    assert taxonomy.beginning("q-bio.t") == ("q-bio.TO",)
    assert taxonomy.beginning("alg") == ("alg-geom",)
    assert taxonomy.beginning("xx") == ()
