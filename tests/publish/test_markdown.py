from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.errors import RenderError
from bot.model import AnnounceType, MatchMode, Topic
from bot.publish.markdown import TopicPage, render_index, render_page
from bot.text.templates import Templates
from tests.builders import MONDAY, entry, paper

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import DigestEntry

GOLDEN = Path(__file__).parents[1] / "data" / "site"
TEMPLATES = Templates()
BIRDS = Topic("birds", "Birds & Maps", ("cs.CV",), keywords=("pigeon", "homing flight"), exclude=("penguin",))


def page(entries: Iterable[DigestEntry], *, topic: Topic = BIRDS, repository: str | None = None) -> str:
    return render_page(TopicPage(topic, MONDAY, tuple(entries), repository), TEMPLATES)


def links(markdown: str) -> list[str]:
    """Where the links of the list lead, as a CommonMark parser written by others reads the page."""
    tokens = MarkdownIt("commonmark").parse(markdown.split("## 📚 Paper List\n", 1)[1])
    return [
        str(child.attrs["href"]) for token in tokens for child in token.children or () if child.type == "link_open"
    ]


def as_read(markdown: str) -> str:
    """The page's text as a reader of its HTML sees it."""
    rendered = MarkdownIt("commonmark").render(markdown)
    return html.unescape(re.sub(r"<[^>]*>", "", rendered)).replace("\u200b", "")


def test_a_page_is_as_it_was() -> None:
    entries = [
        entry(paper()),
        entry(
            paper(
                "2604.00007",
                title="Maps *of* [all] <maps> `and` the $5 _question_",
                abstract="Is 3 < 4 & 5 > 4? See <b>Table 1</b>.\n\n</details> Code is available atthis https URL.",
                authors=[f"Author_{number}_" for number in range(1, 8)],
                categories=("cs.CV", "cs.RO"),
            ),
            type=AnnounceType.CROSS,
        ),
        entry(paper("2604.00003", version=3, categories=("q-bio.NC",)), type=AnnounceType.REPLACE),
        entry(paper("hep-th/9901001", version=2, categories=("hep-th", "cs.CV")), type=AnnounceType.REPLACE_CROSS),
        entry(paper("2604.00002", version=2), replaced_to=2),
    ]
    assert page(entries, repository="example/pages") == (GOLDEN / "page.md").read_text(encoding="utf-8")


def test_an_index_is_as_it_was() -> None:
    counts = {
        BIRDS: {MONDAY: 12, date(2026, 4, 17): 1, date(2026, 3, 31): 7, date(2025, 12, 1): 3},
        replace(BIRDS, name="one", title="One_of_them"): {MONDAY: 1},
        replace(BIRDS, name="none", title="Never Seen"): {},
    }
    index = render_index(counts, TEMPLATES, repository="example/pages")
    assert index == (GOLDEN / "index.md").read_text(encoding="utf-8")


def test_papers_stand_by_categories_and_identifier_descending_however_they_came() -> None:
    entries = [
        entry(paper("2604.00002", categories=("cs.CV",))),
        entry(paper("2604.00009", categories=("cs.CV", "cs.AI"))),
        entry(paper("2604.00001", categories=("cs.CV", "cs.LG"))),
        entry(paper("2604.00003", categories=("cs.CV",))),
    ]
    expected = [f"https://arxiv.org/abs/2604.0000{last}" for last in (1, 9, 3, 2)]
    assert links(page(entries)) == expected
    assert page(entries) == page(reversed(entries))


@pytest.mark.parametrize(
    ("shown", "line"),
    [
        (entry(), "`cs.LG`  \n"),
        (entry(replaced_to=2), "`cs.LG`  `new, now v2`  \n"),
        (entry(type=AnnounceType.CROSS), "`cs.LG`  `cross-listed`  \n"),
        (entry(type=AnnounceType.CROSS, replaced_to=2), "`cs.LG`  `new, now v2` `cross-listed`  \n"),
        (entry(paper(version=3), type=AnnounceType.REPLACE), "`cs.LG`  `replaced: v3`  \n"),
        (entry(paper(version=3), type=AnnounceType.REPLACE_CROSS), "`cs.LG`  `replaced: v3` `cross-listed`  \n"),
        (entry(paper(title="Pigeons (withdrawn)")), "`cs.LG`  `withdrawn`  \n"),
    ],
)
def test_the_first_line_ends_in_chips_and_a_line_break(shown: DigestEntry, line: str) -> None:
    assert line in page([shown])


def test_a_replacement_links_its_version() -> None:
    assert links(page([entry(paper(version=3), type=AnnounceType.REPLACE)])) == [
        "https://arxiv.org/abs/2604.00001v3",
    ]


def test_the_keywords_line_names_the_followed_authors_too() -> None:
    topic = replace(BIRDS, authors=("Ada Byron",), exclude=())
    shown = page([entry()], topic=topic)
    assert "**Keywords**: `pigeon` `homing flight` `Ada Byron`  \n**Filter**: `None`\n" in shown


