"""The next delivery of a lane is found by an index of the open ones: by that of states, all open ones were read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_OPEN = sa.text("state NOT IN ('sent', 'dead', 'dropped', 'withdrawn')")


def upgrade() -> None:
    """From 0009 to 0010."""
    columns = ["recipient", "subscriber"]
    op.create_index("deliveries_open", "deliveries", columns, sqlite_where=_OPEN, postgresql_where=_OPEN)
