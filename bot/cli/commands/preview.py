"""`paperboy preview`: shows what a subscriber would get now. Sends nothing, changes nothing."""

from __future__ import annotations

import json
import sys
import tempfile
import webbrowser
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot import text
from bot.channels.mail import MailChannel, mime
from bot.cli.application import load_settings, opened, subscriber_names
from bot.cli.options import ConfigOption
from bot.cli.output import heading, plural, say, say_on_stderr, table
from bot.report.preview import Nothing, render_pages, why_nothing
from bot.text.templates import Templates

if TYPE_CHECKING:
    from bot.model import Digest, DigestEntry, Message, Section
    from bot.settings import Settings, Subscriber


class Form(StrEnum):
    """How it is shown."""

    TERMINAL = "terminal"
    HTML = "html"
    SLACK = "slack"
    DISCORD = "discord"


@dataclass(frozen=True, slots=True)
class _Preview:
    """The digest, and the messages that its channel makes of it."""

    digest: Digest
    channel: str
    messages: tuple[Message, ...]
    headers: tuple[str, ...] = ()
    """For mails, the headers of each message, with an invented reader as recipient."""


def preview(
    subscriber: Annotated[
        str | None,
        typer.Argument(
            metavar="SUBSCRIBER",
            help="Whose digest; may be left out if there is but one.",
            autocompletion=subscriber_names,
        ),
    ] = None,
    config: ConfigOption = None,
    *,
    form: Annotated[
        Form,
        typer.Option(
            "--as", metavar="FORM", help="terminal: words; html: the mail's; slack, discord: what each gets, as JSON."
        ),
    ] = Form.TERMINAL,
    latest: Annotated[
        bool,
        typer.Option("--latest", help="The latest stored mailing as a newcomer would get it, told before or not."),
    ] = False,
    browse: Annotated[
        bool, typer.Option("--open", help="Show it in the browser, as its readers see it; names the file.")
    ] = False,
) -> None:
    """Show what a subscriber would get now.

    Sends nothing, changes nothing.
    """
    settings = load_settings(config)
    chosen, found = _render(settings, subscriber, form, latest=latest)
    if not isinstance(found, _Preview):
        say_on_stderr(_in_words(found, chosen))
    elif browse:
        _open(found, chosen, settings)
    elif form is Form.TERMINAL and sys.stdout.isatty():
        _draw(found)
    else:
        sys.stdout.write(_show(found, form) + "\n")


def _choose(settings: Settings, name: str | None) -> Subscriber:
    names = ", ".join(settings.subscribers) or "none"
    if name is None and len(settings.subscribers) == 1:
        return next(iter(settings.subscribers.values()))
    if name is None or name not in settings.subscribers:
        raise typer.BadParameter(f"name one of the subscribers: {names}", param_hint="'SUBSCRIBER'")
    return settings.subscribers[name]


def _render(
    settings: Settings, wanted: str | None, form: Form, *, latest: bool
) -> tuple[Subscriber, _Preview | Nothing]:
    """The subscriber, and its preview, or why there is nothing."""
    if wanted is None or not (wanted in settings.subscribers or wanted.startswith("m-")):
        _choose(settings, wanted)  # a self-service subscriber is named by its key
    with opened(settings) as app:
        now = app.clock.now()
        roster = app.roster.of([wanted] if wanted else (), now)
        subscriber = _choose(roster, wanted)
        digest = app.composer(roster).preview(subscriber, now, as_newcomer=latest)
        if digest is None:
            return subscriber, why_nothing(subscriber, app.store, roster, as_newcomer=latest)
        name = {Form.TERMINAL: subscriber.channel, Form.HTML: "mail"}.get(form, form.value)
        channel = app.channel(name)
        options = subscriber.options if name == subscriber.channel else type(channel).Options()
        most, full = subscriber.max_messages, subscriber.full
        messages = channel.render(digest, max_messages=most, full=full, options=options)
        if not isinstance(channel, MailChannel):
            return subscriber, _Preview(digest, name, messages)
        samples = [channel.sample(message, subscriber.name, app.clock.now()) for message in messages]
        headers, mails = tuple(head for head, _ in samples), tuple(mail for _, mail in samples)
        return subscriber, _Preview(digest, name, mails, headers)


