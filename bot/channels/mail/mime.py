"""Builds mails as bytes: headers that no title can break, bodies that every relay takes.

    texts -> entity, once, when the digest is composed            headers + entity -> mail, for each reader

Pure, and the same delivery always gives the same bytes. The headers are not written by `email.message`: on the
Pythons that we support it decodes an encoded word inside a title, so that a title can add headers (CVE-2024-6923),
raises on U+2028, and makes a long List-Unsubscribe useless by encoding it. What was written is parsed again by
`email.parser` as a check before it is sent.
"""

from __future__ import annotations

import email.policy
import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from email.parser import BytesParser, HeaderParser
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bot.channels.mail.links import OwnLinks, encode, fill
from bot.errors import DeliveryError, FailureKind
from bot.settings import fingerprint
from bot.text import clean, truncate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.model import Delivery

LONGEST_LINE = 998
"""Octets, without CRLF: https://www.rfc-editor.org/rfc/rfc5322#section-2.1.1."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_NO_LETTERS = "CZ"
"""Unicode categories of invisible characters: controls, unassigned ones, separators."""
_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
_NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")
_LONGEST_LOCAL, _LONGEST_ADDRESS = 64, 254  # https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1
_PLAIN_HEADER = re.compile(r"[ -~]{1,66}")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address with its domain in ASCII, and a display name (may be empty)."""

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        """The domain of the address."""
        return self.address.rpartition("@")[2]

    @property
    def header(self) -> str:
        """The value for From and To; the name as an encoded word or quoted string if needed."""
        if not self.name:
            return self.address
        if re.fullmatch(rf"{_ATOM}( {_ATOM})*", self.name) and "=?" not in self.name:
            return f"{self.name} <{self.address}>"
        if self.name.isascii() and "=?" not in self.name:
            escaped = re.sub(r'(["\\])', r"\\\1", self.name)
            return f'"{escaped}" <{self.address}>'
        return f"{_encoded(self.name, 'From')} <{self.address}>"


def parse_mailbox(text: str) -> Mailbox:
    """Parses `alice@example.org` or `Alice <alice@example.org>`.

    Non-ASCII letters before the @ are allowed (https://www.rfc-editor.org/rfc/rfc6531), but not every relay takes
    them.

    Raises:
        ValueError: it is no mailbox; the message says why.
    """
    whole = clean(text)
    named = _NAMED.fullmatch(whole)
    address = named["address"].strip() if named else whole
    local, at, domain = address.rpartition("@")
    if not (at and local and domain) or " " in address:
        raise ValueError(f"{whole!r} is not a mail address such as alice@example.org")
    local = unicodedata.normalize("NFC", local)
    if not _is_local(local):
        raise ValueError(f"{address}: what stands before the @ is not a valid mailbox name")
    result = f"{local}@{_ascii_domain(domain)}"
    if len(result.encode()) > _LONGEST_ADDRESS:
        raise ValueError(f"{address} is longer than the {_LONGEST_ADDRESS} characters that a mail address may have")
    return Mailbox(result, truncate(named["name"].strip(' "'), 100) if named else "")


def mailto(address: str, subject: str) -> str:
    """A `mailto:` URL with a subject: https://www.rfc-editor.org/rfc/rfc6068."""
    return f"mailto:{quote(address, safe='@+')}?subject={quote(subject, safe='')}"


def message_id(delivery_id: str, domain: str) -> str:
    """The Message-ID of a delivery, the same on every attempt, so that a repeated mail can be recognised."""
    return f"<{_digest(delivery_id)}@{domain}>"


def quoted_printable(text: str) -> bytes:
    """Encodes the text as ASCII lines of at most 76 octets with CRLF; without `=_`, which boundaries contain."""
    lines = f"{text.rstrip()}\n".replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    return encode(lines)


def entity(text: str, html: str | None = None) -> str:
    """The entity of a mail: the encoded texts with their MIME headers, as ASCII with CRLF.

    It names no reader, so it is made once for all: https://www.rfc-editor.org/rfc/rfc2045#section-2.4.
    """
    parts = [_part("plain", text)]
    if html is None:
        return parts[0]
    parts.append(_part("html", html))
    boundary = f"=_{_digest(''.join(parts))}"
    edge = f"\r\n--{boundary}"
    head = f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'
    return "".join([head, *(f"{edge}\r\n{part}" for part in parts), f"{edge}--\r\n"])


def texts(of: str) -> dict[str, str]:
    """The decoded texts of an entity: `plain`, and `html` if it has one."""
    parts = BytesParser(policy=email.policy.default).parsebytes(of.encode()).walk()
    leaves = [part for part in parts if not part.is_multipart()]
    return {part.get_content_subtype(): part.get_content().replace("\r\n", "\n") for part in leaves}


def build(delivery: Delivery, recipient: Mailbox, sender: Mailbox, links: OwnLinks | None = None) -> bytes:
    """Builds the whole mail of a delivery's payload (`subject` and `entity`), with the reader's own links.

    https://www.rfc-editor.org/rfc/rfc5322 (form), rfc2369, rfc2919 and rfc8058 (List-*), rfc3834 (Auto-Submitted),
    rfc6532 (a non-ASCII address).

    Raises:
        DeliveryError: REJECTED, if the headers do not parse as intended.
    """
    subject = clean(str(delivery.payload["subject"])).encode("utf-8", "replace").decode()
    fields = headers(delivery, subject, recipient, sender, links)
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    _read_back(head, list(fields), subject)
    body = _entity_of(delivery.payload)
    charset = "ascii" if recipient.address.isascii() else "utf-8"
    return head.encode(charset, "replace") + (fill(body, links) if links else body).encode("ascii")


