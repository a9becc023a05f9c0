"""`paperboy init`: asks a few questions and writes a commented configuration; see `init_file`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def init(
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="Where to write it; never over a file that is there.")
    ] = Path("config.yaml"),
) -> None:
    """Ask a few questions, write config.yaml.

    The file is commented, and ready to run once the environment has the secrets that it names.
    """
    from bot.cli.commands.init_file import ask_and_write  # noqa: PLC0415 - all channels, which `--help` does not need

    ask_and_write(output)
