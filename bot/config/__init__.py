"""Loads the configuration: from YAML to frozen settings, or every problem at once, each with its path and line.

Reads the file, the environment and the files that `${file:...}` names; opens nothing else. What a section may contain
is in `models`, and for a channel in its own classes; this module has only the rules across sections. Knows no channel
by name. Never shows the value of a `${...}`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.channels import CHANNELS
from bot.channels.defaults import decided, room_for
from bot.channels.tokens import is_quoted
from bot.config import value_types, yaml_file
from bot.config.field_types import Context
from bot.config.models import SubscriberSection, TopicSection, WholeFile
from bot.config.reader import Reader, join
from bot.config.yaml_file import Document
from bot.errors import ConfigError, Problem
from bot.settings import CHAT_PLATFORMS, Settings, Subscriber, is_loopback, refuse_live

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from _typeshed import DataclassInstance

    from bot.channels.channel import Channel
    from bot.config.reader import Place
    from bot.model import Topic
    from bot.settings import Address

VARIABLE = "PAPERBOY_CONFIG"
WEEKLY_AT, WEEKLY_ON = time(9), frozenset({4})
"""When `digest: weekly` and `digest: liked` come where a subscriber does not say: on Friday."""

_SIGNUP_CHANNEL = "mail"
_NEEDED_BY: Mapping[str, frozenset[str]] = {"token": frozenset({"channel"})}
"""By setting, the kinds of address that need it (a webhook needs no token); a channel may have its own NEEDED_BY."""


def locate(option: Path | None, environ: Mapping[str, str]) -> Path:
    """The configuration file: `--config`, else $PAPERBOY_CONFIG, else config.yaml. It need not exist."""
    return option or Path(environ.get(VARIABLE) or "config.yaml")


def load(path: Path, environ: Mapping[str, str], channels: Mapping[str, type[Channel]] = CHANNELS) -> Settings:
    """Loads the settings from the file.

    Args:
        path: the YAML file; relative paths in it are relative to its folder.
        environ: the environment, for `${NAME}`.
        channels: the channels by name.

    Raises:
        ConfigError: the file is wrong; with all problems, in the order of the file.
    """
    document = yaml_file.read(path)
    topics, subscribers = _entries(document.values, "topics"), _entries(document.values, "subscribers")
    context = Context(path.absolute().parent, topics, subscribers)
    reader = Reader(document, context, environ, list(document.repeated_keys))
    entries = reader.resolve(document.values, (), literal=_is_literal)
    whole = reader.validate(WholeFile, entries, ())
    routes = {
        name: _route(reader, ("subscribers", name), raw, channels)
        for name, raw in _entries(entries, "subscribers").items()
    }
    _check_renamed(reader, routes)
    used = _channels(reader, _entries(entries, "channels"), channels, routes, _of_readers(whole, entries))
    if whole is None or reader.problems:
        problems = sorted(dict.fromkeys(reader.problems), key=lambda problem: problem.line or 0)
        raise ConfigError(str(path), tuple(problems))
    neighbours: dict[object, tuple[str, ...]] = {}
    for name, route in routes.items():
        neighbours[route.destination] = (*neighbours.get(route.destination, ()), name)
    made = {n: route.subscriber(n, whole, neighbours[route.destination]) for n, route in routes.items()}
    return whole.settings(made, used)


def load_for_arxiv(path: Path, environ: Mapping[str, str]) -> Settings:
    """Loads the settings for a command that asks arXiv.

    Raises:
        ConfigError: the file is wrong, or arXiv would get the example's contact.
    """
    settings = load(path, environ)
    problem = refuse_live(settings)
    if problem is not None:
        raise _refused(path, problem)
    return settings


def load_to_run(path: Path, environ: Mapping[str, str], *, fleet: bool = False) -> Settings:
    """Loads the settings for a process that goes on running.

    Args:
        path: the file.
        environ: the environment.
        fleet: whether they have to be for many workers.

    Raises:
        ConfigError: the file is wrong, arXiv would get the example's contact, or what many workers need is missing.
    """
    settings = load_for_arxiv(path, environ)
    if fleet and not settings.fleet:
        raise _refused(path, Problem("fleet", "is not true: workers need `fleet: true`, and a store on PostgreSQL"))
    if settings.fleet and find_spec("procrastinate") is None:
        advice = "true needs an extra that is not installed: pip install 'paperboy-digest[fleet]'"
        raise _refused(path, Problem("fleet", advice))
    return settings


def _refused(path: Path, problem: Problem) -> ConfigError:
    """The error of one problem, with its line if it has one."""
    line = yaml_file.read(path).line((problem.path,))
    return ConfigError(str(path), (replace(problem, line=line),))


def read_topic(entries: Mapping[str, object], place: Place) -> Topic:
    """Validates a topic that is in no file, with the same rules as those in `topics`. It has no name.

    Args:
        entries: its keys and their values.
        place: where they were given, for the problems: `("topics", ...)`.

    Raises:
        ConfigError: it is wrong; with all problems.
    """
    reader = Reader(Document(entries), Context(Path()), {})
    section = reader.validate(TopicSection, entries, place)
    if section is None:
        raise ConfigError(join(place), tuple(reader.problems))
    return section.named("")


def _entries(values: object, key: str) -> dict[str, object]:
    section = values.get(key) if isinstance(values, dict) else None
    return section if isinstance(section, dict) else {}


def _is_literal(place: Place) -> bool:
    """Whether no `${...}` is replaced at this place, or not yet.

    Topics may contain TeX with dollars; errors repeat the names of topics and subscribers; a channel's secrets are
    read only if a subscriber uses it.
    """
    match place:
        case (
            ("topics" | "operator" | "channels", *_)
            | ("site", "topics")
            | ("web", "signup")
            | ("subscribers", _, "topics")
        ):
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Route:
    """A subscriber's channel with addresses and options, and its other keys."""

    rest: SubscriberSection | None
    channel: str = ""
    addresses: tuple[Address, ...] = ()
    options: object = None

    @property
    def destination(self) -> tuple[str, frozenset[str]]:
        """Where its digests go."""
        return self.channel, frozenset(address.key for address in self.addresses)

    def subscriber(self, name: str, whole: WholeFile, neighbours: tuple[str, ...]) -> Subscriber:
        """The subscriber, if there was no problem.

        Args:
            name: its key.
            whole: the whole file, for defaults.
            neighbours: all subscribers with its destination, itself among them.
        """
        rest = {**dict(self.rest or ())}
        alone = bool(getattr(self.options, "reactions", False))
        room = room_for(CHANNELS.get(self.channel), rest["max_messages"], rest["full"], alone=alone)
        interest = rest["interest"].value() if rest["interest"] else None
        digest = rest.pop("digest")
        if digest and self.rest is not None:
            said = "on" in self.rest.model_fields_set
            rest = {**rest, "at": rest["at"] or WEEKLY_AT, "on": rest["on"] if said else WEEKLY_ON}
        common = {**rest, **room, "timezone": rest["timezone"] or whole.timezone, "interest": interest}
        common["votes_of"] = neighbours if digest == "liked" else ()
        buttons = whole.chat is not None and whole.chat.value().has_buttons(self.channel)
        options = decided(self.options, self.addresses, buttons=buttons)
        return Subscriber(name, self.channel, self.addresses, options=options, **common)


