"""Slack's Block Kit as we use it: its limits, texts that fit a block, and messages made of texts.

Pure. Knows no digest and no template.

Limits: https://docs.slack.dev/reference/block-kit/blocks. Slack also refuses a message whose blocks have too much
text together (`msg_blocks_too_long`): documented nowhere, seen from 11,341 characters on
(https://github.com/slackapi/bolt-js/issues/2509).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from bot.channels.buttons import LABELS, MENU, Click, Wish, encode
from bot.model import Message
from bot.text import escape_mrkdwn, flatten_tex, truncate, utf16

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST_BLOCKS = 45
"""In one message; Slack takes 50."""
MOST_CHARACTERS = 10_000
"""The sum over all blocks of a message, markup included. Lengths are in UTF-16 units, because it is not known whether
Slack counts these or characters, which are never more."""
MOST_IN_BLOCK = 3_000
"""In one text object, and in a message's own `text`, for which Slack advises to stay below 4,000."""

_OUTSIDE_THREAD = "The thread of this digest is gone, so its papers come here."
_PIPE_SUBSTITUTE = "\u2223"
_URL_CHARACTERS = "%/:?#[]@!$&'()*+,;=~"


@dataclass(frozen=True, slots=True)
class Text:
    """A section, a context or a divider block; or one line, which `join_lines` puts into a section with others."""

    kind: Literal["section", "context", "line", "divider"]
    mrkdwn: str = ""
    paper: tuple[str, str] | None = None
    """The topic and the identifier of the paper that a menu beside the section asks about; None: no menu."""

    @property
    def size(self) -> int:
        """Its length, towards MOST_CHARACTERS."""
        return utf16(self.mrkdwn)

    def block(self) -> dict[str, Any]:
        """The block for Slack: shown in full without "see more"; plain text in it becomes no link or mention."""
        if self.kind == "divider":
            return {"type": "divider"}
        text = {"type": "mrkdwn", "text": self.mrkdwn, "verbatim": True}
        if self.kind == "context":
            return {"type": "context", "elements": [text]}
        section = {"type": "section", "text": text, "expand": True}
        return section if self.paper is None else section | {"accessory": _menu(*self.paper)}


def _menu(topic: str, identifier: str) -> dict[str, Any]:
    """The menu beside a section for feedback on a paper; it is no block of its own.

    https://docs.slack.dev/reference/block-kit/block-elements/overflow-menu-element
    """
    options = [
        {
            "text": {"type": "plain_text", "text": LABELS[wish]},
            "value": encode(Click(wish, identifier, topic or None)),
        }
        for wish in Wish
    ]
    return {"type": "overflow", "action_id": MENU, "options": options}


def escaped_length(text: str) -> int:
    """The length of the escaped text."""
    return utf16(escape_mrkdwn(text))


@lru_cache(maxsize=8192)
def short(tex: str, limit: int) -> str:
    """Flat text, truncated so that it has at most `limit` when it is escaped."""
    return truncate(flatten_tex(tex), limit, escaped_length)


def label(tex: str, limit: int) -> str:
    """A link's text, truncated; `|`, which would end it, is replaced by U+2223, which looks alike."""
    return short(tex, limit).replace("|", _PIPE_SUBSTITUTE)


def link_target(url: str) -> str:
    """A URL for `<url|label>`, with characters that could end it percent-encoded."""
    return quote(url, safe=_URL_CHARACTERS, errors="replace").replace("&", "&amp;")


def join_lines(texts: Iterable[Text]) -> list[Text]:
    """Joins neighbouring lines into sections, as many as fit into a block."""
    blocks: list[list[Text]] = []
    used = 0
    for text in texts:
        size = text.size
        if text.kind == "line" and blocks and blocks[-1][0].kind == "line" and used + 1 + size <= MOST_IN_BLOCK:
            blocks[-1].append(text)
            used += 1 + size
        else:
            blocks.append([text])
            used = size
    return [replace(block[0], mrkdwn="\n".join(text.mrkdwn for text in block)) for block in blocks]


def message(
    texts: Sequence[Text], notification: str, *, papers: tuple[str, ...] = (), reply: bool = False
) -> Message:
    """The message with these blocks, and its plain form: the same content as `text`, without blocks."""
    said = (text for text in texts if text.mrkdwn)
    plain = "".join(("\n" if text.kind == "context" else "\n\n") + text.mrkdwn for text in said).strip()
    quiet = {"unfurl_links": False, "unfurl_media": False}
    return Message(
        payload={"text": notification, "blocks": [text.block() for text in texts], **quiet},
        plain={"text": plain, **quiet},
        reply=reply,
        papers=papers,
    )


def text_only(message: Message) -> Message:
    """The message in its plain form, for webhooks of Mattermost, Zulip and Rocket.Chat, which take the field `text`.

    Slack's escape prevents mentions there, too. https://developers.mattermost.com/integrate/webhooks/incoming/,
    https://zulip.com/integrations/slack_incoming, https://docs.rocket.chat/docs/integrations.
    """
    return replace(message, payload=message.plain or message.payload, plain=None)


def outside_thread(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A reply's payload for the channel itself, if its thread is gone; it begins with a line that says so."""
    said = {**payload, "text": f"{_OUTSIDE_THREAD}\n\n{payload['text']}"}
    if "blocks" in payload:
        said["blocks"] = [Text("section", _OUTSIDE_THREAD).block(), *payload["blocks"]]
    return said
