"""A migration that fails half-way, for the tests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.database.tables import SCHEMA_VERSION

revision = "9000"
down_revision = SCHEMA_VERSION


def upgrade() -> None:
    op.create_table("half", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("DELETE FROM nowhere")
