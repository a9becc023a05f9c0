"""Signed links: the link itself says who may do what. Nothing is stored for them, so they survive a lost store.

    payload [expiry] MAC, as base64url without padding: https://www.rfc-editor.org/rfc/rfc4648#section-5

The purpose is part of the MAC (half of an HMAC-SHA256), so that a link cannot be used for another purpose. And tokens
in return addresses, which name a delivery and which nobody else can make. Pure.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from bot.settings import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from bot.settings import Secret, WebSettings
    from bot.store.keys import ReaderKeys

CONFIRM_WITHIN = timedelta(hours=48)
"""How long a confirmation link is valid."""

_MAC_BYTES = 16
_EXPIRY_BYTES = 5  # seconds since 1970, until the year 36812
_MAILBOX_BYTES = 16
_DELIVERY_BYTES = 12  # of a delivery's id
_NAME_BYTES = 4  # tells the few subscribers of one mailbox apart


class Purpose(StrEnum):
    """What a link is for."""

    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    CONFIRM = "confirm"
    FEEDBACK = "feedback"

    @property
    def expires(self) -> bool:
        """Whether its links expire."""
        return self is Purpose.CONFIRM


@dataclass(frozen=True, slots=True)
class FeedbackLink:
    """The content of a feedback link's token: whose opinion it is. Which paper it is about is in the link's query."""

    mailbox: str
    """The reader's mailbox, as a hash in hex."""
    shown_to: bytes
    """A hash of the name of the subscriber to whom the paper was shown: a link has the same length for all names."""

    def is_of(self, subscriber: str) -> bool:
        """Whether the paper was shown to this subscriber."""
        return self.shown_to == _short(subscriber)


def sign(secret: Secret, purpose: Purpose, payload: bytes, expires: datetime | None = None) -> str:
    """Signs a payload and returns the token.

    Args:
        secret: the key.
        purpose: what it may be used for.
        payload: its content, which is not encrypted.
        expires: until when it is valid, UTC; required if the purpose's links expire, else forbidden.
    """
    if (expires is not None) != purpose.expires:
        raise ValueError(f"a link to {purpose} {'expires' if purpose.expires else 'does not expire'}")
    said = payload if expires is None else payload + int(expires.timestamp()).to_bytes(_EXPIRY_BYTES)
    return base64.urlsafe_b64encode(said + signature(secret, purpose, said)).rstrip(b"=").decode()


def verify(secrets: Iterable[Secret], purpose: Purpose, token: str, now: datetime) -> bytes | None:
    """The token's payload; None if none of the secrets signed it for that purpose, or if it has expired.

    It takes the same time for valid and invalid tokens, and for every secret.
    """
    try:
        whole = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    said, mac = whole[:-_MAC_BYTES], whole[-_MAC_BYTES:]
    good = [hmac.compare_digest(signature(secret, purpose, said), mac) for secret in secrets]
    if not any(good) or base64.urlsafe_b64encode(whole).rstrip(b"=").decode() != token:
        return None
    if not purpose.expires:
        return said
    payload, expiry = said[:-_EXPIRY_BYTES], int.from_bytes(said[-_EXPIRY_BYTES:])
    return payload if now.timestamp() < expiry else None


def signature(secret: Secret, purpose: Purpose, said: bytes) -> bytes:
    """The MAC of what a token says: 16 bytes."""
    return hmac.digest(secret.reveal().encode(), b"link:" + purpose.encode() + b"\0" + said, "sha256")[:_MAC_BYTES]


class SignedLinks:
    """Makes a channel's links for readers (its `ReaderLinks`)."""

    def __init__(self, web: WebSettings | None, read_keys: Callable[[], ReaderKeys]) -> None:
        """Take the web settings, and a function that reads the keys, called when the first is needed."""
        self._web = web
        self._keys = cache(read_keys)

    @property
    def has_pages(self) -> bool:
        """Whether there are pages to link to."""
        return self._web is not None

    def unsubscribe(self, mailbox: str) -> str:
        """The URL to unsubscribe a mailbox."""
        return unsubscribe_url(self._pages, mailbox)

    def preferences(self, mailbox: str) -> str:
        """The URL of a mailbox's preferences."""
        return preferences_url(self._pages, mailbox)

    def feedback(self, mailbox: str, subscriber: str) -> str:
        """The URL for a mailbox's feedback on what a subscriber was shown; a query says on which paper."""
        return feedback_url(self._pages, mailbox, subscriber)

    def bounce_token(self, delivery: str) -> str:
        """What names a delivery in its return address."""
        return bounce_token(self._keys(), delivery)

    @property
    def _pages(self) -> WebSettings:
        if self._web is None:
            raise ValueError("without `web:` there are no links")
        return self._web


# -- the links there are -----------------------------------------------------------------------------------------


def unsubscribe_url(web: WebSettings, mailbox: str) -> str:
    """The URL to unsubscribe a mailbox, named by its hash in hex."""
    return _url(web, Purpose.UNSUBSCRIBE, bytes.fromhex(mailbox))


def preferences_url(web: WebSettings, mailbox: str) -> str:
    """The URL of the preferences of a mailbox, named by its hash in hex."""
    return _url(web, Purpose.PREFERENCES, bytes.fromhex(mailbox))


def confirm_url(web: WebSettings, mailbox: str, now: datetime) -> str:
    """The URL to confirm a subscription of a mailbox, named by its hash in hex; valid for 48 hours."""
    return _url(web, Purpose.CONFIRM, bytes.fromhex(mailbox), now + CONFIRM_WITHIN)


def feedback_url(web: WebSettings, mailbox: str, subscriber: str) -> str:
    """The URL for a mailbox's feedback, without the query (`channels.buttons.as_query`) that names the paper.

    One signature serves all papers of a mail: signing each link would take longer than sending the mail.
    """
    return _url(web, Purpose.FEEDBACK, bytes.fromhex(mailbox) + _short(subscriber))


def read_feedback(payload: bytes) -> FeedbackLink:
    """Reads a feedback link's verified payload."""
    return FeedbackLink(payload[:_MAILBOX_BYTES].hex(), payload[_MAILBOX_BYTES:])


def _short(name: str) -> bytes:
    return bytes.fromhex(fingerprint(name))[:_NAME_BYTES]


def _url(web: WebSettings, purpose: Purpose, payload: bytes, expires: datetime | None = None) -> str:
    return f"{web.url}/{purpose}/{sign(web.secret[0], purpose, payload, expires)}"


# -- tokens in return addresses ----------------------------------------------------------------------------------


def bounce_token(keys: ReaderKeys, delivery: str) -> str:
    """The token of a delivery (its id in hex) in its return address: 36 letters and digits.

    12 bytes of the id and 10 of an HMAC, in base32 (https://www.rfc-editor.org/rfc/rfc4648#section-6) without
    padding, in lower case because case may get lost in transit.
    """
    said = bytes.fromhex(delivery)[:_DELIVERY_BYTES]
    return base64.b32encode(said + keys.bounce(said)[0]).decode().rstrip("=").lower()


def read_bounce_token(keys: ReaderKeys, token: str) -> str | None:
    """The first 24 hex digits of the delivery's id; None if the token was made with none of our keys."""
    try:
        whole = base64.b32decode(token.upper() + "====")
    except ValueError:
        return None
    said, mac = whole[:_DELIVERY_BYTES], whole[_DELIVERY_BYTES:]
    good = [hmac.compare_digest(each, mac) for each in keys.bounce(said)]
    return said.hex() if any(good) else None
