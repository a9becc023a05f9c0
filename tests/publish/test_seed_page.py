"""The page this project was asked to reproduce, made again from its own 31 papers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from bot.model import AnnounceType, Author, DigestEntry, Match, Paper, Topic
from bot.publish.markdown import TopicPage, render_page
from bot.text.templates import Templates

SEED = Path(__file__).parents[2] / ".." / "shared" / "seed-page.md"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SEED.is_file(), reason="needs ../shared/seed-page.md, which is not in the repository"),
]

MLLM = Topic(
    name="mllm",
    title="MLLM",
    categories=("cs.AI", "cs.CL", "cs.CV"),
    keywords=(
        "VLM",
        "MLM",
        "MLLM",
        "Multi-Modal Language Model",
        "Multimodal Language Model",
        "Vision Language Model",
    ),
)
ENTRY = re.compile(
    r"^- \*\*\[(?P<title>.*)\]\(https://arxiv\.org/abs/(?P<identifier>.*)\)\*\*  `arXiv:.*?`  (?P<categories>.*)  \n"
    r"  _(?P<authors>.*)_\n  <details open><summary>Abstract</summary>\n  (?P<abstract>.*)\n  </details>$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A difference from the seed page that we want: on that line, the one place that `seed` finds became `ours`."""

    line: int
    seed: str
    """A regular expression, for no sentence of the page is to stand in here."""
    ours: str

    def mend(self, line: str) -> str:
        mended, places = re.subn(self.seed, self.ours, line)
        assert places == 1, self
        return mended


TORN = (
    *(Wanted(line, "atthis https URL", "at this https URL") for line in (37, 49, 109, 139, 145, 187, 193)),
    Wanted(79, "at:this https URL", "at: this https URL"),
)
ESCAPED = (Wanted(37, r"<(?== \d)", "&#60;"),)
TEX = (
    Wanted(25, r"\\textit\{([^}]*)\}", r"\1"),
    Wanted(25, r"\$K\\bar\{T\}\$", "KT\u0305"),
    Wanted(169, r"\$\\sim\$", "∼"),
    Wanted(190, " -- ", " – "),
)


def papers() -> list[Paper]:
    return [_paper(found) for found in ENTRY.finditer(SEED.read_text(encoding="utf-8"))]


def _paper(found: re.Match[str]) -> Paper:
    """Where the seed says "et al." there were more authors: one invented name stands for them."""
    authors = found["authors"].replace(", et al.", ", An Invented Seventh").split(", ")
    return Paper(
        identifier=found["identifier"],
        version=1,
        title=found["title"],
        abstract=found["abstract"],
        authors=tuple(Author(name) for name in authors),
        categories=tuple(re.findall(r"`(.*?)`", found["categories"])),
    )


def test_the_seed_page_comes_out_line_by_line() -> None:
    found = papers()
    assert len(found) == 31
    entries = tuple(
        DigestEntry(paper, AnnounceType.NEW, date(2025, 4, 15), Match("mllm")) for paper in reversed(found)
    )
    page = TopicPage(MLLM, date(2025, 4, 15), entries, repository="tavish9/awesome-daily-AI-arxiv")
    ours = render_page(page, Templates()).splitlines(keepends=True)
    seed = SEED.read_text(encoding="utf-8").splitlines(keepends=True)
    for want in (*TORN, *ESCAPED, *TEX):
        seed[want.line - 1] = want.mend(seed[want.line - 1])
    assert ours == seed
