"""Links of one reader's own in a body that is made once for all readers.

    template -> placeholder -> entity, stored once          entity + the reader's links -> entity, as it is sent

In quoted-printable a placeholder stands on a line of its own between soft line breaks, so that putting a link in its
place is one search over the bytes, and no line is too long: https://www.rfc-editor.org/rfc/rfc2045#section-6.7. Pure.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

_MARK = "\u2060"
"""A word joiner: `clean` takes it from every text from outside, so that no paper can hold a placeholder."""
UNSUBSCRIBE = f"https://unsubscribe.invalid/{_MARK}"
PREFERENCES = f"https://preferences.invalid/{_MARK}"
"""What stands for the link in a stored body; nobody can own such a domain: https://www.rfc-editor.org/rfc/rfc2606."""

_PLACEHOLDERS = re.compile(f"({re.escape(UNSUBSCRIBE)}|{re.escape(PREFERENCES)})")


@dataclass(frozen=True, slots=True)
class OwnLinks:
    """Where one reader says what they want."""

    unsubscribe: str
    """A page's URL, or without pages the `mailto:` that a person reads."""
    preferences: str

    @property
    def is_page(self) -> bool:
        """Whether it is a page."""
        return self.unsubscribe.startswith("http")

    @property
    def is_one_click(self) -> bool:
        """Whether a mail program may say no in the reader's name: https://www.rfc-editor.org/rfc/rfc8058#section-3.1."""
        return self.unsubscribe.startswith("https:")


def encode(lines: str) -> bytes:
    """The text, its lines ending in CRLF, as quoted-printable, each placeholder apart."""
    return _SOFT_BREAK.join(binascii.b2a_qp(_bytes(part), istext=True) for part in _PLACEHOLDERS.split(lines))


def fill(entity: str, links: OwnLinks) -> str:
    """The entity with a reader's links in place of the placeholders."""
    filled = entity.replace(_ENCODED_UNSUBSCRIBE, _quoted(links.unsubscribe))
    return filled.replace(_ENCODED_PREFERENCES, _quoted(links.preferences))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _quoted(text: str) -> str:
    return binascii.b2a_qp(_bytes(text)).decode("ascii").replace("\r\n", "\n").replace("\n", "\r\n")


_SOFT_BREAK = b"=\r\n"
_ENCODED_UNSUBSCRIBE, _ENCODED_PREFERENCES = _quoted(UNSUBSCRIBE), _quoted(PREFERENCES)
