"""What a reader finds in a message: the words, and the papers and lists that they lead to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from bot.channels.mail.mime import texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.model import Message

_PAPER = re.compile(r"https://arxiv\.org/abs/([^\s|)>\"]+?)(?:v\d+)?(?=[\s|)>\"]|$)")
_LIST = re.compile(r"https://arxiv\.org/catchup/[^\s|)>\"]+")


@dataclass(frozen=True, slots=True)
class View:
    """One form of a message as its reader sees it."""

    words: str
    source: str
    """The same with the targets of its links."""
    counts: re.Pattern[str]
    """How the channel says how many papers it does not show."""

    @property
    def papers(self) -> list[str]:
        """The identifiers of the papers that are linked, in order."""
        return _PAPER.findall(self.source)

    @property
    def counted(self) -> int:
        """How many papers are only counted."""
        return sum(int(next(filter(None, found.groups()))) for found in self.counts.finditer(self.words))

    @property
    def lists(self) -> list[str]:
        """The linked lists of papers."""
        return _LIST.findall(self.source)

    @property
    def line(self) -> str:
        """All words on one line."""
        return " ".join(self.words.split())


_SLACK_COUNTS = re.compile(r"^(?:and (\d+) more(?! topic)|(\d+) papers?, too many)", re.MULTILINE)
_DISCORD_COUNTS = re.compile(r"^and (\d+) more", re.MULTILINE)
_MAIL_COUNTS = re.compile(r"(\d+)(?: more)? papers? not shown here")


def slack_views(message: Message) -> Iterator[View]:
    """The blocks, and the plain text."""
    texts = [text for block in message.payload.get("blocks", ()) for text in slack_texts(block)]
    for words in ("\n".join(texts), (message.plain or {})["text"]):
        yield View(words, words, _SLACK_COUNTS)


def slack_texts(block: Mapping[str, Any]) -> list[str]:
    """The texts of a block; a divider has none."""
    return [block["text"]["text"]] if "text" in block else [text["text"] for text in block.get("elements", ())]


def discord_views(message: Message) -> Iterator[View]:
    """The embeds, and the plain text."""
    for payload in (message.payload, message.plain or {}):
        words, source = [payload["content"]], [payload["content"]]
        for embed in payload.get("embeds", ()):
            texts = [embed.get("title", ""), embed["description"], embed.get("footer", {}).get("text", "")]
            words += texts
            source += [f"<{embed.get('url', '')}>", *texts]
        yield View("\n".join(filter(None, words)), "\n".join(source), _DISCORD_COUNTS)


_read_once = lru_cache(maxsize=32)(texts)
"""A test looks at a mail several times, and reading it takes as long as all else that is asked of it."""


def html_of(message: Message) -> str:
    """A mail's HTML, as a mail program reads it."""
    return _read_once(message.payload["entity"])["html"]


def text_of(message: Message) -> str:
    """A mail's text, as a mail program reads it."""
    return _read_once(message.payload["entity"])["plain"]


def mail_views(message: Message) -> Iterator[View]:
    """The HTML, and the text."""
    html, text = html_of(message), text_of(message)
    yield View(_Words(html).words, html.replace("/pdf/", " "), _MAIL_COUNTS)
    yield View(text, text, _MAIL_COUNTS)


class _Words(HTMLParser):
    """What stands between the tags of the body."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words = ""
        self.feed(html.partition("</head>")[2])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in ("div", "p", "td"):
            self.words += "\n"

    def handle_data(self, data: str) -> None:
        self.words += data
