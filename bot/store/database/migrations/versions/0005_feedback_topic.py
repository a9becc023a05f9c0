"""Feedback teaches the topic in whose section the paper stood, which is kept with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """From 0004 to 0005."""
    op.add_column("feedback", sa.Column("topic", sa.String(64)))
