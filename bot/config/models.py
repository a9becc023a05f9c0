"""The sections of the file as pydantic models: keys, types and rules of each.

`load` validates with them, and `json_schema` describes them to editors. Each section becomes a frozen value of
`settings` or `model`, and takes its defaults from there. A channel's settings are in its own `Settings` and `Options`
classes. A docstring under a field is its description in editors.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetPydanticSchema,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from bot.channels.slack.secrets import check_app_kind
from bot.channels.tokens import check_token
from bot.config import value_types
from bot.model import AnnounceType, MatchMode, OnUnknown, Order, Topic
from bot.settings import (
    ArxivSettings,
    ChatSettings,
    DiscordChat,
    Interest,
    Secret,
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
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from pydantic.fields import FieldInfo

LONGEST_KEPT = 36500
"""Days: a century. Dates end in the year 9999, and so does what can be subtracted from one."""
POLITE_SECONDS = 3.0
"""arXiv's least time between requests: https://info.arxiv.org/help/api/tou.html."""

_URL = {"pattern": "^[Hh][Tt][Tt][Pp][Ss]?://."}  # JSON Schema's regular expressions know no flags
_SECRET = {"type": "string", "minLength": 1}  # a reference is shorter than what it stands for
_ONE_OR_TWO = {"anyOf": [_SECRET, {"type": "array", "items": _SECRET, "minItems": 1, "maxItems": 2}]}
_ANY_CASE = "|".join("".join(f"[{letter.upper()}{letter}]" for letter in day) for day in value_types.WEEK)
_WEEKDAY = {
    "anyOf": [{"type": "string", "enum": list(value_types.WEEK)}, {"type": "string", "pattern": f"^(?:{_ANY_CASE})$"}]
}

_TOPIC = Topic(name="", title="", categories=())
_SUBSCRIBER = Subscriber(name="", channel="", addresses=(), topics=(), timezone=ZoneInfo("UTC"))
_ARXIV = ArxivSettings()
_WHOLE = Settings(contact="", store="", timezone=ZoneInfo("UTC"), topics={})


@dataclass(frozen=True, slots=True)
class Context:
    """What validation needs besides the value."""

    folder: Path
    """The folder of relative paths; absolute."""
    topics: Collection[str] = ()
    """The names of the file's topics."""
    subscribers: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Advice:
    """Metadata of a field: what to write if the setting is missing."""

    text: str


# -- how YAML writes a value -------------------------------------------------------------------------------------


def _text(check: Callable[..., object], like: Mapping[str, object] | None = None) -> GetPydanticSchema:
    """A text that `check` converts, or refuses with a ValueError; `like` is its JSON Schema."""
    from_text = Annotated[str, AfterValidator(check), WithJsonSchema({"type": "string", **(like or {})})]
    return GetPydanticSchema(lambda _, handler: handler.generate_schema(from_text))


def _in_context(check: Callable[[str, Any], object], like: Mapping[str, object] | None = None) -> GetPydanticSchema:
    """The same where the value depends on the `Context`."""
    return _text(lambda text, info: check(text, info.context), like)


def _pattern(pattern: str) -> dict[str, str]:
    return {"pattern": f"^(?:{pattern})$"}


def _topic_key(text: str, info: ValidationInfo[Context]) -> str:
    """Checks a topic's name, which becomes a folder's: on some disks two that differ only in case are one."""
    first = next((name for name in info.context.topics if name.lower() == text.lower()), text)
    if first != text:
        raise ValueError(f"differs from {value_types.shown(first)} only in case: some disks have one folder for both")
    return value_types.key(text)


def _once(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(items))


def _some(items: Collection[Any]) -> Collection[Any]:
    # not pydantic's min_length, which also complains where an item is refused
    if not items:
        raise ValueError("at least one is expected")
    return items


