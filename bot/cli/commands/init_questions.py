"""The questions of `paperboy init`; each answer is validated by the configuration's own types at once.

Never takes a secret: it only names the environment variable for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bot.arxiv import taxonomy
from bot.channels import CHANNELS
from bot.channels.mail.settings import MailSettings, check_host
from bot.cli.interview import OtherAnswers, Question
from bot.cli.output import say, table
from bot.config import value_types
from bot.settings import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_PORTS = {"none": "25", "starttls": "587", "tls": "465"}
_FEW = 8
_ZONES = "zoneinfo/"


@dataclass(frozen=True, slots=True)
class ChannelChoice:
    """One possible channel, and the secret that it needs."""

    channel: str
    variable: str
    """The environment variable of its secret."""
    what: str
    """A description of the secret."""
    sample: str
    """A valid example of the secret, to load the written file with."""
    question: str
    """The question for its address; empty for a webhook, whose address is the secret."""

    @property
    def is_webhook(self) -> bool:
        """Whether its address is its secret."""
        return self.variable.endswith("_URL")


CHANNEL_CHOICES = {
    "slack": ChannelChoice(
        "slack",
        "SLACK_BOT_TOKEN",
        "the bot's token (xoxb-...) with chat:write; the bot has to be a member of the channel",
        "xoxb-1",
        "Slack channel's id (channel details, at the bottom), or a webhook's URL",
    ),
    "slack-webhook": ChannelChoice(
        "slack",
        "SLACK_WEBHOOK_URL",
        "the incoming webhook's URL",
        "https://hooks.slack.com/services/T00000000/B00000000/x",
        "Slack webhook, whose URL is read from the environment: Enter, or a channel's id for a bot in its place",
    ),
    "discord": ChannelChoice(
        "discord",
        "DISCORD_BOT_TOKEN",
        "the bot's token; the bot has to be on the server",
        "x",
        "Discord channel's id (Copy Channel ID, in Developer Mode), or a webhook's URL",
    ),
    "discord-webhook": ChannelChoice(
        "discord",
        "DISCORD_WEBHOOK_URL",
        "the webhook's URL",
        "https://discord.com/api/webhooks/100000000000000000/x",
        "Discord webhook, whose URL is read from the environment: Enter, or a channel's id for a bot in its place",
    ),
    "mail": ChannelChoice(
        "mail", "SMTP_PASSWORD", "the relay's password", "x", "Mail addresses, with commas between"
    ),
}
"""The possible answers to "where to"."""


def questions(folder: Path, answers: Mapping[str, Any]) -> Iterator[Question]:
    """The questions to ask, given the answers so far, in order; relative paths are relative to `folder`."""
    contact = partial(value_types.contact, live=True)
    yield Question("contact", "Your mail address or page, which arXiv is shown", _refusing(contact))
    yield Question("categories", "Categories, with commas between (cs.CV, cs.*)", _categories)
    yield Question("title", "What the topic is called", _refusing(_filled), "Papers")
    keywords = "Keywords, with commas between (none: every paper)"
    yield Question("keywords", keywords, _each(value_types.keyword), "")
    yield Question("where to", f"Where to: some of {', '.join(CHANNEL_CHOICES)} (none: pages only)", _choices, "")
    if "where to" not in answers:
        return
    choices: Sequence[str] = answers["where to"]
    for choice in choices:
        yield from _about_subscriber(choice, answers)
    if "mail" in choices:
        yield from _about_relay(answers)
    if choices:
        yield Question("hour", "At which hour, like 08:00 (none: as soon as the mailing is in)", _hour, "")
    if answers.get("hour"):
        yield Question("time zone", "In which time zone", _refusing(value_types.zone), own_zone())
    pages = "Folder for the pages" + (" (- for none)" if choices else "")
    yield Question("pages", pages, partial(_pages, folder, needed=not choices), "site")


def _about_subscriber(choice: str, answers: Mapping[str, Any]) -> Iterator[Question]:
    chosen = CHANNEL_CHOICES[choice]
    variable = f"${{{chosen.variable}}}" if chosen.is_webhook else None
    yield Question(choice, chosen.question, partial(_address, choice, answers), variable)
    called = f"What to call {'them' if choice == 'mail' else 'that channel'}"
    others = {answers.get(f"name of {other}") for other in answers["where to"] if other != choice}
    yield Question(f"name of {choice}", called, _refusing(partial(_free, others)), choice)
    if choice == "slack":
        yield Question("thread", "The papers in a thread under the first message (yes or no)", _yes, "no")


def _about_relay(answers: Mapping[str, Any]) -> Iterator[Question]:
    yield Question("relay", "Mail relay (SMTP host)", _refusing(check_host), "localhost")
    near = is_loopback(answers.get("relay", ""))
    yield Question("security", "tls, starttls or none", _security, "none" if near else "starttls")
    security = answers.get("security", "none")
    yield Question("port", "Its port", _port, _PORTS[security])
    if security != "none":
        yield Question("user name", "User name (none: no log-in)", str, "")
    contact = answers.get("contact", "")
    yield Question("sender", "The mails' sender", _sender(near=near), contact if "@" in contact else None)


def for_template(answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers, and what the configuration's template needs besides."""
    choices: Sequence[str] = answers["where to"]
    subscribers = [
        (answers[f"name of {choice}"], CHANNEL_CHOICES[choice].channel, answers[choice]) for choice in choices
    ]
    return {
        **answers,
        "topic": re.sub(r"[^a-z0-9]+", "-", answers["title"].lower()).strip("-") or "papers",
        "choices": choices,
        "subscribers": subscribers,
        "threads": [answers["name of slack"]] if answers.get("thread") else [],
        "username": answers.get("user name", ""),
        "timezone": answers.get("time zone", own_zone()),
    }


