from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import RenderError
from bot.model import AnnounceType, Hit, Order, Topic
from bot.publish.html import SiteContext, render_web_page
from bot.publish.html_index import mailings, render_front
from bot.publish.markdown import TopicPage
from bot.text.templates import Templates
from tests.builders import MONDAY, entry, paper

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.model import DigestEntry

GOLDEN = Path(__file__).parents[1] / "data" / "site"
TEMPLATES = Templates()
BIRDS = Topic("birds", "Birds & Maps", ("cs.CV",), keywords=("pigeon", "homing flight"), exclude=("penguin",))
NAMES = ("paperboy.css", "theme.js", "page.js", "search.js", "icon.svg")
HERE = SiteContext({name: f"assets/{name}" for name in NAMES})
PUBLISHED = replace(HERE, url="https://lab.example.org/papers")


class Reader(HTMLParser):
    """The page as a parser sees it: its tags, its ids, its links, its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, attribute: str) -> list[str]:
        return [value or "" for name, value in self.attributes if name == attribute]


def page(entries: Iterable[DigestEntry], *, topic: Topic = BIRDS, site: SiteContext = HERE) -> str:
    return render_web_page(TopicPage(topic, MONDAY, tuple(entries)), site, TEMPLATES)


def front(
    counts: dict[Topic, dict[date, int]],
    site: SiteContext = HERE,
    newest: Mapping[Topic, Sequence[DigestEntry]] | None = None,
) -> str:
    return render_front(counts, newest or {}, site, TEMPLATES, mark="0123456789abcdef")


def is_golden(name: str, shown: str) -> bool:
    file = GOLDEN / name
    if os.environ.get("WRITE_GOLDEN"):
        file.write_text(shown, encoding="utf-8")
    return shown == file.read_text(encoding="utf-8")


def test_a_page_is_as_it_was() -> None:
    entries = [
        entry(paper(title=r"Maps of $\mathbb{R}^2$ & <maps>", abstract="Code: https://github.com/example/maps.")),
        entry(paper("2604.00007", authors=[f"Author {n}" for n in range(1, 16)]), type=AnnounceType.CROSS),
        entry(paper("hep-th/9901001", version=2, categories=("hep-th",)), type=AnnounceType.REPLACE_CROSS),
        replace(entry(paper("2604.00002", version=2), replaced_to=2), reconstructed=True),
    ]
    assert is_golden("page.html", page(entries, site=PUBLISHED))


def test_a_front_page_is_as_it_was() -> None:
    counts = {
        BIRDS: {MONDAY: 12, date(2026, 4, 18): 0, date(2026, 3, 31): 7, date(2026, 2, 2): 1, date(2025, 12, 1): 3},
        replace(BIRDS, name="one", title="One_of_them"): {MONDAY: 1},
        replace(BIRDS, name="none", title="Never Seen"): {},
    }
    assert is_golden("index.html", front(counts, PUBLISHED))


def test_no_golden_file_is_unused() -> None:
    assert sorted(path.name for path in GOLDEN.iterdir()) == ["index.html", "index.md", "page.html", "page.md"]


def test_katex_is_loaded_only_where_a_formula_stands() -> None:
    assert "katex" not in page([entry()])
    assert page([entry(paper(title="On $x_1$"))]).count("katex.min") == 2


@pytest.mark.parametrize("shown", [page([entry()]), front({BIRDS: {MONDAY: 1}})])
def test_a_page_runs_no_script_but_those_beside_it(shown: str) -> None:
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', shown)
    assert len(policy) == 1
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy[0]
    assert "unsafe" not in policy[0]
    assert re.findall(r"<script(?! src=)", shown) == []
    assert re.findall(r"<[^>]* (?:on\w+|style)=", shown) == []


def test_a_published_page_says_where_it_is() -> None:
    shown = page([entry()], site=PUBLISHED)
    assert '<link rel="canonical" href="https://lab.example.org/papers/birds/2026-04-20.html">' in shown
    assert '<meta property="og:title" content="Birds &amp; Maps · 2026-04-20">' in shown
    assert '<meta property="og:description" content="1 paper in arXiv&#x27;s mailing of Mon 20 Apr 2026">' in shown
    assert "og:" not in page([entry()])
    assert "canonical" not in page([entry()])


@pytest.mark.parametrize(
    ("shown", "chips"),
    [
        (entry(), ["new"]),
        (entry(type=AnnounceType.CROSS), ["cross-listed"]),
        (entry(replaced_to=2), ["new, now v2"]),
        (entry(paper(version=3), type=AnnounceType.REPLACE_CROSS), ["replaced: v3", "cross-listed"]),
        (replace(entry(), reconstructed=True), ["new", "reconstructed"]),
        (entry(paper(abstract="This paper has been withdrawn.")), ["new", "withdrawn"]),
    ],
)
def test_a_paper_s_type_is_a_chip(shown: DigestEntry, chips: list[str]) -> None:
    assert re.findall(r'<li class="chip (?:kind|unusual)"[^>]*>([^<]*)</li>', page([shown])) == chips


def test_a_chip_of_a_category_or_a_term_searches_for_it() -> None:
    shown = page([entry(hits=(Hit("a&b c", "title"), Hit("a&b c", "abstract")))])
    assert '<a class="chip" href="../index.html#category=cs.CV">cs.CV</a>' in shown
    assert shown.count('<a class="chip term" href="../index.html#keyword=a%26b+c">a&amp;b c</a>') == 1


def test_a_replacement_links_its_version_everywhere() -> None:
    links = Reader(page([entry(paper(version=3), type=AnnounceType.REPLACE)])).all("href")
    for kind in ("abs", "pdf", "html"):
        assert f"https://arxiv.org/{kind}/2604.00001v3" in links


def test_a_withdrawn_paper_links_neither_pdf_nor_html() -> None:
    links = Reader(page([entry(paper(abstract="This paper has been withdrawn."))])).all("href")
    assert [link for link in links if "2604.00001" in link] == ["https://arxiv.org/abs/2604.00001"] * 2


def test_code_that_a_paper_names_is_linked() -> None:
    shown = page([entry(paper(abstract="Code at https://github.com/example/maps."))])
    assert '<a class="found" href="https://github.com/example/maps" rel="nofollow">code</a>' in shown


def test_many_authors_are_cut_with_their_number() -> None:
    shown = Reader(page([entry(paper(authors=[f"A{n}" for n in range(20)]))])).text
    assert "A10, A11, and 8 more" in shown
    assert "A12" not in shown.split("@misc")[0]


def test_papers_stand_as_in_a_digest_and_know_their_place_in_the_markdown() -> None:
    titled = Hit("pigeon", "title")
    entries = [
        entry(
            paper(f"2604.0000{n}", categories=("cs.CV",)), hits=(titled,) if n == 2 else (Hit("pigeon", "abstract"),)
        )
        for n in (2, 3, 1)
    ]
    found = re.findall(r'<article class="paper" id="([^"]*)" data-listed="(\d)"', page(entries))
    assert found == [("2604.00002", "2"), ("2604.00001", "3"), ("2604.00003", "1")]
    listing = page(entries, topic=replace(BIRDS, order=Order.LISTING))
    assert 'id="listing"' in page(entries)
    assert 'id="listing"' not in listing


def test_a_mailing_without_a_match_says_so() -> None:
    assert "No paper of this mailing matched." in page([])


def test_what_a_topic_looks_for_is_said() -> None:
    shown = Reader(page([entry()], topic=replace(BIRDS, authors=("Ada Byron",), query="ti:x"))).text
    for word in ("pigeon", "homing flight", "Ada Byron", "ti:x", "penguin"):
        assert word in shown
    everything = Reader(page([], topic=replace(BIRDS, keywords=(), exclude=()))).text
    assert "everything" in everything
    assert "But not" not in everything


def test_a_front_page_of_nothing_says_so() -> None:
    assert "No mailing has been filed yet." in front({})


def test_every_mailing_is_in_the_calendar_once_and_a_weekend_s_too() -> None:
    counts = {BIRDS: {date(2026, month, day): 1 for month in (3, 4) for day in range(1, 29)}}
    found = re.findall(r'<td><a href="(birds/[\d-]+)\.html"', front(counts))
    assert sorted(found) == sorted(f"birds/{day}" for day in counts[BIRDS])


def test_the_front_page_names_the_months_that_the_search_has_newest_first() -> None:
    counts = {BIRDS: {MONDAY: 1, date(2025, 12, 1): 2}, replace(BIRDS, name="b"): {date(2026, 1, 2): 1}}
    assert 'data-months="2026-04 2026-01 2025-12"' in front(counts)


def test_a_topic_s_mailings_are_named_newest_first() -> None:
    assert mailings({date(2026, 4, 17): 1, MONDAY: 0}) == 'paperboy.mailings(["2026-04-20", "2026-04-17"]);\n'


def test_the_operator_s_own_template_wins_and_its_mistakes_name_their_line(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    template = tmp_path / "site" / "web.html.j2"
    template.write_text("<p>{{ title }}</p>", encoding="utf-8")
    shown = TopicPage(BIRDS, MONDAY, (entry(),))
    assert render_web_page(shown, HERE, Templates(tmp_path)) == "<p>Birds &amp; Maps</p>\n"
    template.write_text("first\n{{ tytle }}", encoding="utf-8")
    with pytest.raises(RenderError, match=r"site/web\.html\.j2, line 2: .*tytle"):
        render_web_page(shown, HERE, Templates(tmp_path))


@pytest.mark.parametrize(
    "hostile",
    [
        "</script><script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "' onmouseover='alert(1)",
        "javascript:alert(1)",
        "<!-- --><style>*{display:none}</style>",
        "{{ 7*7 }}{% raw %}",
        "</pre></article></main>",
        "&lt;b&gt;&amp;amp;",
    ],
)
def test_hostile_text_reads_as_it_was_written_and_adds_no_tag(hostile: str) -> None:
    topic = replace(BIRDS, title=hostile, keywords=(hostile,), exclude=(hostile,))
    strange = paper(title=hostile, abstract=hostile, authors=(hostile,), categories=(hostile,))
    seen = Reader(page([entry(strange, hits=(Hit(hostile, "title"),))], topic=topic, site=PUBLISHED))
    assert seen.text.count(hostile) >= 6  # beside that, BibTeX has it twice in TeX
    assert [tag for tag in seen.tags if tag in ("script", "style", "img", "iframe")] == ["script"] * 2
    assert not [name for name, _ in seen.attributes if name.startswith("on") or name == "style"]
    assert all(re.match(r"https://|\.\./|#|[\w-]+\.(html|bib|md|xml|json)$", link) for link in seen.all("href"))
    index = Reader(front({topic: {MONDAY: 1}}, PUBLISHED))
    assert [tag for tag in index.tags if tag in ("script", "style", "img")] == ["script"] * 3


@given(title=st.text(), abstract=st.text(), author=st.text(), category=st.text(), term=st.text())
def test_any_text_leaves_the_page_s_structure_as_it_is(
    title: str, abstract: str, author: str, category: str, term: str
) -> None:
    strange = entry(
        paper(title=title, abstract=abstract, authors=(author,), categories=(category,)), hits=(Hit(term, "title"),)
    )
    shown = page([strange, entry(paper("2604.00002"))])
    seen = Reader(shown)
    assert seen.tags.count("article") == 2
    assert seen.tags.count("script") in (2, 3)  # and KaTeX's
    assert sorted(value for value in seen.all("id") if value[:5] == "2604.") == ["2604.00001", "2604.00002"]
    shown.encode()


def test_a_paper_whose_title_shows_nothing_is_named_by_its_identifier() -> None:
    assert "2604.00001</a>" in page([entry(paper(title="\u3164"))])
