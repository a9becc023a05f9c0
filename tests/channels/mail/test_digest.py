"""Digests as mails: both forms show the same papers, every cut is said, nothing hostile gets through."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels.mail.digest import render_digest, render_note
from bot.channels.mail.fragments import Fragments
from bot.channels.mail.links import OwnLinks
from bot.channels.mail.mime import Mailbox, build, entity
from bot.errors import RenderError
from bot.model import AnnounceType, Delivery, Digest, Hit, Link, Message, Note
from bot.text.templates import Templates
from tests.builders import MONDAY, digest, entry, many_entries, paper, section
from tests.channels.reading import html_of, text_of

GOLDEN = Path(__file__).parents[2] / "data" / "mail"
URL = "https://papers.a-rather-long-name-of-a-department.example.org"
NOW = datetime(2026, 4, 20, 6, tzinfo=UTC)
FORMS = {"html": html_of, "text": text_of}
TEMPLATES = Templates()
TUESDAY = date(2026, 4, 21)
SENDER = "paperboy@example.org"
ABSTRACT = (
    "Homing pigeons return over hundreds of kilometres, yet how they weigh landmarks against the sun is disputed. "
    "We release 412 birds with miniature cameras and train a model that predicts each turn from what the bird could "
    "see. Landmarks explain 61\\% of the turns over land but only 9\\% over water, where the sun takes over. "
    "Removing a single church tower from the model's view delays the predicted return by eleven minutes, which we "
    "then confirm by asking the church. Data, models and the church's kind reply are public. We close with a list "
    "of towers that should not be moved, and of others that nobody would miss."
)


class Reader(HTMLParser):
    """What a mail program makes of the HTML: its links, its words, and what it would fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.words = ""
        self.feed(html)

    @property
    def papers(self) -> list[str]:
        return [link for link in self.links if "/abs/" in link]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        assert not any(name in ("src", "srcset", "background") or name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.words += data


def papers_in_html(message: Message) -> list[str]:
    return Reader(html_of(message)).papers


def papers_in_text(message: Message) -> list[str]:
    return re.findall(r"https://arxiv\.org/abs/\S+", text_of(message))


def render(of: Digest, most: int = 10, full: int | None = None) -> tuple[Message, ...]:
    messages = render_digest(of, TEMPLATES, sender=SENDER, max_messages=most, full=full)
    assert 1 <= len(messages) <= most
    for message in messages:
        assert_sound(message)
    return messages


def mail(message: Message, subscriber: str = "lab", links: OwnLinks | None = None) -> bytes:
    """The whole mail, as the relay gets it."""
    sent = Delivery("0" * 32, subscriber, "", message.payload, part=1, parts=1, created_at=NOW, tries=1)
    return build(sent, Mailbox("reader@papers.example.org"), Mailbox(SENDER, "Paperboy"), links)


def assert_sound(message: Message) -> None:
    html, text = html_of(message), text_of(message)
    read = Reader(html)
    assert len(mail(message)) <= 90_000
    assert read.papers == papers_in_text(message)
    assert len(set(read.papers)) == len(read.papers)
    assert all(len(line) <= 72 or "://" in line for line in text.splitlines())
    assert message.plain == {"subject": message.payload["subject"], "entity": entity(text)}
    assert not re.search(r"display: ?(flex|grid)|url\(|@import", html)
    assert not read.tags & {"img", "script", "iframe", "link", "object", "form", "svg"}
    assert html.index("charset") < 1024
    assert "@media (prefers-color-scheme:dark)" in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert html.count(f'href="mailto:{SENDER}?subject=unsubscribe"') == 2
    assert text.count(SENDER) == 2
    for words in (text, read.words):
        assert "Thank you to arXiv for use of its open access interoperability." in words


def everything() -> Digest:
    """One digest with everything that a digest can have."""
    first = [
        entry(
            paper(
                "2604.10001",
                title="What the Pigeon Saw: Landmarks, the Sun, and $O(n)$ Ways Home",
                abstract=ABSTRACT,
                authors=["Paul Erd\\H{o}s", "Ada Byron"],
                categories=("cs.CV", "q-bio.NC"),
            ),
            mailing_date=TUESDAY,
            hits=[Hit("pigeon", "title"), Hit("landmark", "abstract")],
            also_in=["Brains"],
        ),
        entry(
            paper(
                "2604.10002",
                title="<script>alert(1)</script> & =?utf-8?q?x=0ABcc=3A?= \u202e\u2028 {{ 7*7 }}",
                abstract="Short.",
                authors=[f"Member {number}" for number in range(40)],
            ),
            type=AnnounceType.CROSS,
            mailing_date=TUESDAY,
            hits=[Hit(f"term{number}", "journal_ref") for number in range(7)],
            replaced_to=2,
        ),
        entry(
            paper("hep-th/9901001", version=3, title="A" * 400, abstract="漢字かな" * 200),
            type=AnnounceType.REPLACE_CROSS,
            hits=(),
            also_in=["Brains"],
        ),
    ]
    fired = paper(
        "2604.20001",
        title="Neurons That Fire Together on $\\wire{x}<y$",
        abstract="They are at https://github.com/lab/fire?a=1&b=2, and $\\wire{x}<y$ is not.",
    )
    second = [replace(entry(fired, mailing_date=TUESDAY, hits=()), reconstructed=True)]
    return digest(
        [section(first, hidden=14), section(second, title="Brains"), section([], title="Empty-handed", hidden=2)],
        mailing_dates=(TUESDAY, MONDAY),
        missing=("cs.AI", "cs.LG"),
    )


@pytest.mark.parametrize("form", ["html", "text"])
def test_a_digest_looks_as_it_did(form: str) -> None:
    (message,) = render(everything())
    file = GOLDEN / f"digest.{form}"
    if os.environ.get("PAPERBOY_REWRITE_GOLDEN"):
        file.write_text(FORMS[form](message), encoding="utf-8")
    assert FORMS[form](message) == file.read_text(encoding="utf-8")


def test_every_golden_file_is_used() -> None:
    assert {file.name for file in GOLDEN.iterdir()} == {"digest.html", "digest.text"}


def test_the_subject_says_what_how_many_and_when() -> None:
    assert render(digest())[0].payload["subject"] == "Birds & Maps: 1 new paper · Mon 20 Apr 2026"
    assert render(digest([section(many_entries(12))]))[0].payload["subject"] == (
        "Birds & Maps: 12 new papers · Mon 20 Apr 2026"
    )


def test_replaced_or_hidden_papers_are_not_called_new() -> None:
    replaced = digest([section([entry(type=AnnounceType.REPLACE)])])
    assert render(replaced)[0].payload["subject"].startswith("Birds & Maps: 1 paper ·")
    assert render(digest([section([entry()], hidden=1)]))[0].payload["subject"].startswith("Birds & Maps: 2 papers ·")


def test_few_topics_are_named_in_the_subject_and_many_are_counted() -> None:
    def topics(*titles: str) -> str:
        sections = [section([entry(paper(f"2604.{n:05d}"))], title=title) for n, title in enumerate(titles)]
        subject: str = render(digest(sections))[0].payload["subject"]
        return subject.partition(":")[0]

    assert topics("Birds", "Maps") == "Birds, Maps"
    assert topics("Birds" * 5, "Maps" * 5, "Bees" * 5) == "3 topics"
    assert len(topics("Birds" * 50)) <= 80


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        ((), ""),
        ((TUESDAY, MONDAY), " · Mon 20 – Tue 21 Apr 2026"),
        ((TUESDAY, date(2026, 3, 31)), " · Tue 31 Mar – Tue 21 Apr 2026"),
        ((date(2026, 1, 2), date(2025, 12, 31)), " · Wed 31 Dec 2025 – Fri 2 Jan 2026"),
    ],
)
def test_the_subject_names_the_first_and_the_last_date(dates: tuple[date, ...], words: str) -> None:
    (message,) = render(replace(digest(), mailing_dates=dates))
    assert message.payload["subject"] == f"Birds & Maps: 1 new paper{words}"


