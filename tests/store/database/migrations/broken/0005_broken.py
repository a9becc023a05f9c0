"""A migration that fails half-way, for the tests."""  # noqa: N999 - Alembic's order is in the file's name

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table("half", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("DELETE FROM nowhere")
