"""Everything that is known of one reader, as plain values, for the reader and for the operator. Only reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import Topic

if TYPE_CHECKING:
    from bot.members.context import Context
    from bot.store.feedback import FeedbackRecord
    from bot.store.members import Followed, Member
    from bot.store.suppressions import Suppression


@dataclass(frozen=True, slots=True)
class KnownOfReader:
    """What is known of a reader."""

    self_service: dict[str, object] | None
    """Their self-service subscriber, if they have one."""
    configured: tuple[str, ...]
    """The subscribers of the configuration that have their mailbox, by name."""
    suppression: Suppression | None
    """The suppression of their mailbox, if there is one."""
    feedback: tuple[FeedbackRecord, ...]
    """Their feedback, newest first."""


def known_of(context: Context, mailbox: str) -> KnownOfReader:
    """Everything known of the reader of a mailbox, named by its hash in hex."""
    with context.store.snapshot() as view:
        member = view.members.of_mailbox(mailbox)
        return KnownOfReader(
            self_service=None if member is None else self_service(member),
            configured=tuple(dict.fromkeys(lane.subscriber for lane in context.lanes(mailbox, None))),
            suppression=view.suppressions.find(context.keys.suppression(mailbox)),
            feedback=view.feedback.of_persons(context.keys.person("mail", mailbox)),
        )


def self_service(member: Member) -> dict[str, object]:
    """A self-service subscriber with its address, as values for JSON; for its reader and the operator only."""
    return {
        "key": member.key,
        "channel": member.channel,
        "address": member.destination.reveal(),
        "topics": tuple(map(_topic, member.topics)),
        "muted": member.muted,
        "at": None if member.at is None else f"{member.at:%H:%M}",
        "weekdays": tuple(sorted(member.weekdays)),  # Monday is 0
        "timezone": member.timezone,
        "paused": member.paused,
        "paused_until": member.paused_until,
        "asked_at": member.asked_at,
        "confirmed_at": member.confirmed_at,
        "how": member.how,  # where it signed up: web, slack, discord
    }


def titles(topics: Followed) -> tuple[str, ...]:
    """The topics' names in the YAML, or the titles of own topics."""
    return tuple(topic.title if isinstance(topic, Topic) else topic for topic in topics)


def _topic(topic: str | Topic) -> object:
    if isinstance(topic, str):
        return topic
    words = {key: list(getattr(topic, key)) for key in ("categories", "keywords", "exclude", "authors")}
    return {"title": topic.title, **{key: found for key, found in words.items() if found}, "query": topic.query}
