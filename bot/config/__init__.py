"""The configuration: YAML in, frozen settings out; or every problem at once, each with its path.

Reads the file, the environment and what `${file:...}` names; opens nothing else. What a setting is called, its type
and its default stand once, in the dataclasses of `settings`, `model` and the channels; here stands only what YAML
spells differently. Knows no channel by name. Never shows what a `${...}` stood for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

from bot.channels import CHANNELS
from bot.config import document, notation
from bot.config.validation import Reader, at_least, checked, join, keys_of, several
from bot.errors import ConfigError, Problem, QueryError
from bot.model import AnnounceType, Topic
from bot.settings import ArxivSettings, Settings, SiteSettings, Subscriber
from bot.taxonomy import UnknownCategoryError, expand

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from bot.channels.channel import Channel
    from bot.config.validation import Rules
    from bot.settings import Address

VARIABLE = "PAPERBOY_CONFIG"
DEFAULT_STORE = "sqlite:///paperboy.db"
EXAMPLE_CONTACT = "you@example.org"
POLITE_SECONDS = 3.0
"""arXiv's least time between requests: https://info.arxiv.org/help/api/tou.html."""

_LITERAL = frozenset({"topics", "operator"})
"""Settings that errors repeat, so that no `${...}` is replaced in them; nor in a topic, where TeX has its dollars."""
_NEEDED_BY: Mapping[str, frozenset[str]] = {"token": frozenset({"channel"})}
"""Setting -> the kinds of address that need it (a webhook needs no token), unless a channel has its own NEEDED_BY."""
_ROUTE = ("name", "channel", "addresses", "options")
"""Fields of a subscriber that are no keys."""


def locate(option: Path | None, environ: Mapping[str, str]) -> Path:
    """The configuration file: `--config`, else $PAPERBOY_CONFIG, else config.yaml. `load` says if it is not there."""
    return option or Path(environ.get(VARIABLE) or "config.yaml")


def load(path: Path, environ: Mapping[str, str], channels: Mapping[str, type[Channel]] = CHANNELS) -> Settings:
    """The settings that the file stands for.

    Args:
        path: the YAML file; relative paths in it are relative to its folder.
        environ: what `${NAME}` is read from.
        channels: the dict of channels.

    Raises:
        ConfigError: with every problem that can be seen at once.
    """
    values, twice = document.read(path)
    reader = Reader(path.absolute().parent, environ, list(twice))
    settings = _settings(reader, values, channels)
    if settings is None or reader.problems:
        raise ConfigError(str(path), tuple(dict.fromkeys(reader.problems)))
    return settings


def refuse_live(settings: Settings) -> Problem | None:
    """Why live arXiv must not be asked with these settings, if so: the example's contact is nobody's.

    No fault of the file, which loads and may be looked at: whoever is about to ask arXiv asks here first.
    """
    if settings.arxiv.live and settings.contact == EXAMPLE_CONTACT:
        return Problem("contact", f"put your own in place of {EXAMPLE_CONTACT}: arXiv wants to know whom to ask")
    return None


def _settings(reader: Reader, raw: object, channels: Mapping[str, type[Channel]]) -> Settings | None:
    root = reader.mapping(raw, "", keys_of(Settings))
    zone = reader.value(checked(notation.zone), root.get("timezone", "UTC"), "timezone") or ZoneInfo("UTC")
    arxiv = _arxiv(reader, root.get("arxiv"))
    topics = reader.named(root.get("topics"), "topics")
    if not root.get("topics"):
        reader.note("topics", "at least one topic is expected")
    subscribers = reader.named(root.get("subscribers"), "subscribers")
    routes = {name: _route(reader, join("subscribers", name), raw, channels) for name, raw in subscribers.items()}
    topic_rules, subscriber_rules = _topic_rules(), _subscriber_rules(topics)
    given = {
        "timezone": zone,
        "arxiv": arxiv,
        "topics": {name: _topic(reader, name, raw, topic_rules) for name, raw in topics.items()},
        "subscribers": {n: _subscriber(reader, n, route, subscriber_rules, zone) for n, route in routes.items()},
        "channels": _channels(reader, root.get("channels"), channels, routes),
        "site": _site(reader, root["site"], topics) if "site" in root else None,
    }
    rules = {
        "contact": checked(partial(notation.contact, live=(arxiv or ArxivSettings()).live)),
        "store": checked(partial(notation.store, folder=reader.folder)),
        "templates": checked(partial(notation.existing, folder=reader.folder)),
        "operator": checked(_one_of(subscribers, "subscriber")),
        "keep_days": at_least(1),
    }
    rest = {key: value for key, value in root.items() if key not in given}
    return reader.record(
        Settings,
        rest,
        "",
        rules=rules,
        given=given,
        defaults={"store": DEFAULT_STORE},
        literal=_LITERAL,
    )


