"""Which commands a platform was sent last: Discord is sent them only when they changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """From 0006 to 0007."""
    op.add_column("listening", sa.Column("commands", sa.String(64)))
