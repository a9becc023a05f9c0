"""Renders answers as Block Kit for a message, the home page and a dialog, with `templates/slack/`.

Pure, except that it reads templates. Blocks that do not fit are counted.
"""

from __future__ import annotations

import html
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.channels.slack import blocks
from bot.channels.slack.blocks import Text, label, link_target, short
from bot.chat.slack.envelopes import SAY, WHY_DIALOG
from bot.text import truncate, utf16

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.chat.answers import Answer, Choice, Part, ShownPaper
    from bot.text.templates import Templates

_LINE, _TITLE, _CODE, _NOTE = 900, 300, 2_700, 3_500
_LABEL, _VALUE = 70, 2_000
_MOST_CHOICES = 5


def message(templates: Templates, answer: Answer) -> dict[str, Any]:
    """The message for a `response_url`, shown only to the person who asked."""
    plain = _render(templates, "text", text=short(answer.text, _LINE), is_good=answer.is_good)
    quiet = {"response_type": "ephemeral", "replace_original": False, "unfurl_links": False, "unfurl_media": False}
    return {**quiet, "text": plain, "blocks": answer_blocks(templates, answer)}


def answer_blocks(templates: Templates, answer: Answer, room: int = blocks.MOST_CHARACTERS) -> list[dict[str, Any]]:
    """The blocks of an answer, with at most `room` characters; the rest is counted."""
    texts = _texts(templates, answer)
    fitting = min(len(texts), blocks.MOST_BLOCKS)
    while sum(text.size for text in texts[:fitting]) > room:
        fitting -= 1
    shown = [text.block() for text in texts[:fitting]]
    if len(texts) > fitting:
        shown.append(Text("context", _render(templates, "cut", count=len(texts) - fitting)).block())
    return [*shown, *_actions(answer.choices)]


def home(templates: Templates, answer: Answer, note: Answer | None = None) -> dict[str, Any]:
    """The home page: the answer to the last click (`note`), if there is one, then the answer.

    https://docs.slack.dev/surfaces/app-home
    """
    said = answer_blocks(templates, replace(note, choices=()), _NOTE) if note else []
    below = answer_blocks(templates, answer, blocks.MOST_CHARACTERS - _NOTE)
    return {"type": "home", "blocks": [*said, *([{"type": "divider"}] if said else []), *below]}


def why_dialog() -> dict[str, Any]:
    """A dialog that asks for a paper: https://docs.slack.dev/surfaces/modals."""
    asked = {"type": "plain_text_input", "action_id": "identifier", "placeholder": _plain("2504.10757")}
    block = {
        "type": "input",
        "block_id": "paper",
        "label": _plain("The paper's identifier or link"),
        "element": asked,
    }
    return {**_dialog(), "submit": _plain("Ask"), "blocks": [block]}


def answered_dialog(templates: Templates, answer: Answer) -> dict[str, Any]:
    """The dialog with its answer."""
    return {**_dialog(), "blocks": answer_blocks(templates, answer)}


def _dialog() -> dict[str, Any]:
    return {"type": "modal", "callback_id": WHY_DIALOG, "title": _plain("Why a paper?"), "close": _plain("Close")}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def _texts(templates: Templates, answer: Answer) -> list[Text]:
    first = _render(templates, "text", text=short(answer.text, _LINE), is_good=answer.is_good)
    return [Text("section", first), *(text for part in answer.parts for text in _part(templates, part))]


def _part(templates: Templates, part: Part) -> Iterator[Text]:
    """A part's heading and content, in as few blocks as possible."""
    lines = [_render(templates, "heading", heading=short(part.heading, _LINE))] if part.heading else []
    lines += [_render(templates, "line", line=short(line, _LINE)) for line in part.lines]
    lines += [_paper(templates, paper) for paper in part.papers]
    lines += [_render(templates, "more", count=part.more)] if part.more else []
    joined = blocks.join_lines(Text("line", line) for line in lines if line)
    for text in joined:
        yield Text("section", text.mrkdwn)
    yield from (Text("section", code) for code in _code(part.code))


def _paper(templates: Templates, shown: ShownPaper) -> str:
    paper = shown.paper
    return _render(
        templates,
        "paper",
        url=link_target(f"https://arxiv.org/abs/{paper.identifier}"),
        title=label(paper.title, _TITLE) or paper.identifier,
        identifier=paper.identifier,
        date=shown.mailing_date,
        why=short(shown.why, _TITLE),
    )


def _code(text: str) -> Iterator[str]:
    """Text verbatim, in blocks of whole lines; backticks, which would end a block, become apostrophes."""
    lines = [html.escape(line.replace("`", "'"), quote=False) for line in text.splitlines()]
    piece: list[str] = []
    for line in (truncate(each, _CODE) for each in lines):
        if piece and utf16("\n".join([*piece, line])) > _CODE:
            yield _fenced(piece)
            piece = []
        piece.append(line)
    if piece:
        yield _fenced(piece)


def _fenced(lines: Sequence[str]) -> str:
    code = "\n".join(lines)
    return f"```\n{code}\n```"


def _actions(choices: Sequence[Choice]) -> list[dict[str, Any]]:
    buttons = [
        {
            "type": "button",
            "action_id": f"{SAY}{number}",
            "text": _plain(truncate(choice.label, _LABEL)),
            "value": choice.command,
        }
        for number, choice in enumerate(choices[:_MOST_CHOICES])
        if utf16(choice.command) <= _VALUE
    ]
    return [{"type": "actions", "elements": buttons}] if buttons else []


def _render(templates: Templates, name: str, **values: object) -> str:
    return templates.render(f"slack/answer-{name}.mrkdwn.j2", **values)
