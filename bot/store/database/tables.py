"""The tables and the types of their columns.

Times are aware UTC in Python and naive UTC in the database. Tokens, webhook URLs and the YAML's settings are never
stored; a self-service subscriber's address is, because it is nowhere else.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)

if TYPE_CHECKING:
    from sqlalchemy import Dialect

SCHEMA_VERSION = "0010"
"""The newest schema this program knows; stored in Alembic's own table, so that Alembic can take over from here."""


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python, naive UTC in the database, because SQLite stores no time zone."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - protocol
        """Into the database."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002, ANN401 - protocol
        """Out of the database."""
        return None if value is None else value.replace(tzinfo=UTC)


def storable(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The value without what databases refuse in texts: U+0000 (PostgreSQL) and lone surrogates (both)."""
    match value:
        case str():
            return value.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")
        case list() | tuple():
            return [storable(each) for each in value]
        case dict():
            return {storable(key): storable(each) for key, each in value.items()}
    return value


class Name(TypeDecorator[str]):
    """A text of limited length."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - protocol
        """Into the database."""
        return None if value is None else str(storable(value))


class LongText(Name):
    """A text of any length."""

    impl = Text
    cache_ok = True


class Json(TypeDecorator[Any]):
    """Lists and mappings of texts and numbers."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ANN401, ARG002 - protocol
        """Into the database."""
        return storable(value)


metadata = MetaData()

schema_version = Table(
    "alembic_version",
    metadata,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),  # as Alembic itself makes it
)

