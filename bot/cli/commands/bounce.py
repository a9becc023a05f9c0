"""`paperboy bounce`: processes a bounce or a complaint that a mail server pipes in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.application import load_settings, opened
from bot.cli.errors import ExitCode, giving_advice
from bot.cli.options import ConfigOption
from bot.cli.output import plural, say
from bot.errors import UnreadableReportError
from bot.members.values import Suppressed

if TYPE_CHECKING:
    from bot.members.bounces import Ignored, MailboxOutcome
    from bot.settings import Settings


def bounce(
    config: ConfigOption = None,
    *,
    recipient: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            envvar="ORIGINAL_RECIPIENT",
            help="The address that the mail came to, if its headers do not say so; Postfix names it to an alias.",
        ),
    ] = "",
) -> None:
    """Act on a bounce or a complaint.

    A mail server pipes it to standard input. A mailbox gets no more mail if it does not exist, refused three mails
    for good within 14 days, or its owner complained. The exit code is 0, also for a mail that is neither a bounce nor
    a complaint, or 75 (EX_TEMPFAIL) if the mail server is to keep the mail and run this again later.
    """
    try:
        with giving_advice():
            _read(load_settings(config), recipient)
    except SystemExit as left:
        # With any other code the mail server would discard the mail, even for a typing error in the configuration.
        sys.exit(ExitCode.TRY_AGAIN if left.code else ExitCode.DONE)


def _read(settings: Settings, recipient: str) -> None:
    from bot.members.bounces import process_file  # noqa: PLC0415 - SQLAlchemy, which `--help` does not need

    with opened(settings) as app:
        try:
            found = process_file(app.context, sys.stdin.buffer, app.clock.now(), recipient=recipient)
        except UnreadableReportError as error:
            say(f"Nothing is done: {error.reason}.")
            return
    for line in _in_words(found):
        say(line)


def _in_words(found: tuple[MailboxOutcome, ...] | Ignored) -> list[str]:
    if not isinstance(found, tuple):
        return [f"Nothing is done: {found}."]
    lines = []
    for each in found:
        outcome = each.outcome
        if isinstance(outcome, Suppressed):
            lines.append(f"{each.subscriber}: that mailbox is not written to any more ({outcome.reason}).")
        else:
            mails = plural(outcome.bounces, "mail")
            lines.append(f"{each.subscriber}: that mailbox refused {mails} for good within 14 days.")
    return lines
