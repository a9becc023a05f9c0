"""The configuration: YAML in, frozen settings out; or every problem at once, each with its path.

Reads the file, the environment and what `${file:...}` names; opens nothing else. What a setting is called, its type
and its default stand once, in the dataclasses of `settings`, `model` and the channels; here stands only what YAML
spells differently. Knows no channel by name. Never shows what a `${...}` stood for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bot.channels import CHANNELS
from bot.config import fields, value_types, yaml_file
from bot.config.validator import Reader, join, keys_of
from bot.errors import ConfigError
from bot.model import Topic
from bot.settings import ArxivSettings, Settings, SiteSettings, Subscriber, is_loopback

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from bot.channels.channel import Channel
    from bot.config.validator import Rules
    from bot.settings import Address

VARIABLE = "PAPERBOY_CONFIG"
DEFAULT_STORE = "sqlite:///paperboy.db"
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
    values, twice = yaml_file.read(path)
    reader = Reader(path.absolute().parent, environ, list(twice))
    settings = _settings(reader, values, channels)
    if settings is None or reader.problems:
        raise ConfigError(str(path), tuple(dict.fromkeys(reader.problems)))
    return settings


def _settings(reader: Reader, raw: object, channels: Mapping[str, type[Channel]]) -> Settings | None:
    root = reader.mapping(raw, "", keys_of(Settings))
    zone = reader.value(fields.zone(), root.get("timezone", "UTC"), "timezone") or ZoneInfo("UTC")
    arxiv = _arxiv(reader, root.get("arxiv"))
    topics = reader.named(root.get("topics"), "topics")
    if not root.get("topics"):
        reader.note("topics", "at least one topic is expected")
    _check_names(reader, topics)
    subscribers = reader.named(root.get("subscribers"), "subscribers")
    routes = {name: _route(reader, join("subscribers", name), raw, channels) for name, raw in subscribers.items()}
    topic_rules, subscriber_rules = fields.topic(), fields.subscriber(topics)
    given = {
        "timezone": zone,
        "arxiv": arxiv,
        "topics": {name: _topic(reader, name, raw, topic_rules) for name, raw in topics.items()},
        "subscribers": {n: _subscriber(reader, n, route, subscriber_rules, zone) for n, route in routes.items()},
        "channels": _channels(reader, root.get("channels"), channels, routes),
        "site": _site(reader, root["site"], topics) if "site" in root else None,
    }
    rest = {key: value for key, value in root.items() if key not in given}
    return reader.record(
        Settings,
        rest,
        "",
        rules=fields.whole(reader.folder, subscribers, live=(arxiv or ArxivSettings()).live),
        given=given,
        defaults={"store": DEFAULT_STORE},
        literal=_LITERAL,
    )


def _check_names(reader: Reader, topics: Iterable[str]) -> None:
    """A topic's name becomes a folder's, and on some disks two that differ only in case are one."""
    seen: dict[str, str] = {}
    for name in topics:
        first = seen.setdefault(name.lower(), name)
        if first != name:
            sentence = f"differs from {value_types.shown(first)} only in case: some disks have one folder for both"
            reader.note(join("topics", name), sentence)


def _arxiv(reader: Reader, raw: object) -> ArxivSettings | None:
    arxiv = reader.record(ArxivSettings, raw, "arxiv", rules=fields.arxiv())
    if arxiv and arxiv.live and arxiv.seconds_between_requests < POLITE_SECONDS:
        sentence = f"at least {POLITE_SECONDS:g} is expected where arXiv is not on loopback: its terms of use"
        reader.note("arxiv.seconds_between_requests", sentence)
    return arxiv


def _topic(reader: Reader, name: str, raw: object, topic_rules: Rules) -> Topic | None:
    at = join("topics", name)
    beside = [key for key in ("keywords", "authors") if isinstance(raw, dict) and raw.get("query") and raw.get(key)]
    if beside:
        reader.note(join(at, "query"), f"stands beside {' and '.join(beside)}: say all in the query or nothing")
    given, defaults = {"name": name}, {"title": name}
    return reader.record(Topic, raw, at, rules=topic_rules, given=given, defaults=defaults, literal=keys_of(Topic))


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
        _note_channels(
            reader, at, chosen, [name for name in channels if isinstance(raw, dict) and name in raw], channels
        )
        return _Route("", (), None, rest)
    (channel,) = chosen
    kind = channels[channel]
    picked = reader.record(kind.Options, {key: entries[key] for key in options if key in entries}, at)
    addresses = _addresses(reader, join(at, channel), kind, entries[channel], picked or kind.Options())
    return _Route(channel, addresses, picked, rest)


def _note_channels(
    reader: Reader, at: str, chosen: Collection[str], empty: Collection[str], channels: Iterable[str]
) -> None:
    """Say why a subscriber has not one channel: several are chosen, or none, or their keys are there but `empty`."""
    if chosen:
        reader.note(at, f"has {' and '.join(chosen)}: make it a subscriber for each")
    elif empty:
        for name in empty:
            reader.note(join(at, name), "has no value; a text that begins with # needs quotes")
    else:
        reader.note(at, f"has no channel: one of {', '.join(channels)} is expected")


def _addresses(reader: Reader, at: str, kind: type[Channel], raw: object, options: object) -> tuple[Address, ...]:
    before = len(reader.problems)
    value = reader.resolve(raw, at)
    if len(reader.problems) > before:
        return ()
    try:
        addresses = kind.addresses(value, options)
    except ValueError as error:
        reader.quote(at, str(error))
        return ()
    if any(value_types.plain_http(address.value.reveal()) for address in addresses):
        reader.note(at, value_types.USE_HTTPS)
    return addresses


def _subscriber(reader: Reader, name: str, route: _Route, own_rules: Rules, zone: ZoneInfo) -> Subscriber | None:
    at = join("subscribers", name)
    if "on" in route.rest and "at" not in route.rest:
        reader.note(join(at, "on"), 'means nothing without an hour: add at: "08:00"')
    given = dict(zip(_ROUTE, (name, route.channel, route.addresses, route.options), strict=True))
    return reader.record(
        Subscriber, route.rest, at, rules=own_rules, given=given, defaults={"timezone": zone.key}, literal=_LITERAL
    )


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
    settings = reader.record(kind.Settings, section, at, rules=fields.channel(), why=why)
    remote = not is_loopback(getattr(settings, "host", "localhost"))
    for key in keys:
        text = getattr(settings, key, None)
        if isinstance(text, str) and value_types.plain_http(text):
            reader.note(join(at, key), value_types.USE_HTTPS)
        if isinstance(text, str) and remote and value_types.EXAMPLE_MAILBOX.search(text):
            reader.note(join(at, key), "is still the example's, which no relay takes: put your own mail address")
    return settings


def _used_by(users: Collection[str]) -> str:
    return (
        f" (used by subscriber{'s' if len(users) > 1 else ''} {', '.join(map(value_types.shown, users))})"
        if users
        else ""
    )


def _site(reader: Reader, raw: object, topics: Iterable[str]) -> SiteSettings | None:
    site_rules = fields.site(reader.folder, topics)
    defaults = {"dir": "site", "topics": list(topics)}
    return reader.record(SiteSettings, raw, "site", rules=site_rules, defaults=defaults, literal=_LITERAL)
