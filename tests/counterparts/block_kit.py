"""What two judges written by others, and two checks by hand, say against a Slack message's blocks.

slack_sdk's own models and blockkit each miss what the other sees; neither sees 51 blocks, empty context elements or
a `block_id` that is there twice. https://docs.slack.dev/reference/block-kit/blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import blockkit
from blockkit.core import ComponentValidationError, FieldValidationError
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MOST_BLOCKS = 50


def refusals(payload: Mapping[str, Any]) -> list[str]:
    """What is wrong with it; nothing if Slack would take it."""
    blocks = payload.get("blocks", [])
    return [*_by_slack_sdk(blocks), *_by_blockkit(payload["text"], blocks), *_by_hand(blocks)]


def _by_slack_sdk(blocks: Sequence[dict[str, Any]]) -> Iterator[str]:
    try:
        parsed: list[Block | None] = list(Block.parse_all(blocks))  # None for a type that it does not know
        read = [block.to_dict() if block is not None else None for block in parsed]
    except SlackObjectFormationError as error:
        yield f"slack_sdk: {error}"
    else:
        if read != list(blocks):
            yield "slack_sdk: it reads other blocks than these"


def _by_blockkit(text: str, blocks: Sequence[dict[str, Any]]) -> Iterator[str]:
    try:
        blockkit.Message(text, [_as_blockkit(block) for block in blocks] or None).build()  # type: ignore[no-untyped-call]  # blockkit leaves it untyped
    except (FieldValidationError, ComponentValidationError, ValueError, TypeError) as error:
        yield f"blockkit: {error}"


def _as_blockkit(block: Mapping[str, Any]) -> Any:
    """Only the kinds that we use; another one is refused as not known."""
    given = {key: value for key, value in block.items() if key not in ("type", "text", "elements")}
    match block["type"]:
        case "section":
            menu = _menu(given.pop("accessory")) if "accessory" in given else None
            return blockkit.Section(_text(block["text"]), accessory=menu, **given)
        case "context":
            return blockkit.Context([_text(text) for text in block["elements"]], **given)
        case "divider":
            return blockkit.Divider(**given)
        case other:
            raise ValueError(f"no block of type {other}")


def _menu(accessory: Mapping[str, Any]) -> blockkit.Overflow:
    options = [blockkit.Option(each["text"]["text"], each["value"]) for each in accessory["options"]]
    return blockkit.Overflow(accessory["action_id"], options)


def _text(text: Mapping[str, Any]) -> blockkit.Text:
    return blockkit.Text(**text)


def _by_hand(blocks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if len(blocks) > MOST_BLOCKS:
        yield f"by hand: {len(blocks)} blocks"
    if any(not block["elements"] for block in blocks if block["type"] == "context"):
        yield "by hand: a context without elements"
    named = [block["block_id"] for block in blocks if "block_id" in block]
    if len(set(named)) < len(named):
        yield "by hand: a block_id is there twice"
