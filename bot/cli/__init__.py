"""The command line: one module per command, errors turned into advice, exit codes.

Exit codes: 0 done, 1 a mailing is still open or a delivery is left, 2 the configuration is wrong, 3 the store is not
usable. Only the answer goes to stdout; everything else goes to stderr.
"""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from bot import __version__
from bot.cli.errors import giving_advice
from bot.cli.lazy import LazyCommand, lazy_group
from bot.cli.options import LogLevel

COMMANDS: dict[str, LazyCommand] = {
    "demo": LazyCommand("Show it all on sample mailings, offline.", level=LogLevel.ERROR),
    "init": LazyCommand("Ask a few questions, write config.yaml."),
    "check": LazyCommand("Name what is wrong in the configuration."),
    "once": LazyCommand("Collect, compose, deliver, publish once."),
    "run": LazyCommand("Run as a daemon that keeps every hour.", level=LogLevel.INFO),
    "worker": LazyCommand("Run as one of many, on PostgreSQL.", level=LogLevel.INFO),
    "preview": LazyCommand("Show what a subscriber would get now."),
    "status": LazyCommand("Say how today's mailing stands, and why."),
    "healthcheck": LazyCommand("Say whether the daemon is well."),
    "explain": LazyCommand("Tell what became of one paper, and why."),
    "rank": LazyCommand("Say what the learned order knows."),
    "search": LazyCommand("Search the stored papers, newest first.", takes_query=True),
    "query": LazyCommand("Show how a query is read, what it finds.", module="search", takes_query=True),
    "catchup": LazyCommand("Catch up on missed mailings."),
    "bounce": LazyCommand("Act on a bounce or a complaint."),
    "backup": LazyCommand("Copy the live SQLite store to a file."),
    "migrate": LazyCommand("Bring the store's schema up to date."),
    "deliveries": LazyCommand(
        "The outbox: list, show, retry, drop.",
        commands={
            "list": LazyCommand("List what is open or was given up lately.", function="list_deliveries"),
            "show": LazyCommand("Show everything that is stored of a delivery."),
            "retry": LazyCommand("Have the next run send them after all."),
            "drop": LazyCommand("Give them up: they are never sent."),
        },
    ),
    "members": LazyCommand(
        "Who subscribed by themselves.",
        commands={
            "list": LazyCommand("List the self-service subscribers.", function="list_members"),
            "show": LazyCommand("Show one self-service subscriber."),
            "export": LazyCommand("Write all that is known of a reader as JSON."),
            "remove": LazyCommand("Forget a self-service subscriber."),
        },
    ),
    "suppressions": LazyCommand(
        "Who is not written to, and why.",
        commands={
            "list": LazyCommand("List who is not written to, and why.", function="list_suppressions"),
            "add": LazyCommand("Write to a mailbox no more."),
            "lift": LazyCommand("Lift a suppression, because its reader wishes so."),
            "export": LazyCommand("Write all suppressions as JSON, a line for each."),
        },
    ),
}
"""All commands. To add one, write a module in `commands` and a line here; a group has its commands in one module."""

app = typer.Typer(
    name="paperboy",
    cls=lazy_group(COMMANDS),
    help="Brings arXiv's daily mailing to Slack, Discord and mail: every paper you asked for, once.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # they print local variables, which may be secrets
)


def _say_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"paperboy {__version__}\n")
        raise typer.Exit


@app.callback()
def _whole(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Takes the options before every command; `--version` exits before this is called."""


def main() -> None:
    """The entry point of `paperboy` and `python -m bot`."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A character that the terminal cannot show must not end a command; stderr replaces by itself.
        sys.stdout.reconfigure(errors="replace")
    with giving_advice():
        app()
