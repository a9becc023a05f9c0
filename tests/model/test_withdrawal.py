from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.withdrawal import stated
from tests.builders import paper

ABSTRACT = "We teach pigeons to read maps. They do so better than expected."


@pytest.mark.parametrize(
    "comment",
    [
        "Withdrawn",
        "withdrawn.",
        "*** Withdrawn ***",
        "This paper has been withdrawn",
        "This paper has been withdrawn by the author(s) because the pigeons were gulls",
        r"{\bf This paper has been withdrawn}",
        "This short note [v3] has since been temporarily withdrawn",
        "This paper is withdrawn and replaced by arXiv:2604.90001",
        "This paper has been withdrawn from arXiv",
        "This article has been retracted by its authors",
        "Paper withdrawn",
        "paper has been withdrawn",
        "Manuscript withdrawn due to a wrong map",
        "The paper is withdrawn, since the loft in Fig. 2 is upside down",
        "Withdrawn by Ada Byron",
        "Withdrawn as it repeats arXiv:2604.90001",
        "Withdrawn (gap in the proof of Lemma 2)",
        "Withdrawn; Theorem 1 is wrong",
        "Withdrawn - Theorem 1 is wrong",
        "Withdrawn because of a leak",
        "Withdrawn pending a second count",
        "12 pages, withdrawn by the authors due to a slip",
        "12 pages, 3 figures. This submission has been withdrawn.",
        "12 pages. Withdrawn.",
        "12 pages (withdrawn due to a slip)",
        "Unfortunately the map was upside down; the paper is withdrawn",
        "As the map was upside down, our paper has been withdrawn",
        "We withdraw this paper: the birds were gulls",
        "I hereby withdraw this submission",
        "The authors have decided to withdraw this paper",
        "The author withdraws the manuscript",
        "This submission has been withdrawn by arXiv administrators because it is about gulls",
        "arXiv admin note: this version has been removed by arXiv administrators as it is about gulls",
    ],
)
def test_a_comment_states_a_withdrawal(comment: str) -> None:
    assert stated("Pigeons", ABSTRACT, comment)


@pytest.mark.parametrize(
    "comment",
    [
        None,
        "",
        "12 pages, on withdrawn drugs",
        "Withdrawn from the Loft Conference",
        "Accepted at one workshop, withdrawn from another",
        "This paper was withdrawn from the Loft Conference and sent to another",
        "The authors withdrew this paper from the Loft Conference",
        "Loft Conference 2026, withdrawn submission",
        "Submitted to the Loft Conference (withdrawn)",
        "Replaces the withdrawn paper arXiv:2604.90001",
        "A corrected version of the withdrawn arXiv:2604.90001",
        "v1 was withdrawn because the map was upside down",
        "An earlier version of this paper has been withdrawn; this one is new",
        "The first version was withdrawn by the authors due to a slip",
        "The claim of Section 4 is withdrawn",
        "This paper has not been withdrawn",
        "We do not withdraw this paper",
        "Retracts and retracted spaces, 12 pages",
    ],
)
def test_other_comments_state_none(comment: str | None) -> None:
    assert not stated("Pigeons", ABSTRACT, comment)


@pytest.mark.parametrize(
    "abstract",
    [
        "This paper has been withdrawn by the authors due to an error in Lemma 2.",
        "This paper has been withdrawn, see hep-th/9901001",
        "The paper has been withdrawn because of a gap. The gap is in Lemma 2.",
        "Withdrawn.",
        "Withdrawn by the author.",
        "Paper withdrawn by the authors.",
        f"[This paper has been withdrawn.] {ABSTRACT}",
        f"{ABSTRACT} This paper has been withdrawn by the author.",
        f"{ABSTRACT} We withdraw this paper, as the map was upside down.",
        "The authors withdraw this paper.",
    ],
)
def test_an_abstract_states_a_withdrawal_first_or_last(abstract: str) -> None:
    assert stated("Pigeons", abstract, "12 pages")


@pytest.mark.parametrize(
    "abstract",
    [
        "Withdrawn drugs have left the market. We tell withdrawn drugs from others by their shape.",
        "Withdrawn, discontinued and recalled drugs are listed.",
        "Withdrawn by its maker in 2004, one drug is still sold.",
        "We look at seeds that were withdrawn by the authorities.",
        "Retracted papers keep being cited. We count ten of them.",
        "We count the withdrawn papers of arXiv, and ask why authors withdraw papers.",
        "A note of 1998 said that pigeons cause rain. This paper was retracted in 2010. We follow its citations.",
        "Water is withdrawn from the river. This paper says how much.",
    ],
)
def test_an_abstract_about_withdrawn_things_states_none(abstract: str) -> None:
    assert not stated("Pigeons", abstract, None)


@pytest.mark.parametrize(
    ("title", "withdrawn"),
    [
        ("Withdrawn", True),
        ("Paper withdrawn", True),
        ("This paper has been withdrawn", True),
        ("[Withdrawn] Pigeons Read Maps", True),
        ("WITHDRAWN: Pigeons Read Maps", True),
        ("Pigeons Read Maps (withdrawn)", True),
        ("Pigeons Read Maps [paper withdrawn]", True),
        ("Withdrawn Drugs and Pigeons", False),
        ("Retracted: Measuring How Pigeons Fold Their Wings", False),
        ("Withdrawn but Not Forgotten", False),
    ],
)
def test_a_title_states_a_withdrawal_as_a_tag_or_as_a_whole(title: str, *, withdrawn: bool) -> None:
    assert stated(title, ABSTRACT, None) == withdrawn
    assert paper(title=title).withdrawn == withdrawn


_PIECES = st.lists(
    st.sampled_from(["this ", "paper ", "has ", "been ", "withdrawn ", "we ", "\\bf", "by ", "(", ". ", "v1 "])
)


@given(_PIECES.map("".join), _PIECES.map("".join))
def test_line_breaks_and_case_do_not_matter(abstract: str, comment: str) -> None:
    shouted = (abstract.upper().replace(" ", "\n "), comment.upper().replace(" ", " \n"))
    assert stated("Pigeons", *shouted) == stated("Pigeons", abstract, comment)
