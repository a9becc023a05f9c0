"""`paperboy preview`: what a subscriber would get now. Sends nothing, changes nothing."""

from __future__ import annotations

import asyncio
import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.options import (
    ConfigOption,
    LogFormat,
    LogFormatOption,
    LogLevel,
    LogLevelOption,
    configure_logging,
    load_settings,
    subscriber_names,
)
from bot.cli.terminal import aside

if TYPE_CHECKING:
    from bot.app import App
    from bot.model import Message
    from bot.settings import Settings, Subscriber


class Form(StrEnum):
    """How it is shown."""

    TERMINAL = "terminal"
    HTML = "html"
    SLACK = "slack"
    DISCORD = "discord"


def preview(
    subscriber: Annotated[
        str | None,
        typer.Argument(help="Whose digest; may be left out if there is but one.", autocompletion=subscriber_names),
    ] = None,
    config: ConfigOption = None,
    *,
    form: Annotated[
        Form, typer.Option("--as", help="Text, the mail's HTML, or the JSON that Slack or Discord gets.")
    ] = (Form.TERMINAL),
    latest: Annotated[
        bool,
        typer.Option("--latest", help="The latest stored mailing as a newcomer would get it, told before or not."),
    ] = False,
    log_level: LogLevelOption = LogLevel.WARNING,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Show what a subscriber would get now; sends nothing."""
    configure_logging(log_level, log_format)
    settings = load_settings(config)
    chosen = _choose(settings, subscriber)
    found = asyncio.run(_render(settings, chosen, form, latest=latest))
    if isinstance(found, str):
        aside(found)
        return
    sys.stdout.write(_show(found, form) + "\n")


def _choose(settings: Settings, name: str | None) -> Subscriber:
    names = ", ".join(settings.subscribers) or "none"
    if name is None and len(settings.subscribers) == 1:
        return next(iter(settings.subscribers.values()))
    if name is None or name not in settings.subscribers:
        raise typer.BadParameter(f"name one of the subscribers: {names}", param_hint="SUBSCRIBER")
    return settings.subscribers[name]


async def _render(
    settings: Settings, subscriber: Subscriber, form: Form, *, latest: bool
) -> tuple[Message, ...] | str:
    """The messages, or why there are none."""
    from bot.app import opened  # noqa: PLC0415 - the store and the channels, not needed for --help

    async with opened(settings, must_exist=True) as app:
        digest = app.composer().preview(subscriber, app.clock.now(), as_newcomer=latest)
        if digest is None:
            return _why_nothing(app, subscriber, latest=latest)
        name = {Form.TERMINAL: subscriber.channel, Form.HTML: "mail"}.get(form, form.value)
        channel = app.channel(name)
        options = subscriber.options if name == subscriber.channel else type(channel).Options()
        return channel.render(digest, max_messages=subscriber.max_messages, options=options)


def _why_nothing(app: App, subscriber: Subscriber, *, latest: bool) -> str:
    categories = {category for topic in subscriber.topics for category in app.settings.topics[topic].categories}
    if not any(app.store.papers.latest_mailing(category) for category in categories):
        return f"No mailing is stored yet for {subscriber.name}: `paperboy once --no-deliver` collects one."
    if latest:
        return f"Nothing in the latest mailing matched for {subscriber.name}."
    return f"Nothing is new for {subscriber.name}. `--latest` shows the latest stored mailing all the same."


def _show(messages: tuple[Message, ...], form: Form) -> str:
    if form in (Form.SLACK, Form.DISCORD):
        return json.dumps([dict(message.payload) for message in messages], indent=2, ensure_ascii=False)
    if form is Form.HTML:
        return "\n\n".join(str(message.payload["html"]) for message in messages)
    return "\n\n".join(map(_words, messages))


def _words(message: Message) -> str:
    """The message's own plain form: a mail's text, or what a chat gets where its blocks are refused."""
    body = message.plain or message.payload
    return str(body["text"] if "text" in body else body["content"])
