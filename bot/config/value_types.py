"""Parsers for values in the configuration: times, weekdays, durations, time zones, URLs, names and a topic's words.

Pure, except that they read the time zone database and check whether a folder exists. Each raises a ValueError whose
message says what is expected; none repeats a text that could be a secret.
"""

from __future__ import annotations

import difflib
import re
from datetime import date, time, timedelta
from ipaddress import ip_network
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from bot.arxiv.taxonomy import UnknownCategoryError, expand
from bot.channels.mail.mime import parse_mailbox
from bot.errors import QueryError
from bot.settings import Secret, is_loopback
from bot.topics.name_errors import no_name
from bot.topics.query import parse, says_something

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_PLAIN_WORD = re.compile(r"[\w.*+/ -]{1,36}")
KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
POSTGRES = ("postgresql+psycopg://", "postgresql://")
WALL_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_SPOKEN_TIME = re.compile(
    r"(?P<hour>[0-9]{1,2})(?:[:.h](?P<minute>[0-5][0-9]))?\s*(?:(?P<half>[ap])\.?m\.?|h|uhr|o'?clock)?", re.ASCII
)
_NOON, _MIDNIGHT = 12, 24
DURATION = re.compile(r"([1-9][0-9]{0,4})([mhd])")
_MAILBOX = re.compile(r"[^\s@<>()]+@[^\s@<>()]+\.[^\s@<>()]+")
REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FEW = 14

EXAMPLE_MAILBOX = re.compile(r"@example\.(?:org|com|net)\b")
"""Domains that are reserved for examples: https://www.rfc-editor.org/rfc/rfc2606#section-3."""
USE_HTTPS = "plain http is accepted on loopback only: use https"


def shown(name: str) -> str:
    """A name for an error message; not shown if it could be a token."""
    return name if _PLAIN_WORD.fullmatch(name) else "(not shown)"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the most similar known name, else all known names."""
    spelled = {candidate.lower(): candidate for candidate in known}
    near = difflib.get_close_matches(name.lower(), spelled, n=1)
    if near:
        return f": did you mean {spelled[near[0]]}?"
    return f": there is {', '.join(spelled.values())}" if 0 < len(spelled) <= _FEW else ""


def one_of(text: str, known: Collection[str], what: str) -> str:
    """A name that the file defines; `what` is its kind, for the message."""
    if text not in known:
        raise ValueError(f"no {what} {shown(text)}{did_you_mean(text, known)}")
    return text


def key(text: str) -> str:
    """The key of a topic or a subscriber; it becomes part of file names and addresses."""
    if not KEY.fullmatch(text):
        raise ValueError("a name is made of letters, digits, - and _, 64 at most")
    return text


def wall_time(text: str) -> time:
    """`08:00` as a time of day."""
    found = WALL_TIME.fullmatch(text)
    if not found:
        meant = spoken_time(text) or time(8)
        raise ValueError(f'a time of day is expected, like "{meant:%H:%M}"')
    return time(int(found[1]), int(found[2]))


def spoken_time(text: str) -> time | None:
    """`8`, `8am`, `8:30 p.m.` or `20h` as a time of day; None if it is none of these."""
    found = _SPOKEN_TIME.fullmatch(text.strip().lower())
    if not found:
        return None
    hour, minute, half = int(found["hour"]), int(found["minute"] or 0), found["half"]
    if half:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    return time(hour, minute) if hour < _MIDNIGHT else None


def day(text: str) -> date:
    """`2026-12-24` as a date."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("a day is expected, like 2026-12-24") from None


def weekday(text: str) -> int:
    """`mon` to `sun`, Monday 0."""
    if text.lower() not in WEEK:
        raise ValueError(f"a weekday is one of {', '.join(WEEK)}")
    return WEEK.index(text.lower())


def duration(text: str) -> timedelta:
    """`30m`, `12h` or `2d`."""
    found = DURATION.fullmatch(text)
    if not found:
        raise ValueError("a duration is expected, like 30m, 12h or 2d")
    unit = {"m": "minutes", "h": "hours", "d": "days"}[found[2]]
    return timedelta(**{unit: int(found[1])})


def zone(text: str) -> ZoneInfo:
    """A time zone by its IANA name."""
    try:
        return ZoneInfo(text)
    except (LookupError, ValueError, OSError):  # OSError: `Europe` is a folder of the database
        pass
    from bot.config.zone_hints import hint  # noqa: PLC0415 - only a mistake needs it

    raise ValueError(f"no such time zone{hint(text)}")


def url(text: str, *, placeholders: Iterable[str] = ()) -> str:
    """An https URL (http only on loopback) with exactly these `{placeholders}`."""
    try:
        parts = urlsplit(text)
        well_formed = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        braces = [brace for brace in Formatter().parse(text) if brace[1] is not None]
        found = {"".join(part or "" for part in brace[1:]) for brace in braces}
    except ValueError:  # a port beyond 65535, a bracket or a brace without its other half
        well_formed, found = False, set()
    if not well_formed:
        raise ValueError("a URL is expected, like https://example.org/")
    if plain_http(text):
        raise ValueError(USE_HTTPS)
    if found != set(placeholders):
        wanted = " and ".join(f"{{{name}}}" for name in placeholders)
        raise ValueError(f"the URL has to name {wanted} in braces" if wanted else "no {braces} are expected")
    return text


