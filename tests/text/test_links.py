"""Which links of an abstract or a comment are shown as what, and which are refused."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Link
from bot.text.links import LONGEST, MOST, found

METADATA = Path(__file__).parents[2] / "../shared/data/metadata"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://github.com/lab/crow", "code"),
        ("http://www.github.com/lab", "code"),
        ("https://gist.github.com/lab/1", "code"),
        ("https://gitlab.com/lab/crow", "code"),
        ("https://codeberg.org/lab/crow", "code"),
        ("https://bitbucket.org/lab/crow", "code"),
        ("https://anonymous.4open.science/r/crow-1", "code"),
        ("https://huggingface.co/datasets/lab/crows", "data"),
        ("https://huggingface.co/lab/crow-7b", "model"),
        ("https://hf.co/spaces/lab/crow", "project"),
        ("https://lab-crow.hf.space", "project"),
        ("https://www.kaggle.com/datasets/lab/crows", "data"),
        ("https://zenodo.org/records/1", "data"),
        ("https://doi.org/10.5281/zenodo.1", "data"),
        ("https://figshare.com/articles/1", "data"),
        ("https://osf.io/ab1cd", "data"),
        ("https://lab.github.io/crow/", "project"),
        ("https://lab.github.io", "project"),
        ("https://sites.google.com/view/crow", "project"),
    ],
)
def test_a_known_host_says_what_it_is(url: str, kind: str) -> None:
    assert found(f"All of it is at {url}.") == (Link(kind, url),)


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("Code: https://lab.example/crow", (Link("code (lab.example)", "https://lab.example/crow"),)),
        ("Our data are at https://www.crows.org.", (Link("data (crows.org)", "https://www.crows.org"),)),
        ("See the project page (https://crow.bird)", (Link("project (crow.bird)", "https://crow.bird"),)),
        ("Model weights: https://crow.bird/w!", (Link("model (crow.bird)", "https://crow.bird/w"),)),
        ("Data: https://osf.io/x1, slides: https://lab.example/x", (Link("data", "https://osf.io/x1"),)),
        ("Our code works. See https://lab.example/crow", ()),
        ("Presented at https://conference.example/2026", ()),
    ],
)
def test_an_unknown_host_needs_words_that_say_what_it_is_and_is_named(text: str, links: tuple[Link, ...]) -> None:
    assert found(text) == links


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (r"\url{https://github.com/lab/a\_b}", "https://github.com/lab/a_b"),
        (r"\href{https://github.com/lab/a}{here}", "https://github.com/lab/a"),
        (r"\href{https://github.com/lab/a}{https://github.com/lab/a}.", "https://github.com/lab/a"),
        ("{https://github.com/lab/a}.", "https://github.com/lab/a"),
        ("(https://github.com/lab/a).", "https://github.com/lab/a"),
        ("[md](https://github.com/lab/a)", "https://github.com/lab/a"),
        ("https://github.com/lab/a_(b), or", "https://github.com/lab/a_(b)"),
        ('"https://github.com/lab/a?"', "https://github.com/lab/a"),
        ("<https://github.com/lab/a>", "https://github.com/lab/a"),
        ("https://github.com/lab/a。", "https://github.com/lab/a"),
        ("**https://github.com/lab/a**", "https://github.com/lab/a"),
        ("on github.com/lab/a.", "https://github.com/lab/a"),
        ("GitHub.com/lab/a;", "https://GitHub.com/lab/a"),
        ("https: //github.com/lab/a.", "https://github.com/lab/a"),
        ("https:/github.com/lab/a", "https://github.com/lab/a"),
        ("is athttps://github.com/lab/a", "https://github.com/lab/a"),
        ("www.github.com/lab/a", "https://www.github.com/lab/a"),
        ("https://github.com/lab/a—which is", "https://github.com/lab/a"),
        ("https://github.com/lab/a's and https://github.com/lab/a’s", "https://github.com/lab/a"),
        ("https://github.com/lab/ crow-7b.", "https://github.com/lab/crow-7b"),
        ("(https://github.com/ lab/crow-7b)", "https://github.com/lab/crow-7b"),
        ("https://github.com/lab/a/ and more", "https://github.com/lab/a/"),
        ("https://github.com/lab/a/--x~y%20z#l", "https://github.com/lab/a/--x~y%20z#l"),
    ],
)
def test_what_stands_around_a_url_is_none_of_it(text: str, url: str) -> None:
    assert found(text) == (Link("code", url),)


@pytest.mark.parametrize("rest", ["lab/ and more", "lab/ repository.", "lab/ GPT-4 reads it", "lab/crow- long"])
def test_a_link_that_may_be_broken_and_cannot_be_put_together_is_none(rest: str) -> None:
    assert found(f"Code: https://github.com/{rest}") == ()


def test_a_doi_of_zenodo_needs_no_host_and_a_long_path_may_be_put_together() -> None:
    assert found("Zenodo: 10.5281/zenodo.123.") == (Link("data", "https://doi.org/10.5281/zenodo.123"),)
    page = Link("project (lab.example)", "https://lab.example/work/crow-1/page")
    assert found("Project page: https://lab.example/ work/crow-1/page") == (page,)
    assert found("Project: https://a.github.io/ code") == (Link("project", "https://a.github.io/"),)
    weights = Link("data", "https://huggingface.co/datasets/lab/crow-1")
    assert found("https://huggingface.co/datasets/lab/ crow-1.") == (weights,)


def test_each_link_stands_once_whether_abstract_or_comment_has_it() -> None:
    links = found(
        "At https://github.com/lab/a and http://GitHub.com/lab/a.git/", "Code: github.com/lab/a, osf.io/x1", None
    )
    assert links == (Link("code", "https://github.com/lab/a"), Link("data", "https://osf.io/x1"))
    assert found(None, "") == ()


def test_a_paper_has_only_so_many() -> None:
    text = " ".join(f"https://github.com/lab/{number}" for number in range(2_000))
    assert [link.url[-1] for link in found(text)] == list("01234")
    assert len(found(text)) == MOST


@pytest.mark.parametrize(
    "url",
    [
        "javascript://github.com/lab/a",
        "ftp://github.com/lab/a",
        "https://user@github.com/lab/a",
        "https://github.com:x@evil.example/lab",
        "https://github.com@evil.example/lab",
        "https://github.com:8443/lab",
        "https://github.com/@everyone",
        "https://github.com/l\u202eab/a",
        "https://github.com/l\x00ab/a",
        "https://github.com/l\u200bab/a",
        "https://gith\u0443b.com/lab",
        "https://xn--gthub-n4a.com/lab",
        "https://127.0.0.1/lab",
        "https://localhost/lab",
        "https://github.com",
        "https://huggingface.co/papers/2604.00001",
        "https://doi.org/10.1000/182",
        "https://arxiv.org/abs/2604.00001",
        "https://export.arxiv.org/abs/2604.00001",
        "https://github.com/" + "x" * LONGEST,
        "https://github.com/" + "." * 100_000,
    ],
)
def test_what_is_hostile_or_leads_to_nothing_of_the_kind_is_refused(url: str) -> None:
    assert found(f"code: {url}", url) == ()


@pytest.mark.parametrize("host", ["github.com.evil.example", "evilgithub.com"])
def test_a_host_that_only_looks_like_a_known_one_is_called_by_its_whole_name(host: str) -> None:
    assert found(f"https://{host}/lab") == ()
    assert found(f"Code: https://{host}/lab") == (Link(f"code ({host})", f"https://{host}/lab"),)


FRAGMENTS = [
    *("https://", "github.com/", "code: ", "a", "/", ".", "@", ":", "(", ")"),
    *("\\url{", "}", " ", "\u202e", "\x00", "é"),
]


@given(st.text(st.characters(exclude_categories=())) | st.lists(st.sampled_from(FRAGMENTS)).map("".join))
def test_whatever_is_written_a_link_is_plain_ascii_to_a_named_host(text: str) -> None:
    for link in found(text):
        assert re.fullmatch(r"https?://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+([/?#][!-?A-~]*)?", link.url)
        assert len(link.url) <= LONGEST
        assert re.fullmatch(r"(code|data|model|project)( \([a-z0-9.-]+\))?", link.label)


@pytest.mark.shared
@pytest.mark.skipif(not METADATA.is_dir(), reason="no ../shared/data/metadata here")
def test_real_papers_have_about_as_many_as_a_reader_finds() -> None:
    """Counted on 24 November 2026: one link in five papers, never more than three."""
    papers: dict[str, dict[str, str]] = {}
    for file in sorted(METADATA.glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            papers.update((paper["id"], paper) for paper in map(json.loads, lines))
    links = [found(paper["summary"], paper["comment"]) for paper in papers.values()]
    assert Counter(map(len, links)) == {0: 4971, 1: 1251, 2: 74, 3: 5}
    kinds = Counter(re.sub(r" \(.*", " elsewhere", link.label) for each in links for link in each)
    assert kinds == {
        "code": 958, "project": 326, "data": 66, "model": 14,
        "project elsewhere": 38, "data elsewhere": 6, "code elsewhere": 5, "model elsewhere": 1,
    }  # fmt: skip
