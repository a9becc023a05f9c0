"""What second sources bring: a comment, announcements that are concluded, when a mailing was first asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """From 0001 to 0002."""
    op.add_column("papers", sa.Column("comment", sa.Text))
    op.add_column(
        "announcements",
        sa.Column("reconstructed", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.add_column("mailings", sa.Column("first_asked_at", sa.DateTime))
    op.execute("UPDATE mailings SET first_asked_at = asked_at")
