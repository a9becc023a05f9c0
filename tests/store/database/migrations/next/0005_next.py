"""A schema after today's, for the tests: renames a column of a table that others refer to, and adds one."""  # noqa: N999 - Alembic's order is in the file's name

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with op.batch_alter_table("papers") as papers:
        papers.alter_column("license", new_column_name="licence")
        papers.add_column(sa.Column("pages", sa.Integer, nullable=False, server_default="0"))
