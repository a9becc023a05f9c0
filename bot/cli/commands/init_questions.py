"""The questions of `paperboy init`; each answer is validated by the configuration's own types at once.

Never asks for a secret: it only names the environment variable to put it into.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bot.cli.output import say, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_PORTS = {"none": "25", "starttls": "587", "tls": "465"}
_FEW = 8
_ZONES = "zoneinfo/"


@dataclass(frozen=True, slots=True)
class ChannelChoice:
    """A choice of channel: its name in the question, and the secret that it needs."""

    channel: str
    variable: str
    """The environment variable of its secret."""
    what: str
    """What that secret is."""
    sample: str
    """A text of its shape, to read the file back with."""
    question: str = ""
    """What to ask for; a webhook's address is its secret, so that there is nothing to ask."""


CHANNEL_CHOICES = {
    "slack": ChannelChoice(
        "slack",
        "SLACK_BOT_TOKEN",
        "the bot's token (xoxb-...) with chat:write; the bot has to be a member of the channel",
        "xoxb-1",
        "Slack channel's id (channel details, at the bottom)",
    ),
    "slack-webhook": ChannelChoice(
        "slack",
        "SLACK_WEBHOOK_URL",
        "the incoming webhook's URL",
        "https://hooks.slack.com/services/T00000000/B00000000/x",
    ),
    "discord": ChannelChoice(
        "discord",
        "DISCORD_BOT_TOKEN",
        "the bot's token; the bot has to be on the server",
        "x",
        "Discord channel's id (Copy Channel ID, in Developer Mode)",
    ),
    "discord-webhook": ChannelChoice(
        "discord", "DISCORD_WEBHOOK_URL", "the webhook's URL", "https://discord.com/api/webhooks/100000000000000000/x"
    ),
    "mail": ChannelChoice(
        "mail", "SMTP_PASSWORD", "the relay's password", "x", "Mail addresses, with commas between"
    ),
}
"""What one may answer to "where to"."""


class Interview:
    """The questions. A wrong answer is asked for again, with the reason."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def answers(self) -> dict[str, Any]:
        """What the template takes.

        Raises:
            Abort: the answers ended, or somebody pressed Ctrl-C.
        """
        from bot.config import value_types  # noqa: PLC0415 - pydantic, not needed for --help

        contact = _ask(
            "Your mail address or page, which arXiv is shown", _refusing(partial(value_types.contact, live=True))
        )
        categories = _ask("Categories, with commas between (cs.CV, cs.*)", _categories)
        title = _ask("What the topic is called", _refusing(_filled), default="Papers")
        keywords = _ask("Keywords, with commas between (none: every paper)", _each(value_types.keyword), default="")
        choices: list[str] = _ask(
            f"Where to: some of {', '.join(CHANNEL_CHOICES)} (none: pages only)", self._choices, default=""
        )
        given: dict[str, Any] = {
            "contact": contact,
            "categories": categories,
            "title": title,
            "topic": re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "papers",
            "keywords": keywords,
            "choices": choices,
            "subscribers": self._subscribers(choices),
            "mail": self._relay(contact) if "mail" in choices else None,
            "slack": "slack" in choices,
            "discord": "discord" in choices,
            "at": None,
            "timezone": _own_zone(),
        }
        if choices:
            given["at"] = _ask(
                "At which hour, like 08:00 (none: as soon as the mailing is in)",
                _refusing(lambda text: text and value_types.wall_time(text)),
                default="",
            )
        if given["at"]:
            given["timezone"] = _ask("In which time zone", _refusing(value_types.zone), default=given["timezone"])
        pages = "Folder for the pages" + (" (- for none)" if choices else "")
        site = _ask(pages, _refusing(partial(value_types.path, folder=self._folder)), default="site")
        return given | {"site": None if choices and site == "-" else site}

    def _choices(self, text: str) -> list[str]:
        from bot.config.value_types import did_you_mean  # noqa: PLC0415 - as above

        chosen = list(dict.fromkeys(_split(text.lower())))
        for name in chosen:
            if name not in CHANNEL_CHOICES:
                raise typer.BadParameter(f"no such way {name!r}{did_you_mean(name, CHANNEL_CHOICES)}")
        return chosen

    def _subscribers(self, choices: Sequence[str]) -> list[tuple[str, str, str | list[str]]]:
        """Of each way to deliver its subscriber's name, channel and address."""
        from bot.config import value_types  # noqa: PLC0415 - as above

        found: dict[str, tuple[str, str | list[str]]] = {}

        def free(name: str) -> str:
            if name in found:
                raise ValueError("a name that no other subscriber has is expected")
            return value_types.key(name)

        for choice in choices:
            address = self._address(choice)
            name = _ask(
                f"What to call {'them' if choice == 'mail' else 'that channel'}", _refusing(free), default=choice
            )
            found[name] = (CHANNEL_CHOICES[choice].channel, address)
        return [(name, channel, address) for name, (channel, address) in found.items()]

    def _address(self, choice: str) -> str | list[str]:
        from bot.channels import CHANNELS  # noqa: PLC0415 - as above

        chosen = CHANNEL_CHOICES[choice]
        kind = CHANNELS[chosen.channel]
        if not chosen.question:
            return f"${{{chosen.variable}}}"

        def check(text: str) -> str | list[str]:
            value = _split(text) if choice == "mail" else text
            if "://" in text:
                raise typer.BadParameter(
                    "such a URL is a secret, which is neither asked for nor written: start again with the webhook"
                )
            try:
                kind.addresses(value, kind.Options())
            except ValueError as error:
                raise typer.BadParameter(str(error)) from error
            return value

        address: str | list[str] = _ask(chosen.question, check)
        return address

    def _relay(self, contact: str) -> Mapping[str, Any]:
        from bot.channels.mail.settings import check_host  # noqa: PLC0415 - as above
        from bot.settings import is_loopback  # noqa: PLC0415 - as above

        host = _ask("Mail relay (SMTP host)", _refusing(check_host), default="localhost")
        near = is_loopback(host)
        security = _ask("tls, starttls or none", _security, default="none" if near else "starttls")
        port = _ask("Its port", _port, default=_PORTS[security])
        username = ""
        if security != "none":
            username = _ask("User name (none: no log-in)", str, default="")
        sender = _ask("The mails' sender", _sender(near=near), default=contact if "@" in contact else None)
        return {"host": host, "security": security, "port": port, "username": username, "sender": sender}


