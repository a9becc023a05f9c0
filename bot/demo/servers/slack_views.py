"""Slack's limits of answers, home pages and dialogs, as far as ours can break them. Pure.

https://docs.slack.dev/reference/block-kit/blocks/actions-block, .../block-elements/button-element,
https://docs.slack.dev/reference/views.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.demo.servers.slack_limits import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_IN_A_VIEW = 100
_MOST_BUTTONS, _MOST_LABEL, _MOST_VALUE, _MOST_TITLE = 25, 75, 2_000, 24


def message_refusal(payload: Mapping[str, Any]) -> str:
    """The code with which an answer is refused; empty if it is accepted."""
    blocks = payload.get("blocks") or []
    if len(blocks) > 50:
        return "invalid_blocks"
    return _blocks_refusal(blocks, str(payload.get("text") or ""))


def view_refusal(view: Mapping[str, Any], kind: str) -> str:
    """The code with which a view of that kind is refused; empty if it is accepted."""
    title = view.get("title") or {}
    titled = kind != "modal" or (title.get("type") == "plain_text" and 1 <= len(title["text"]) <= _MOST_TITLE)
    if view.get("type") != kind or not titled or not view.get("blocks") or len(view["blocks"]) > MOST_IN_A_VIEW:
        return "invalid_arguments"
    return _blocks_refusal([block for block in view["blocks"] if block.get("type") != "input"], "x")


def _blocks_refusal(blocks: list[Mapping[str, Any]], text: str) -> str:
    plain = [block for block in blocks if block.get("type") != "actions"]
    actions = [block for block in blocks if block.get("type") == "actions"]
    names = [element.get("action_id") for block in actions for element in block.get("elements", ())]
    if len(names) != len(set(names)) or not all(map(_is_row, actions)):
        return "invalid_blocks"
    for start in range(0, max(1, len(plain)), 50):
        if error := refusal({"blocks": plain[start : start + 50], "text": text}):
            return error
    return ""


def _is_row(block: Mapping[str, Any]) -> bool:
    """Whether it is a row of buttons within its limits."""
    elements = block.get("elements") or []
    return 1 <= len(elements) <= _MOST_BUTTONS and all(
        element.get("type") == "button"
        and element["text"]["type"] == "plain_text"
        and 1 <= len(element["text"]["text"]) <= _MOST_LABEL
        and len(element.get("value", "")) <= _MOST_VALUE
        and 1 <= len(element["action_id"]) <= 255
        for element in elements
    )
