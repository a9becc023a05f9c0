"""A migration that takes away what others refer to, for the tests."""

from __future__ import annotations

from alembic import op

from bot.store.database.tables import SCHEMA_VERSION

revision = "9000"
down_revision = SCHEMA_VERSION


def upgrade() -> None:
    op.execute("DELETE FROM papers")
