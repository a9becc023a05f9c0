"""The domain model as frozen dataclasses: what all other modules take and return.

`papers`, `topics`, `digests`, `deliveries`, `results`, `services` and `shards` hold one part each. Nothing in here
does I/O or reads a clock.
"""

from bot.model.deliveries import (
    Delivery,
    DeliveryState,
    Limit,
    Limits,
    OnUnknown,
    Receipt,
    UnknownDelivery,
)
from bot.model.digests import (
    Digest,
    DigestEntry,
    Link,
    Message,
    Note,
    Section,
)
from bot.model.papers import (
    Announcement,
    AnnounceType,
    Author,
    FeedItem,
    InvalidItem,
    Mailing,
    MailingRecord,
    MailingState,
    Paper,
    listing_url,
    paper_url,
)
from bot.model.results import Collected, Composed, LaneReport, Outcome
from bot.model.services import Service
from bot.model.shards import SHARDS, Shard, shard_of
from bot.model.topics import (
    Hit,
    Match,
    MatchMode,
    Order,
    Topic,
)

__all__ = [
    "SHARDS",
    "AnnounceType",
    "Announcement",
    "Author",
    "Collected",
    "Composed",
    "Delivery",
    "DeliveryState",
    "Digest",
    "DigestEntry",
    "FeedItem",
    "Hit",
    "InvalidItem",
    "LaneReport",
    "Limit",
    "Limits",
    "Link",
    "Mailing",
    "MailingRecord",
    "MailingState",
    "Match",
    "MatchMode",
    "Message",
    "Note",
    "OnUnknown",
    "Order",
    "Outcome",
    "Paper",
    "Receipt",
    "Section",
    "Service",
    "Shard",
    "Topic",
    "UnknownDelivery",
    "listing_url",
    "paper_url",
    "shard_of",
]
