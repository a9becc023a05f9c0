"""The command line: one command a module, errors turned into advice, exit codes.

0 done, 1 a mailing stayed open or a delivery stayed behind, 2 the configuration is wrong, 3 the store is not
usable. Nothing on stdout but the answer; everything else goes to stderr.
"""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from bot import __version__
from bot.cli.commands.backup import backup
from bot.cli.commands.bounce import bounce
from bot.cli.commands.catchup import catchup
from bot.cli.commands.check import check
from bot.cli.commands.deliveries import deliveries
from bot.cli.commands.demo import demo
from bot.cli.commands.explain import explain
from bot.cli.commands.init import init
from bot.cli.commands.migrate import migrate
from bot.cli.commands.once import once
from bot.cli.commands.preview import preview
from bot.cli.commands.run import run
from bot.cli.commands.search import query, search
from bot.cli.commands.status import status
from bot.cli.errors import giving_advice
from bot.cli.options import LogLevel, logging_as_asked

app = typer.Typer(
    name="paperboy",
    help="Brings arXiv's daily mailing to Slack, Discord and mail: every paper you asked for, once.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # they print local variables, and with them secrets
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
    """What stands before every command; `--version` has answered before this is called."""


_LEVELS: dict[object, LogLevel] = {demo: LogLevel.ERROR, run: LogLevel.INFO}
"""How much a command logs where nobody says, if it is not warnings."""

for command in (
    demo,
    init,
    check,
    once,
    run,
    preview,
    status,
    explain,
    search,
    query,
    catchup,
    bounce,
    backup,
    migrate,
):
    app.command()(logging_as_asked(command, _LEVELS.get(command, LogLevel.WARNING)))
app.add_typer(deliveries)


def main() -> None:
    """The entry point of `paperboy` and `python -m bot`."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # no letter that a terminal lacks ends a command; so it is on stderr
    with giving_advice():
        app()
