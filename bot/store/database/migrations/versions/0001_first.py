"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """From nothing to 0001."""
    _collected()
    _composed()
    _kept()


def _collected() -> None:
    op.create_table(
        "papers",
        sa.Column("identifier", sa.String(32), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("abstract", sa.Text, nullable=False),
        sa.Column("authors", sa.JSON, nullable=False),
        sa.Column("categories", sa.JSON, nullable=False),
        sa.Column("license", sa.Text),
        sa.Column("doi", sa.Text),
        sa.Column("journal_ref", sa.Text),
        sa.Column("stored_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "announcements",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("mailing_date", sa.Date, nullable=False),
        sa.Column("category", sa.String(32), nullable=False),
        sa.Column("identifier", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["identifier", "version"], ["papers.identifier", "papers.version"]),
        sa.UniqueConstraint("category", "mailing_date", "identifier", "version"),
        sqlite_autoincrement=True,
    )
    op.create_index("announcements_by_category", "announcements", ["category", "seq"])
    op.create_index("announcements_by_paper", "announcements", ["identifier"])
    op.create_table(
        "mailings",
        sa.Column("mailing_date", sa.Date, primary_key=True),
        sa.Column("category", sa.String(32), primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("announced", sa.Integer, nullable=False),
        sa.Column("unreadable", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("asked_at", sa.DateTime),
    )


def _composed() -> None:
    op.create_table(
        "subscribers",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("cursors", sa.JSON, nullable=False),
        sa.Column("slot", sa.DateTime),
        sa.Column("told_through", sa.Date),
        sa.Column("revision", sa.Integer, nullable=False),
    )
    op.create_table(
        "digests",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "messages",
        sa.Column("digest_id", sa.String(32), sa.ForeignKey("digests.id"), primary_key=True),
        sa.Column("part", sa.Integer, primary_key=True),
        sa.Column("payload", sa.Text),
        sa.Column("plain", sa.Text),
        sa.Column("reply", sa.Boolean, nullable=False),
    )
    op.create_table(
        "digest_papers",
        sa.Column("digest_id", sa.String(32), sa.ForeignKey("digests.id"), primary_key=True),
        sa.Column("identifier", sa.String(32), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("shown", sa.Boolean, nullable=False),
        sa.Column("hits", sa.JSON, nullable=False),
    )
    op.create_index("digest_papers_by_paper", "digest_papers", ["identifier"])
    _outbox()


def _outbox() -> None:
    op.create_table(
        "deliveries",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("subscriber", sa.String(64), nullable=False),
        sa.Column("recipient", sa.String(32), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("digest_id", sa.String(32), sa.ForeignKey("digests.id"), nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("parts", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("plain", sa.Boolean, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("deaths", sa.Integer, nullable=False),
        sa.Column("not_before", sa.DateTime),
        sa.Column("owner", sa.String(160)),
        sa.Column("lease_until", sa.DateTime),
        sa.Column("platform_id", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("settled_at", sa.DateTime),
        sqlite_autoincrement=True,
    )
    op.create_index("deliveries_by_lane", "deliveries", ["subscriber", "recipient", "seq"])
    op.create_index("deliveries_by_digest", "deliveries", ["digest_id", "subscriber"])
    op.create_index("deliveries_by_state", "deliveries", ["state"])


def _kept() -> None:
    op.create_table(
        "gates",
        sa.Column("key", sa.String(80), primary_key=True),
        sa.Column("opens_at", sa.DateTime),
        sa.Column("closed_until", sa.DateTime),
        sa.Column("reason", sa.Text),
        sa.Column("since", sa.DateTime),
    )
    op.create_table(
        "pages",
        sa.Column("topic", sa.String(64), primary_key=True),
        sa.Column("mailing_date", sa.Date, primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("papers", sa.Integer, nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("owner", sa.String(160), nullable=False),
        sa.Column("until", sa.DateTime, nullable=False),
    )
    op.create_table(
        "concerns",
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("told_at", sa.DateTime, nullable=False),
    )
