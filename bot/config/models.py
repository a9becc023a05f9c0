"""The sections of the file as pydantic models: keys, types and rules of each.

`load` validates with them, and `json_schema` describes them to editors. Each section becomes a frozen value of
`settings` or `model`, and takes its defaults from there. A channel's settings are in its own `Settings` and `Options`
classes. A docstring under a field is its description in editors.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from bot.config import field_types as types
from bot.config import value_types
from bot.model import AnnounceType, MatchMode, OnUnknown, Order, Topic
from bot.settings import (
    ArxivSettings,
    ChatSettings,
    ComposeSettings,
    DiscordChat,
    Interest,
    Settings,
    SiteSettings,
    SlackChat,
    Subscriber,
    WebSettings,
    WhenEmpty,
    WhoMayChange,
    ZoteroLibrary,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


POLITE_SECONDS = 3.0
"""arXiv's least time between requests: https://info.arxiv.org/help/api/tou.html."""

_TOPIC = Topic(name="", title="", categories=())
_SUBSCRIBER = Subscriber(name="", channel="", addresses=(), topics=(), timezone=ZoneInfo("UTC"))
_ARXIV = ArxivSettings()
_WHOLE = Settings(contact="", store="", timezone=ZoneInfo("UTC"), topics={})


class Section(BaseModel):
    """A mapping whose keys are the model's fields; a key without a value is as if it were not there."""

    MAKES: ClassVar[type] = dict
    """The class of its frozen value."""
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _with_values(cls, raw: object) -> object:
        if isinstance(raw, dict):
            return {key: value for key, value in raw.items() if value is not None}
        return {} if raw is None else raw

    def value(self) -> Any:  # noqa: ANN401 - of the class that `MAKES` names
        """The frozen value, and in it those of the sections inside."""
        return self.MAKES(**{key: each.value() if isinstance(each, Section) else each for key, each in self})


class ArxivSection(Section):
    """`arxiv`."""

    MAKES = ArxivSettings

    rss_url: types.UrlOfCategory = _ARXIV.rss_url
    oai_url: types.Url = _ARXIV.oai_url
    catchup_url: types.UrlOfDay | None = None
    """More exact than OAI-PMH, and made for people: opt-in."""
    seconds_between_requests: types.Seconds = _ARXIV.seconds_between_requests
    """arXiv asks for at least 3; less is accepted on loopback only."""
    alert_after: types.Duration = _ARXIV.alert_after
    """How long a mailing may be late before `operator` hears of it: 30m, 12h, 2d."""

    @field_validator("seconds_between_requests")
    @classmethod
    def _polite(cls, seconds: float, info: ValidationInfo) -> float:
        sound = info.data.keys() >= {"rss_url", "oai_url", "catchup_url"}
        if seconds < POLITE_SECONDS and sound and ArxivSettings(**info.data).live:
            raise ValueError(
                f"at least {POLITE_SECONDS:g} is expected where arXiv is not on loopback: its terms of use"
            )
        return seconds


class TopicSection(Section):
    """One of `topics`."""

    title: types.Text | None = None
    """What readers see; the name if there is none."""
    categories: Annotated[types.Categories, types.Advice("add the mailings to read, like [cs.CV]")]
    """Which mailings are read for it. `cs.*` is all of cs; aliases such as cs.NA are understood."""
    keywords: types.Keywords = ()
    """One of these is in the title or the abstract. With no keywords, authors or query: every paper."""
    exclude: types.Keywords = ()
    """None of these is."""
    authors: types.Authors = ()
    """Or one of these wrote it: "Given Family", "G. Family" or "Family, Given"."""
    query: types.Query | None = None
    """In place of keywords and authors."""
    match: MatchMode = _TOPIC.match
    announce: Annotated[frozenset[AnnounceType], *types.AtLeastOne] = _TOPIC.announce
    order: Order = _TOPIC.order
    limit: types.Count | None = None
    """The most papers that a digest shows; the rest is counted and linked."""

    @field_validator("query")
    @classmethod
    def _alone(cls, query: str, info: ValidationInfo) -> str:
        beside = [key for key in ("keywords", "authors") if info.data.get(key)]
        if beside:
            raise ValueError(f"stands beside {' and '.join(beside)}: say all in the query or nothing")
        return query

    def named(self, name: str) -> Topic:
        """The frozen value."""
        return Topic(name=name, **{**dict(self), "title": self.title or name})