def test_papers_of_several_mailings_stand_under_their_dates() -> None:
    (message,) = render(everything())
    text = text_of(message)
    headings = re.findall(r"^-- (.*) --$|^(\S.*): \d+ papers?$", text, re.MULTILINE)
    assert [a or b for a, b in headings] == [
        "Birds & Maps", "Tue 21 Apr 2026", "Mon 20 Apr 2026", "Brains", "Tue 21 Apr 2026", "Empty-handed",
    ]  # fmt: skip
    assert "--" not in text_of(render(digest())[0]).partition("----")[0]


def test_hidden_papers_are_counted_and_linked() -> None:
    (message,) = render(everything())
    assert "And 14 more papers not shown here:\n- cs.CV on 20 Apr 2026 https://arxiv.org/" in text_of(message)
    assert "And 14 more papers not shown here: cs.CV on 20 Apr 2026." in Reader(html_of(message)).words
    assert "\n2 papers not shown here:\n" in text_of(message)


def test_papers_that_nothing_links_are_still_counted() -> None:
    (message,) = render(digest([section([entry()], hidden=1, more=())]))
    assert "And 1 more paper not shown here.\n" in text_of(message)
    assert "And 1 more paper not shown here." in Reader(html_of(message)).words


def test_a_replacement_links_its_version() -> None:
    (message,) = render(everything())
    assert "https://arxiv.org/abs/hep-th/9901001v3" in papers_in_html(message)
    assert "https://arxiv.org/pdf/hep-th/9901001v3" in Reader(html_of(message)).links


