"""The configuration as frozen dataclasses, as `config` makes them from the YAML.

Never reads a file, an environment variable or a clock. Secrets are wrapped so that no repr shows them.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
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
    """A text that must not be shown: its repr and str are stars; `reveal` is called only where it is sent."""

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
        """Lets pydantic read a secret from a text."""
        from pydantic_core import core_schema  # noqa: PLC0415 - only who reads a configuration has it loaded

        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


@dataclass(frozen=True, slots=True)
class Address:
    """Where a channel delivers to. The value may be a secret (a webhook URL) or private (a mailbox)."""

    value: Secret
    kind: str
    """The channel's own word for what it is: `webhook`, `channel`, `mailbox`."""
    label: str
    """What `status`, `check` and errors may show: never the value of a webhook. In logs: `Subscriber.log_name`."""
    tags: tuple[str, ...] = ()
    """Tags of a new thread, in a Discord forum."""

    @property
    def key(self) -> str:
        """A short stable hash, for the store: addresses themselves are never stored."""
        return fingerprint(self.value.reveal())

    @property
    def mailbox(self) -> str | None:
        """A hash of the mail address that is the same in capitals and small letters; None if it is no mailbox.

        RFC 5321 section 2.4 allows a host to distinguish capitals before the @, but no host in use does.
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
    """Whether a subscriber is told of a mailing in which nothing matched."""

    SILENT = "silent"
    SAY = "say"


EXAMPLE_CONTACT = "you@example.org"
"""The contact in config.example.yaml; refused for live arXiv."""
ALL_WEEK = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class ZoteroLibrary:
    """A library at zotero.org, and the file where what was fetched of it is kept."""

    path: str
    """`users/123` or `groups/123`."""
    key: Secret
    """One that may read is enough."""
    api_url: str
    cache: Path


@dataclass(frozen=True, slots=True)
class Interest:
    """A library whose papers count like liked ones."""

    bibtex: Path | None = None
    ris: Path | None = None
    zotero: ZoteroLibrary | None = None


@dataclass(frozen=True, slots=True)
class SuppressedAddress:
    """An address of a subscriber that is not written to."""

    address: Address
    why: str
    """For people: unsubscribed, bounced or complained, and since when."""
    key: str
    """Its key for `paperboy suppressions lift`."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One destination with its topics and its hour."""

    name: str
    channel: str
    """A key of `channels.CHANNELS`."""
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
    full: int | None = None
    """How many papers a digest shows in full; None: as many as its messages hold."""
    picks: int | None = None
    """So many papers, the best of all its topics, stand before all others."""
    interest: Interest | None = None
    """What `order: learned` knows of it beside feedback."""
    votes_of: tuple[str, ...] = ()
    """If it gets what was liked and saved in place of what is new: the subscribers whose readers' votes count, all of
    the YAML with its destination, itself among them."""
    paused: bool = False
    resumes_at: datetime | None = None
    """When its pause until a day ended or ends; hours before that are not made up for."""
    was: str | None = None
    """The name it had before; what the store has under that name is moved to the new one."""
    options: Any = None
    """The channel's own options, an instance of its `Options` class."""
    suppressed: tuple[SuppressedAddress, ...] = ()
    """Which of its addresses are left out of `addresses`."""
    revision: int = 0
    """Rises with each change of a self-service subscriber in the store; 0 for one of the YAML."""
    unconfirmed: bool = False
    """Whether its reader has not confirmed yet: it gets the confirmation mail and nothing else."""

    @property
    def liked(self) -> bool:
        """Whether it gets what was liked and saved at its destination since its last digest, not what is new."""
        return bool(self.votes_of)

    @property
    def is_weekly(self) -> bool:
        """Whether it gets the best of a week at once: on one weekday alone."""
        return self.at is not None and len(self.on) == 1

    @property
    def is_self_service(self) -> bool:
        """Whether a reader made it, on the web or in chat; then it is kept in the store."""
        return self.revision > 0

    @property
    def recipients(self) -> tuple[str, ...]:
        """The keys of its addresses; deliveries name addresses by these hashes."""
        return tuple(address.key for address in self.addresses)

    def address(self, recipient: str) -> Address | None:
        """The address with that key; None if the subscriber no longer has it."""
        return next((address for address in self.addresses if address.key == recipient), None)

    def log_name(self, address: Address) -> str:
        """Names one of its addresses in a log: by its label, but a mailbox, whose label is private, by its number."""
        if address.kind != "mailbox":
            return address.label
        return f"mailbox {self.recipients.index(address.key) + 1} of {len(self.addresses)}"


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
        """Whether any of the URLs is not on loopback, so that arXiv's rules apply."""
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
        """File extension of the pages that links lead to: `md` on GitHub, which shows Markdown; else `html`."""
        return "md" if urlsplit(self.url or "").hostname == "github.com" else "html"


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The pages on which readers sign up and answer; `run` serves them."""

    url: str
    """What links in mails begin with, without a trailing slash."""
    secret: tuple[Secret, ...]
    """Keys that sign links. Two while the key is being changed: the new one signs, both are accepted."""
    listen: str = "127.0.0.1:8080"
    """HOST:PORT, or unix:PATH."""
    signup: tuple[str, ...] = ()
    """The topics that anybody may subscribe to by mail."""
    signup_domains: tuple[str, ...] = ()
    """If any: only addresses of these domains may."""
    own_topics: bool = True
    """Whether such a reader may have topics with words of their own."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks (CIDR) whose `X-Forwarded-For` header is believed."""
    site: bool = False
    """Whether the site's pages are served as well."""