class ZoteroSection(Section):
    """`zotero` of a subscriber's `interest`."""

    user: types.Count | None = None
    """The number that zotero.org/settings/keys shows as the userID."""
    group: types.Count | None = None
    """Or a group's, from the address of its page."""
    key: Annotated[types.ApiKey, types.Advice("add a key from zotero.org/settings/keys; reading is enough")]
    api_url: types.Url = "https://api.zotero.org"
    cache: types.FilePath = Field(default="zotero.ris", validate_default=True)
    """The file where what was fetched is kept; another one for each library."""

    @model_validator(mode="after")
    def _one_library(self) -> Self:
        if (self.user is None) == (self.group is None):
            raise ValueError("user or group is expected, and not both")
        return self

    def value(self) -> ZoteroLibrary:
        """The frozen value."""
        path = f"users/{self.user}" if self.group is None else f"groups/{self.group}"
        return ZoteroLibrary(path, self.key, self.api_url, self.cache)


class InterestSection(Section):
    """`interest` of a subscriber: a library to learn from."""

    MAKES = Interest

    bibtex: types.FilePath | None = None
    """A BibTeX file."""
    ris: types.FilePath | None = None
    """A RIS file, as reference managers export it."""
    zotero: ZoteroSection | None = None


class SubscriberSection(Section):
    """One of `subscribers`, but for its channel's key and options."""

    topics: Annotated[types.Topics, *types.AtLeastOne, types.Advice("add names of topics, like [mllm]")]
    timezone: types.Zone | None = None
    at: types.WallTime | None = None
    """The hour in its time zone; as soon as the mailing is in if there is none."""
    digest: Literal["weekly", "liked"] | None = None
    """weekly: the best of the week. liked: what was liked and saved where it goes, with the counts.

    On Friday at 09:00 where `on` and `at` do not say otherwise.
    """
    on: Annotated[frozenset[types.Weekday], *types.AtLeastOne] = _SUBSCRIBER.on
    """On which weekdays; what came in between comes along. On one alone: the best of the week first."""
    when_empty: WhenEmpty = _SUBSCRIBER.when_empty
    on_unknown: OnUnknown = _SUBSCRIBER.on_unknown
    max_messages: types.Count | None = None
    """The most messages that one digest may take; what does not fit is counted and linked.

    Where not said: one mail; in Slack and Discord four, which is a message and a thread of three.
    """
    full: types.Count | None = None
    """How many papers are shown in full, the others as one line each.

    Where not said: 20, or with max_messages as many as fit.
    """
    picks: types.Count | None = None
    """So many papers, the best of all topics, stand before all others."""
    interest: InterestSection | None = None
    """A library whose papers count like liked ones where `order: learned` is set."""
    paused: bool = _SUBSCRIBER.paused
    """Nothing is sent until it is false again."""
    was: types.Key | None = None
    """The name that it had before it was renamed, so that it goes on where it was."""

    @field_validator("on")
    @classmethod
    def _at_an_hour(cls, on: frozenset[int], info: ValidationInfo) -> frozenset[int]:
        if info.data.get("at", ...) is None and info.data.get("digest", ...) is None:
            raise ValueError('means nothing without an hour: add at: "08:00"')
        return on

    @model_validator(mode="after")
    def _on_one_weekday(self) -> Self:
        if self.digest == "weekly" and "on" in self.model_fields_set and len(self.on) > 1:
            raise ValueError("digest: weekly comes on one weekday: leave out `on`, or name one")
        return self

    @field_validator("was")
    @classmethod
    def _gone(cls, name: str, info: ValidationInfo[types.Context]) -> str:
        if name in info.context.subscribers:
            raise ValueError(f"there is a subscriber {value_types.shown(name)} still: it names one that was renamed")
        return name


class SiteSection(Section):
    """`site`."""

    MAKES = SiteSettings
    dir: types.FilePath = Field(default="site", validate_default=True)
    topics: types.Topics | None = None
    """All topics if there is no list."""
    url: types.Page | None = None
    """Where the folder is published: "and N more" in a digest links there."""
    repository: types.Repository | None = None
    """GitHub's owner/name, for the last-update badge."""


class WebSection(Section):
    """`web`."""

    MAKES = WebSettings

    url: Annotated[
        types.Page, types.Advice("add the address that links in mails begin with, like https://papers.your-lab.edu")
    ]
    """What links in mails begin with."""
    secret: Annotated[
        types.SigningSecrets, types.Advice("add 32 random characters or more, from `openssl rand -hex 32`")
    ]
    """Signs links; two while it is being changed, the new one first."""
    listen: types.Listen = "127.0.0.1:8080"
    """HOST:PORT, or unix:PATH."""
    signup: types.Topics = ()
    """The topics that anybody may subscribe to by mail."""
    signup_domains: tuple[types.MailDomain, ...] = ()
    """If there are any: only addresses of these domains may."""
    own_topics: bool = True
    """Whether such a reader may have topics with words of their own."""
    trusted_proxies: tuple[types.Network, ...] = ()
    """Networks whose X-Forwarded-For counts."""
    site: bool = False
    """Whether the pages of `site` are served, too."""


