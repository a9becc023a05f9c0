"""Reads mail addresses that people type, and hashes them independently of how they are written."""

from __future__ import annotations

from bot.channels.mail import MailChannel, MailOptions
from bot.settings import Address, Secret, fingerprint

LONGEST = 320
"""Characters: more than RFC 5321 section 4.5.3.1 lets an address have; what is longer is not even read."""
_SAME_DOMAIN = {"googlemail.com": "gmail.com"}


def read_address(text: str) -> Address:
    """Parses a single typed address; its domain is converted to ASCII.

    Raises:
        ValueError: with a sentence that says what is wrong with it.
    """
    if len(text) > LONGEST:
        raise ValueError("a mail address such as alice@example.org is expected")
    if "<" in text or ">" in text:
        raise ValueError("a mail address alone is expected, such as alice@example.org")
    (address,) = MailChannel.addresses(text, MailOptions())
    return address


def mailbox_key(address: str) -> str:
    """The hash of a mailbox in hex, 128 bits, the same however the address is written.

    Raises:
        ValueError: it is no mail address.
    """
    return fingerprint(read_address(address).value.reveal().casefold())


def reader_key(address: Secret) -> str:
    """A hash in hex that all addresses share which one reader is likely to get: for limits, never for sending.

    What follows a + is a folder of theirs (https://www.rfc-editor.org/rfc/rfc5233), and Gmail does not see dots
    (https://support.google.com/mail/answer/7436150), nor a difference between its two domains.
    """
    local, _, domain = address.reveal().casefold().rpartition("@")
    name = local.partition("+")[0].replace(".", "") or local
    return fingerprint(f"{name}@{_SAME_DOMAIN.get(domain, domain)}")


def domain_of(address: Address) -> str:
    """The domain of an address."""
    return address.value.reveal().rpartition("@")[2]