papers = Table(
    "papers",
    metadata,
    Column("identifier", Name(32), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("title", LongText, nullable=False),
    Column("abstract", LongText, nullable=False),
    Column("authors", Json, nullable=False),
    Column("categories", Json, nullable=False),
    Column("license", LongText),
    Column("doi", LongText),
    Column("journal_ref", LongText),
    Column("stored_at", UtcDateTime, nullable=False),
    Column("comment", LongText),
)

announcements = Table(
    "announcements",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("mailing_date", Date, nullable=False),
    Column("category", Name(32), nullable=False),
    Column("identifier", Name(32), nullable=False),
    Column("version", Integer, nullable=False),
    Column("type", Name(16), nullable=False),
    Column("reconstructed", Boolean, nullable=False, server_default=false()),  # concluded from OAI-PMH
    ForeignKeyConstraint(["identifier", "version"], ["papers.identifier", "papers.version"]),
    UniqueConstraint("category", "mailing_date", "identifier", "version"),
    Index("announcements_by_category", "category", "seq"),
    Index("announcements_by_paper", "identifier"),
    sqlite_autoincrement=True,  # cursors are such numbers, so none may be given twice
)

mailings = Table(
    "mailings",
    metadata,
    Column("mailing_date", Date, primary_key=True),
    Column("category", Name(32), primary_key=True),
    Column("state", Name(20), nullable=False),
    Column("reason", LongText, nullable=False),
    Column("announced", Integer, nullable=False),
    Column("unreadable", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("asked_at", UtcDateTime),
    Column("first_asked_at", UtcDateTime),
)

subscribers = Table(
    "subscribers",
    metadata,
    Column("name", Name(64), primary_key=True),
    Column("cursors", Json, nullable=False),  # "topic/category" -> the last announcement considered
    Column("slot", UtcDateTime),  # the last slot that was served
    Column("told_through", Date),  # the newest mailing date it was told of, with papers or without
    Column("revision", Integer, nullable=False),  # detects that another process composed meanwhile
    Column("seen", Integer),  # the lowest cursor: everything up to there was considered
    Column("due_at", UtcDateTime),  # its next slot
    Column("composed_as", Integer, nullable=False, server_default="0"),  # `members.revision` then; 0 for the YAML's
)

digests = Table(
    "digests",
    metadata,
    Column("id", Name(32), primary_key=True),  # a hash of its content: equal digests are one row
    Column("channel", Name(16), nullable=False),
    Column("title", LongText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("digest_id", ForeignKey("digests.id"), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("payload", LongText),  # JSON as composed; NULL once pruned
    Column("plain", LongText),
    Column("reply", Boolean, nullable=False),
    Column("paper", Name(32)),  # the only paper that it shows; NULL if it shows none, or several
)

digest_papers = Table(
    "digest_papers",
    metadata,
    Column("digest_id", ForeignKey("digests.id"), primary_key=True),
    Column("identifier", Name(32), primary_key=True),
    Column("version", Integer, primary_key=True),  # 0: told as new or cross; else this version as replaced
    Column("topic", Name(64), nullable=False),
    Column("shown", Boolean, nullable=False),  # false: beyond the topic's limit, counted and linked
    Column("hits", Json, nullable=False),
    Index("digest_papers_by_paper", "identifier"),
)

IS_OPEN = text("state NOT IN ('sent', 'dead', 'dropped', 'withdrawn')")
"""The condition of the index of open deliveries. SQLite uses it only for a query that says the same
(https://www.sqlite.org/partialindex.html#queries_using_partial_indexes), and for NOT IN not the index of states."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", Name(32), nullable=False, unique=True),
    Column("subscriber", Name(64), nullable=False),
    Column("recipient", Name(32), nullable=False),
    Column("channel", Name(16), nullable=False),
    Column("digest_id", ForeignKey("digests.id"), nullable=False),
    Column("part", Integer, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("state", Name(16), nullable=False),
    Column("plain", Boolean, nullable=False),  # whether the plain form is to be sent
    Column("tries", Integer, nullable=False),
    Column("deaths", Integer, nullable=False),  # how often a process died while sending it
    Column("not_before", UtcDateTime),
    Column("owner", Name(160)),
    Column("lease_until", UtcDateTime),
    Column("platform_id", LongText),
    Column("reason", LongText),
    Column("created_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    Column("refusals", Integer, nullable=False, server_default=text("0")),  # how often it was refused
    Column("refused_since", UtcDateTime),  # when it was first refused
    Column("thread_gone", Boolean, nullable=False, server_default=false()),  # it goes to the channel itself
    Index("deliveries_by_lane", "subscriber", "recipient", "seq"),
    Index("deliveries_by_digest", "digest_id", "subscriber"),
    Index("deliveries_by_state", "state"),
    Index("deliveries_open", "recipient", "subscriber", sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
    sqlite_autoincrement=True,
)

IS_ITS_MESSAGE = (messages.c.digest_id == deliveries.c.digest_id) & (messages.c.part == deliveries.c.part)
"""Joins each delivery with its message."""

gates = Table(
    "gates",
    metadata,
    Column("key", Name(80), primary_key=True),
    Column("opens_at", UtcDateTime),  # pacing and Retry-After
    Column("closed_until", UtcDateTime),  # open circuit: nothing is sent before
    Column("reason", LongText),
    Column("since", UtcDateTime),
)

pages = Table(
    "pages",
    metadata,
    Column("topic", Name(64), primary_key=True),
    Column("mailing_date", Date, primary_key=True),
    Column("seq", Integer, nullable=False),  # the last announcement that is on the page
    Column("papers", Integer, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Name(32), primary_key=True),
    Column("owner", Name(160), nullable=False),
    Column("until", UtcDateTime, nullable=False),
)

concerns = Table(
    "concerns",
    metadata,
    Column("key", Name(200), primary_key=True),
    Column("told_at", UtcDateTime, nullable=False),  # when the operator was last told
)

members = Table(
    "members",
    metadata,
    Column("key", Name(64), primary_key=True),
    Column("channel", Name(16), nullable=False),
    Column("destination", LongText, nullable=False),  # the address itself, which no YAML has
    Column("recipient", Name(32), nullable=False),  # its hash, as in `deliveries`
    Column("mailbox", Name(32), unique=True),  # a hash that ignores case; NULL if no mailbox
    Column("topics", Json, nullable=False),  # names of topics in the YAML, and own topics as objects
    Column("muted", Json, nullable=False),  # terms that are excluded from all its topics
    Column("own_topics_made", Integer, nullable=False),
    Column("reads", LongText, nullable=False),  # categories of own topics, and @NAME for each of the YAML's topics
    Column("asked_topics", Json(none_as_null=True)),  # the topics of a request that is not confirmed yet
    Column("asked_at", UtcDateTime),  # when that request was last made
    Column("at", Name(5)),
    Column("weekdays", Integer, nullable=False),  # bit 0 is Monday
    Column("timezone", Name(64), nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("paused_until", Date),  # the first day after the pause
    Column("confirmed_at", UtcDateTime),  # NULL: requested, not confirmed
    Column("how", Name(16), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("person", Name(32)),  # a keyed hash of whose direct messages it is for; NULL if that is not known
    UniqueConstraint("channel", "recipient"),
    Index("members_by_person", "person"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("key", Name(32), primary_key=True),  # a keyed hash of the mailbox
    Column("secret", Name(8), nullable=False),  # the name of the secret it is keyed with
    Column("reason", Name(16), nullable=False),
    Column("how", Name(16), nullable=False),
    Column("subscriber", Name(64)),  # to whom the mail went that led to it
    Column("since", UtcDateTime, nullable=False),
)

bounces = Table(
    "bounces",
    metadata,
    Column("key", Name(32), primary_key=True),  # as in suppressions
    Column("delivery", Name(64), primary_key=True),
    Column("status", Name(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

feedback = Table(
    "feedback",
    metadata,
    Column("subscriber", Name(64), primary_key=True),
    Column("person", Name(32), primary_key=True),  # a keyed hash
    Column("identifier", Name(32), primary_key=True),
    Column("verdict", Name(8), nullable=False),
    Column("place", Name(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("topic", Name(64)),  # in whose section of the digest the paper was; NULL if not known
    Index("feedback_by_person", "person"),
)

reactions = Table(
    "reactions",
    metadata,
    Column("delivery", Name(32), primary_key=True),  # of the message under which it was
    Column("person", Name(32), primary_key=True),  # a keyed hash, as in `feedback`
    Column("verdict", Name(8), nullable=False),
    Column("at", UtcDateTime, nullable=False),  # when it was first read
)

request_limits = Table(
    "request_limits",
    metadata,
    Column("key", Name(80), primary_key=True),
    Column("tokens", Float, nullable=False),  # tokens left in the bucket
    Column("updated_at", UtcDateTime, nullable=False),
)

listening = Table(
    "listening",
    metadata,
    Column("platform", Name(16), primary_key=True),
    Column("heard_at", UtcDateTime, nullable=False),  # until when somebody listened
    Column("reason", LongText, nullable=False),  # why nobody does; empty while somebody does
    Column("commands", Name(64)),  # a hash of the commands that it was sent last
)

keys = Table(
    "keys",
    metadata,
    Column("name", Name(64), primary_key=True),
    Column("value", LongText, nullable=False),
)