class SlackChatSection(Section):
    """`chat.slack`."""

    MAKES = SlackChat

    app_token: Annotated[
        types.AppToken, types.Advice("add the app-level token (xapp-...) with the scope connections:write")
    ]
    """An app-level token, `xapp-...`, with the scope connections:write."""
    who: WhoMayChange = WhoMayChange.MANAGERS
    """Who may change what a channel gets: everyone in it, or managers, who are the workspace's admins."""


class DiscordChatSection(Section):
    """`chat.discord`."""

    MAKES = DiscordChat

    who: WhoMayChange = WhoMayChange.MANAGERS
    """Who may change what a channel gets: everyone in it, or managers, who may manage the server's channels."""


class ChatSection(Section):
    """`chat`. Each platform needs its bot token under `channels`."""

    MAKES = ChatSettings

    slack: SlackChatSection | None = None
    """Listen in Slack."""
    discord: DiscordChatSection | None = None
    """Listen in Discord."""
    buttons: bool = True
    """Whether there are buttons under each paper: more like this, less like this, save."""


class ComposeSection(Section):
    """`compose`."""

    MAKES = ComposeSettings

    processes: types.Count | None = None
    """In how many processes at most digests are composed, where hundreds of different ones are due at once; if it is
    not set, in as many as there are cores, up to 8."""


class WholeFile(Section):
    """The whole file. The channels validate the entries of `channels` and `subscribers`."""

    MAKES = Settings
    store: types.Store = Field(default="sqlite:///paperboy.db", validate_default=True)
    """What was seen and what was sent to whom: a SQLite file or a PostgreSQL database."""
    timezone: types.Zone = _WHOLE.timezone
    """For subscribers that name none."""
    arxiv: ArxivSection = Field(default_factory=ArxivSection)
    topics: dict[types.TopicKey, TopicSection] = Field(default={}, validate_default=True)
    channels: dict[str, object] = {}
    subscribers: dict[types.Key, object] = {}
    site: SiteSection | None = None
    web: WebSection | None = None
    chat: ChatSection | None = None
    compose: ComposeSection = Field(default_factory=ComposeSection)
    templates: types.Folder | None = None
    """A folder whose files replace the built-in templates."""
    operator: types.SubscriberName | None = None
    """A subscriber that hears of trouble, at most once a day per trouble."""
    keep_days: types.Days = _WHOLE.keep_days
    """Messages older than this many days are pruned; what was sent to whom stays."""
    fleet: bool = False
    """Whether many workers share the work, on PostgreSQL; see `paperboy worker`."""
    metrics: types.Listen | None = None
    """Where `paperboy run` answers a monitor (Prometheus at /metrics; /livez, /readyz): HOST:PORT, or unix:PATH."""
    health_url: types.SecretUrl | None = None
    """A URL that `paperboy run` calls at least once an hour. Treated as a secret."""
    contact: Annotated[str, types.Advice("add your mail address or a URL, like you@your-lab.edu; arXiv is shown it")]
    """Whom arXiv may ask about this bot: a mail address or a URL."""

    @field_validator("topics")
    @classmethod
    def _any_topic(cls, topics: dict[str, TopicSection]) -> dict[str, TopicSection]:
        if not topics:
            raise ValueError("at least one topic is expected")
        return topics

    @field_validator("fleet")
    @classmethod
    def _on_postgres(cls, fleet: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic calls it
        if fleet and str(info.data.get("store", "")).startswith("sqlite"):
            raise ValueError("true needs PostgreSQL: let `store` be postgresql+psycopg://USER:PASSWORD@HOST/DATABASE")
        return fleet

    @field_validator("web")
    @classmethod
    def _with_a_site(cls, web: WebSection | None, info: ValidationInfo) -> WebSection | None:
        if web and web.site and info.data.get("site", ...) is None:
            raise ValueError("has site: true, but there is no site to serve: add `site:` to the file")
        return web

    @field_validator("contact")
    @classmethod
    def _reachable(cls, contact: str, info: ValidationInfo) -> str:
        return value_types.contact(contact, live=info.data.get("arxiv", ArxivSection()).value().live)

    def settings(self, subscribers: Mapping[str, Subscriber], channels: Mapping[str, Any]) -> Settings:
        """The frozen value, with the subscribers and channel settings that the channels made."""
        topics = {name: topic.named(name) for name, topic in self.topics.items()}
        whole: Settings = self.value()
        site = whole.site
        if site is not None and self.site is not None and self.site.topics is None:
            site = replace(site, topics=tuple(topics))
        return replace(whole, topics=topics, subscribers=subscribers, channels=channels, site=site)
