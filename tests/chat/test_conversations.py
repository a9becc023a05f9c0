"""Whole conversations as golden files: each line that somebody types, and what they are told.

`PAPERBOY_REWRITE_GOLDEN=1` writes the answers of the lines that begin with `ada in channel>` and the like.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.chat.conftest import ADA, BO, CHANNEL, LAB, ON_SQLITE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.chat.answers import Answer, Part
    from tests.chat.conftest import Talk

FOLDER = Path(__file__).parents[1] / "data/chat/conversations"
GOLDEN = {file.stem: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.txt")}
SAID = re.compile(r"^(?P<who>ada|bo) (?:in )?(?P<where>channel|lab|direct)> ?(?P<line>.*)$")
PEOPLE, PLACES = {"ada": ADA, "bo": BO}, {"channel": CHANNEL, "lab": LAB, "direct": "direct"}


def shown(answer: Answer | None) -> Iterator[str]:
    if answer is None:
        yield "(nothing: it was carried out before)"
        return
    yield f"{'' if answer.is_good else '(refused) '}{answer.text}"
    for part in answer.parts:
        yield from shown_part(part)
    if answer.choices:
        yield "  " + " ".join(f"[{choice.label}: {choice.command}]" for choice in answer.choices)


def shown_part(part: Part) -> Iterator[str]:
    if part.heading:
        yield f"  {part.heading}"
    yield from (f"    {line}" for line in part.lines)
    for each in part.papers:
        dated = f" ({each.mailing_date})" if each.mailing_date else ""
        yield f"    - {each.paper.title}{dated}{f': {each.why}' if each.why else ''}"
    if part.more:
        yield f"    and {part.more} more"
    yield from (f"    | {line}" for line in part.code.splitlines())


async def spoken(talk: Talk, text: str) -> str:
    """The conversation with the answers of today."""
    said = []
    for written in text.splitlines():
        if written.startswith("#"):
            said.append(written)
        if found := SAID.match(written):
            answer = await talk.say(found["line"], PEOPLE[found["who"]], PLACES[found["where"]])
            said += ["", written, *shown(answer)]
    return re.sub(r"m-[0-9a-f]{16}", "m-KEY", "\n".join(said)) + "\n"


@ON_SQLITE
@pytest.mark.parametrize("name", sorted(GOLDEN))
async def test_a_conversation_goes_as_it_is_written(talk: Talk, name: str) -> None:
    golden = GOLDEN[name]
    now = await spoken(talk, golden)
    if os.environ.get("PAPERBOY_REWRITE_GOLDEN"):
        golden = written(name, now)
    assert now == golden


def written(name: str, text: str) -> str:
    (FOLDER / f"{name}.txt").write_text(text, encoding="utf-8")
    return text
