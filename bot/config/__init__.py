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
from bot.config.validator import Validator, join, keys_of
from bot.errors import ConfigError
from bot.model import Topic
from bot.settings import ArxivSettings, Settings, SiteSettings, Subscriber, WebSettings, is_loopback

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from bot.channels.channel import Channel
    from bot.config.validator import FieldTypes
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
    values, repeated_keys = yaml_file.read(path)
    validator = Validator(path.absolute().parent, environ, list(repeated_keys))
    settings = _settings(validator, values, channels)
    if settings is None or validator.problems:
        raise ConfigError(str(path), tuple(dict.fromkeys(validator.problems)))
    return settings


def _settings(validator: Validator, raw: object, channels: Mapping[str, type[Channel]]) -> Settings | None:
    root = validator.mapping(raw, "", keys_of(Settings))
    zone = validator.value(fields.zone(), root.get("timezone", "UTC"), "timezone") or ZoneInfo("UTC")
    arxiv = _arxiv(validator, root.get("arxiv"))
    topics = validator.named(root.get("topics"), "topics")
    if not root.get("topics"):
        validator.add_problem("topics", "at least one topic is expected")
    _check_names(validator, topics)
    subscribers = validator.named(root.get("subscribers"), "subscribers")
    web = root.get("web")
    signup = isinstance(web, dict) and bool(web.get("signup"))
    routes = {name: _route(validator, join("subscribers", name), raw, channels) for name, raw in subscribers.items()}
    topic_types, subscriber_types = fields.topic(), fields.subscriber(topics)
    given = {
        "timezone": zone,
        "arxiv": arxiv,
        "topics": {name: _topic(validator, name, raw, topic_types) for name, raw in topics.items()},
        "subscribers": {n: _subscriber(validator, n, route, subscriber_types, zone) for n, route in routes.items()},
        "channels": _channels(validator, root.get("channels"), channels, routes, signup=signup),
        "site": _site(validator, root["site"], topics) if "site" in root else None,
        "web": _web(validator, root["web"], root, topics) if "web" in root else None,
    }
    rest = {key: value for key, value in root.items() if key not in given}
    return validator.record(
        Settings,
        rest,
        "",
        field_types=fields.whole(validator.folder, subscribers, live=(arxiv or ArxivSettings()).live),
        given=given,
        defaults={"store": DEFAULT_STORE},
        literal=_LITERAL,
    )


def _check_names(validator: Validator, topics: Iterable[str]) -> None:
    """A topic's name becomes a folder's, and on some disks two that differ only in case are one."""
    seen: dict[str, str] = {}
    for name in topics:
        first = seen.setdefault(name.lower(), name)
        if first != name:
            sentence = f"differs from {value_types.shown(first)} only in case: some disks have one folder for both"
            validator.add_problem(join("topics", name), sentence)


def _arxiv(validator: Validator, raw: object) -> ArxivSettings | None:
    arxiv = validator.record(ArxivSettings, raw, "arxiv", field_types=fields.arxiv())
    if arxiv and arxiv.live and arxiv.seconds_between_requests < POLITE_SECONDS:
        sentence = f"at least {POLITE_SECONDS:g} is expected where arXiv is not on loopback: its terms of use"
        validator.add_problem("arxiv.seconds_between_requests", sentence)
    return arxiv


def _topic(validator: Validator, name: str, raw: object, topic_types: FieldTypes) -> Topic | None:
    at = join("topics", name)
    beside = [key for key in ("keywords", "authors") if isinstance(raw, dict) and raw.get("query") and raw.get(key)]
    if beside:
        validator.add_problem(
            join(at, "query"), f"stands beside {' and '.join(beside)}: say all in the query or nothing"
        )
    given, defaults = {"name": name}, {"title": name}
    return validator.record(
        Topic, raw, at, field_types=topic_types, given=given, defaults=defaults, literal=keys_of(Topic)
    )


@dataclass(frozen=True, slots=True)
class _Route:
    """What a subscriber's channel makes of its keys, and the keys that are left."""

    channel: str
    addresses: tuple[Address, ...]
    options: object
    rest: Mapping[str, object]


def _route(validator: Validator, at: str, raw: object, channels: Mapping[str, type[Channel]]) -> _Route:
    chosen = [name for name in channels if isinstance(raw, dict) and raw.get(name) is not None]
    possible = chosen if len(chosen) == 1 else channels
    options = [key for name in possible for key in keys_of(channels[name].Options)]
    common = keys_of(Subscriber, but=_ROUTE)
    entries = validator.mapping(raw, at, [*common, *channels, *options])
    rest = {key: entries[key] for key in common if key in entries}
    if len(chosen) != 1:
        _report_channels(
            validator, at, chosen, [name for name in channels if isinstance(raw, dict) and name in raw], channels
        )
        return _Route("", (), None, rest)
    (channel,) = chosen
    kind = channels[channel]
    picked = validator.record(kind.Options, {key: entries[key] for key in options if key in entries}, at)
    addresses = _addresses(validator, join(at, channel), kind, entries[channel], picked or kind.Options())
    return _Route(channel, addresses, picked, rest)