def _flat(expanded: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return _once(category for categories in expanded for category in categories)


_AtLeastOne = (AfterValidator(_some), Field(json_schema_extra={"minItems": 1}))
_Once = AfterValidator(_once)

_Count = Annotated[int, Field(ge=1)]
_Days = Annotated[int, Field(ge=1, le=LONGEST_KEPT)]
_Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Duration = Annotated[timedelta, _text(value_types.duration, _pattern(value_types.DURATION.pattern))]
_Zone = Annotated[ZoneInfo, _text(value_types.zone)]
_WallTime = Annotated[time, _text(value_types.wall_time, _pattern(value_types.WALL_TIME.pattern))]
_Weekday = Annotated[int, _text(value_types.weekday, _WEEKDAY)]

_Url = Annotated[str, _text(value_types.url, _URL)]
_UrlOfCategory = Annotated[str, _text(partial(value_types.url, placeholders=("category",)), _URL)]
_UrlOfDay = Annotated[str, _text(partial(value_types.url, placeholders=("category", "date")), _URL)]
_SecretUrl = Annotated[Secret, _text(value_types.secret_url, _URL)]
_Page = Annotated[str, _text(value_types.page, _URL)]
_Repository = Annotated[str, _text(value_types.repository, _pattern(value_types.REPOSITORY.pattern))]
_STORE = {"pattern": r"^(?:sqlite:///.|postgresql(?:\+psycopg)?://)"}
_Store = Annotated[str, _in_context(lambda text, at: value_types.store(text, folder=at.folder), _STORE)]
_Path = Annotated[Path, _in_context(lambda text, at: value_types.path(text, folder=at.folder))]
_Folder = Annotated[Path, _in_context(lambda text, at: value_types.existing(text, folder=at.folder))]
_Listen = Annotated[str, _in_context(lambda text, at: value_types.listen(text, folder=at.folder))]
_SigningSecret = Annotated[Secret, _text(value_types.signing_secret)]
_AppToken = Annotated[Secret, _text(lambda text: check_app_kind(check_token(Secret(text))), _SECRET)]
_MailDomain = Annotated[str, _text(value_types.mail_domain)]
_Network = Annotated[str, _text(value_types.network)]

_Key = Annotated[str, AfterValidator(value_types.key)]
_TopicKey = Annotated[str, AfterValidator(_topic_key)]
_Topic = Annotated[str, _in_context(lambda text, at: value_types.one_of(text, at.topics, "topic"))]
_Subscriber = Annotated[str, _in_context(lambda text, at: value_types.one_of(text, at.subscribers, "subscriber"))]

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Categories = tuple[Annotated[tuple[str, ...], _text(value_types.categories)], ...]
_Keywords = tuple[Annotated[_Text, AfterValidator(value_types.keyword)], ...]
_Authors = tuple[Annotated[_Text, AfterValidator(value_types.author)], ...]
_Query = Annotated[str, _text(value_types.query)]


# -- the sections ------------------------------------------------------------------------------------------------


class Section(BaseModel):
    """A mapping whose keys are the model's fields; a key without a value is as if it were not there."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _with_values(cls, raw: object) -> object:
        if isinstance(raw, dict):
            return {key: value for key, value in raw.items() if value is not None}
        return {} if raw is None else raw


class ArxivSection(Section):
    """`arxiv`."""

    rss_url: _UrlOfCategory = _ARXIV.rss_url
    oai_url: _Url = _ARXIV.oai_url
    catchup_url: _UrlOfDay | None = None
    """More exact than OAI-PMH, and made for people: opt-in."""
    seconds_between_requests: _Seconds = _ARXIV.seconds_between_requests
    """arXiv asks for at least 3; less is accepted on loopback only."""
    alert_after: _Duration = _ARXIV.alert_after
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

    def value(self) -> ArxivSettings:
        """The frozen value."""
        return ArxivSettings(**dict(self))


class TopicSection(Section):
    """One of `topics`."""

    title: _Text | None = None
    """What readers see; the name if there is none."""
    categories: Annotated[
        _Categories, *_AtLeastOne, AfterValidator(_flat), Advice("add the mailings to read, like [cs.CV]")
    ]
    """Which mailings are read for it. `cs.*` is all of cs; aliases such as cs.NA are understood."""
    keywords: Annotated[_Keywords, _Once] = ()
    """One of these is in the title or the abstract. With no keywords, authors or query: every paper."""
    exclude: Annotated[_Keywords, _Once] = ()
    """None of these is."""
    authors: Annotated[_Authors, _Once] = ()
    """Or one of these wrote it: "Given Family", "G. Family" or "Family, Given"."""
    query: _Query | None = None
    """In place of keywords and authors."""
    match: MatchMode = _TOPIC.match
    announce: Annotated[frozenset[AnnounceType], *_AtLeastOne] = _TOPIC.announce
    order: Order = _TOPIC.order
    limit: _Count | None = None
    """The most papers that a digest shows; the rest is counted and linked."""

    @field_validator("query")
    @classmethod
    def _alone(cls, query: str, info: ValidationInfo) -> str:
        beside = [key for key in ("keywords", "authors") if info.data.get(key)]
        if beside:
            raise ValueError(f"stands beside {' and '.join(beside)}: say all in the query or nothing")
        return query

    def value(self, name: str) -> Topic:
        """The frozen value."""
        return Topic(name=name, **{**dict(self), "title": self.title or name})


class ZoteroSection(Section):
    """`zotero` of a subscriber's `interest`."""

    user: _Count | None = None
    """The number that zotero.org/settings/keys shows as the userID."""
    group: _Count | None = None
    """Or a group's, from the address of its page."""
    key: Annotated[
        Secret, _text(Secret, _SECRET), Advice("add a key from zotero.org/settings/keys; reading is enough")
    ]
    api_url: _Url = "https://api.zotero.org"
    cache: _Path = Field(default="zotero.ris", validate_default=True)
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

    bibtex: _Path | None = None
    """A BibTeX file."""
    ris: _Path | None = None
    """A RIS file, as reference managers export it."""
    zotero: ZoteroSection | None = None

    def value(self) -> Interest:
        """The frozen value."""
        return Interest(self.bibtex, self.ris, self.zotero.value() if self.zotero else None)


class SubscriberSection(Section):
    """One of `subscribers`, but for its channel's key and options."""

    topics: Annotated[tuple[_Topic, ...], _Once, *_AtLeastOne, Advice("add names of topics, like [mllm]")]
    timezone: _Zone | None = None
    at: _WallTime | None = None
    """The hour in its time zone; as soon as the mailing is in if there is none."""
    on: Annotated[frozenset[_Weekday], *_AtLeastOne] = _SUBSCRIBER.on
    """On which weekdays; what came in between comes along. On one alone: the best of the week first."""
    digest: Literal["weekly"] | None = None
    """weekly: the best of the week, on Friday at 09:00 where `on` and `at` do not say otherwise."""
    when_empty: WhenEmpty = _SUBSCRIBER.when_empty
    on_unknown: OnUnknown = _SUBSCRIBER.on_unknown
    max_messages: _Count | None = None
    """The most messages that one digest may take; what does not fit is counted and linked.

    Where not said: one mail; in Slack and Discord four, which is a message and a thread of three.
    """
    full: _Count | None = None
    """How many papers are shown in full, the others as one line each.

    Where not said: 20, or with max_messages as many as fit.
    """
    picks: _Count | None = None
    """So many papers, the best of all topics, stand before all others."""
    interest: InterestSection | None = None
    """A library whose papers count like liked ones where `order: learned` is set."""
    paused: bool = _SUBSCRIBER.paused
    """Nothing is sent until it is false again."""
    was: _Key | None = None
    """The name that it had before it was renamed, so that it goes on where it was."""

    @field_validator("on")
    @classmethod
    def _at_an_hour(cls, on: frozenset[int], info: ValidationInfo) -> frozenset[int]:
        if info.data.get("at", ...) is None:
            raise ValueError('means nothing without an hour: add at: "08:00"')
        return on

    @model_validator(mode="after")
    def _on_one_weekday(self) -> Self:
        if self.digest == "weekly" and "on" in self.model_fields_set and len(self.on) > 1:
            raise ValueError("digest: weekly comes on one weekday: leave out `on`, or name one")
        return self

    @field_validator("was")
    @classmethod
    def _gone(cls, name: str, info: ValidationInfo[Context]) -> str:
        if name in info.context.subscribers:
            raise ValueError(f"there is a subscriber {value_types.shown(name)} still: it names one that was renamed")
        return name


class SiteSection(Section):
    """`site`."""

    dir: _Path = Field(default="site", validate_default=True)
    topics: Annotated[tuple[_Topic, ...], _Once] | None = None
    """All topics if there is no list."""
    url: _Page | None = None
    """Where the folder is published: "and N more" in a digest links there."""
    repository: _Repository | None = None
    """GitHub's owner/name, for the last-update badge."""

    def value(self, topics: Iterable[str]) -> SiteSettings:
        """The frozen value; `topics` are all there are."""
        return SiteSettings(**{**dict(self), "topics": tuple(topics) if self.topics is None else self.topics})


class WebSection(Section):
    """`web`."""

    url: Annotated[_Page, Advice("add the address that links in mails begin with, like https://papers.your-lab.edu")]
    """What links in mails begin with."""
    secret: Annotated[
        tuple[_SigningSecret, ...],
        BeforeValidator(lambda raw: [raw] if isinstance(raw, str) else raw),
        *_AtLeastOne,
        AfterValidator(value_types.two_at_most),
        WithJsonSchema(_ONE_OR_TWO),
        Advice("add 32 random characters or more, from `openssl rand -hex 32`"),
    ]
    """Signs links; two while it is being changed, the new one first."""
    listen: _Listen = "127.0.0.1:8080"
    """HOST:PORT, or unix:PATH."""
    signup: Annotated[tuple[_Topic, ...], _Once] = ()
    """The topics that anybody may subscribe to by mail."""
    signup_domains: tuple[_MailDomain, ...] = ()
    """If there are any: only addresses of these domains may."""
    own_topics: bool = True
    """Whether such a reader may have topics with words of their own."""
    trusted_proxies: tuple[_Network, ...] = ()
    """Networks whose X-Forwarded-For counts."""
    site: bool = False
    """Whether the pages of `site` are served, too."""

    def value(self) -> WebSettings:
        """The frozen value."""
        return WebSettings(**dict(self))


class SlackChatSection(Section):
    """`chat.slack`."""

    app_token: Annotated[_AppToken, Advice("add the app-level token (xapp-...) with the scope connections:write")]
    """An app-level token, `xapp-...`, with the scope connections:write."""
    who: WhoMayChange = WhoMayChange.MANAGERS
    """Who may change what a channel gets: everyone in it, or managers, who are the workspace's admins."""

    def value(self) -> SlackChat:
        """The frozen value."""
        return SlackChat(**dict(self))


class DiscordChatSection(Section):
    """`chat.discord`."""

    who: WhoMayChange = WhoMayChange.MANAGERS
    """Who may change what a channel gets: everyone in it, or managers, who may manage the server's channels."""

    def value(self) -> DiscordChat:
        """The frozen value."""
        return DiscordChat(**dict(self))


class ChatSection(Section):
    """`chat`. Each platform needs its bot token under `channels`."""

    slack: SlackChatSection | None = None
    """Listen in Slack."""
    discord: DiscordChatSection | None = None
    """Listen in Discord."""
    buttons: bool = True
    """Whether there are buttons under each paper: more like this, less like this, save."""

    def value(self) -> ChatSettings:
        """The frozen value."""
        return ChatSettings(
            slack=self.slack.value() if self.slack else None,
            discord=self.discord.value() if self.discord else None,
            buttons=self.buttons,
        )


class WholeFile(Section):
    """The whole file. The channels validate the entries of `channels` and `subscribers`."""

    store: _Store = Field(default="sqlite:///paperboy.db", validate_default=True)
    """What was seen and what was sent to whom: a SQLite file or a PostgreSQL database."""
    timezone: _Zone = _WHOLE.timezone
    """For subscribers that name none."""
    arxiv: ArxivSection = Field(default_factory=ArxivSection)
    topics: dict[_TopicKey, TopicSection] = Field(default={}, validate_default=True)
    channels: dict[str, object] = {}
    subscribers: dict[_Key, object] = {}
    site: SiteSection | None = None
    web: WebSection | None = None
    chat: ChatSection | None = None
    templates: _Folder | None = None
    """A folder whose files win over the built-in templates."""
    operator: _Subscriber | None = None
    """A subscriber that hears of trouble, at most once a day per trouble."""
    keep_days: _Days = _WHOLE.keep_days
    """Messages older than this many days are pruned; what was sent to whom stays."""
    metrics: _Listen | None = None
    """Where `paperboy run` answers a monitor (Prometheus at /metrics; /livez, /readyz): HOST:PORT, or unix:PATH."""
    health_url: _SecretUrl | None = None
    """A URL that `paperboy run` calls at least once an hour. Treated as a secret."""
    contact: Annotated[str, Advice("add your mail address or a URL, like you@your-lab.edu; arXiv is shown it")]
    """Whom arXiv may ask about this bot: a mail address or a URL."""

    @field_validator("topics")
    @classmethod
    def _any_topic(cls, topics: dict[str, TopicSection]) -> dict[str, TopicSection]:
        if not topics:
            raise ValueError("at least one topic is expected")
        return topics

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

    def value(self, subscribers: Mapping[str, Subscriber], channels: Mapping[str, Any]) -> Settings:
        """The frozen value, with the subscribers and channel settings that the channels made."""
        made = {
            "arxiv": self.arxiv.value(),
            "topics": {name: topic.value(name) for name, topic in self.topics.items()},
            "subscribers": subscribers,
            "channels": channels,
            "site": self.site.value(self.topics) if self.site else None,
            "web": self.web.value() if self.web else None,
            "chat": self.chat.value() if self.chat else None,
        }
        return Settings(**{**dict(self), **made})


_SECTIONS: Mapping[str, type[Section]] = {
    "arxiv": ArxivSection,
    "topics": TopicSection,
    "subscribers": SubscriberSection,
    "site": SiteSection,
    "web": WebSection,
    "chat": ChatSection,
    "chat.slack": SlackChatSection,
    "chat.discord": DiscordChatSection,
}
"""The model of each place in the file; `topics` and `subscribers` have many entries of the same model."""


def fields_at(place: Sequence[str | int]) -> Mapping[str, FieldInfo]:
    """The fields of the model for this place in the file."""
    if not place:
        return WholeFile.model_fields
    inner = _SECTIONS.get(".".join(map(str, place)))
    return (inner or _SECTIONS[str(place[0])]).model_fields


def advice_at(place: Sequence[str | int]) -> str:
    """What to write at a place where a setting is missing, as the end of a sentence."""
    metadata = fields_at(place[:-1])[str(place[-1])].metadata
    return "".join(f": {advice.text}" for advice in metadata if isinstance(advice, Advice))
