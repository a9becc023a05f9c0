"""Digests as Slack messages: within every limit, nothing lost unsaid, nothing hostile let through."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import blockkit
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from bot.channels.buttons import Click, Wish, decode
from bot.channels.slack.digest import render_digest, render_note
from bot.demo.servers.slack_limits import refusal
from bot.errors import RenderError
from bot.model import AnnounceType, Digest, Hit, Link, Message, Note
from bot.text.templates import Templates, built_in_folder
from tests.builders import MONDAY, digest, entry, many_entries, paper, section
from tests.channels.reading import slack_texts as texts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

TUESDAY = date(2026, 4, 21)
GOLDEN = Path(__file__).parents[2] / "data" / "slack"
TEMPLATES = Templates()
LINKS = [
    Link(f"cs.{name} on 20 Apr 2026", f"https://arxiv.org/catchup/cs.{name}/2026-04-20") for name in ("CV", "LG")
]


def render(of: Digest, *, most: int = 10, thread: bool | None = False, buttons: bool = False) -> tuple[Message, ...]:
    messages = render_digest(TEMPLATES, of, max_messages=most, thread=thread, buttons=buttons)
    assert 1 <= len(messages) <= most
    for message in messages:
        assert_sound(message)
    return messages


def assert_sound(message: Message) -> None:
    """Within our limits, and taken by three judges written by others or by Slack's rules."""
    blocks = message.payload["blocks"]
    texts = [text for block in blocks for text in texts_of(block)]
    assert len(blocks) <= 45
    assert sum(len(text.encode("utf-16-le")) // 2 for text in texts) <= 10_000
    assert all(1 <= len(text) <= 3_000 for text in texts)
    assert 1 <= len(message.payload["text"]) <= 4_000
    assert json.loads(json.dumps(message.payload)) == message.payload
    assert message.plain is not None
    assert "blocks" not in message.plain
    assert 1 <= len(message.plain["text"]) <= 40_000
    for payload in (message.payload, message.plain):
        assert (payload["unfurl_links"], payload["unfurl_media"]) == (False, False)
        assert refusal(payload) == ""
    assert [block.to_dict() for block in Block.parse_all(blocks)] == blocks
    blockkit.Message(message.payload["text"], [as_blockkit(block) for block in blocks]).build()  # type: ignore[no-untyped-call]  # blockkit leaves it untyped


def as_blockkit(block: dict[str, Any]) -> Any:
    if block["type"] == "section":
        menu = as_menu(block["accessory"]) if "accessory" in block else None
        return blockkit.Section(blockkit.Text(**block["text"]), accessory=menu, expand=block["expand"])
    if block["type"] == "divider":
        return blockkit.Divider()
    return blockkit.Context([blockkit.Text(**text) for text in block["elements"]])


def as_menu(accessory: dict[str, Any]) -> Any:
    options = [blockkit.Option(each["text"]["text"], each["value"]) for each in accessory["options"]]
    return blockkit.Overflow(accessory["action_id"], options)


def shown(messages: Sequence[Message]) -> str:
    return "\n".join(text for m in messages for block in m.payload["blocks"] for text in texts_of(block))


def linked(messages: Sequence[Message]) -> list[str]:
    return re.findall(r"<https://arxiv\.org/abs/([^|]+)\|", shown(messages))


def counted(messages: Sequence[Message]) -> int:
    return sum(
        int(n) for n in re.findall(r"^(?:and )?(\d+) (?:more(?!,)|papers?, too many)", shown(messages), re.MULTILINE)
    )


def several_topics() -> Digest:
    """One of everything."""
    hostile = paper(
        "2604.00002", version=3, title="P(A|B) <!channel> & *every* <@U1> crow", authors=("A. <b>", "C & D")
    )
    birds = [
        entry(mailing_date=TUESDAY, also_in=["Weather"]),
        entry(
            hostile,
            type=AnnounceType.REPLACE_CROSS,
            hits=[Hit("crow", "title"), Hit("crow", "abstract"), Hit("crow", "title"), Hit("map", "abstract")],
        ),
        replace(
            entry(
                paper(
                    "hep-th/9901001",
                    title="$\\alpha$-Crows on $\\perch{x}$",
                    abstract="Crows at https://github.com/lab/crows?a=1&b=2, more at https://lab.example/.",
                    authors=[f"Author {n}" for n in range(9)],
                ),
                replaced_to=2,
            ),
            reconstructed=True,
        ),
        entry(paper("2604.00004", version=2, authors=(), abstract=""), type=AnnounceType.REPLACE, hits=()),
    ]
    rain = [entry(paper("2604.00009", title="Rain", categories=("physics.ao-ph",)), type=AnnounceType.CROSS)]
    return digest(
        [section(birds, hidden=3, more=LINKS), section(rain, topic="weather", title="Weather")],
        mailing_dates=[TUESDAY, MONDAY],
        missing=["cs.CL"],
    )


@pytest.mark.parametrize("name", ["digest", "thread", "lines", "buttons"])
def test_a_digest_of_everything_looks_as_it_should(name: str) -> None:
    messages = {
        "digest": lambda: render(several_topics()),
        "thread": lambda: render(several_topics(), thread=True),
        "buttons": lambda: render(digest(), buttons=True),
        "lines": lambda: render(digest([section(many_entries(40), more=LINKS), *several_topics().sections]), most=1),
    }[name]()
    file = GOLDEN / f"{name}.json"
    found = [{"payload": m.payload, "plain": m.plain, "reply": m.reply} for m in messages]
    if os.environ.get("WRITE_GOLDEN"):
        file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(file.read_text(encoding="utf-8"))


def test_every_golden_file_is_used() -> None:
    assert sorted(file.stem for file in GOLDEN.iterdir()) == ["buttons", "digest", "lines", "thread"]


@pytest.mark.parametrize("papers", [1, 31, 300])
def test_a_menu_beside_each_paper_in_full_costs_no_block_and_no_character(papers: int) -> None:
    of = digest([section(many_entries(papers))])
    with_menus, without = render(of, most=4, thread=True, buttons=True), render(of, most=4, thread=True)
    full = [block for m in with_menus for block in m.payload["blocks"] if "accessory" in block]
    said = [[decode(option["value"]) for option in block["accessory"]["options"]] for block in full]
    identifiers = [each.identifier for wishes in said for each in wishes[:1] if each]
    assert said == [[Click(wish, each, "birds") for wish in Wish] for each in identifiers]
    assert len(identifiers) == str([m.payload for m in without]).count("*<https://arxiv.org/abs/") > 0
    stripped = [
        [{key: value for key, value in block.items() if key != "accessory"} for block in m.payload["blocks"]]
        for m in with_menus
    ]
    assert stripped == [m.payload["blocks"] for m in without]
    assert [m.plain for m in with_menus] == [m.plain for m in without]


@pytest.mark.parametrize(
    ("papers", "most"),
    [(1, 10), (31, 10), (300, 10), pytest.param(1000, 10, marks=pytest.mark.on_request), (300, 1), (300, 100)],
)
def test_every_paper_of_a_thread_is_linked_once_or_counted(papers: int, most: int) -> None:
    messages = render(digest([section(many_entries(papers), more=LINKS)]), most=most, thread=True)
    links = linked(messages)
    assert links == [f"2604.{number:05d}" for number in range(1, len(links) + 1)]
    assert len(links) + counted(messages) == papers
    assert [identifier for message in messages for identifier in message.papers] == links
    if len(links) < papers:
        assert "<https://arxiv.org/catchup/cs.CV/2026-04-20|cs.CV on 20 Apr 2026>" in shown(messages)


def test_papers_lose_their_abstracts_before_they_lose_their_lines() -> None:
    def full(messages: Sequence[Message]) -> int:
        return shown(messages).count("|PDF>")

    papers = digest([section(many_entries(40))])
    assert full(render(papers, most=3)) == 40
    assert 0 < full(render(papers, most=2)) < 40
    assert len(linked(render(papers, most=2))) == 40
    assert full(render(papers, most=1)) < full(render(papers, most=2))
    assert len(linked(render(papers, most=1))) == 40


def test_parts_are_numbered_and_a_single_one_is_not() -> None:
    three = render(digest([section(many_entries(45))]))
    assert [shown([m]).splitlines()[0] for m in three] == [
        f"*Birds &amp; Maps* · Mon 20 Apr 2026 · ({part}/3)" for part in (1, 2, 3)
    ]
    assert shown(render(digest())).splitlines()[:2] == [
        "*Birds &amp; Maps* · Mon 20 Apr 2026",
        "1 of 312 announced papers",
    ]


def test_papers_beyond_a_topics_limit_are_counted_and_linked() -> None:
    text = shown(render(digest([section([entry()], hidden=7, more=LINKS)])))
    assert text.splitlines()[-1] == (
        "and 7 more: <https://arxiv.org/catchup/cs.CV/2026-04-20|cs.CV on 20 Apr 2026>, "
        "<https://arxiv.org/catchup/cs.LG/2026-04-20|cs.LG on 20 Apr 2026>"
    )
    assert "8 of 312" in text


def test_a_count_without_a_link_is_still_said() -> None:
    assert shown(render(digest([section([entry()], hidden=1, more=())]))).endswith("\nand 1 more")
    assert shown(render(digest([section([], hidden=1, more=())]))).endswith("\n1 paper, too many to show here")


def test_topics_get_headings_and_go_on_under_them() -> None:
    messages = render(
        digest([section(many_entries(20), title="Birds"), section([entry()], title="Rain"), section([])])
    )
    assert len(messages) == 2
    assert "*Birds* · 20 papers\n" in shown(messages[:1])
    assert "*Birds* · 20 papers (continued)\n" in shown(messages[1:])
    assert "*Rain* · 1 paper\n" in shown(messages)
    assert shown(messages).count("*Birds*") == 2


def test_a_thread_begins_with_the_counts_and_goes_on_in_replies() -> None:
    messages = render(several_topics(), thread=True)
    assert [m.reply for m in messages] == [False, True]
    said = shown(messages[:1])
    assert "\n• *Birds &amp; Maps*: 7 papers\n• *Weather*: 1 paper\n• Pigeons Read Maps\n• P(A|B) &lt;!" in said
    assert said.endswith("\n• Rain")
    assert linked(messages[:1]) == []
    assert len(linked(messages[1:])) == 5


def test_a_thread_of_one_topic_begins_with_its_headline_and_its_best_titles() -> None:
    opening, reply = render(digest([section(many_entries(2))]), thread=True)
    assert shown([opening]).splitlines() == [
        "*Birds &amp; Maps* · Mon 20 Apr 2026",
        "2 of 312 announced papers, in this thread",
        *(f"• Pigeon Study {n}: Homing Under Uncertain Weather" for n in (1, 2)),
    ]
    assert "Birds" not in shown([reply])
    assert (opening.reply, reply.reply) == (False, True)
    assert len(linked([reply])) == 2


def test_a_thread_of_several_replies_numbers_them_and_nothing_else() -> None:
    opening, *replies = render(digest([section(many_entries(40))]), thread=True)
    assert "(" not in shown([opening])
    total = len(replies)
    assert total > 1
    numbers = [f"({n}/{total})" for n in range(1, total + 1)]
    assert [shown([reply]).splitlines()[0] for reply in replies] == numbers
    assert [reply.payload["text"].splitlines()[0].split()[-1] for reply in replies] == numbers


def test_the_notification_of_a_thread_names_its_best_papers_since_replies_ring_at_nobody() -> None:
    opening, *_ = render(digest([section(many_entries(24))]), thread=True)
    assert opening.payload["text"].splitlines() == [
        "Birds &amp; Maps: 24 papers · Mon 20 Apr 2026",
        *(f"Pigeon Study {n}: Homing Under Uncertain Weather" for n in (1, 2, 3)),
        "and 21 more",
    ]


@pytest.mark.parametrize(("papers", "thread", "opens"), [(3, None, 0), (4, None, 1), (1, True, 1), (40, False, 0)])
def test_where_nothing_is_said_few_papers_open_no_thread(papers: int, *, thread: bool | None, opens: int) -> None:
    first, *others = render(digest([section(many_entries(papers))]), most=4, thread=thread)
    assert bool(first.papers) != bool(opens)
    assert any(message.reply for message in others) == bool(opens)


def test_the_pages_of_the_site_are_linked_where_a_thread_opens() -> None:
    page = Link("2026-04-20", "https://lab.example/birds/2026-04-20.html")
    birds, maps = (replace(section(many_entries(4), title=title), pages=(page,)) for title in ("Birds", "Maps"))
    (one, *_), (two, *_) = (render(digest(of), thread=True) for of in ([birds], [birds, maps]))
    assert shown([one]).endswith("\n<https://lab.example/birds/2026-04-20.html|Read on the web>")
    links = [f"<https://lab.example/birds/2026-04-20.html|{title}>" for title in ("Birds", "Maps")]
    assert shown([two]).endswith(f"\nRead on the web: {links[0]}, {links[1]}")


@pytest.mark.parametrize("papers", [40, 122, 501])
def test_the_best_twenty_are_in_full_the_others_lines_or_counted(papers: int) -> None:
    of = digest([section(many_entries(papers), more=LINKS)])
    messages = render_digest(TEMPLATES, of, max_messages=4, thread=None, full=20)
    assert len(messages) <= 4
    assert shown(messages).count("*<https://arxiv.org/abs/") == 20
    assert linked(messages) == [f"2604.{number:05d}" for number in range(1, len(linked(messages)) + 1)]
    assert len(linked(messages)) + counted(messages) == papers


def test_a_rule_stands_below_each_paper_but_the_last() -> None:
    blocks = render(several_topics())[0].payload["blocks"]
    kinds = [block["type"] for block in blocks]
    assert kinds.count("context") > 1
    assert {after for kind, after in pairwise(kinds) if kind == "context"} == {"divider"}
    assert kinds[-1] != "divider"
    assert ["*Weather* · 1 paper"] in [
        texts_of(block) for rule, block in pairwise(blocks) if rule["type"] == "divider"
    ]


def test_a_rule_stands_over_a_topic_also_where_papers_are_lines() -> None:
    papers = many_entries(100)
    of = digest([section(papers[:60]), section(papers[60:], topic="weather", title="Weather")])
    blocks = render(of, most=1)[0].payload["blocks"]
    kinds = [block["type"] for block in blocks]
    heading = [texts_of(block) for block in blocks].index(["*Weather* · 40 papers"])
    assert kinds[heading - 2 : heading] == ["section", "divider"]


def test_a_matched_term_is_bold_where_slack_lets_it_be() -> None:
    birds = paper(abstract="Of pigeons and homingpigeons: every *pigeon* counts. https://lab.example/pigeon")
    text = shown(render(digest([section([entry(birds, hits=[Hit("pigeon", "abstract")])])])))
    assert "Of *pigeons* and homingpigeons: every \u200b*\u200b*pigeon*\u200b*\u200b counts." in text
    assert "https://lab.example/pigeon" in text


def test_a_thread_of_more_topics_than_one_message_holds_counts_the_rest() -> None:
    topics = [section([entry(paper(f"2604.{n:05d}"))], title=f"{n:03d} " + "Topic " * 40) for n in range(50)]
    opening, *replies = render(digest(topics), thread=True)
    lines = shown([opening]).splitlines()
    named = sum(line.startswith("• *") for line in lines)
    assert 0 < named < 50
    assert f"and {50 - named} more topics with {50 - named} papers" in lines
    assert len(linked(replies)) == 50


def test_one_message_is_no_thread() -> None:
    (message,) = render(several_topics(), most=1, thread=True)
    assert not message.reply
    assert len(linked([message])) == 5


def test_a_digest_of_nothing_is_its_headline() -> None:
    for thread in (False, True):
        (message,) = render(digest([], announced=1, mailing_dates=[], missing=["cs.CL", "cs.CV"]), thread=thread)
        assert shown([message]) == (
            "*Digest*\n0 of 1 announced paper\nNot in: cs.CL, cs.CV. What comes in late follows."
        )


def test_the_notification_says_how_much_there_is_and_names_papers() -> None:
    (message,) = render(digest([section(many_entries(3))]))
    assert message.payload["text"].splitlines() == [
        "Birds &amp; Maps: 3 papers · Mon 20 Apr 2026",
        *(f"Pigeon Study {n}: Homing Under Uncertain Weather" for n in (1, 2, 3)),
    ]


def test_a_notification_that_cannot_name_all_says_so() -> None:
    (message,) = render(digest([section(many_entries(300))]), most=1)
    *named, last = message.payload["text"].splitlines()[1:]
    assert last == f"and {len(linked([message])) - len(named)} more"


def test_the_longest_titles_leave_room_in_every_text() -> None:
    long = [entry(paper(f"2604.{n:05d}", title="& " * 300, authors=["& " * 300])) for n in range(40)]
    topics = [section(long, title="> " * 300), section(long[:1], title="< " * 300, more=LINKS * 40, hidden=1)]
    for most in (1, 2, 10):
        render(digest(topics, mailing_dates=[TUESDAY, MONDAY], missing=["cs.CL"] * 155), most=most)


def test_topics_beyond_a_handful_are_counted() -> None:
    text = shown(render(digest([section([entry(also_in=[f"Topic {n}" for n in range(6)])])])))
    assert text.endswith("also in Topic 0, Topic 1, Topic 2, Topic 3 and 2 more")


def test_a_note_keeps_its_lines_and_is_cut_with_an_ellipsis() -> None:
    note = render_note(TEMPLATES, Note("Nothing <today>", "The mailing held nothing.\n\nNext: Tue 21 Apr"))
    assert_sound(note)
    assert note.payload["text"] == "*Nothing &lt;today&gt;*\nThe mailing held nothing.\nNext: Tue 21 Apr"
    long = render_note(TEMPLATES, Note("Trouble", "word& " * 2_000))
    assert_sound(long)
    assert long.payload["text"].endswith("…")


hostile = st.one_of(
    st.text(max_size=700),
    st.lists(
        st.sampled_from(
            ["<!channel>", "<@U1>", "<https://evil.example|x>", "|", ">", "&amp;", "`", "*", "_", "\n", "🐦", "@here"]
        ),
        max_size=300,
    ).map("".join),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    texts=st.lists(st.tuples(hostile, hostile, hostile), min_size=1, max_size=6),
    most=st.integers(1, 3),
    thread=st.booleans(),
)
def test_no_text_from_outside_pings_links_or_breaks_a_block(
    *, texts: list[tuple[str, str, str]], most: int, thread: bool
) -> None:
    entries = [
        entry(
            paper(
                f"2604.{n:05d}", title=title, abstract=abstract, authors=[name] * 7, categories=[name[:40], "cs.CV"]
            ),
            hits=[Hit(name, "title")],
            also_in=[title],
        )
        for n, (title, abstract, name) in enumerate(texts)
    ]
    messages = render(
        digest([section(entries, title=texts[0][0]), section(entries[:1], hidden=2)]), most=most, thread=thread
    )
    for text in (
        shown(messages),
        *(m.payload["text"] for m in messages),
        *(m.plain["text"] for m in messages if m.plain),
    ):
        controls = re.findall(r"<([^>]*)>", text)
        assert all(re.fullmatch(r"https://arxiv\.org/[^|<>\s]+\|[^|<>\n]+", control) for control in controls)
        assert text.count("<") == text.count(">") == len(controls)
        assert not re.search(r"<[!@#]", text)


@pytest.mark.parametrize("body", ["", "{{ title }}" * 3_000, "{{ nonsense }}", "{% if %}"])
def test_a_broken_template_is_named(tmp_path: Path, body: str) -> None:
    (tmp_path / "slack").mkdir()
    (tmp_path / "slack" / "paper.mrkdwn.j2").write_text(body, encoding="utf-8")
    with pytest.raises(RenderError) as caught:
        render_digest(Templates(tmp_path), digest(), max_messages=10, thread=False)
    assert caught.value.template == "slack/paper.mrkdwn.j2"


def test_every_template_is_used(tmp_path: Path) -> None:
    """A folder that holds all of them and nothing else renders; a folder that hides one does not."""
    page = Link("2026-04-20", "https://lab.example/birds/2026-04-20.html")
    crowded = [
        replace(section([entry(paper("2604.1"))], title=f"{n:03d} " + "Topic " * 40), pages=(page,))
        for n in range(50)
    ]
    of_the_chat = set((built_in_folder() / "slack").glob("answer-*"))
    for template in sorted(set((built_in_folder() / "slack").iterdir()) - of_the_chat):
        (tmp_path / "slack").mkdir(exist_ok=True)
        broken = tmp_path / "slack" / template.name
        broken.write_text("{{ nonsense }}", encoding="utf-8")
        with pytest.raises(RenderError):
            for of in (several_topics(), replace(several_topics(), sections=tuple(crowded))):
                for thread in (False, True):
                    render_digest(Templates(tmp_path), of, max_messages=2, thread=thread)
            render_note(Templates(tmp_path), Note("a", "b"))
        broken.unlink()
