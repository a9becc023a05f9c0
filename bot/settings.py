"""The configuration as frozen values: what `config` makes of the YAML and everybody else reads.

Never reads a file, an environment variable or a clock. Secrets are wrapped so that no repr shows them.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bot.errors import Problem
from bot.model import OnUnknown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from pydantic_core import CoreSchema

    from bot.model import Topic


class Secret:
    """A text that must not be seen: its repr and str are stars; `reveal` is called only where it is sent."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself. Never log it, never put it into an error."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> CoreSchema:
        """How pydantic reads one, in the settings of a channel: from a text."""
        from pydantic_core import core_schema  # noqa: PLC0415 - only who reads a configuration has it loaded

        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


@dataclass(frozen=True, slots=True)
class Address:
    """Where a channel delivers to. The value may be a secret (a webhook URL) or private (a mailbox)."""

    value: Secret
    kind: str
    """The channel's own word for what it is: `webhook`, `channel`, `mailbox`."""
    label: str
    """What logs, status and errors may show: never the value of a webhook."""
    tags: tuple[str, ...] = ()
    """What a new thread is tagged with there, where there are tags: in a forum of Discord."""

    @property
    def key(self) -> str:
        """A short stable hash, for the store: addresses themselves are never stored."""
        return fingerprint(self.value.reveal())

    @property
    def mailbox(self) -> str | None:
        """The same hash however the letters of a mail address are written; None for what is no mailbox.

        RFC 5321 section 2.4 lets a host tell capitals apart before the @; none does, and a person means all forms.
        """
        return fingerprint(self.value.reveal().casefold()) if self.kind == "mailbox" else None


def fingerprint(text: str) -> str:
    """The first 128 bits of the text's SHA-256, as hex."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine itself: localhost, 127.0.0.0/8, ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class WhenEmpty(StrEnum):
    """What a subscriber hears of a mailing with nothing for them."""

    SILENT = "silent"
    SAY = "say"


EXAMPLE_CONTACT = "you@example.org"
"""The contact in config.example.yaml, which nobody reads."""
ALL_WEEK = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class SuppressedAddress:
    """An address of a subscriber that is not written to."""

    address: Address
    why: str
    """For people: unsubscribed, bounced or complained, and since when."""
    key: str
    """What `paperboy suppressions lift` knows it by."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One destination with its topics and its hour."""

    name: str
    channel: str
    """A key of the one dict of channels."""
    addresses: tuple[Address, ...]
    topics: tuple[str, ...]
    timezone: ZoneInfo
    at: time | None = None
    """Local wall time; None delivers as soon as the mailing is in."""
    on: frozenset[int] = ALL_WEEK
    """Weekdays of the slots, Monday 0."""
    when_empty: WhenEmpty = WhenEmpty.SILENT
    on_unknown: OnUnknown = OnUnknown.RESEND
    max_messages: int = 10
    paused: bool = False
    was: str | None = None
    """The name it had before; what is remembered under that one becomes its own."""
    options: Any = None
    """The channel's own options, an instance of its `Options` class."""
    suppressed: tuple[SuppressedAddress, ...] = ()
    """Which of its addresses are left out of `addresses`."""
    revision: int = 0
    """Of a self-service subscriber, which is changed in the store; 0 for one of the YAML."""
    unconfirmed: bool = False
    """Whether it waits for its reader's yes: it gets the mail that asks for it, and nothing else."""

    @property
    def is_self_service(self) -> bool:
        """Whether it was made by a reader and is in the store."""
        return self.revision > 0

    @property
    def recipients(self) -> tuple[str, ...]:
        """How deliveries name its addresses: by hash."""
        return tuple(address.key for address in self.addresses)

    def address(self, recipient: str) -> Address | None:
        """The address that a delivery's recipient stands for today; None if it is no more."""
        return next((address for address in self.addresses if address.key == recipient), None)