def page(text: str) -> str:
    """The URL where pages are published, without a trailing slash."""
    parts = urlsplit(url(text))
    if parts.query or parts.fragment:
        raise ValueError("a URL without ? and # is expected: a page's name is put after it")
    return text.rstrip("/?#")


LEAST_SECRET_BYTES = 32
MOST_SECRETS = 2


def signing_secret(text: str) -> Secret:
    """A key to sign links with: 32 bytes or more, so that it cannot be guessed."""
    if len(text.encode()) < LEAST_SECRET_BYTES:
        raise ValueError(f"at least {LEAST_SECRET_BYTES} random characters are expected: `openssl rand -hex 32`")
    return Secret(text)


def two_at_most(secrets: tuple[Secret, ...]) -> tuple[Secret, ...]:
    """One secret; or two, the new one and the old one, while it is being changed."""
    if len(secrets) > MOST_SECRETS:
        raise ValueError("at most two are expected: the new one, and the old one while it is being changed")
    return secrets


def listen(text: str, *, folder: Path) -> str:
    """An address to listen on: HOST:PORT, [IPv6]:PORT, or unix:PATH, made absolute relative to `folder`."""
    if text.startswith("unix:"):
        return f"unix:{path(text.removeprefix('unix:'), folder=folder)}"
    try:
        parts = urlsplit(f"//{text}")
        is_whole = bool(parts.hostname) and parts.port is not None and parts.netloc == text and "@" not in text
    except ValueError:  # a port beyond 65535
        is_whole = False
    if not is_whole:
        raise ValueError("an address to listen on is expected, like 127.0.0.1:8080 or unix:/run/paperboy/web.sock")
    return text


def mail_domain(text: str) -> str:
    """A mail domain in its ASCII form."""
    try:
        return parse_mailbox(f"somebody@{text.removeprefix('@')}").domain
    except ValueError:
        raise ValueError("a domain is expected, like uni.example") from None


def network(text: str) -> str:
    """An IP address or network (CIDR)."""
    try:
        return str(ip_network(text))
    except ValueError:
        raise ValueError("an IP address or a network is expected, like 10.0.0.0/8") from None


def plain_http(text: str) -> bool:
    """Whether it is an http URL to another machine."""
    return text.lower().startswith("http://") and not is_loopback(urlsplit(text).hostname or "")


def contact(text: str, *, live: bool) -> str:
    """The operator's mail address or URL; any printable text if arXiv is on loopback."""
    is_page = text.startswith(("https://", "http://")) and " " not in text
    if not text.isprintable() or (live and not is_page and not _MAILBOX.fullmatch(text)):
        raise ValueError("your mail address or a URL is expected: arXiv wants to know whom to ask")
    return text


def repository(text: str) -> str:
    """GitHub's `owner/name`."""
    if not REPOSITORY.fullmatch(text):
        raise ValueError("a repository is expected as owner/name")
    return text


def store(text: str, *, folder: Path) -> str:
    """A SQLAlchemy URL of PostgreSQL or of a SQLite file, whose path is made absolute relative to `folder`."""
    if text.startswith(POSTGRES):
        return text
    file = text.removeprefix("sqlite:///")
    if file == text:
        raise ValueError("sqlite:///paperboy.db or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE is expected")
    if file in ("", ":memory:"):
        raise ValueError("a store in memory forgets what was sent: a file is expected, like sqlite:///paperboy.db")
    return f"sqlite:///{path(file, folder=folder)}"


def path(text: str, *, folder: Path) -> Path:
    """A path, relative to `folder`; `~` is the home directory."""
    if not text.isprintable():
        raise ValueError("a path is expected")
    try:
        return folder / Path(text).expanduser()
    except RuntimeError:
        raise ValueError("~ stands for no home directory that is known: write the path in full") from None


def existing(text: str, *, folder: Path) -> Path:
    """The path of an existing folder, relative to `folder`."""
    found = path(text, folder=folder)
    if not found.is_dir():
        raise ValueError("there is no such folder")
    return found


def categories(pattern: str) -> tuple[str, ...]:
    """The canonical categories of a name, an alias or a pattern such as `cs.*`."""
    try:
        return expand(pattern)
    except UnknownCategoryError as error:
        hint = f": did you mean {error.suggestion}?" if error.suggestion else ""
        raise ValueError(f"unknown category {shown(pattern)}{hint}") from None


def keyword(text: str) -> str:
    """A keyword: a word or phrase."""
    if not says_something(text):
        raise ValueError("says nothing to look for: a letter or a digit is expected")
    return text


def author(text: str) -> str:
    """An author's name."""
    if wrong := no_name(text):
        raise ValueError(wrong)
    return text


def query(text: str) -> str:
    """A query in the topics' query language."""
    try:
        parse(text)
    except QueryError as error:
        raise ValueError(str(error)) from None
    return text
