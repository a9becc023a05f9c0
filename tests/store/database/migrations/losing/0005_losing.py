"""A migration that takes away what others refer to, for the tests."""  # noqa: N999 - Alembic's order is in the file's name

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("DELETE FROM papers")
