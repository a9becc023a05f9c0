"""A schema after today's, for the tests: renames a column of a table that others refer to, and adds one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.database.tables import SCHEMA_VERSION

revision = "9000"
down_revision = SCHEMA_VERSION


def upgrade() -> None:
    with op.batch_alter_table("papers") as papers:
        papers.alter_column("license", new_column_name="licence")
        papers.add_column(sa.Column("pages", sa.Integer, nullable=False, server_default="0"))