def _report_channels(
    validator: Validator, at: str, chosen: Collection[str], empty: Collection[str], channels: Iterable[str]
) -> None:
    """Say why a subscriber has not one channel: several are chosen, or none, or their keys are there but `empty`."""
    if chosen:
        validator.add_problem(at, f"has {' and '.join(chosen)}: make it a subscriber for each")
    elif empty:
        for name in empty:
            validator.add_problem(join(at, name), "has no value; a text that begins with # needs quotes")
    else:
        validator.add_problem(at, f"has no channel: one of {', '.join(channels)} is expected")


def _addresses(
    validator: Validator, at: str, kind: type[Channel], raw: object, options: object
) -> tuple[Address, ...]:
    before = len(validator.problems)
    value = validator.resolve(raw, at)
    if len(validator.problems) > before:
        return ()
    try:
        addresses = kind.addresses(value, options)
    except ValueError as error:
        validator.add_redacted_problem(at, str(error))
        return ()
    if any(value_types.plain_http(address.value.reveal()) for address in addresses):
        validator.add_problem(at, value_types.USE_HTTPS)
    return addresses


def _subscriber(
    validator: Validator, name: str, route: _Route, own_types: FieldTypes, zone: ZoneInfo
) -> Subscriber | None:
    at = join("subscribers", name)
    if "on" in route.rest and "at" not in route.rest:
        validator.add_problem(join(at, "on"), 'means nothing without an hour: add at: "08:00"')
    given = dict(zip(_ROUTE, (name, route.channel, route.addresses, route.options), strict=True))
    return validator.record(
        Subscriber,
        route.rest,
        at,
        field_types=own_types,
        given=given,
        defaults={"timezone": zone.key},
        literal=_LITERAL,
    )


def _channels(
    validator: Validator,
    raw: object,
    channels: Mapping[str, type[Channel]],
    routes: Mapping[str, _Route],
    *,
    signup: bool,
) -> dict[str, Any]:
    """The settings of the channels that somebody uses; of the others only the keys are looked at.

    Who signs up on the web uses mail.
    """
    sections = validator.mapping(raw, "channels", channels)
    used = {}
    for name, kind in channels.items():
        at = join("channels", name)
        section = validator.mapping(sections.get(name), at, keys_of(kind.Settings))
        users = {user: {address.kind for address in r.addresses} for user, r in routes.items() if r.channel == name}
        if users or (signup and name == "mail"):
            used[name] = _channel(validator, at, kind, section, users)
    return used


def _channel(
    validator: Validator, at: str, kind: type[Channel], section: dict[str, object], users: Mapping[str, set[str]]
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
            validator.add_problem(join(at, key), "is missing" + why[key])
    settings = validator.record(kind.Settings, section, at, field_types=fields.channel(), why=why)
    remote = not is_loopback(getattr(settings, "host", "localhost"))
    for key in keys:
        text = getattr(settings, key, None)
        if isinstance(text, str) and value_types.plain_http(text):
            validator.add_problem(join(at, key), value_types.USE_HTTPS)
        if isinstance(text, str) and remote and value_types.EXAMPLE_MAILBOX.search(text):
            validator.add_problem(
                join(at, key), "is still the example's, which no relay takes: put your own mail address"
            )
    return settings


def _used_by(users: Collection[str]) -> str:
    return (
        f" (used by subscriber{'s' if len(users) > 1 else ''} {', '.join(map(value_types.shown, users))})"
        if users
        else ""
    )


def _site(validator: Validator, raw: object, topics: Iterable[str]) -> SiteSettings | None:
    site_types = fields.site(validator.folder, topics)
    defaults = {"dir": "site", "topics": list(topics)}
    return validator.record(SiteSettings, raw, "site", field_types=site_types, defaults=defaults, literal=_LITERAL)


def _web(validator: Validator, raw: object, root: Mapping[str, object], topics: Iterable[str]) -> WebSettings | None:
    web = validator.record(
        WebSettings, raw, "web", field_types=fields.web(validator.folder, topics), literal={"signup"}
    )
    if web and web.site and "site" not in root:
        validator.add_problem("web.site", "there is no site to serve: add `site:`")
    return web
