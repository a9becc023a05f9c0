"""Whose direct messages a self-service subscriber is for: what that person says elsewhere counts for it, too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """From 0007 to 0008."""
    op.add_column("members", sa.Column("person", sa.String(32)))
    op.create_index("members_by_person", "members", ["person"])
