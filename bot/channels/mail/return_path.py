"""The address that a mail comes back to if it cannot be delivered, with a token in it that says which mail it was.

    bounces+{token}@example.org -> bounces+k3v...q@example.org         (variable envelope return path: VERP)

The token is 36 letters and digits, so that what stands before the @ stays below the 64 characters of
https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.1; capitals are not told apart, for some servers change them.
Who makes and believes tokens is above. Pure.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TOKEN = "{token}"  # noqa: S105 - what stands for one in the setting
SAMPLE_TOKEN = "a" * 36
"""Of a token's form, and nobody's."""


def tokens_in(return_path: str, texts: Iterable[str]) -> Iterator[str]:
    """The tokens of all addresses of this form in the texts, in lower case; anybody may have written them."""
    before, _, after = return_path.partition(TOKEN)
    address = re.compile(f"{re.escape(before)}([a-z2-7]{{36}}){re.escape(after)}", re.IGNORECASE)
    for text in texts:
        yield from (found[1].lower() for found in address.finditer(text))
