"""Parses submitted forms from browsers and mail programs, with limits, whatever bytes they have. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.utils import collapse_rfc2231_value
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from bot.errors import PaperboyError

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES = 65_536
"""Of a request's body: the longest topic of a reader's own (`own_topics.LONGEST_TOPIC`), in letters of which each
takes 12 bytes as it is sent, and the rest of the form."""
LONGEST_LINE = 8192
"""Bytes of a request's first line, and of each of its headers."""
MOST_FIELDS = 200

_URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters except tabs and line feeds, and lone surrogates."""


class RequestError(PaperboyError):
    """A request that is answered with an error page."""

    def __init__(self, status: HTTPStatus, *, retry_after: float | None = None) -> None:
        super().__init__(status.phrase)
        self.status = status
        self.retry_after = retry_after
        """Seconds after which to try again."""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, in order."""

    fields: tuple[tuple[str, str], ...] = ()

    def many(self, name: str) -> tuple[str, ...]:
        """All values of a field."""
        return tuple(value for key, value in self.fields if key == name)

    def one(self, name: str) -> str:
        """The value of a field, stripped; empty if it was not sent.

        Raises:
            RequestError: it was sent twice.
        """
        values = self.many(name)
        if len(values) > 1:
            raise RequestError(HTTPStatus.BAD_REQUEST)
        return values[0].strip() if values else ""

    def lines(self, name: str) -> tuple[str, ...]:
        """The lines of a field, without empty ones.

        Raises:
            RequestError: it was sent twice.
        """
        return tuple(line.strip() for line in self.one(name).split("\n") if line.strip())


def read_form(content_type: str, body: bytes) -> Form:
    """Parses the form in a request's body; an empty body is an empty form.

    Args:
        content_type: the header, such as `multipart/form-data; boundary=...`.
        body: the body.

    Raises:
        RequestError: it is larger than `MOST_BYTES`, no form, or has too many fields.
    """
    if len(body) > MOST_BYTES:
        raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if not body:
        return Form()
    kind = content_type.partition(";")[0].strip().lower()
    if kind == _URLENCODED:
        return Form(_cleaned(_urlencoded(body)))
    if kind == _MULTIPART:
        return Form(_cleaned(_multipart(content_type, body)))
    raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def _urlencoded(body: bytes) -> list[tuple[str, str]]:
    """The fields of a URL-encoded body, as UTF-8: https://url.spec.whatwg.org/#urlencoded-parsing."""
    try:
        text = body.decode("utf-8", "replace")
        return parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise RequestError(HTTPStatus.BAD_REQUEST) from None


def _multipart(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """The fields of a multipart body (RFC 7578); file names are ignored."""
    head = f"Content-Type: {_UNPRINTABLE.sub('', content_type)}\r\n\r\n".encode("utf-8", "replace")
    whole = BytesParser().parsebytes(head + body)
    parts = whole.get_payload()
    if not isinstance(parts, list) or len(parts) > MOST_FIELDS:
        raise RequestError(HTTPStatus.BAD_REQUEST)
    return list(_named(part for part in parts if isinstance(part, Message)))


def _named(parts: Iterator[Message]) -> Iterator[tuple[str, str]]:
    for part in parts:
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if name is not None and isinstance(payload, bytes):
            yield collapse_rfc2231_value(name), payload.decode("utf-8", "replace")


def _cleaned(fields: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The fields without characters that nobody can type and databases refuse; line ends as line feeds."""
    unfolded = ((name, value.replace("\r\n", "\n")) for name, value in fields)
    return tuple((_UNPRINTABLE.sub(" ", name), _UNPRINTABLE.sub(" ", value)) for name, value in unfolded)