def _arxiv(reader: Reader, raw: object) -> ArxivSettings | None:
    rules = {
        "rss_url": checked(partial(notation.url, placeholders=("category",))),
        "oai_url": checked(notation.url),
        "catchup_url": checked(partial(notation.url, placeholders=("category", "date"))),
        "seconds_between_requests": at_least(0, float),
        "alert_after": checked(notation.duration),
    }
    arxiv = reader.record(ArxivSettings, raw, "arxiv", rules=rules)
    if arxiv and arxiv.live and arxiv.seconds_between_requests < POLITE_SECONDS:
        sentence = f"at least {POLITE_SECONDS:g} is expected where arXiv is not on loopback: its terms of use"
        reader.note("arxiv.seconds_between_requests", sentence)
    return arxiv


def _topic(reader: Reader, name: str, raw: object, rules: Rules) -> Topic | None:
    at = join("topics", name)
    beside = [key for key in ("keywords", "authors") if isinstance(raw, dict) and raw.get("query") and raw.get(key)]
    if beside:
        reader.note(join(at, "query"), f"stands beside {' and '.join(beside)}: say all in the query or nothing")
    given, defaults = {"name": name}, {"title": name}
    return reader.record(Topic, raw, at, rules=rules, given=given, defaults=defaults, literal=keys_of(Topic))


def _topic_rules() -> Rules:
    from pydantic import AfterValidator, StringConstraints  # noqa: PLC0415 - as in `validation`

    text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    return {
        "title": text,
        "categories": Annotated[several(checked(_categories)), AfterValidator(_flat)],
        "keywords": several(text, least=0),
        "exclude": several(text, least=0),
        "authors": several(text, least=0),
        "query": checked(_query),
        "announce": several(AnnounceType, kind=frozenset),
        "limit": at_least(1),
    }


@dataclass(frozen=True, slots=True)
class _Route:
    """What a subscriber's channel makes of its keys, and the keys that are left."""

    channel: str
    addresses: tuple[Address, ...]
    options: object
    rest: Mapping[str, object]


def _route(reader: Reader, at: str, raw: object, channels: Mapping[str, type[Channel]]) -> _Route:
    chosen = [name for name in channels if isinstance(raw, dict) and raw.get(name) is not None]
    possible = chosen if len(chosen) == 1 else channels
    options = [key for name in possible for key in keys_of(channels[name].Options)]
    common = keys_of(Subscriber, but=_ROUTE)
    entries = reader.mapping(raw, at, [*common, *channels, *options])
    rest = {key: entries[key] for key in common if key in entries}
    if len(chosen) != 1:
        too_many = f"has {' and '.join(chosen)}: make it a subscriber for each"
        reader.note(at, too_many if chosen else f"has no channel: one of {', '.join(channels)} is expected")
        return _Route("", (), None, rest)
    (channel,) = chosen
    kind = channels[channel]
    picked = reader.record(kind.Options, {key: entries[key] for key in options if key in entries}, at)
    addresses = _addresses(reader, join(at, channel), kind, entries[channel], picked or kind.Options())
    return _Route(channel, addresses, picked, rest)


def _addresses(reader: Reader, at: str, kind: type[Channel], raw: object, options: object) -> tuple[Address, ...]:
    before = len(reader.problems)
    value = reader.resolve(raw, at)
    if len(reader.problems) > before:
        return ()
    try:
        addresses = kind.addresses(value, options)
    except ValueError as error:
        reader.note(at, str(error))
        return ()
    if any(notation.plain_http(address.value.reveal()) for address in addresses):
        reader.note(at, notation.USE_HTTPS)
    return addresses


