"""What readers say: self-service subscribers, suppressions, bounces, feedback, and limits of what is asked of us."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """From 0003 to 0004."""
    op.add_column("subscribers", sa.Column("seen", sa.Integer))
    op.add_column("subscribers", sa.Column("due_at", sa.DateTime))
    op.add_column("subscribers", sa.Column("composed_as", sa.Integer, nullable=False, server_default="0"))
    _members()
    _suppressions()
    op.create_table(
        "feedback",
        sa.Column("subscriber", sa.String(64), primary_key=True),
        sa.Column("person", sa.String(32), primary_key=True),
        sa.Column("identifier", sa.String(32), primary_key=True),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("place", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_index("feedback_by_person", "feedback", ["person"])
    op.create_table(
        "request_limits",
        sa.Column("key", sa.String(80), primary_key=True),
        sa.Column("tokens", sa.Float, nullable=False),
        sa.Column("updated_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "keys",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def _members() -> None:
    op.create_table(
        "members",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("recipient", sa.String(32), nullable=False),
        sa.Column("mailbox", sa.String(32), unique=True),
        sa.Column("topics", sa.JSON, nullable=False),
        sa.Column("muted", sa.JSON, nullable=False),
        sa.Column("own_topics_made", sa.Integer, nullable=False),
        sa.Column("reads", sa.Text, nullable=False),
        sa.Column("asked_topics", sa.JSON),
        sa.Column("asked_at", sa.DateTime),
        sa.Column("at", sa.String(5)),
        sa.Column("weekdays", sa.Integer, nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("paused_until", sa.Date),
        sa.Column("confirmed_at", sa.DateTime),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.UniqueConstraint("channel", "recipient"),
    )


def _suppressions() -> None:
    op.create_table(
        "suppressions",
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("secret", sa.String(8), nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("subscriber", sa.String(64)),
        sa.Column("since", sa.DateTime, nullable=False),
    )
    op.create_table(
        "bounces",
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("delivery", sa.String(64), primary_key=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