def test_contents_count_every_topic_and_one_topic_needs_none() -> None:
    assert "- Birds & Maps: 17\n- Brains: 1\n- Empty-handed: 2\n" in text_of(render(everything())[0])
    assert "- Birds" not in text_of(render(digest())[0])


def test_contents_list_thirty_topics_and_count_the_others() -> None:
    sections = [section([entry(paper(f"2604.{n:05d}"))], title=f"T{n}", hidden=3) for n in range(100)]
    (message,) = render(digest(sections), most=1)
    assert text_of(message).count(": 4\n") == 30
    assert "- T29: 4\nand 70 more topics\n" in text_of(message)
    assert "and 70 more topics" in Reader(html_of(message)).words
    assert "\n100 topics: 400 papers\n" in text_of(message)


def test_a_paper_without_authors_has_no_line_for_them() -> None:
    (full,) = render(digest([section([entry(paper(authors=()))])]))
    assert "1. Pigeons Read Maps\n    cs.CV, cs.LG · 2604.00001\n" in text_of(full)
    assert 'class="authors"' not in html_of(full)
    nobodys = [entry(paper(f"2604.{n:05d}", authors=("",))) for n in range(100)]
    (brief,) = render(digest([section(nobodys)]), most=1)
    assert "\n100. Pigeons Read Maps\n    https://" in text_of(brief)
    assert "Read Maps</a></div>" in html_of(brief)


def test_the_longest_preheader_has_its_room() -> None:
    papers = [entry(paper(f"2604.{n:05d}", title="\U0001f54a" * 99 + str(n))) for n in range(200)]
    assert len(render(digest([section(papers)]), most=3)) == 3


def test_a_matched_term_is_marked_in_title_and_abstract() -> None:
    birds = paper(title="Pigeon-Like Maps", abstract="Of pigeons, <b>pigeon</b> maps & a pigeonhole.")
    hits = [Hit("pigeon", "title"), Hit("pigeon", "abstract"), Hit("maps", "abstract")]
    (message,) = render(digest([section([entry(birds, hits=hits)])]))
    marked = re.findall(r'<b class="hit"[^>]*>([^<]*)</b>', html_of(message))
    assert marked == ["Pigeon", "pigeons", "pigeon", "maps"]
    assert "Of pigeons, <b>pigeon</b> maps & a pigeonhole." in Reader(html_of(message)).words
    assert "1. Pigeon-Like Maps\n" in text_of(message)
    assert "Of *pigeons*, <b>*pigeon*</b> *maps* & a pigeonhole." in text_of(message)


