"""Reactions under a message of one paper: which messages are such, and what was read of them last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """From 0008 to 0009."""
    op.add_column("messages", sa.Column("paper", sa.String(32)))
    op.create_table(
        "reactions",
        sa.Column("delivery", sa.String(32), primary_key=True),
        sa.Column("person", sa.String(32), primary_key=True),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
