"""What every channel owes its readers: nothing lost unsaid, however much there is; one wording; no loose ends."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels import CHANNELS
from bot.model import AnnounceType, Digest, Hit, Link, Message
from bot.text import links
from bot.text.templates import Templates
from tests.builders import MONDAY, digest, entry, many_entries, paper, section
from tests.channels.harnesses import HARNESSES
from tests.channels.reading import html_of, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.channels.channel import Channel
    from tests.channels.reading import View

FRIDAY = date(2026, 4, 17)
LONG = "Vision, language, and everything that lies between the two of them " * 18
TEMPLATES = Templates()

at_every_channel = pytest.mark.parametrize("name", list(CHANNELS))


def channel(name: str) -> Channel:
    settings: Any = CHANNELS[name].Settings()
    return CHANNELS[name](settings, TEMPLATES, contact="ops@example.org")


def rendered(name: str, of: Digest, most: int = 10) -> tuple[Message, ...]:
    it = channel(name)
    messages = it.render(of, max_messages=most, options=it.Options())
    assert 1 <= len(messages) <= most
    return messages


def forms(name: str, messages: Sequence[Message]) -> list[list[View]]:
    """The rich form of all messages, and the plain one."""
    harness = HARNESSES[name]()
    return [list(form) for form in zip(*(harness.views(message) for message in messages), strict=True)]


def lists(count: int, of: str = "cs") -> list[Link]:
    return [
        Link(f"{of}.{n:02d} 2026-04-20", f"https://arxiv.org/catchup/{of}.{n:02d}/2026-04-20") for n in range(count)
    ]


def topics(count: int, papers: int = 2, *, hidden: int = 1, title: str = "Topic", links: int = 3) -> Digest:
    """So many topics, each with papers of its own, of two mailings."""
    return digest(
        [
            section(
                [
                    entry(paper(f"2604.{place:05d}"), mailing_date=FRIDAY if place % 2 else MONDAY)
                    for place in range(number * papers, (number + 1) * papers)
                ],
                topic=f"topic-{number}",
                title=f"{title} {number}",
                hidden=hidden,
                more=lists(links, of=f"t{number}"),
            )
            for number in range(count)
        ],
        mailing_dates=[MONDAY, FRIDAY],
        announced=9_000,
        missing=["cs.CL", "cs.AI of Fri 17 Apr 2026"],
    )


def assert_all_told(name: str, of: Digest, messages: Sequence[Message]) -> None:
    """Each paper is linked once or counted, in both forms; and the message names those that its rich form links."""
    shown = [identifier for message in messages for identifier in message.papers]
    known = {each.paper.identifier for part in of.sections for each in part.entries}
    assert len(shown) == len(set(shown))
    assert set(shown) <= known
    for form in forms(name, messages):
        linked = [identifier for view in form for identifier in view.papers]
        assert len(linked) == len(set(linked))
        assert len(linked) + sum(view.counted for view in form) == of.matched
    for message, view in zip(messages, forms(name, messages)[0], strict=True):
        assert list(message.papers) == view.papers


# Every cut is said


@at_every_channel
@pytest.mark.parametrize(("papers", "most"), [(1, 1), (31, 1), (31, 10), (300, 1), (300, 10)])
def test_every_paper_is_shown_or_counted(name: str, papers: int, most: int) -> None:
    of = digest([section(many_entries(papers), hidden=5)])
    messages = rendered(name, of, most)
    assert_all_told(name, of, messages)
    if papers == 31:
        assert sum(len(message.papers) for message in messages) == 31


@at_every_channel
@pytest.mark.parametrize(("count", "papers"), [(50, 4), (120, 2), (150, 0)])
@pytest.mark.parametrize("title", ["Topic", LONG])
def test_many_topics_lose_no_paper(name: str, count: int, papers: int, title: str) -> None:
    of = topics(count, papers, title=title)
    (message,) = messages = rendered(name, of, 1)
    assert_all_told(name, of, messages)
    assert bool(message.papers) == bool(papers)


@at_every_channel
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    count=st.integers(0, 120),
    papers=st.integers(0, 3),
    hidden=st.integers(0, 2),
    title=st.sampled_from(["Topic", LONG, "漢字" * 80, "*&<" * 99]),
    links=st.integers(0, 40),
    most=st.integers(1, 10),
)
def test_shown_and_counted_are_all_that_matched(  # noqa: PLR0917 - hypothesis names them
    name: str, count: int, papers: int, hidden: int, title: str, links: int, most: int
) -> None:
    of = topics(count, papers, hidden=hidden, title=title, links=links)
    assert_all_told(name, of, rendered(name, of, most))


@at_every_channel
@pytest.mark.parametrize("count", [1, 8, 9, 40, 400])
def test_lists_are_named_as_far_as_they_fit_well_and_the_others_are_counted(name: str, count: int) -> None:
    for form in forms(name, rendered(name, digest([section([entry()], hidden=50, more=lists(count))]))):
        view = form[-1]
        assert len(view.lists) == min(count, 8)
        others = re.search(r" and (\d+) more lists?\b", view.line)
        assert int(others[1] if others else 0) == count - len(view.lists)


@at_every_channel
def test_lists_with_endless_names_are_counted_too(name: str) -> None:
    endless = [Link("list " * 99, f"https://lab.example/{'x' * 900}/{n}") for n in range(9)]
    for form in forms(name, rendered(name, digest([section([entry()], hidden=50, more=endless)]))):
        named = form[-1].source.count("https://lab.example/")
        assert f"{9 - named}{' more' if named else ''} list" in form[-1].line


@at_every_channel
@pytest.mark.parametrize("count", [1, 2, 120])
@pytest.mark.parametrize("title", ["Topic", LONG])
def test_how_much_there_is_and_what_is_missing_is_said_whatever_the_size(name: str, count: int, title: str) -> None:
    of = topics(count, title=title)
    for form in forms(name, rendered(name, of)):
        assert f"{of.matched} of " in form[0].line
        assert "9000 " in form[0].line
        assert "Not in: cs.CL, cs.AI of Fri 17 Apr 2026. What comes in late follows." in form[0].line


@at_every_channel
def test_many_that_are_missing_are_counted(name: str) -> None:
    late = [f"cond-mat.mes-hall of {'Wed 30 Sep'} {year}" for year in range(2000, 2155)]
    for form in forms(name, rendered(name, digest(topics(120, title=LONG).sections, missing=late))):
        said = re.search(r"Not in: (.*) and (\d+) more\. What comes in late follows\.", form[0].line)
        assert said
        assert said[1].count("cond-mat.mes-hall of Wed 30 Sep 2") + int(said[2]) == 155


# One wording, no loose ends


@at_every_channel
def test_a_paper_that_was_learned_to_stand_on_top_says_why(name: str) -> None:
    of = digest([section([entry(reason="like “Birds & Maps”, which you liked: pigeon, map")])])

    rich, _ = forms(name, rendered(name, of))

    assert "like “Birds & Maps”, which you liked: pigeon, map" in " ".join(unescape(rich[0].words).split())


@at_every_channel
def test_the_same_digest_gives_the_same_bytes_which_are_json(name: str) -> None:
    of = topics(30, title=LONG)
    messages = rendered(name, of)
    assert messages == rendered(name, of)
    for message in messages:
        assert json.loads(json.dumps([message.payload, message.plain])) == [message.payload, message.plain]


KINDS = {
    "cross-list": entry(type=AnnounceType.CROSS),
    "new, now v2": entry(replaced_to=2),
    "cross-list, now v2": entry(type=AnnounceType.CROSS, replaced_to=2),
    "replaced, now v3": entry(paper(version=3), type=AnnounceType.REPLACE),
    "cross-list, replaced, now v3": entry(paper(version=3), type=AnnounceType.REPLACE_CROSS),
}


@at_every_channel
@pytest.mark.parametrize("words", KINDS)
@pytest.mark.parametrize("others", [0, 50])
def test_a_papers_place_in_the_mailing_has_one_wording(name: str, words: str, others: int) -> None:
    of = digest([section([*many_entries(others + 1)[1:], KINDS[words]], title="Birds")])
    (rich, plain) = forms(name, rendered(name, of, 1))
    for view in (rich[0], plain[0]) if name == "mail" else (rich[0],):
        assert re.findall(r"(?:cross-list|new|replaced)(?:, [a-z]+)*, now v\d|cross-list", view.line) == [words]


@at_every_channel
@pytest.mark.parametrize("count", [1, 60])
@pytest.mark.parametrize("missing", ["authors", "categories", "both"])
def test_what_a_paper_lacks_leaves_no_hole(name: str, count: int, missing: str) -> None:
    lacking: dict[str, Any] = {"authors": {"authors": ()}, "categories": {"categories": ()}}
    lacking["both"] = lacking["authors"] | lacking["categories"]
    entries = [entry(paper(f"2604.{n:05d}", **lacking[missing])) for n in range(count)]
    for form in forms(name, rendered(name, digest([section(entries)]), 1)):
        for line in form[0].words.splitlines():
            assert not re.search(r"^\s*·|·\s*$|·\s*·", line)


@at_every_channel
def test_a_term_is_named_once_with_all_its_fields(name: str) -> None:
    hits = [Hit("pigeon", "title"), Hit("owl", "journal_ref"), Hit("pigeon", "abstract"), Hit("pigeon", "title")]
    for view in shown_in_full(name, digest([section([entry(hits=hits)])])):
        assert re.search(r"pigeon\W* \(title, abstract\), \W*owl\W* \(journal ref\)", view.line)


@at_every_channel
def test_terms_beyond_a_handful_are_counted(name: str) -> None:
    hits = [Hit(f"term{n}", field) for n in range(11) for field in ("title", "abstract")]
    for view in shown_in_full(name, digest([section([entry(hits=hits)])])):
        others = re.search(r"\(title, abstract\) and (\d+) more", view.line)
        assert others
        assert view.line.count("term") + int(others[1]) == 11


@at_every_channel
@pytest.mark.parametrize("count", [3, 40])
def test_categories_beyond_a_handful_are_counted(name: str, count: int) -> None:
    categories = [f"cs.{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(count)]
    for view in shown_in_full(name, digest([section([entry(paper(categories=categories))], more=[])])):
        others = re.search(r" \+(\d+) ·", view.line)
        assert len(re.findall(r"\bcs\.[A-Z]{2}\b", view.line)) + int(others[1] if others else 0) == count


@at_every_channel
def test_a_paper_without_a_title_is_called_by_its_identifier(name: str) -> None:
    of = digest([section([entry(paper("2604.77777", title="\u200b ", categories=()))])])
    messages = rendered(name, of)
    assert_all_told(name, of, messages)
    for view in shown_in_full(name, of):
        assert re.search(r"(?:^|\n)\W*(?:1\. |<https://\S+\|)?2604\.77777\W*\n", view.words)


@at_every_channel
@pytest.mark.parametrize("others", [0, 50])
def test_a_paper_found_afterwards_is_called_reconstructed(name: str, others: int) -> None:
    for found_afterwards in (True, False):
        one = replace(entry(type=AnnounceType.CROSS), reconstructed=found_afterwards)
        of = digest([section([*many_entries(others + 1)[1:], one], title="Birds")])
        (rich, plain) = forms(name, rendered(name, of, 1))
        for view in (rich[0], plain[0]) if name == "mail" else (rich[0],):
            assert re.search(r"cross-list\W* · reconstructed\b", view.line) or not found_afterwards
            assert view.line.count("reconstructed") == found_afterwards


@at_every_channel
@pytest.mark.parametrize("others", [0, 50])
def test_a_withdrawn_paper_is_marked_so_and_has_neither_pdf_nor_html(name: str, others: int) -> None:
    for comment in ("This paper has been withdrawn by the authors", None):
        one = entry(replace(paper(), comment=comment), type=AnnounceType.CROSS)
        of = digest([section([*many_entries(others + 1)[1:], one], title="Birds")])
        (message,) = rendered(name, of, 1)
        (rich, plain) = forms(name, [message])
        for view in (rich[0], plain[0]) if name == "mail" else (rich[0],):
            assert bool(re.search(r"cross-list\W* · \W*withdrawn\b", view.line)) == bool(comment)
            assert view.line.count("withdrawn") == bool(comment)
        if not others:
            assert ("https://arxiv.org/pdf/" in json.dumps(message.payload)) != bool(comment)


CROWS = replace(
    paper(
        "2604.00007",
        version=2,
        abstract=r"Code is at \url{https://github.com/lab/a\_crow}.",
        authors=("Ada Byron",),
    ),
    comment="8 pages. Data: https://zenodo.org/records/7, slides: https://lab.example/x. Code: https://arxiv.org/abs/1",
)


@at_every_channel
def test_a_papers_pdf_its_html_and_its_authors_links_stand_beside_it_under_their_names(name: str) -> None:
    of = digest([section([entry(CROWS, type=AnnounceType.REPLACE)], more=[])])
    (message,) = rendered(name, of)
    sources = [view.source for view in shown_in_full(name, of)]
    for source in (html_of(message), text_of(message)) if name == "mail" else sources:
        beside = ["https://arxiv.org/pdf/2604.00007v2", "https://arxiv.org/html/2604.00007v2"]
        beside += ["https://github.com/lab/a_crow", "https://zenodo.org/records/7"]
        for label, url in zip(["PDF", "HTML", "code", "data"], beside, strict=True):
            shapes = (
                rf"<{url}\|{label}>",
                rf"\[{label}\]\({url}\)",
                rf'href="{url}"[^>]*>{label}<',
                rf"{label} {url}$",
            )
            assert len(re.findall("|".join(shapes), source, re.MULTILINE)) == 1
        assert "lab.example" not in source
        assert source.count("https://arxiv.org/abs/") == 1


@at_every_channel
def test_a_formula_that_stays_tex_is_code_for_its_reader(name: str) -> None:
    tex = r"$\perch{x}<y$"
    of = digest([section([entry(paper(abstract=f"Crows on {tex} are few."))])])
    rich, plain = next(zip(*forms(name, rendered(name, of)), strict=True))
    shown = {"slack": r"`$\perch{x}&lt;y$`", "discord": f"`{tex}`", "mail": r"<code>$\perch{x}&lt;y$</code>"}
    assert f"on {shown[name]} are" in rich.source
    if name == "mail":
        assert f"on {tex} are" in plain.source


# Text from strangers

BITS = [
    *("<!channel>", "<@U1>", "@everyone", "@here", "[x](https://evil.example)", "<https://evil.example|x>", "*", "_"),
    *(
        "~",
        "`",
        "```",
        "|",
        "||",
        "<script>alert(1)</script>",
        "<img src=x onerror=y>",
        "</td>",
        "&lt;",
        '" onload="',
    ),
    *(
        "{{ 7*7 }}",
        "{% raw %}",
        "=?utf-8?q?x=0ABcc=3A?=",
        "\r\nBcc: eve@example.org",
        "\u2028",
        "\u202e",
        "\x00",
        "\x1b[31m",
    ),
    *(
        "\ud800",
        "\u200b",
        "code: https://github.com/a/b",
        "project page https://evil.example/)",
        r"\url{https://x.github.io}",
    ),
    *(
        r"$\x{y}$",
        r"$\x{@here}$",
        r"$\x{[l](https://evil.example)}$",
        "$",
        "\\",
        r"\emph{",
        "漢字",
        "😀",
        "word ",
        "W" * 400,
    ),
]
STRANGERS = st.text(st.characters(exclude_categories=()), max_size=300) | st.lists(
    st.sampled_from(BITS), max_size=40
).map("".join)


@at_every_channel
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    texts=st.tuples(STRANGERS, STRANGERS, STRANGERS, STRANGERS),
    authors=st.sampled_from([0, 1, 3_000]),
    length=st.sampled_from([1, 12_000]),
    count=st.integers(1, 3),
)
def test_no_strangers_text_hides_a_paper_pings_or_gets_out_of_its_place(
    name: str, texts: tuple[str, str, str, str], authors: int, length: int, count: int
) -> None:
    title, abstract, author, comment = texts
    long = (abstract * (length // (len(abstract) or 1) + 1))[: max(length, len(abstract))]
    papers = [
        replace(
            paper(
                f"2604.{n:05d}", title=title, abstract=long, authors=[author] * authors, categories=[author, "cs.CV"]
            ),
            comment=comment,
        )
        for n in range(count)
    ]
    of = digest(
        [section([entry(each, hits=[Hit(title, "title")], also_in=[author]) for each in papers], title=title)]
    )
    messages = rendered(name, of)
    assert_all_told(name, of, messages)
    for message in messages:
        told = [text_of(message), html_of(message)] if name == "mail" else [message.payload, message.plain]
        whole = json.dumps(told, ensure_ascii=False)
        whole.encode()
        assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", whole)
        if name == "mail":
            page = Page(html_of(message))
            assert not page.tags & {"script", "img"}
            assert not page.attributes - {"class", "style", "href", "lang", "charset", "name", "content", *TABLES}
            assert "\n" not in message.payload["subject"]
        else:
            read = re.sub(r"`[^`]*`|\\.", "", "\n".join(strings(message.payload) + strings(message.plain)))
            inside_a_word = r"(?<!\w)" if name == "slack" else ""  # a@here is none there, Pass@k stays whole
            assert not re.search(rf"<[!@#]|{inside_a_word}@(everyone|here)", read)
            link = r"<(\w+:[^|<>]*)\|" if name == "slack" else r"\[[^\]\n]*\]\(([^)\s]*)\)"
            offered = {link.url for link in links.found(long, comment)}
            for written in re.findall(link, read):
                target = unquote(unescape(written) if name == "slack" else written)
                assert target.startswith("https://arxiv.org/") or target in map(unquote, offered)
        assert "49" not in "".join(strings(told)) or "49" in "".join(texts)


TABLES = {"role", "width", "cellpadding", "cellspacing", "border", "align"}


class Page(HTMLParser):
    """What a mail program finds between angle brackets."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def strings(payload: Any) -> list[str]:
    """What of a payload is read as markup: not a footer, which Discord shows as it is."""
    if isinstance(payload, str):
        return [payload]
    if isinstance(payload, dict):
        return [text for key, value in payload.items() if key != "footer" for text in strings(value)]
    return [text for value in payload for text in strings(value)] if isinstance(payload, list) else []


def shown_in_full(name: str, of: Digest) -> list[View]:
    """The first message's forms that show papers in full: all but Discord's plain one."""
    views = [form[0] for form in forms(name, rendered(name, of))]
    return views[:1] if name == "discord" else views
