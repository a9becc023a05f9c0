"""Slack's limits of a digest's message and of an answer: Block Kit's and the undocumented sum. Pure.

Rules: https://docs.slack.dev/reference/block-kit/blocks, .../blocks/actions-block, .../block-elements/button-element;
the sum over all blocks is in slackapi/bolt-js#2509.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_TEXT = 40_000
MOST_IN_ALL_BLOCKS = 13_000
_MOST_BUTTONS, _MOST_LABEL, _MOST_VALUE = 25, 75, 2_000


def refusal(payload: Mapping[str, Any]) -> str:
    """The code with which Slack refuses the payload; empty if it is accepted."""
    blocks = payload.get("blocks") or []
    if not isinstance(blocks, list) or len(blocks) > 50:
        return "invalid_blocks"
    if not blocks and not payload.get("text"):
        return "no_text"
    metadata = payload.get("metadata")
    if metadata is not None and not (isinstance(metadata, dict) and {"event_type", "event_payload"} <= set(metadata)):
        return "invalid_metadata_format"
    if not all(isinstance(block, dict) and _is_block(block) for block in blocks):
        return "invalid_blocks"
    if sum(len(text["text"]) for block in blocks for text in _texts(block)) > MOST_IN_ALL_BLOCKS:
        return "msg_blocks_too_long"
    return ""


def message_refusal(payload: Mapping[str, Any]) -> str:
    """The code with which an answer is refused; empty if it is accepted."""
    blocks = payload.get("blocks") or []
    if len(blocks) > 50:
        return "invalid_blocks"
    return blocks_refusal(blocks, str(payload.get("text") or ""))


def blocks_refusal(blocks: list[Mapping[str, Any]], text: str) -> str:
    """The code with which the blocks of an answer or of a view are refused; empty if they are accepted."""
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


def _is_block(block: Mapping[str, Any]) -> bool:
    """Whether it is one of the blocks that a digest is made of, within its limits."""
    texts = list(_texts(block))
    sound = all(isinstance(text, dict) and _is_text(text) for text in texts)
    match block.get("type"):
        case "divider":
            return not texts
        case "header":
            return sound and len(texts) == 1 and texts[0]["type"] == "plain_text" and len(texts[0]["text"]) <= 150
        case "section":
            return sound and len(texts) == 1 and _is_menu(block.get("accessory"))
        case "context":
            return sound and 1 <= len(texts) <= 10
    return False


def _is_menu(accessory: Any) -> bool:  # noqa: ANN401 - whatever was sent
    """Whether there is no accessory, or a valid overflow menu, the only element that digests have.

    https://docs.slack.dev/reference/block-kit/block-elements/overflow-menu-element
    """
    if accessory is None:
        return True
    options = accessory.get("options", ())
    sound = all(
        option["text"]["type"] == "plain_text" and len(option["text"]["text"]) <= 75 and len(option["value"]) <= 150
        for option in options
    )
    return accessory.get("type") == "overflow" and 1 <= len(options) <= 5 and sound


def _is_text(text: Mapping[str, Any]) -> bool:
    kind, body = text.get("type"), text.get("text")
    known = kind == "mrkdwn" or (kind == "plain_text" and "verbatim" not in text)
    return known and isinstance(body, str) and 1 <= len(body) <= 3000


def _texts(block: Mapping[str, Any]) -> Iterator[Any]:
    if "text" in block:
        yield block["text"]
    yield from block.get("elements") or []