def test_the_links_of_a_paper_are_numbered_by_it() -> None:
    (message,) = render(everything())
    links = re.findall(r"^    \[(\d+\.\d+)\] (?:(\w+) )?https://", text_of(message), re.MULTILINE)
    assert links[-4:] == [("4.1", ""), ("4.2", "PDF"), ("4.3", "HTML"), ("4.4", "code")]
    assert [number for number, _ in links[:3]] == ["1.1", "1.2", "1.3"]


def test_the_top_counts_the_papers_and_says_on_what_where_it_is_one_topic() -> None:
    def top(of: Digest) -> str:
        (found,) = re.findall(r"<h1[^>]*>(.*?)</h1>", html_of(render(of)[0]))
        return str(found)

    assert top(digest([section(many_entries(2))])) == "2 new papers on Birds &amp; Maps"
    assert top(everything()) == "20 papers"
    assert top(digest([])) == "0 new papers"


def test_several_mails_say_which_one_each_is() -> None:
    messages = render(digest([section(many_entries(60))]))
    assert len(messages) == 2
    for part, message in enumerate(messages, start=1):
        assert f"Mon 20 Apr 2026 · mail {part} of 2" in Reader(html_of(message)).words


def test_a_hostile_title_is_only_text() -> None:
    (message,) = render(everything())
    assert "<script>alert(1)</script> & =?utf-8?q?x=0ABcc=3A?= {{ 7*7 }}" in Reader(html_of(message)).words
    assert "{{ 7*7 }}" in text_of(message)


def test_31_papers_fit_in_one_mail() -> None:
    (message,) = render(digest([section(many_entries(31))]))
    assert len(papers_in_html(message)) == 31
    assert html_of(message).count('class="abstract"') == 31


def test_150_papers_come_in_numbered_mails_in_order_each_once() -> None:
    messages = render(digest([section(many_entries(150))]))
    assert 2 < len(messages) <= 10
    assert [message.payload["subject"][-5:] for message in messages] == [
        f"({part}/{len(messages)})" for part in range(1, len(messages) + 1)
    ]
    shown = [link for message in messages for link in papers_in_html(message)]
    assert shown == [f"https://arxiv.org/abs/2604.{number:05d}" for number in range(1, 151)]
    assert [message.reply for message in messages] == [False] + [True] * (len(messages) - 1)
    assert "Birds & Maps: 150 papers, continued" in text_of(messages[1])
    assert "continued" not in text_of(messages[0])


def test_more_than_the_mails_can_hold_is_shown_as_lines_and_that_is_said() -> None:
    messages = render(digest([section(many_entries(300))]), most=3)
    shown = [link for message in messages for link in papers_in_html(message)]
    assert len(shown) == 300
    full = sum(html_of(message).count('class="abstract"') for message in messages)
    lines = sum(html_of(message).count('class="line"') for message in messages)
    assert full > 0
    assert full + lines == 300
    said = re.search(r"0 in full, (\d+) in one line each\n", text_of(messages[-1]))
    assert said
    assert int(said[1]) == len(papers_in_html(messages[-1]))


def test_more_than_lines_can_hold_is_counted_per_section() -> None:
    sections = [section(many_entries(500), hidden=7), section([entry(paper("2605.00001"))], title="Bees")]
    (message,) = render(digest(sections), most=1)
    shown = len(papers_in_text(message))
    said = re.findall(r"(\d+)(?: more)? papers? not shown here", text_of(message))
    assert [int(number) for number in said] == [508 - shown]
    assert shown > 100
    assert f"0 in full, {shown} in one line each, {508 - shown} only counted" in text_of(message)


