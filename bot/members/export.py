"""Everything that the store knows of one reader of mail, as plain values: for that reader, and for the operator."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.members.context import Context
    from bot.model import Topic
    from bot.store.feedback import FeedbackRecord
    from bot.store.members import Member
    from bot.store.suppressions import Suppression


def known_of(context: Context, mailbox: str) -> dict[str, object]:
    """What is stored about a mailbox, named by its hash in hex. The address itself is in it: never log it.

    Raises:
        StoreError: the store cannot be read.
    """
    with context.store.snapshot() as view:
        member = view.members.of_mailbox(mailbox)
        suppression = view.suppressions.find(context.keys.suppression(mailbox))
        said = view.feedback.of_persons(context.keys.person("mail", mailbox))
    return {
        "mailbox": mailbox,
        "configured_as": context.subscriber_of(mailbox),
        "subscription": None if member is None else _subscription(member),
        "stopped": None if suppression is None else _stopped(suppression),
        "feedback": [_feedback(record) for record in said],
    }


def _subscription(member: Member) -> dict[str, object]:
    return {
        "key": member.key,
        "address": member.destination.reveal(),
        "asked_on": member.how,
        "asked_at": member.asked_at,
        "confirmed_at": member.confirmed_at,
        "topics": [_topic(topic) for topic in member.topics],
        "asked_topics": [_topic(topic) for topic in member.asked_topics or ()],
        "muted": list(member.muted),
        "hour": None if member.at is None else f"{member.at:%H:%M}",
        "weekdays": sorted(member.weekdays),
        "timezone": member.timezone,
        "paused": member.paused,
        "paused_until": member.paused_until,
    }


def _topic(topic: str | Topic) -> object:
    wanted = ("title", "categories", "keywords", "exclude", "authors", "query")
    return topic if isinstance(topic, str) else {name: getattr(topic, name) for name in wanted}


def _stopped(suppression: Suppression) -> dict[str, object]:
    return {"reason": suppression.reason.value, "how": suppression.how.value, "since": suppression.since}


def _feedback(record: FeedbackRecord) -> dict[str, object]:
    return {name: value for name, value in asdict(record).items() if name != "person"}
