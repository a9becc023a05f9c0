"""Answers as Slack shows them: golden for every command and refusal, within every limit, whatever people type."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.chat.answers import Answer, Choice, Part, ShownPaper
from bot.chat.slack import rendering
from bot.demo.servers.slack_limits import message_refusal
from bot.text.templates import Templates
from tests.builders import paper
from tests.chat.conftest import CHANNEL, ON_SQLITE
from tests.chat.slack.conftest import shown
from tests.chat.test_conversations import GOLDEN, PEOPLE, PLACES, SAID
from tests.servers.slack_sockets import view_refusal

if TYPE_CHECKING:
    from tests.chat.conftest import Talk

FOLDER = Path(__file__).parents[2] / "data/chat/slack"
SLACK = {name: file.read_text(encoding="utf-8") for name in GOLDEN if (file := FOLDER / f"{name}.txt").exists()}
TEMPLATES = Templates()
PING = re.compile(r"<[!@#]|(?<![A-Za-z0-9])@(?:here|channel|everyone)")
HOSTILE = [
    "<!channel> <@U0ADA000001> <#C0BIRDS0001> @here @channel",
    "*bold* _it_ ~no~ `code` ```block```",
    "<https://evil.example|arXiv>",
    "&lt;!channel&gt; &amp;lt;!here&amp;gt;",
    "pigeon\u202e\u2066snoegip\u200b\u200d\ufeff",
    "طيور وخرائط",
    ":tada: > quote \n# heading\n- list",
    "x" * 10_000,
    "\x00\x1b[31m\ud800",
]


async def answers(talk: Talk, text: str) -> str:
    said = []
    for written in text.splitlines():
        if written.startswith("#"):
            said.append(written)
        if found := SAID.match(written):
            answer = await talk.say(found["line"], PEOPLE[found["who"]], PLACES[found["where"]])
            assert answer is not None
            message = rendering.message(TEMPLATES, answer)
            assert message_refusal(message) == ""
            said += ["", written, shown(message["blocks"])]
    return re.sub(r"m-[0-9a-f]{16}", "m-KEY", "\n".join(said)) + "\n"


@ON_SQLITE
@pytest.mark.parametrize("name", sorted(GOLDEN))
async def test_every_answer_looks_in_slack_as_it_is_written(talk: Talk, name: str) -> None:
    now = await answers(talk, GOLDEN[name])
    golden = SLACK.get(name, "")
    if os.environ.get("PAPERBOY_REWRITE_GOLDEN"):
        golden = written(name, now)
    assert now == golden


def written(name: str, text: str) -> str:
    (FOLDER / f"{name}.txt").write_text(text, encoding="utf-8")
    return text


def test_no_golden_answer_is_unused() -> None:
    assert {file.stem for file in FOLDER.glob("*")} == GOLDEN.keys()


@ON_SQLITE
@pytest.mark.parametrize(
    "line",
    ["{}", "follow {}", 'follow "{}" in cs.CV as "{}"', "mute {}", "search {}", "why {}", "hour {}", "unfollow {}"],
)
async def test_what_people_type_pings_nobody_and_breaks_nothing(talk: Talk, line: str) -> None:
    for typed in (*(line.replace("{}", text) for text in HOSTILE), "topics"):
        answer = await talk.say(typed, destination=CHANNEL)
        assert answer is not None
        message = rendering.message(TEMPLATES, answer)
        assert message_refusal(message) == ""
        whole = "\n".join([message["text"], shown([b for b in message["blocks"] if b["type"] != "actions"])])
        assert not PING.search(whole), whole
        assert "<https://evil.example" not in whole
        assert "\u202e" not in whole
        whole.encode()


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("times", [1, 12])
def test_any_answer_is_taken_by_slack(text: str, times: int) -> None:
    shown_papers = tuple(ShownPaper(paper(title=text), why=text) for _ in range(times))
    part = Part(text, (text, "", text), shown_papers, times - 1, code=f"{text}\n{text}")
    choices = tuple(Choice(f"a{text}", text) for _ in range(times))
    for is_good in (True, False):
        answer = Answer(f"x{text}", (part,) * min(times, 4), choices, is_good=is_good)
        assert message_refusal(rendering.message(TEMPLATES, answer)) == ""
        assert view_refusal(rendering.home(TEMPLATES, answer, answer), "home") == ""
        assert view_refusal(rendering.answered_dialog(TEMPLATES, answer), "modal") == ""


def test_what_has_no_room_is_counted() -> None:
    parts = tuple(Part(f"Part {number}", tuple("word " * 100 for _ in range(3))) for number in range(20))
    said = shown(rendering.message(TEMPLATES, Answer("Much.", parts))["blocks"])
    assert re.search(r"\d+ more parts of this answer had no room here\.$", said)


def test_code_is_shown_letter_by_letter_and_ends_where_it_ends() -> None:
    said = shown(
        rendering.message(TEMPLATES, Answer("B", (Part(code="@misc{a,\n  title = {*A* ``` <b> & c},\n}"),)))["blocks"]
    )
    assert said == "*B*\n```\n@misc{a,\n  title = {*A* ''' &lt;b&gt; &amp; c},\n}\n```"