@pytest.mark.parametrize("papers", [40, 122, 301])
def test_one_mail_has_the_best_twenty_in_full_and_says_where_the_others_are(papers: int) -> None:
    page = Link("2026-04-20", "https://lab.example/birds/2026-04-20.html")
    long = replace(section(many_entries(papers), more=[page]), pages=(page,))
    (message,) = render(digest([long, section([entry(paper("2605.00001"))])]), most=1, full=20)
    assert html_of(message).count('class="abstract"') == 20
    assert "https://arxiv.org/abs/2605.00001" in html_of(message)
    shown = len(papers_in_html(message))
    assert papers_in_html(message) == papers_in_text(message)
    assert shown > 60 or shown == papers + 1
    assert ("only counted" in text_of(message)) == (shown <= papers)
    assert text_of(message).index("Read on the web: https://lab.example/birds/2026-04-20.html") < 600
    assert html_of(message).index("Read on the web") < html_of(message).index('class="abstract"')


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=20, deadline=None)
@given(st.data())
def test_however_big_the_day_no_whole_mail_has_more_than_90_000_bytes(data: st.DataObject) -> None:
    title = data.draw(st.text(alphabet="aé漢🕊 =.$", min_size=1, max_size=300))
    entries = [
        entry(
            paper(f"2604.{n:05d}", title=f"{n} {title}", abstract=data.draw(st.sampled_from([ABSTRACT, title * 5]))),
            hits=[Hit("pigeon", "abstract")],
        )
        for n in range(data.draw(st.integers(1, 200)))
    ]
    subscriber, url = "x" * data.draw(st.integers(1, 64)), data.draw(st.sampled_from(["https://a.example", URL]))
    links = OwnLinks(*(f"{url}/{page}/{'x' * 54}" for page in ("unsubscribe", "preferences", "feedback")))
    fragments = Fragments(TEMPLATES, links, feedback=data.draw(st.booleans()))
    most, full = data.draw(st.integers(1, 3)), data.draw(st.sampled_from([None, 20, 1000]))
    sections = [section(entries[::2]), section(entries[1::2], title="Bees")]
    messages = render_digest(
        digest(sections), TEMPLATES, sender=SENDER, max_messages=most, fragments=fragments, full=full
    )
    sizes = [len(mail(message, subscriber, links)) for message in messages]
    assert max(sizes) <= 90_000
    if len(messages) < most:
        assert any("not shown here" not in text_of(message) for message in messages)


def test_an_empty_digest_is_one_mail_that_says_so() -> None:
    (message,) = render(digest([]))
    assert "0 of the 312 papers" in text_of(message)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(alphabet=st.characters(), max_size=500),
            st.text(alphabet=st.characters(), max_size=1500),
            st.lists(st.text(alphabet=st.characters(), max_size=80), max_size=12),
            st.sampled_from(AnnounceType),
        ),
        max_size=6,
    ),
    st.integers(1, 3),
)
def test_any_text_gives_sound_mails(rows: list[tuple[str, str, list[str], AnnounceType]], most: int) -> None:
    entries = [
        entry(paper(f"2604.{number:05d}", title=title, abstract=abstract, authors=authors), type=kind)
        for number, (title, abstract, authors, kind) in enumerate(rows)
    ]
    shown = [link for message in render(digest([section(entries)]), most) for link in papers_in_html(message)]
    assert shown == [one.url for one in entries]


def test_a_note_is_a_mail_too() -> None:
    message = render_note(
        Note("No papers today", "312 were announced.\n\n<b>None</b> matched."), TEMPLATES, sender=SENDER
    )
    assert message.payload["subject"] == "No papers today"
    assert "312 were announced.\n\n<b>None</b> matched.\n" in text_of(message)
    assert "<p>&lt;b&gt;None&lt;/b&gt; matched.</p>" in html_of(message)
    assert message.plain == {"subject": message.payload["subject"], "entity": entity(text_of(message))}
    assert not message.reply


def test_the_users_template_wins_and_its_fault_is_told_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    folder.mkdir()
    (folder / "subject.txt.j2").write_text("Post!\nBcc: {{ topics }}")
    templates = Templates(tmp_path)
    (message,) = render_digest(digest(), templates, sender=SENDER, max_messages=1)
    assert message.payload["subject"] == "Post! Bcc: Birds & Maps"
    (folder / "paper.html.j2").write_text("fine\n{{ entry.nothing }}")
    with pytest.raises(RenderError, match=r"mail/paper\.html\.j2, line 2"):
        render_digest(digest(), Templates(tmp_path), sender=SENDER, max_messages=1)
