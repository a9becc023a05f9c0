"""Puts each reader's own links into a mail body that is rendered once for all readers.

    template -> placeholder -> entity, stored once          entity + the reader's links -> entity, as it is sent

In quoted-printable a placeholder is on a line of its own between soft line breaks, so that one search over the
encoded text finds them, and no line becomes too long: https://www.rfc-editor.org/rfc/rfc2045#section-6.7. Pure.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.channels.buttons import LABELS, OPINIONS, as_query
from bot.model import Link

if TYPE_CHECKING:
    from collections.abc import Sequence

_MARK = "\u2060"
"""A word joiner: `clean` removes it from every text from outside, so that no paper can contain a placeholder."""
UNSUBSCRIBE = f"{_MARK}https://unsubscribe.invalid/"
PREFERENCES = f"{_MARK}https://preferences.invalid/"
FEEDBACK = f"{_MARK}https://feedback.invalid/"
"""Placeholders in a stored body; nobody can own such a domain: https://www.rfc-editor.org/rfc/rfc2606."""

_PLACEHOLDERS = re.compile(f"({'|'.join(map(re.escape, (UNSUBSCRIBE, PREFERENCES, FEEDBACK)))})")


@dataclass(frozen=True, slots=True)
class OwnLinks:
    """One reader's links."""

    unsubscribe: str
    """A page's URL; without pages, a `mailto:` URL."""
    preferences: str
    feedback: str
    """Without the query that names a paper."""

    @property
    def is_page(self) -> bool:
        """Whether `unsubscribe` is a page."""
        return self.unsubscribe.startswith("http")

    @property
    def is_one_click(self) -> bool:
        """Whether one-click unsubscribing is possible: https://www.rfc-editor.org/rfc/rfc8058#section-3.1."""
        return self.unsubscribe.startswith("https:")


def feedback_links(identifier: str) -> tuple[Link, ...]:
    """The links for feedback on a paper, with a placeholder: more like this, less like this, save."""
    return tuple(Link(LABELS[wish], f"{FEEDBACK}?{as_query(wish, identifier)}") for wish in OPINIONS)


def encode(lines: str) -> bytes:
    """The text (with CRLF line ends) as quoted-printable, each placeholder on a line of its own."""
    *parts, last = _PLACEHOLDERS.split(lines)
    return b"".join([*(_continued(part) + _SOFT_BREAK for part in parts), _quoted(last)])


def fill(entity: str, links: OwnLinks) -> str:
    """The entity with a reader's links in place of the placeholders."""
    before, *parts = entity.split(_ENCODED_MARK)  # four times as fast as a search for each placeholder
    own = (
        (_ENCODED_FEEDBACK, _ascii(links.feedback)),  # most of them
        (_ENCODED_UNSUBSCRIBE, _ascii(links.unsubscribe)),
        (_ENCODED_PREFERENCES, _ascii(links.preferences)),
    )
    return before + "".join(_linked(_ENCODED_MARK + part, own) for part in parts)


def _linked(part: str, own: Sequence[tuple[str, str]]) -> str:
    """The part with its placeholder at the start replaced by the link; unchanged if there is none."""
    for placeholder, link in own:
        if part.startswith(placeholder):
            return link + part.removeprefix(placeholder)
    return part


def _quoted(text: str) -> bytes:
    # what has no CRLF of its own is broken by LF alone
    return binascii.b2a_qp(text.encode("utf-8", "replace")).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _continued(text: str) -> bytes:
    """Quoted, its last line short enough for a soft break: a letter stands for what follows (a lone dot is =2E)."""
    return _quoted(f"{text}x")[:-1]


def _ascii(text: str) -> str:
    return _continued(text).decode("ascii")


_SOFT_BREAK = b"=\r\n"
_ENCODED_MARK, _ENCODED_UNSUBSCRIBE, _ENCODED_PREFERENCES, _ENCODED_FEEDBACK = map(
    _ascii, (_MARK, UNSUBSCRIBE, PREFERENCES, FEEDBACK)
)