@dataclass(frozen=True, slots=True)
class ArxivSettings:
    """How arXiv is reached."""

    rss_url: str = "https://rss.arxiv.org/rss/{category}"
    oai_url: str = "https://oaipmh.arxiv.org/oai"
    catchup_url: str | None = None
    seconds_between_requests: float = 3.0
    alert_after: timedelta = timedelta(hours=12)

    @property
    def live(self) -> bool:
        """Whether any of the addresses is out in the world, so that arXiv's rules bind us."""
        urls = (self.rss_url, self.oai_url, self.catchup_url)
        return not all(is_loopback(urlsplit(url).hostname or "") for url in urls if url)


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """The folder of pages."""

    dir: Path
    topics: tuple[str, ...]
    url: str | None = None
    """Where it is published, without a trailing slash."""
    repository: str | None = None
    """GitHub's owner/name, for the last-update badge."""

    @property
    def ending(self) -> str:
        """Of the pages that a reader is sent to: GitHub itself shows Markdown, everybody else HTML."""
        return "md" if urlsplit(self.url or "").hostname == "github.com" else "html"


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The pages on which readers answer: served by `run`."""

    url: str
    """What links in mails begin with, without a trailing slash."""
    secret: tuple[Secret, ...]
    """Signs links; while it is being changed the new one and the old one, both of which are believed."""
    listen: str = "127.0.0.1:8080"
    """HOST:PORT, or unix:PATH."""
    signup: tuple[str, ...] = ()
    """The topics that anybody may subscribe to by mail."""
    signup_domains: tuple[str, ...] = ()
    """If any: only addresses of these domains may."""
    own_topics: bool = True
    """Whether such a reader may have topics with words of their own."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks whose X-Forwarded-For counts."""
    site: bool = False
    """Whether the site's pages are served, too."""


CHAT_PLATFORMS = ("slack", "discord")
"""The channels whose readers can be listened to."""


class WhoMayChange(StrEnum):
    """Who may change what a channel gets, by writing to the bot there."""

    EVERYONE = "everyone"
    MANAGERS = "managers"


@dataclass(frozen=True, slots=True)
class SlackChat:
    """How Slack is listened to: through Socket Mode, with the bot token of `channels.slack`."""

    app_token: Secret
    """An app-level token, `xapp-...`."""
    who: WhoMayChange = WhoMayChange.MANAGERS


@dataclass(frozen=True, slots=True)
class DiscordChat:
    """How Discord is listened to: through its gateway, with the bot token of `channels.discord`."""

    who: WhoMayChange = WhoMayChange.MANAGERS


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """Commands and buttons for readers in Slack and Discord: served by `run`."""

    slack: SlackChat | None = None
    discord: DiscordChat | None = None
    buttons: bool = True
    """Whether there are buttons under each paper where we listen."""

    @property
    def platforms(self) -> tuple[str, ...]:
        """Where we listen, by the channels' names."""
        return tuple(name for name in CHAT_PLATFORMS if getattr(self, name) is not None)

    def has_buttons(self, channel: str) -> bool:
        """Whether papers have buttons there, where a subscriber does not say otherwise."""
        return self.buttons and channel in self.platforms


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration."""

    contact: str
    store: str = field(repr=False)
    """A SQLAlchemy URL; a relative SQLite path is already absolute. It may hold a password."""
    timezone: ZoneInfo
    topics: Mapping[str, Topic]
    subscribers: Mapping[str, Subscriber] = field(default_factory=dict)
    channels: Mapping[str, Any] = field(default_factory=dict)
    """Per channel that a subscriber uses: an instance of its `Settings` class."""
    arxiv: ArxivSettings = field(default_factory=ArxivSettings)
    site: SiteSettings | None = None
    web: WebSettings | None = None
    chat: ChatSettings | None = None
    templates: Path | None = None
    operator: str | None = None
    keep_days: int = 90
    metrics: str | None = None
    """HOST:PORT or unix:PATH where `run` answers a monitor: /metrics, /livez, /readyz."""
    health_url: Secret | None = None
    """Called at least once an hour while the daemon runs."""
    self_service_categories: tuple[str, ...] = ()
    """Which mailings are read for self-service subscribers, whether or not these are among `subscribers`."""

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What links and hashes of readers are keyed with; none without `web`."""
        return self.web.secret if self.web else ()

    @property
    def named_categories(self) -> frozenset[str]:
        """Every category that a topic of the YAML names: the only ones that a reader's own topic may have."""
        return frozenset(category for topic in self.topics.values() for category in topic.categories)

    @property
    def categories(self) -> tuple[str, ...]:
        """Every category that somebody reads, each once, in a stable order: what is asked of arXiv."""
        used = {name for subscriber in self.subscribers.values() for name in subscriber.topics}
        if self.site:
            used.update(self.site.topics)
        if self.web:  # what may be followed is there at once for who follows it
            used.update(self.web.signup)
        if self.chat:  # in chat every topic of the file may be
            used.update(self.topics)
        found = {category for name in used for category in self.topics[name].categories}
        return tuple(sorted(found.union(self.self_service_categories)))


def refuse_live(settings: Settings) -> Problem | None:
    """Why live arXiv must not be asked with these settings, if so: the example's contact is nobody's.

    No fault of the file, which loads and may be looked at: whoever is about to ask arXiv asks here first.
    """
    if settings.arxiv.live and settings.contact == EXAMPLE_CONTACT:
        return Problem("contact", f"put your own in place of {EXAMPLE_CONTACT}: arXiv wants to know whom to ask")
    return None