def _entity_of(payload: Mapping[str, Any]) -> str:
    """The payload's entity; payloads that a version before 0.1.0 composed have the texts instead."""
    return str(payload["entity"]) if "entity" in payload else entity(str(payload["text"]), payload.get("html"))


def encoded_subject(subject: str) -> str:
    """The value for Subject; as encoded words if needed."""
    return _encoded(subject, "Subject")


def headers(
    delivery: Delivery, subject: str, recipient: Mailbox, sender: Mailbox, links: OwnLinks | None
) -> dict[str, str]:
    """A mail's headers in order, without those of its entity."""
    found = {
        "From": sender.header,
        "To": recipient.header,
        "Subject": encoded_subject(subject),
        "Date": format_datetime(delivery.created_at.astimezone(UTC)),
        "Message-ID": message_id(delivery.id, sender.domain),
    }
    if delivery.parent:
        found |= {"In-Reply-To": delivery.parent, "References": delivery.parent}
    return found | {
        "List-Id": f"<{_list_label(delivery.subscriber)}.{sender.domain}>",
        **_unsubscribing(delivery, sender, links),
        "Auto-Submitted": "auto-generated",
        "Precedence": "bulk",
        "MIME-Version": "1.0",
    }


def _unsubscribing(delivery: Delivery, sender: Mailbox, links: OwnLinks | None) -> dict[str, str]:
    """The List-Unsubscribe headers: a page, then mail, because mail programs support one or the other."""
    # One line, however long: folded or encoded, the mail program's unsubscribe button breaks.
    by_mail = f"<{mailto(sender.address, f'unsubscribe {delivery.subscriber}')}>"
    if links is None or not links.is_page:
        return {"List-Unsubscribe": by_mail}
    both = {"List-Unsubscribe": f"<{links.unsubscribe}>, {by_mail}"}
    return both | {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if links.is_one_click else both


def _part(kind: str, text: str) -> str:
    head = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head + quoted_printable(text).decode("ascii")


@lru_cache(maxsize=256)  # one morning's subjects are few, and a word takes longer to encode than a page
def _encoded(text: str, name: str) -> str:
    """The text literally if that is safe, else as encoded words; also if it looks like an encoded word."""
    if _PLAIN_HEADER.fullmatch(text) and "=?" not in text:
        return text
    return Header(text, "utf-8", header_name=name, maxlinelen=76).encode(linesep="\r\n")


def _list_label(subscriber: str) -> str:
    """The subscriber's name as a domain label, with a hash so that different names stay different."""
    label = re.sub(r"[^A-Za-z0-9_-]+", "-", subscriber)[:40]
    return label if label == subscriber else f"{label.strip('-') or 'digest'}-{fingerprint(subscriber)[:8]}"


def _is_local(local: str) -> bool:
    """Whether it is valid before the @: its ASCII characters are an atom's, the others are visible."""
    seen = all(unicodedata.category(letter)[0] not in _NO_LETTERS for letter in local)
    as_ascii = _BEYOND_ASCII.sub("x", local)
    return seen and bool(_LOCAL.fullmatch(as_ascii)) and len(local.encode()) <= _LONGEST_LOCAL


def _ascii_domain(domain: str) -> str:
    """The domain in ASCII (https://www.rfc-editor.org/rfc/rfc5891), mapped by https://unicode.org/reports/tr46."""
    name = domain.lower()
    if not name.isascii():
        import idna  # noqa: PLC0415 - 10 ms that few addresses need

        try:
            name = idna.encode(name, uts46=True, std3_rules=True).decode()
        except idna.IDNAError as error:
            raise ValueError(f"{domain!r} is not a valid domain name") from error
    if not _DOMAIN.fullmatch(name):
        raise ValueError(f"{domain!r} is not a valid domain name")
    return name


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def _read_back(head: str, expected: list[str], subject: str) -> None:
    """Parses the headers again, and refuses them if another parser would read something else.

    Raises:
        DeliveryError: REJECTED, if so.
    """
    parsed = HeaderParser().parsestr(head)
    try:
        seen = _read(str(parsed["Subject"]))
    except (HeaderParseError, UnicodeError, LookupError) as error:
        raise DeliveryError(FailureKind.REJECTED, "the subject does not read back") from error
    if parsed.keys() != expected or parsed.get_payload():
        raise DeliveryError(FailureKind.REJECTED, f"the headers read back as {', '.join(parsed.keys())}")
    if seen != subject:
        raise DeliveryError(FailureKind.REJECTED, "the subject reads back as another")
    is_torn = not head.count("\r\n") == head.count("\r") == head.count("\n")
    if is_torn or max(map(len, head.split("\r\n"))) > LONGEST_LINE:
        raise DeliveryError(FailureKind.REJECTED, f"a line without its CRLF, or of more than {LONGEST_LINE} octets")


@lru_cache(maxsize=256)  # as `_encoded`
def _read(header: str) -> str:
    """The header with its encoded words decoded."""
    return str(make_header(decode_header(header)))