def _route(reader: Reader, place: Place, raw: object, channels: Mapping[str, type[Channel]]) -> _Route:
    written = raw if isinstance(raw, dict) else {}
    named = [name for name in channels if name in written]
    chosen = [name for name in named if written[name] is not None]
    possible = chosen if len(chosen) == 1 else channels
    common, options = SubscriberSection.model_fields, _keys(*(channels[name].Options for name in possible))
    entries = reader.mapping(raw, place, (*common, *channels, *options))
    rest = reader.validate(SubscriberSection, {key: entries[key] for key in common if key in entries}, place)
    if len(chosen) != 1:
        _report_channels(reader, place, chosen, named, channels)
        return _Route(rest)
    (channel,) = chosen
    kind = channels[channel]
    own = reader.validate(kind.Options, {key: entries[key] for key in options if key in entries}, place)
    addresses = _addresses(reader, (*place, channel), channels, entries[channel], own or kind.Options())
    return _Route(rest, channel, addresses, own)


def _check_renamed(reader: Reader, routes: Mapping[str, _Route]) -> None:
    """Refuses two subscribers with the same `was`: the state of an old name can go to one of them only."""
    heirs: dict[str, str] = {}
    for name, route in routes.items():
        was = route.rest.was if route.rest else None
        if was and heirs.setdefault(was, name) != name:
            reader.add_problem(("subscribers", name, "was"), f"{heirs[was]} was {was} already")


