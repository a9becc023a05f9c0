"""Migrations from every released schema to the newest, forwards only. Importing this imports Alembic."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from bot.store.database.dialect import check_references

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection


def has_path(folders: Sequence[Path], found: str, wanted: str) -> bool:
    """Whether the migrations in these folders lead from one version to the other."""
    scripts = ScriptDirectory.from_config(_config(folders))
    return found in {script.revision for script in scripts.walk_revisions("base", wanted)}


def upgrade(connection: Connection, name: str, folders: Sequence[Path], wanted: str) -> None:
    """Runs every migration up to the wanted version, in the open transaction.

    Raises:
        StoreError: a foreign key would refer to a missing row.
    """
    config = _config(folders)
    config.attributes["connection"] = connection
    command.upgrade(config, wanted)
    check_references(connection, name)


def _config(folders: Sequence[Path]) -> Config:
    config = Config()
    # A percent sign in a path would be read as the start of a placeholder.
    paths = os.pathsep.join(map(str, folders)).replace("%", "%%")
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("version_locations", paths)
    return config
