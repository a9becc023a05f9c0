"""`paperboy demo`: runs everything on built-in sample mailings, without an account or network."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.commands.once import account
from bot.cli.errors import ExitCode
from bot.cli.output import say


def demo(
    output: Annotated[
        Path, typer.Option("--output", metavar="FOLDER", help="Where to leave what every channel received.")
    ] = Path("demo-output"),
) -> None:
    """Show it all on sample mailings, offline.

    Runs the four verbs on invented mailings against receivers on this machine, and leaves a folder with what each
    channel got.
    """
    from bot.demo.run import show  # noqa: PLC0415 - takes a second, which `--help` does not need

    result = asyncio.run(show(output, tell=say, print_result=account))
    sys.exit(ExitCode.DONE if result else ExitCode.LEFT_UNDONE)
