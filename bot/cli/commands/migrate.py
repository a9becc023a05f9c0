"""`paperboy migrate`: brings the store's schema to this version, which every other command does by itself too."""

from __future__ import annotations

from bot import store
from bot.cli.configuration import load_settings
from bot.cli.options import ConfigOption
from bot.cli.output import say


def migrate(
    config: ConfigOption = None,
) -> None:
    """Bring the store's schema up to date.

    Every command that opens the store does so too; this one tells from what to what.
    """
    before, after = store.migrate(load_settings(config).store)
    if before == after:
        say(f"The store's schema is {after} already.")
    elif before:
        say(f"The store's schema was {before} and is {after} now.")
    else:
        say(f"A new store was made; its schema is {after}.")
