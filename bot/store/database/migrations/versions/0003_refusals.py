"""How often and since when a delivery is refused, so that none is tried for ever; and that its thread is gone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """From 0002 to 0003."""
    op.add_column("deliveries", sa.Column("refusals", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.add_column("deliveries", sa.Column("refused_since", sa.DateTime))
    op.add_column("deliveries", sa.Column("thread_gone", sa.Boolean, nullable=False, server_default=sa.false()))
