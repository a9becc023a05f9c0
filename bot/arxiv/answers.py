"""What the headers of arXiv's answers mean: where a redirect leads, and how long a Retry-After lasts. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

from bot.errors import FetchError
from bot.text import clean, truncate

LONGEST_WAIT = 86_400.0
"""Seconds: a longer Retry-After is cut to this, so that the next day's mailing is asked for."""


class UnreachableError(FetchError):
    """The server could not be reached: no connection, or no complete answer in time."""


def host_of(url: str) -> str:
    """The URL's host, for a message."""
    return urlsplit(url).hostname or "arXiv"


def redirect_target(url: str, location: str) -> str:
    """The URL of a redirect that we follow: on the same host, or any host over https; never from https to http.

    Raises:
        FetchError: it leads elsewhere.
    """
    try:
        target = urljoin(url, location)
        old, new = urlsplit(url), urlsplit(target)
        allowed = new.scheme == "https" or (new.scheme, new.hostname) == (old.scheme, old.hostname)
    except ValueError:
        target, allowed = "", False
    if not location or not allowed:
        raise FetchError(
            f"{host_of(url)} redirects to where we do not follow: {truncate(clean(location), 100) or 'nowhere'}"
        )
    return target


def retry_after(header: str, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for, from 0 to a day; None if it cannot be parsed.

    It may be a number or a date: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after.
    """
    if header.isascii() and header.isdigit():
        seconds = float(header)
    else:
        try:
            moment = parsedate_to_datetime(header)
        except (ValueError, OverflowError):  # the latter for an offset of twenty digits
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_WAIT)