def _subscriber(reader: Reader, name: str, route: _Route, rules: Rules, zone: ZoneInfo) -> Subscriber | None:
    at = join("subscribers", name)
    if "on" in route.rest and "at" not in route.rest:
        reader.note(join(at, "on"), 'means nothing without an hour: add at: "08:00"')
    given = dict(zip(_ROUTE, (name, route.channel, route.addresses, route.options), strict=True))
    return reader.record(
        Subscriber, route.rest, at, rules=rules, given=given, defaults={"timezone": zone.key}, literal=_LITERAL
    )


def _subscriber_rules(topics: Iterable[str]) -> Rules:
    return {
        "topics": several(checked(_one_of(topics, "topic"))),
        "timezone": checked(notation.zone),
        "at": checked(notation.wall_time),
        "on": several(checked(notation.weekday), kind=frozenset),
        "max_messages": at_least(1),
    }


def _channels(
    reader: Reader, raw: object, channels: Mapping[str, type[Channel]], routes: Mapping[str, _Route]
) -> dict[str, Any]:
    """The settings of the channels that somebody uses; of the others only the keys are looked at."""
    sections = reader.mapping(raw, "channels", channels)
    used = {}
    for name, kind in channels.items():
        at = join("channels", name)
        section = reader.mapping(sections.get(name), at, keys_of(kind.Settings))
        users = {user: {address.kind for address in r.addresses} for user, r in routes.items() if r.channel == name}
        if users:
            used[name] = _channel(reader, at, kind, section, users)
    return used


def _channel(
    reader: Reader, at: str, kind: type[Channel], section: dict[str, object], users: Mapping[str, set[str]]
) -> object:
    keys = keys_of(kind.Settings)
    needed_by: Mapping[str, frozenset[str]] = getattr(kind, "NEEDED_BY", _NEEDED_BY)
    needing = {
        key: [user for user, kinds in users.items() if key not in needed_by or kinds & needed_by[key]] for key in keys
    }
    why = {key: _used_by(needing[key]) for key in keys}
    for key in needed_by:
        if not needing.get(key):
            section.pop(key, None)
        elif key not in section:
            reader.note(join(at, key), "is missing" + why[key])
    settings = reader.record(kind.Settings, section, at, why=why)
    for key in keys:
        text = getattr(settings, key, None)
        if isinstance(text, str) and notation.plain_http(text):
            reader.note(join(at, key), notation.USE_HTTPS)
    return settings


def _used_by(users: Collection[str]) -> str:
    return (
        f" (used by subscriber{'s' if len(users) > 1 else ''} {', '.join(map(notation.shown, users))})"
        if users
        else ""
    )


def _site(reader: Reader, raw: object, topics: Iterable[str]) -> SiteSettings | None:
    rules = {
        "dir": checked(partial(notation.path, folder=reader.folder)),
        "topics": several(checked(_one_of(topics, "topic")), least=0),
        "url": checked(notation.page),
        "repository": checked(notation.repository),
    }
    defaults = {"dir": "site", "topics": list(topics)}
    return reader.record(SiteSettings, raw, "site", rules=rules, defaults=defaults, literal=_LITERAL)


def _categories(pattern: str) -> tuple[str, ...]:
    try:
        return expand(pattern)
    except UnknownCategoryError as error:
        hint = f": did you mean {error.suggestion}?" if error.suggestion else ""
        raise ValueError(f"unknown category {notation.shown(pattern)}{hint}") from None


def _flat(expanded: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(category for categories in expanded for category in categories))


def _query(text: str) -> str:
    from bot.topics.query import parse  # noqa: PLC0415 - lark, which only a topic with a query needs

    try:
        parse(text)
    except QueryError as error:
        raise ValueError(str(error)) from None
    return text


def _one_of(known: Iterable[str], what: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in known:
            raise ValueError(f"no {what} {notation.shown(text)}{notation.meant(text, known)}")
        return text

    return check
