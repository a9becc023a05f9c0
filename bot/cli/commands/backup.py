"""`paperboy backup`: a consistent copy of the live SQLite store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.application import load_settings
from bot.cli.options import ConfigOption
from bot.cli.output import say


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to put the copy.", dir_okay=False)],
    config: ConfigOption = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there already.")] = False,
) -> None:
    """Copy the live SQLite store to a file.

    The copy shows the store at one moment, even while other processes write to it.
    """
    from bot.store.database.backup import back_up, is_file  # noqa: PLC0415 - SQLAlchemy, which `--help` does not need

    store = load_settings(config).store
    if not is_file(store):
        raise typer.BadParameter("only a SQLite store is copied so; for PostgreSQL use pg_dump", param_hint="'store'")
    if file.exists() and not force:
        raise typer.BadParameter(f"{file} is there already; --force replaces it", param_hint="'FILE'")
    size = back_up(store, file)
    say(f"{file}: {_size(size)}")


def _size(count: int) -> str:
    """`4,096 bytes`, and from a megabyte on in megabytes too."""
    megabyte = 1_000_000
    return f"{count:,} bytes" + (f" ({count / megabyte:,.1f} MB)" if count >= megabyte else "")
