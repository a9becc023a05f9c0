"""Where readers are listened to, and since when they are not, for `status` and the operator."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """From 0005 to 0006."""
    op.create_table(
        "listening",
        sa.Column("platform", sa.String(16), primary_key=True),
        sa.Column("heard_at", sa.DateTime, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