def _in_words(why: Nothing, subscriber: Subscriber) -> str:
    said = {
        Nothing.NO_MAILING: "No mailing is stored yet for {}: `paperboy once --no-deliver` collects one.",
        Nothing.NO_MATCH: "Nothing in the latest mailing matched for {}.",
        Nothing.NOTHING_LIKED: "Nobody liked or saved a paper where {} goes since its last digest.",
        Nothing.NOTHING_NEW: "Nothing is new for {}. `--latest` shows the latest stored mailing all the same.",
    }
    return said[why].format(subscriber.name)


# -- as its readers see it ---------------------------------------------------------------------------------------


def _open(found: _Preview, subscriber: Subscriber, settings: Settings) -> None:
    """Writes each message as a page into a file, and opens the first in the browser of `$BROWSER` or the desktop."""
    pages = render_pages(found.channel, found.messages, subscriber.name, Templates(settings.templates))
    folder = Path(tempfile.mkdtemp(prefix="paperboy-"))  # only this user may read it
    files = [folder / f"{found.channel}-{number}.html" for number in range(1, len(pages) + 1)]
    for file, page in zip(files, pages, strict=True):
        file.write_text(page, encoding="utf-8")
        say(str(file))
    if not webbrowser.open(files[0].as_uri()):
        say_on_stderr("There is no browser here to open it with.")


# -- on a terminal -----------------------------------------------------------------------------------------------


def _draw(found: _Preview) -> None:
    """Prints a table of papers for each topic, and the number of messages."""
    digest = found.digest
    days = ", ".join(map(text.day, digest.mailing_dates))
    if digest.liked_since:
        say(f"{plural(digest.matched, 'paper')} liked or saved since {text.day(digest.liked_since)}")
    else:
        say(f"{plural(digest.matched, 'paper')} of the {digest.announced} announced on {days}")
    if digest.missing:
        say(f"Not in: {', '.join(digest.missing)}")
    for section in digest.sections:
        _draw_section(section)
    for headers in found.headers[:1]:
        heading("Headers of the mail")
        for line in headers.splitlines():
            say(line, indent="  ")
    parts = plural(len(found.messages), "message")
    say(f"In {parts} for {found.channel}. `--open` shows it in the browser, as its readers see it.")


def _draw_section(section: Section) -> None:
    heading(f"{section.title} ({len(section.entries) + section.hidden})")
    table(map(_row, section.entries), heads=("paper", "type", "title", "why"))
    if section.hidden:
        say(f"and {section.hidden} more: {' '.join(link.url for link in section.more)}", indent="  ")


def _row(entry: DigestEntry) -> list[str]:
    kind = f"{entry.type.value}, now v{entry.replaced_to}" if entry.replaced_to else entry.type.value
    title = f"{text.flatten_tex(entry.paper.title)} ({text.names(entry.paper.authors, 3)})"
    why = entry.votes or ", ".join(dict.fromkeys(hit.term for hit in entry.match.hits))
    return [entry.paper.identifier, kind, title, why]


# -- in a pipe ---------------------------------------------------------------------------------------------------


def _show(found: _Preview, form: Form) -> str:
    messages = found.messages
    if form in (Form.SLACK, Form.DISCORD):
        return json.dumps([dict(message.payload) for message in messages], indent=2, ensure_ascii=False)
    if form is Form.HTML:
        return "\n\n".join(mime.texts(message.payload["entity"])["html"] for message in messages)
    if found.headers:
        return "\n\n".join(f"{head}\n\n{_words(mail)}" for head, mail in zip(found.headers, messages, strict=True))
    return "\n\n".join(map(_words, messages))


def _words(message: Message) -> str:
    """The message's plain form: a mail's text part, or the text without blocks for a chat."""
    body = message.plain or message.payload
    if "entity" in body:
        return mime.texts(body["entity"])["plain"]
    return str(body["text"] if "text" in body else body["content"])
