"""`paperboy migrate`: brings the store's schema up to date, or copies the whole store into another database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.application import load_settings
from bot.cli.options import ConfigOption
from bot.cli.output import say

if TYPE_CHECKING:
    from bot.settings import Settings


def migrate(
    config: ConfigOption = None,
    *,
    source: Annotated[
        str | None, typer.Option("--from", metavar="URL", help="Copy this store; else the configuration's.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--to", metavar="URL", help="Copy the store to this empty database.")
    ] = None,
) -> None:
    """Bring the store's schema up to date.

    Every command that opens the store does so too; this one tells from what to what. With --to it copies the whole
    store to another database instead, from SQLite to PostgreSQL or back: all of it or, if it is stopped, nothing.
    End `paperboy run` before, and change `store:` after it.
    """
    if target is not None:
        _copy(source or load_settings(config).store, target)
    elif source is not None:
        raise typer.BadParameter("it needs --to, the database to copy to", param_hint="'--from'")
    else:
        _bring_up_to_date(load_settings(config))


def _bring_up_to_date(settings: Settings) -> None:
    if settings.fleet:
        from bot.app.fleet.queue import prepare as bring_up_to_date  # noqa: PLC0415 - SQLAlchemy, and an extra
    else:
        from bot.store import migrate as bring_up_to_date  # noqa: PLC0415 - SQLAlchemy, which `--help` does not need

    before, after = bring_up_to_date(settings.store)
    if before == after:
        say(f"The store's schema is {after} already.")
    elif before:
        say(f"The store's schema was {before} and is {after} now.")
    else:
        say(f"A new store was made; its schema is {after}.")


def _copy(source: str, target: str) -> None:
    from bot.store.database.transfer import transfer  # noqa: PLC0415 - SQLAlchemy, which `--help` does not need

    counts = transfer(source, target, lambda table, rows: say(f"{table}: {rows:,}"))
    say(f"{sum(counts.values()):,} rows copied and counted. Now let `store:` name the new database.")
