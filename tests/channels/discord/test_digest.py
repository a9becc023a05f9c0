"""A digest as Discord messages: within every limit, no paper lost from count, no stranger's text taken for markup."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import text
from bot.channels.buttons import Click, Wish, decode
from bot.channels.discord.digest import colour, render_digest, render_note
from bot.channels.discord.options import DiscordOptions
from bot.errors import RenderError
from bot.model import AnnounceType, Digest, Hit, Link, Message, Note
from bot.text.templates import Templates
from tests.builders import MONDAY, digest, entry, many_entries, paper, section
from tests.servers.discord import DiscordMessage, errors_in

if TYPE_CHECKING:
    from collections.abc import Iterable

TEMPLATES = Templates()
FRIDAY = date(2026, 4, 17)
GOLDEN = Path(__file__).parents[2] / "data" / "discord"
SCHEMAS = Path(__file__).parents[3] / "../shared/data/discord/send_schemas.json"


def rendered(of: Digest, max_messages: int = 10) -> tuple[Message, ...]:
    return render_digest(of, TEMPLATES, max_messages)


def text_of(payload: Any) -> str:
    """All that a reader sees of a message."""
    embeds = payload.get("embeds", ())
    parts = [payload["content"]]
    for embed in embeds:
        parts += [embed.get("title", ""), embed.get("description", ""), embed.get("footer", {}).get("text", "")]
    return "\n".join(part for part in parts if part)


def told(payload: Any) -> int:
    """How many papers a message tells of: its paper embeds, its lines, and its counts."""
    embeds = payload.get("embeds", ())
    lines = "\n".join([payload["content"], *(embed["description"] for embed in embeds if "title" not in embed)])
    more = sum(int(count) for count in re.findall(r"^and (\d+) more", lines, re.MULTILINE))
    listed = len(re.findall(r"\[[^\]]+\]\(https://arxiv\.org/abs/|<https://arxiv\.org/abs/", lines))
    return more + listed + sum("title" in embed for embed in embeds)


def assert_valid(messages: Iterable[Message]) -> None:
    for message in messages:
        assert message.plain is not None
        for payload in (message.payload, message.plain):
            assert errors_in(payload) == {}
            assert payload["allowed_mentions"] == {"parse": []}
            assert payload["content"]
            assert "flags" not in payload
        assert "embeds" not in message.plain
        embeds = message.payload["embeds"]
        assert len(DiscordMessage("1", "c", "", message.payload).embeds) == len(embeds)
        assert text.utf16(text_of({"content": "", "embeds": embeds})) <= 5800 + 3 * len(embeds)


def everything() -> Digest:
    """Two topics over two mailings, with every kind of entry."""
    birds = section(
        [
            entry(hits=[Hit("pigeon", "title"), Hit("Journal of *Birds*", "journal_ref")]),
            entry(
                paper(
                    "2604.00002",
                    title="Owls [see](https://evil.example) *in* the dark_ @everyone <@123>",
                    abstract="On $O(n)$ owls. " + "They see the same again and again. " * 40,
                    authors=[f"Author No{number}" for number in range(1, 9)],
                ),
                type=AnnounceType.CROSS,
                mailing_date=FRIDAY,
                also_in=["Night_Vision"],
            ),
            replace(
                entry(
                    paper(
                        "2604.00003",
                        version=1,
                        title="Cranes, Corrected on $\\perch{x}$",
                        abstract="Cranes are at https://github.com/lab/cranes, $\\perch{x}$ is not.",
                    ),
                    replaced_to=2,
                    hits=[],
                ),
                reconstructed=True,
            ),
            entry(paper("2604.00004", title="Both at Once"), type=AnnounceType.CROSS, replaced_to=3, hits=[]),
        ]
    )
    maps = section(
        [entry(paper("hep-th/9901001", version=3, title="Old Maps, New Version"), type=AnnounceType.REPLACE)],
        topic="maps",
        title="Maps",
        hidden=7,
    )
    return digest([birds, maps], mailing_dates=[MONDAY, FRIDAY], missing=["cs.RO", "cs.AI"])


GOLDENS = {
    "everything.json": (everything(), 10, False),
    "crowded.json": (digest([section(many_entries(60, abstract_words=30))]), 1, False),
    "buttons.json": (digest(), 10, True),
    "menus.json": (digest([section(many_entries(3, abstract_words=10))]), 10, True),
}


@pytest.mark.parametrize("name", GOLDENS)
def test_a_digest_looks_as_it_did(name: str) -> None:
    of, max_messages, buttons = GOLDENS[name]
    messages = render_digest(of, TEMPLATES, max_messages, options=DiscordOptions(thread=False, buttons=buttons))
    now = [{"payload": message.payload, "plain": message.plain} for message in messages]
    if os.environ.get("WRITE_GOLDEN"):
        (GOLDEN / name).write_text(json.dumps(now, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert now == json.loads((GOLDEN / name).read_text(encoding="utf-8"))


def test_every_golden_digest_has_its_file() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(GOLDENS)


@pytest.mark.parametrize("count", [1, 31, 300, pytest.param(1000, marks=pytest.mark.on_request)])
@pytest.mark.parametrize("max_messages", [1, 2, 10])
def test_every_page_is_within_the_limits(count: int, max_messages: int) -> None:
    assert_valid(rendered(digest([section(many_entries(count), hidden=5)]), max_messages))


@pytest.mark.parametrize("count", [1, 2, 25, 26, 40, 501])
def test_what_can_be_said_of_the_papers_of_a_message_stands_below_it(count: int) -> None:
    of = digest([section(many_entries(count, abstract_words=1))])
    messages = render_digest(of, TEMPLATES, 10, options=DiscordOptions(thread=False, buttons=True))
    assert_valid(messages)
    for message, without in zip(messages, render_digest(of, TEMPLATES, 10), strict=True):
        rows = [row["components"] for row in message.payload["components"]]
        assert {**message.payload, "components": None} == {**without.payload, "components": None}
        assert message.plain == without.plain
        if len(message.papers) == 1:
            said = [[decode(button["custom_id"]) for button in rows[0]]]
        else:
            menus = [menu for (menu,) in rows]
            said = [
                [decode(menu["options"][place]["value"]) for menu in menus]
                for place in range(25)[: len(message.papers)]
            ]
            cut = f" (the first 25 of {len(message.papers)})" if len(message.papers) > 25 else ""
            assert [menu["placeholder"] for menu in menus] == [
                f"{each} …{cut}" for each in ("More like", "Less like", "Save")
            ]
        wishes = list(Wish)[: len(said[0])]
        assert Wish.SAVED in wishes
        assert said == [[Click(wish, each, "birds") for wish in wishes] for each in message.papers[:25]]


def test_31_papers_are_all_shown_in_full() -> None:
    messages = rendered(digest([section(many_entries(31))]))
    titles = [embed["title"] for message in messages for embed in message.payload["embeds"]]
    assert titles == [f"Pigeon Study {number}: Homing Under Uncertain Weather" for number in range(1, 32)]


def test_300_papers_are_all_shown_some_in_one_line() -> None:
    messages = rendered(digest([section(many_entries(300))]))
    shown = "\n".join(text_of(message.payload) for message in messages)
    assert all(f"Pigeon Study {number}:" in shown for number in range(1, 301))
    assert "more:" not in shown


def test_what_is_beyond_the_cap_is_counted_and_linked() -> None:
    (message,) = rendered(digest([section(many_entries(1000))]), 1)
    last = message.payload["embeds"][-1]["description"].splitlines()[-1]
    assert re.fullmatch(
        r"and \d+ more: \[cs\.CV on 20 Apr 2026\]\(https://arxiv\.org/catchup/cs\.CV/2026-04-20\)", last
    )
    assert message.plain is not None
    assert re.search(
        r"and \d+ more: cs\.CV on 20 Apr 2026 <https://arxiv\.org/catchup/cs\.CV/2026-04-20>$",
        message.plain["content"],
    )


def test_a_count_without_links_is_a_count_alone() -> None:
    (message,) = rendered(digest([section([entry()], hidden=2, more=[])]))
    assert message.payload["embeds"][-1]["description"] == "and 2 more"


def test_the_headline_tells_what_when_and_how_many_of_how_many() -> None:
    (message,) = rendered(digest([section(many_entries(2), hidden=1)], missing=["cs.RO"]))
    assert message.payload["content"] == (
        "**Birds & Maps · Mon 20 Apr 2026**\n3 of 312 announced papers\nNot in: cs.RO. What comes in late follows."
    )


@pytest.mark.parametrize("title", ["Topic", "Vision, language and what lies between " * 30, "*_~" * 400])
def test_the_headline_lists_topics_last_and_says_how_many_it_does_not_list(title: str) -> None:
    sections = [section([entry(paper(f"2604.{n:05d}"))], title=f"{title} {n}", hidden=6) for n in range(300)]
    late = [f"cond-mat.mes-hall of Wed 30 Sep {year}" for year in range(2000, 2100)]
    message, *_ = rendered(digest(sections, missing=late))
    assert message.plain is not None
    for content in (message.payload["content"], message.plain["content"]):
        _, count, missing, topics, *_ = content.splitlines()
        assert count == "2100 of 312 announced papers"
        assert missing.endswith(" and 92 more. What comes in late follows.")
        others = re.search(r" and (\d+) more topics$", topics)
        assert others
        assert len(re.findall(r" 7(?=,| and)", topics)) + int(others[1]) == 300
        assert len(topics) > 200


def test_one_announced_paper_is_singular() -> None:
    (message,) = rendered(digest(announced=1))
    assert message.payload["content"].endswith("1 of 1 announced paper")


def test_the_parts_are_numbered() -> None:
    contents = [message.payload["content"] for message in rendered(digest([section(many_entries(31))]))]
    total = len(contents)
    assert contents[0].splitlines()[0] == f"**Birds & Maps · Mon 20 Apr 2026** (1/{total})"
    assert contents[1:] == [f"**Birds & Maps · Mon 20 Apr 2026** ({part}/{total})" for part in range(2, total + 1)]


def test_a_digest_of_nothing_is_its_headline() -> None:
    (message,) = rendered(digest([], mailing_dates=[]))
    assert message.payload["content"] == "**New on arXiv**\n0 of 312 announced papers"
    assert message.payload["embeds"] == []


def test_a_paper_in_one_mailing_has_no_date_and_in_several_has_its_own() -> None:
    (one,) = rendered(digest())
    (several,) = rendered(digest([section([entry(mailing_date=FRIDAY)])], mailing_dates=[MONDAY, FRIDAY]))
    assert "footer" not in one.payload["embeds"][0]
    assert several.payload["embeds"][0]["footer"]["text"] == "Fri 17 Apr 2026"
    assert several.plain is not None
    assert several.plain["content"].endswith("· Fri 17 Apr 2026")


def test_a_topic_is_named_over_its_papers_and_not_under_each() -> None:
    (message, *_) = rendered(replace(everything(), mailing_dates=(MONDAY,)))
    heading, paper_, *_ = message.payload["embeds"]
    assert heading["description"].startswith("**Birds & Maps** · ")
    assert heading["color"] == paper_["color"]
    assert "footer" not in paper_


def test_a_later_part_of_several_topics_names_those_that_it_holds() -> None:
    papers = many_entries(18)
    of = digest([section(papers[:15]), section(papers[15:], topic="maps", title="Maps")])
    first, second, *_ = (message.payload["content"].splitlines() for message in rendered(of))
    assert first[2:] == ["Birds & Maps 15, Maps 3"]
    assert second[1:] == ["Birds & Maps, Maps"]


def test_a_matched_term_is_bold_in_the_abstract() -> None:
    birds = paper(abstract="Of pigeons, *pigeon* maps and $\\pigeon{x}<y$.")
    (message,) = rendered(digest([section([entry(birds, hits=[Hit("pigeon", "abstract")])])]))
    assert (
        "Of **pigeons**, \\***pigeon**\\* maps and `$\\pigeon{x}<y$`." in message.payload["embeds"][0]["description"]
    )


def test_a_paper_without_an_abstract_leaves_no_hole() -> None:
    (message,) = rendered(digest([section([entry(paper(abstract=""))])]))
    assert "\n\n\n" not in message.payload["embeds"][0]["description"]


def test_for_a_forum_every_message_has_the_threads_name_and_all_but_the_first_are_replies() -> None:
    messages = render_digest(digest([section(many_entries(31))]), TEMPLATES, 10, options=DiscordOptions(forum=True))
    assert [message.reply for message in messages] == [False] + [True] * (len(messages) - 1)
    assert len(messages) > 1
    for message in messages:
        assert message.plain is not None
        for payload in (message.payload, message.plain):
            assert payload["thread_name"] == "Birds & Maps · Mon 20 Apr 2026"


@pytest.mark.parametrize("title", ["*Birds* @everyone", "Vision " * 50, "😀" * 99, ""])
def test_a_threads_name_is_no_markdown_and_within_its_limit(title: str) -> None:
    of = digest([section([entry()], title=title)])
    (message,) = render_digest(of, TEMPLATES, 1, options=DiscordOptions(forum=True))
    name = message.payload["thread_name"]
    assert name.endswith(" · Mon 20 Apr 2026")
    assert name.startswith(title[:16].strip() or "New on arXiv")
    assert text.utf16(name) <= 100


def test_a_digest_of_nothing_opens_a_thread_too() -> None:
    (message,) = render_digest(digest([], mailing_dates=[]), TEMPLATES, 1, options=DiscordOptions(forum=True))
    assert message.payload["thread_name"] == "New on arXiv"


def test_a_thread_opens_with_the_counts_the_best_titles_and_the_page() -> None:
    page = Link("2026-04-20", "https://lab.example/birds/2026-04-20.html")
    of = digest([replace(section(many_entries(24)), pages=(page,))])
    opening, *replies = messages = render_digest(of, TEMPLATES, 4, options=DiscordOptions(), full=20)
    assert opening.payload["content"].splitlines() == [
        "**Birds & Maps · Mon 20 Apr 2026**",
        "24 of 312 announced papers, in the thread",
        *(f"- Pigeon Study {number}: Homing Under Uncertain Weather" for number in (1, 2, 3)),
        "[Read on the web](<https://lab.example/birds/2026-04-20.html>)",
    ]
    assert "embeds" not in opening.payload
    assert [message.reply for message in messages] == [False] + [True] * len(replies)
    assert {message.payload["thread_name"] for message in messages} == {"Birds & Maps · Mon 20 Apr 2026"}
    headlines = [message.payload["content"] for message in replies]
    assert headlines == [f"**Birds & Maps** ({part}/{len(replies)})" for part in range(1, len(replies) + 1)]
    assert sum("title" in embed for message in replies for embed in message.payload["embeds"]) == 20
    assert sum(len(message.papers) for message in messages) == 24
    for message in messages:
        assert errors_in({**message.payload, "thread_name": None}) == {}


@pytest.mark.parametrize(("papers", "thread", "opens"), [(3, None, 0), (4, None, 1), (1, True, 1), (40, False, 0)])
def test_where_nothing_is_said_few_papers_open_no_thread(papers: int, *, thread: bool | None, opens: int) -> None:
    of = digest([section(many_entries(papers))])
    first, *others = render_digest(of, TEMPLATES, 4, options=DiscordOptions(thread=thread))
    assert bool(first.papers) != bool(opens)
    assert any(message.reply for message in others) == bool(opens)


def test_a_topic_keeps_its_colour_and_topics_differ() -> None:
    embeds = rendered(everything())[0].payload["embeds"]
    assert {embed["color"] for embed in embeds} == {colour("birds"), colour("maps")}
    assert len({colour(f"topic {number}") for number in range(50)}) > 45
    assert all(0 < colour(name) <= 0xFFFFFF for name in ("", "ä", "birds"))


def test_two_embeds_of_one_message_never_have_the_same_url() -> None:
    messages = rendered(digest([section([entry(), entry()])]))
    assert_valid(messages)
    assert [embed.get("url") for embed in messages[0].payload["embeds"]] == ["https://arxiv.org/abs/2604.00001", None]


def test_a_masked_links_text_carries_no_markup() -> None:
    hostile = Link("a](https://evil.example) [*b*", "https://arxiv.org/a) b>c")
    (message,) = rendered(digest([section([entry()], hidden=1, more=[hostile])]))
    assert message.payload["embeds"][-1]["description"] == (
        "and 1 more: [ahttps//evil.example b](https://arxiv.org/a%29%20b%3Ec)"
    )


def test_a_link_in_a_plain_title_has_no_preview() -> None:
    (message,) = rendered(digest([section([entry(paper(title="Code at https://evil.example/x"))])]))
    assert message.plain is not None
    assert re.findall(r"(?<!<)https?://", message.plain["content"]) == []


HOSTILE = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.sampled_from(
            [
                *"\\*_~`|>#[]()<:-@!",
                "\n",
                "\u202e",
                "```",
                "@everyone",
                "<@1>",
                "[x](https://evil.example)",
                "https://evil.example/a_b_c",
                "<https://evil.example>",
                "-# ",
                "1. ",
                "😀",
                "$\\alpha_i^2$",
                "x" * 300,
                "word " * 60,
            ]
        ),
    ),
    max_size=30,
).map("".join)


@settings(max_examples=60, deadline=None)
@given(hostile=st.tuples(HOSTILE, HOSTILE, HOSTILE, HOSTILE), count=st.integers(1, 12), most=st.integers(1, 3))
def test_no_text_breaks_a_limit_or_pings_or_links_elsewhere(
    hostile: tuple[str, str, str, str], count: int, most: int
) -> None:
    title, abstract, name, term = hostile
    entries = [
        entry(
            paper(f"2604.{number:05d}", title=title, abstract=abstract * 3, authors=[name] * 8),
            hits=[Hit(term, "title")],
            also_in=[term],
        )
        for number in range(count)
    ]
    messages = rendered(digest([section(entries, title=title, hidden=1)]), most)
    assert len(messages) <= most
    assert_valid(messages)
    assert sum(told(message.payload) for message in messages) == count + 1
    for message in messages:
        for payload in (message.payload, message.plain):
            bare = re.sub(r"\\[^\w\s]", "", "\n".join(seen_as_markdown(payload)))
            assert not re.search(r"@(everyone|here)|<@", bare)
            targets = re.findall(r"\[[^\]\n]*\]\(\s*<?([^)\s>]*)", bare)
            assert all(target.startswith("https://arxiv.org/") for target in targets)


def seen_as_markdown(payload: Any) -> list[str]:
    """What Discord reads as Markdown: not the footer."""
    embeds = payload.get("embeds", ())
    return [payload["content"], *(embed.get(part, "") for embed in embeds for part in ("title", "description"))]


def test_a_note_is_a_message_without_embeds() -> None:
    message = render_note(Note("Nothing *today*", "No paper matched.\n\nNext: Tue 21 Apr 2026"), TEMPLATES)
    assert message.payload == {
        "content": "**Nothing \\*today\\***\nNo paper matched.\n\nNext: Tue 21 Apr 2026",
        "allowed_mentions": {"parse": []},
    }


def test_a_long_note_is_cut_within_the_limit() -> None:
    message = render_note(Note("Trouble", "😀 out of order. " * 500), TEMPLATES)
    assert errors_in(message.payload) == {}
    assert message.payload["content"].endswith("…")


def test_an_operators_template_wins_and_may_be_too_long(tmp_path: Path) -> None:
    (tmp_path / "discord").mkdir()
    (tmp_path / "discord/paper.md.j2").write_text("MINE {{ title * 40 }}\n{{ paper.abstract * 500 }}")
    (tmp_path / "discord/headline.md.j2").write_text("{{ 'word ' * 1000 }}")
    messages = render_digest(everything(), Templates(tmp_path), 10)
    assert_valid(messages)
    assert messages[0].payload["embeds"][1]["title"].startswith("MINE ")


def test_a_broken_template_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "discord").mkdir()
    (tmp_path / "discord/line.md.j2").write_text("{{ nobody }}")
    with pytest.raises(RenderError, match=r"line\.md\.j2"):
        render_digest(digest(), Templates(tmp_path), 10)


@pytest.mark.shared
@pytest.mark.skipif(not SCHEMAS.exists(), reason="Discord's schemas are not beside the repository")
@pytest.mark.parametrize("schema", ["MessageCreateRequest", "IncomingWebhookRequestPartial"])
def test_discords_own_schemas_accept_every_payload(schema: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    components = json.loads(SCHEMAS.read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator({"$ref": f"#/components/schemas/{schema}", **components})
    messages = [*rendered(everything()), *rendered(digest([section(many_entries(300))]))]
    payloads = [payload for message in messages for payload in (message.payload, message.plain)]
    payloads.append(render_note(Note("Title", "Text"), TEMPLATES).payload)
    for payload in payloads:
        assert list(validator.iter_errors(payload)) == []
    too_long = {"embeds": [{"title": "x" * 257}]}
    assert list(validator.iter_errors(too_long)) != []
