"""Finds in texts the tokens of return addresses, each of which says to which mail a bounce belongs.

    bounces+{token}@example.org -> bounces+k3v...q@example.org         (variable envelope return path: VERP)

The token has 36 letters and digits, so that the part before the @ has less than the 64 characters of
https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.1. Case is ignored, because some servers change it. Tokens are
made and verified in `members.links`, and put into the address in `settings`. Pure.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TOKEN = "{token}"  # noqa: S105 - what stands for one in the setting
SAMPLE_TOKEN = "a" * 36
"""A token of the right form that belongs to no delivery."""


def tokens_in(return_path: str, texts: Iterable[str]) -> Iterator[str]:
    """The tokens of all addresses of this form in the texts, in lower case; they are not verified."""
    before, _, after = return_path.partition(TOKEN)
    address = re.compile(f"{re.escape(before)}([a-z2-7]{{36}}){re.escape(after)}", re.IGNORECASE)
    for text in texts:
        yield from (found[1].lower() for found in address.finditer(text))
