"""Renders an answer as Discord messages: embeds, several if it is long, with the choices as buttons. Pure.

Limits: https://docs.discord.com/developers/resources/message#embed-object-embed-limits and
https://docs.discord.com/developers/components/reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot import text
from bot.channels.discord.digest import DESCRIPTION
from bot.channels.discord.markup import label, link_target, short
from bot.model import paper_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.chat.answers import Answer, Choice, Part, ShownPaper
    from bot.text.templates import Templates

LINE = 900
"""The most characters of a line; our own limit, far below that of a message."""
TITLE = 300
PAGES = 5
"""The most messages of an answer; our own limit."""
CUSTOM_ID, LABEL = 100, 80
BUTTONS, ROWS = 5, 5
"""The most buttons in a row, and the most rows."""
COMMAND = "do|"
"""The start of a choice's `custom_id`; the command follows, as it would be typed."""
GOOD, BAD = 0x3BA55D, 0xED4245
_FENCE = "```"


def render(answer: Answer, templates: Templates) -> list[dict[str, Any]]:
    """The answer as messages; the first has the choices. If something is cut, the last one says so.

    Raises:
        RenderError: a template is broken.
    """
    pages = list(_pages(line for block in _blocks(answer, templates) for line in block))
    if len(pages) > PAGES:
        pages = [*pages[:PAGES], f"The rest is cut: it would take {len(pages)} messages."]
    colour = GOOD if answer.is_good else BAD
    messages: list[dict[str, Any]] = [{"embeds": [{"description": page, "color": colour}]} for page in pages]
    messages[0]["components"] = _rows(answer.choices)
    return messages


def _blocks(answer: Answer, templates: Templates) -> Iterator[list[str]]:
    """The lines of the answer, part by part."""
    said = {"sentence": short(answer.text, LINE), "part": None}
    yield templates.render("discord/answer.md.j2", **said).splitlines()
    for part in answer.parts:
        shown = templates.render("discord/answer.md.j2", sentence="", part=_values(part)).splitlines()
        yield [*([""] if part.heading else []), *shown]
        if part.code:
            yield [_FENCE, *map(_code_line, part.code.splitlines()), _FENCE]


def _code_line(line: str) -> str:
    """A line of code with its indent. Backticks become apostrophes, as they would end the block."""
    shown = text.truncate(text.clean(line).replace("`", "'"), LINE, text.utf16)
    return " " * (len(line) - len(line.lstrip(" "))) + shown


def _values(part: Part) -> dict[str, Any]:
    """The template's values for a part, each text cut so that it fits also when escaped."""
    return {
        "heading": short(part.heading, LINE),
        "lines": [short(line, LINE) for line in part.lines],
        "papers": [_paper(shown) for shown in part.papers],
        "more": part.more,
    }


def _paper(shown: ShownPaper) -> dict[str, Any]:
    paper = shown.paper
    return {
        "title": short(text.flatten_tex(paper.title), TITLE) or paper.identifier,
        "label": label(paper.identifier),
        "url": link_target(paper_url(paper.identifier)),
        "day": shown.mailing_date,
        "why": short(shown.why, TITLE),
    }


def _pages(lines: Iterable[str]) -> Iterator[str]:
    """The lines in as few messages as possible; a code block that is split is closed and opened again."""
    page: list[str] = []
    room, in_code = DESCRIPTION, False
    for line in lines:
        size = text.utf16(line) + 1
        if page and size + (len(_FENCE) + 1 if in_code else 0) > room:
            yield "\n".join([*page, *([_FENCE] if in_code else [])])
            page = [_FENCE] if in_code else []
            room = DESCRIPTION - sum(text.utf16(each) + 1 for each in page)
        if page or line:
            page.append(line)
            room -= size
        in_code ^= line == _FENCE
    yield "\n".join(page)


def _rows(choices: Sequence[Choice]) -> list[dict[str, Any]]:
    """The choices as rows of buttons, without those whose command is too long for a `custom_id`."""
    buttons = [
        {
            "type": 2,
            "style": 2,
            "label": text.truncate(text.clean(each.label), LABEL, text.utf16),
            "custom_id": custom_id,
        }
        for each in choices
        if len(custom_id := COMMAND + each.command) <= CUSTOM_ID
    ][: BUTTONS * ROWS]
    return [{"type": 1, "components": buttons[first : first + BUTTONS]} for first in range(0, len(buttons), BUTTONS)]