@dataclass(frozen=True, slots=True)
class ComposeSettings:
    """How digests are composed."""

    processes: int | None = None
    """In how many processes at most; None: as many as there are cores."""


CHAT_PLATFORMS = ("slack", "discord")
"""The channels in which readers can write to the bot."""


class WhoMayChange(StrEnum):
    """Who may change what a channel gets, by writing to the bot there."""

    EVERYONE = "everyone"
    MANAGERS = "managers"


@dataclass(frozen=True, slots=True)
class SlackChat:
    """Chat in Slack: commands and clicks come through Socket Mode; the bot token is that of `channels.slack`."""

    app_token: Secret
    """An app-level token, `xapp-...`."""
    who: WhoMayChange = WhoMayChange.MANAGERS


@dataclass(frozen=True, slots=True)
class DiscordChat:
    """Chat in Discord: commands and clicks come through its gateway; the bot token is that of `channels.discord`."""

    who: WhoMayChange = WhoMayChange.MANAGERS


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """Commands and buttons for readers in Slack and Discord; `run` serves them."""

    slack: SlackChat | None = None
    discord: DiscordChat | None = None
    buttons: bool = True
    """Whether there are feedback buttons under each paper on these platforms."""

    @property
    def platforms(self) -> tuple[str, ...]:
        """The names of the channels in which readers can write to the bot."""
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
    compose: ComposeSettings = field(default_factory=ComposeSettings)
    templates: Path | None = None
    operator: str | None = None
    keep_days: int = 90
    fleet: bool = False
    """Whether jobs are handed out to many workers; the store is a PostgreSQL then."""
    metrics: str | None = None
    """HOST:PORT or unix:PATH where `run` answers a monitor: /metrics, /livez, /readyz."""
    health_url: Secret | None = None
    """URL to be requested at least once an hour while the daemon runs."""
    self_service_categories: tuple[str, ...] = ()
    """Categories that are read for self-service subscribers, whether or not these are in `subscribers`."""

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The keys of signed links and of readers' hashes; none without `web`."""
        return self.web.secret if self.web else ()

    @property
    def named_categories(self) -> frozenset[str]:
        """Every category that a topic of the YAML names: the only ones that a reader's own topic may have."""
        return frozenset(category for topic in self.topics.values() for category in topic.categories)

    @property
    def categories(self) -> tuple[str, ...]:
        """All categories that arXiv is asked for, sorted: those of subscribers, the site, sign-up and chat."""
        used = {name for subscriber in self.subscribers.values() for name in subscriber.topics}
        if self.site:
            used.update(self.site.topics)
        if self.web:  # so that a new subscriber gets the latest mailing at once
            used.update(self.web.signup)
        if self.chat:  # in chat every topic of the YAML may be followed
            used.update(self.topics)
        found = {category for name in used for category in self.topics[name].categories}
        return tuple(sorted(found.union(self.self_service_categories)))


def refuse_live(settings: Settings) -> Problem | None:
    """The problem that forbids asking live arXiv with these settings, if there is one: the example's contact.

    The configuration itself is valid, so that `preview` and others work with it; call this before asking arXiv.
    """
    if settings.arxiv.live and settings.contact == EXAMPLE_CONTACT:
        return Problem("contact", f"put your own in place of {EXAMPLE_CONTACT}: arXiv wants to know whom to ask")
    return None