def _ask(question: str, check: Callable[[str], Any], default: str | None = None) -> Any:  # noqa: ANN401 - what `check` makes
    """What was typed on one line, without what cannot be seen, as soon as the check takes it."""
    from bot.text import clean  # noqa: PLC0415 - not needed for --help

    return typer.prompt(
        question, default=default, show_default=bool(default), value_proc=lambda raw: check(clean(raw))
    )


def _split(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _filled(text: str) -> None:
    if not text:
        raise ValueError("must not be empty")


def _each(check: Callable[[str], object]) -> Callable[[str], list[str]]:
    """The texts between commas, as they were typed, unless the check refuses one."""
    return lambda text: [_refusing(check)(item) for item in _split(text)]


def _categories(text: str) -> list[str]:
    """The categories between commas; says what they stand for, as far as that is quickly read."""
    from bot.arxiv import taxonomy  # noqa: PLC0415 - as above
    from bot.config import value_types  # noqa: PLC0415 - as above

    named = _each(value_types.categories)(text)
    if not named:
        raise typer.BadParameter("at least one is expected")
    expanded = list(dict.fromkeys(category for name in named for category in taxonomy.expand(name)))
    table([category, taxonomy.name(category)] for category in expanded[:_FEW])
    if len(expanded) > _FEW:
        say(f"and {len(expanded) - _FEW} more", indent="  ")
    return named


def _refusing(check: Callable[[str], object]) -> Callable[[str], str]:
    """The text as it was typed, unless the check refuses it with a ValueError."""

    def accept(text: str) -> str:
        try:
            check(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        return text

    return accept


def _security(text: str) -> str:
    if text.lower() not in _PORTS:
        raise typer.BadParameter(f"one of {', '.join(_PORTS)} is expected")
    return text.lower()


def _port(text: str) -> int:
    from bot.channels.mail.settings import MailSettings  # noqa: PLC0415 - as above

    try:
        return MailSettings(port=int(text)).port
    except ValueError:
        raise typer.BadParameter("a port is expected; mail uses 465 (tls), 587 (starttls) and 25") from None


def _sender(*, near: bool) -> Callable[[str], str]:
    from bot.channels.mail.settings import MailSettings  # noqa: PLC0415 - as above
    from bot.config.value_types import EXAMPLE_MAILBOX  # noqa: PLC0415 - as above

    def check(text: str) -> None:
        MailSettings(sender=text)
        if not near and EXAMPLE_MAILBOX.search(text):
            raise ValueError("an example's address, which no relay takes: your own is expected")

    return _refusing(check)


def _own_zone() -> str:
    """This machine's time zone by its name, or UTC."""
    _, found, name = str(Path("/etc/localtime").resolve()).partition(_ZONES)
    return name if found else "UTC"
