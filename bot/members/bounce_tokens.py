"""Tokens in return addresses: they name a delivery, and nobody else can make them.

12 bytes of the delivery's id and 10 of an HMAC, in base32 (https://www.rfc-editor.org/rfc/rfc4648#section-6) without
padding, in lower case because case may get lost in transit. Pure.
"""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.store.keys import ReaderKeys

_ID_BYTES = 12
_PADDING = "===="


def make(keys: ReaderKeys, delivery: str) -> str:
    """The token of a delivery (its id in hex): 36 letters and digits."""
    said = bytes.fromhex(delivery)[:_ID_BYTES]
    return base64.b32encode(said + keys.bounce(said)[0]).decode().rstrip("=").lower()


def read(keys: ReaderKeys, token: str) -> str | None:
    """The first 24 hex digits of the delivery's id; None if the token was made with none of our keys."""
    try:
        whole = base64.b32decode(token.upper() + _PADDING)
    except ValueError:
        return None
    said, mac = whole[:_ID_BYTES], whole[_ID_BYTES:]
    good = [hmac.compare_digest(each, mac) for each in keys.bounce(said)]
    return said.hex() if any(good) else None