def test_the_keywords_line_shows_a_query_whole() -> None:
    topic = replace(BIRDS, keywords=(), query='ti:"visual grounding" ANDNOT abs:medical')
    assert '**Keywords**: `ti:"visual grounding" ANDNOT abs:medical`  \n' in page([entry()], topic=topic)


def test_a_topic_without_terms_says_that_it_takes_everything() -> None:
    topic = replace(BIRDS, keywords=(), categories=("cs.CV", "cs.RO"))
    assert "**Keywords**: everything in `cs.CV` `cs.RO`  \n" in page([entry()], topic=topic)


@pytest.mark.parametrize(
    ("keyword", "span"),
    [("a`b", "``a`b``"), ("`x`", "`` `x` ``"), ("``", "``` `` ```"), ("**", "`**`"), ("a\n\nb", "`a b`")],
)
def test_a_keyword_stays_one_code_span_whatever_it_holds(keyword: str, span: str) -> None:
    shown = page([entry()], topic=replace(BIRDS, keywords=(keyword,), match=MatchMode.SUBSTRING))
    assert f"**Keywords**: {span}  \n" in shown


@given(st.text().filter(lambda name: name.strip(" `")))
def test_any_keyword_reads_as_it_was_written(keyword: str) -> None:
    tokens = MarkdownIt("commonmark").parse(page([], topic=replace(BIRDS, keywords=(keyword, "last"))))
    spans = [child.content for token in tokens for child in token.children or () if child.type == "code_inline"]
    assert spans[-2:] == ["last", "penguin"]
    assert len(spans) <= 3


def test_the_last_updated_badge_needs_a_repository() -> None:
    assert "Last Updated" not in page([entry()])
    assert "api.github.com/repos/o/n%29/commits/main" in page([entry()], repository="o/n)")


def test_a_mailing_without_a_match_says_so() -> None:
    assert page([]).endswith("## 📚 Paper List\n\nNo paper of this mailing matched.\n")


def test_a_paper_without_authors_has_no_author_line() -> None:
    assert "`cs.LG`  \n  <details open>" in page([entry(paper(authors=()))])


def test_a_paper_without_categories_still_has_its_line_break() -> None:
    assert "`arXiv:2604.00001`  \n" in page([entry(paper(categories=()))])


def test_an_index_of_nothing_says_so() -> None:
    assert "No mailing has been filed yet." in render_index({}, TEMPLATES)


def test_an_index_links_every_page_once_newest_first() -> None:
    counts = {BIRDS: {date(2026, month, day): 1 for month in (3, 4) for day in range(1, 29)}}
    found = re.findall(r"\[\d+\]\((birds/[\d-]+)\.md\)", render_index(counts, TEMPLATES))
    assert found == sorted((f"birds/{day}" for day in counts[BIRDS]), reverse=True)


def test_the_operator_s_own_page_template_wins_and_its_mistakes_name_their_line(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    template = tmp_path / "site" / "page.md.j2"
    template.write_text("{{ title }}: {{ papers | length }}")
    shown = TopicPage(BIRDS, MONDAY, (entry(),))
    assert render_page(shown, Templates(tmp_path)) == "Birds & Maps: 1\n"
    template.write_text("first\n{{ tytle }}")
    with pytest.raises(RenderError, match=r"site/page\.md\.j2, line 2: .*tytle"):
        render_page(shown, Templates(tmp_path))


@given(
    title=st.text(),
    abstract=st.text(),
    author=st.text(),
    categories=st.lists(st.text(min_size=1), max_size=2),
)
def test_any_text_gives_exactly_one_entry_per_paper(
    title: str,
    abstract: str,
    author: str,
    categories: list[str],
) -> None:
    strange = paper(title=title, abstract=abstract, authors=(author,), categories=("zz", *categories))
    plain = paper("2604.00002", categories=("aa",))
    shown = page([entry(strange), entry(plain)])
    assert links(shown) == ["https://arxiv.org/abs/2604.00001", "https://arxiv.org/abs/2604.00002"]
    assert shown.count("\n- **[") == 2
    assert shown.count("<details open>") == shown.count("</details>") == 2
    shown.encode()


HOSTILE = (
    "<script>alert(1)</script>",
    "**bold** _slanted_ ~~struck~~ `code`",
    "](https://example.org) [x](javascript:alert(1))",
    "</details></summary>",
    "# heading | a | b |",
    "&lt;b&gt; &amp; &copy;",
    "{{ 7*7 }} {% raw %}",
    "@everyone #123 a\\*b",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_reads_as_it_was_written(text: str) -> None:
    shown = page([entry(paper(title=text, abstract=text, authors=(text,)))])
    assert as_read(shown).count(text) == 3


def test_a_paper_whose_title_shows_nothing_is_named_by_its_identifier() -> None:
    assert "2604.00001" in as_read(page([entry(paper(title="\u3164"))])).split("arXiv:")[0]