def _report_channels(
    reader: Reader, place: Place, chosen: Collection[str], named: Collection[str], channels: Iterable[str]
) -> None:
    """Reports that a subscriber has several channels, none, or one without a value."""
    if chosen:
        reader.add_problem(place, f"has {' and '.join(chosen)}: make it a subscriber for each")
    elif named:
        for name in named:
            written = f'; # begins a comment: put the text in quotes, like {name}: "#..."'
            reader.add_problem((*place, name), f"has no value{written}")
    else:
        reader.add_problem(place, f"has no channel: one of {', '.join(channels)} is expected")


def _addresses(
    reader: Reader, place: Place, channels: Mapping[str, type[Channel]], value: object, options: object
) -> tuple[Address, ...]:
    channel = str(place[-1])
    if not reader.is_resolved(place):
        return ()
    if any(is_quoted(text) for text in (value if isinstance(value, list) else [value])):
        reader.add_problem(place, "has quotes inside of its quotes: leave out the inner ones")
        return ()
    try:
        addresses = channels[channel].addresses(value, options)
    except ValueError as error:
        owner = next((name for name, kind in channels.items() if name != channel and _takes(kind, value)), None)
        if owner:
            reader.add_problem(place, f"is an address for {owner}: write {owner}: in place of {channel}:")
        else:
            reader.add_redacted_problem(place, str(error))
        return ()
    if any(value_types.plain_http(address.value.reveal()) for address in addresses):
        reader.add_problem(place, value_types.USE_HTTPS)
    return addresses


def _takes(kind: type[Channel], value: object) -> bool:
    """Whether the channel accepts the value as an address."""
    try:
        return bool(kind.addresses(value, kind.Options()))
    except ValueError:
        return False


def _of_readers(whole: WholeFile | None, entries: object) -> dict[str, str]:
    """The channels on which readers may subscribe by themselves, each with the setting that allows it."""
    by_mail = {_SIGNUP_CHANNEL: "web.signup"} if whole and whole.web and whole.web.signup else {}
    heard = _entries(entries, "chat")
    return {**by_mail, **{name: f"chat.{name}" for name in CHAT_PLATFORMS if heard.get(name) is not None}}


def _channels(
    reader: Reader,
    raw: object,
    channels: Mapping[str, type[Channel]],
    routes: Mapping[str, _Route],
    of_readers: Mapping[str, str],
) -> dict[str, Any]:
    """The settings of the channels in use; for the others only the keys are checked."""
    sections = reader.mapping(raw, ("channels",), channels)
    used = {}
    for name, kind in channels.items():
        section = reader.mapping(sections.get(name), ("channels", name), _keys(kind.Settings))
        users = {user: {address.kind for address in r.addresses} for user, r in routes.items() if r.channel == name}
        if users or name in of_readers:
            used[name] = _channel(reader, ("channels", name), kind, section, users, of_readers=of_readers.get(name))
    return used


def _channel(
    reader: Reader,
    place: Place,
    kind: type[Channel],
    section: Mapping[str, object],
    users: Mapping[str, set[str]],
    *,
    of_readers: str | None,
) -> object:
    """The channel's settings: the keys that its addresses need, or all keys if readers may subscribe on it."""
    keys = _keys(kind.Settings)
    needed_by: Mapping[str, frozenset[str]] = getattr(kind, "NEEDED_BY", _NEEDED_BY)
    needing = {
        key: [user for user, kinds in users.items() if key not in needed_by or kinds & needed_by[key]] for key in keys
    }
    why = {key: _used_by(needing[key]) or (f" (used by {of_readers})" if of_readers else "") for key in keys}
    for key in needed_by:
        if key in keys and key not in section and (needing[key] or of_readers):
            reader.add_problem((*place, key), "is missing" + why[key])
    resolved = {
        key: reader.resolve(value, (*place, key), why[key])
        for key, value in section.items()
        if of_readers or needing[key]
    }
    settings = reader.validate(kind.Settings, resolved, place, why)
    remote = not is_loopback(getattr(settings, "host", "localhost"))
    for key in keys:
        text = getattr(settings, key, None)
        if isinstance(text, str) and value_types.plain_http(text):
            reader.add_problem((*place, key), value_types.USE_HTTPS)
        if isinstance(text, str) and remote and value_types.EXAMPLE_MAILBOX.search(text):
            advice = "is still the example's, which no relay takes: put your own mail address"
            reader.add_problem((*place, key), advice)
    return settings


def _used_by(users: Collection[str]) -> str:
    named = ", ".join(map(value_types.shown, users))
    return f" (used by subscriber{'s' if len(users) > 1 else ''} {named})" if users else ""


def _keys(*kinds: type[DataclassInstance]) -> tuple[str, ...]:
    return tuple(own.name for kind in kinds for own in fields(kind))