# -- checks ------------------------------------------------------------------------------------------------------


def _refusing(check: Callable[[str], object]) -> Callable[[str], str]:
    """A check for typer that returns the text, unless `check` raises a ValueError."""

    def accept(text: str) -> str:
        try:
            check(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        return text

    return accept


def _split(text: str) -> list[str]:
    return [item.strip() for item in re.split(r"[,;]", text) if item.strip()]


def _filled(text: str) -> None:
    if not text:
        raise ValueError("must not be empty")


def _each(check: Callable[[str], object]) -> Callable[[str], list[str]]:
    """A check for typer that returns the texts between commas, unless `check` raises a ValueError for one."""
    return lambda text: [_refusing(check)(item) for item in _split(text)]


def _categories(text: str) -> list[str]:
    """The categories between commas; prints the first of their names."""
    named = _each(value_types.categories)(text)
    if not named:
        raise typer.BadParameter("at least one is expected")
    expanded = list(dict.fromkeys(category for name in named for category in taxonomy.expand(name)))
    table([category, taxonomy.name(category)] for category in expanded[:_FEW])
    if len(expanded) > _FEW:
        say(f"and {len(expanded) - _FEW} more", indent="  ")
    return named


def _choices(text: str) -> list[str]:
    chosen = list(dict.fromkeys(_split(text.lower())))
    for name in chosen:
        if name not in CHANNEL_CHOICES:
            raise typer.BadParameter(f"no such way {name!r}{value_types.did_you_mean(name, CHANNEL_CHOICES)}")
    return chosen


def _address(choice: str, answers: Mapping[str, Any], text: str) -> str | list[str]:
    """The address to write into the file.

    Raises:
        OtherAnswers: it belongs to another choice: a webhook where a channel's id was asked for, or the reverse.
    """
    if text == f"${{{CHANNEL_CHOICES[choice].variable}}}":
        return text
    meant = _meant(choice, text)
    value: str | list[str] = _split(text) if meant == "mail" else text
    if CHANNEL_CHOICES[meant].is_webhook:
        say(f"Such a URL is a secret, and is not written: put it into {CHANNEL_CHOICES[meant].variable}.")
        value = f"${{{CHANNEL_CHOICES[meant].variable}}}"
    if meant == choice:
        return value
    if meant in answers["where to"]:
        raise typer.BadParameter(f"that is one for {meant}, which is asked for by itself")
    say(f"That is one for {meant}, which takes the place of {choice}.")
    others = [meant if each == choice else each for each in answers["where to"]]
    raise OtherAnswers({"where to": others, meant: value})


def _meant(choice: str, text: str) -> str:
    """The choice to which the address belongs; preferably the one that was asked for."""
    refusals = []
    asked = CHANNEL_CHOICES[choice].channel
    for channel in sorted(CHANNELS, key=lambda name: name != asked):
        kind = CHANNELS[channel]
        try:
            (address, *_) = kind.addresses(_split(text) if channel == "mail" else text, kind.Options())
        except ValueError as error:
            refusals.append(str(error))
        else:
            return f"{channel}-webhook" if address.kind == "webhook" else channel
    raise typer.BadParameter(refusals[0])


def _free(taken: set[object], name: str) -> str:
    if name in taken:
        raise ValueError("a name that no other subscriber has is expected")
    return value_types.key(name)


def _yes(text: str) -> bool:
    if text.lower() not in ("y", "yes", "n", "no", ""):
        raise typer.BadParameter("yes or no is expected")
    return text.lower().startswith("y")


def _hour(text: str) -> str:
    spoken = value_types.spoken_time(text)
    return f"{spoken:%H:%M}" if spoken else text and _refusing(value_types.wall_time)(text)


def _pages(folder: Path, text: str, *, needed: bool) -> str:
    if needed:
        _refusing(_filled)(text)
    return _refusing(partial(value_types.path, folder=folder))(text)


def _security(text: str) -> str:
    if text.lower() not in _PORTS:
        raise typer.BadParameter(f"one of {', '.join(_PORTS)} is expected")
    return text.lower()


def _port(text: str) -> int:
    try:
        return MailSettings(port=int(text)).port
    except ValueError:
        raise typer.BadParameter("a port is expected; mail uses 465 (tls), 587 (starttls) and 25") from None


def _sender(*, near: bool) -> Callable[[str], str]:
    def check(text: str) -> None:
        MailSettings(sender=text)
        if not near and value_types.EXAMPLE_MAILBOX.search(text):
            raise ValueError("an example's address, which no relay takes: your own is expected")

    return _refusing(check)


def own_zone() -> str:
    """The name of this machine's time zone, or UTC."""
    _, found, name = str(Path("/etc/localtime").resolve()).partition(_ZONES)
    return name if found else "UTC"
