"""`paperboy preview --open`: messages as files that a browser shows as their readers see them. Sends nothing.

A mail is its own HTML. Slack and Discord are the demo's showcase with all but that channel's window taken away; of a
for any other channel the JSON payload is shown.
"""

from __future__ import annotations

import html
import json
import re
import tempfile
import webbrowser
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from bot.channels.mail import mime
from bot.demo.showcase import Day, render_showcase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Message

_WHOLE_SIZE = (
    "<style>main{padding-top:28px}.day{margin:0}.day>header{display:none}.columns{display:block}"
    ".window{height:auto;max-width:760px;margin:0 auto}.window .scroll{mask-image:none}</style></head>"
)
"""One window alone may be as long as what is in it."""


def write_pages(channel: str, messages: Sequence[Message], subscriber: str) -> tuple[Path, ...]:
    """Files in a new folder that only this user may read: one a mail, or one with all messages of a chat."""
    folder = Path(tempfile.mkdtemp(prefix="paperboy-"))
    pages = _pages(channel, messages, subscriber)
    files = tuple(folder / f"{channel}-{number}.html" for number in range(1, len(pages) + 1))
    for file, page in zip(files, pages, strict=True):
        file.write_text(page, encoding="utf-8")
    return files


def open_first(files: Sequence[Path]) -> bool:
    """Open the first in the browser that `$BROWSER` or the desktop names; whether there is one."""
    return webbrowser.open(files[0].as_uri())


def _pages(channel: str, messages: Sequence[Message], subscriber: str) -> list[str]:
    if channel == "mail":
        return [mime.texts(message.payload["entity"])["html"] for message in messages]
    title = f"What {subscriber} would get"
    shown = tuple(
        {**message.payload, "channel": subscriber, "thread_ts": "1" if message.reply else None}
        for message in messages
    )
    if channel == "slack":
        return [_one_window(Day(date.min, title, (), slack=shown), channel)]
    if channel == "discord":
        return [_one_window(Day(date.min, title, (), discord=shown), channel)]
    return [f"<!doctype html><meta charset=utf-8><pre>{html.escape(json.dumps(shown, indent=2))}</pre>"]


def _one_window(day: Day, channel: str) -> str:
    """The showcase with only that channel's window. Nothing from outside is a tag in it: these are all its own."""
    page = render_showcase([], [day], [])
    for others in (
        r'<header class="top">.*?</header>',
        r"<footer>.*?</footer>",
        rf'<section class="window (?!{channel}").*?</section>',
    ):
        page = re.sub(others, "", page, flags=re.DOTALL)
    title = f"<title>Paperboy: {html.escape(day.title)}</title>"
    page = re.sub("<title>.*?</title>", lambda _: title, page, count=1)
    return page.replace("</head>", _WHOLE_SIZE, 1)
