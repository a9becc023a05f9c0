"""Reactions under a message count as their person's word on the paper, as clicks do; the latest word counts.

No platform says when somebody reacted. So what is there is compared with what was there at the last look: what is new
is said now, what is gone is taken back, unless a click said something else since; what is unchanged says nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.members.places import own_subscriber
from bot.store.feedback import FeedbackRecord, Opinion

if TYPE_CHECKING:
    from datetime import datetime

    from bot.channels.reactions import Reacted
    from bot.members.context import Context
    from bot.store.reactions import PostedPaper


def note_reactions(context: Context, platform: str, posted: PostedPaper, reacted: Reacted, now: datetime) -> int:
    """Notes what changed under one message since the last look. Returns for how many people.

    Args:
        context: the store and the configuration.
        platform: Slack or Discord, by the channel's name.
        posted: the message, and the paper that it shows.
        reacted: the reactions under it now.
        now: the moment, UTC.
    """
    with context.store.snapshot() as view:
        before = dict(view.reactions.read(posted.delivery))
    changes: list[tuple[tuple[str, ...], Opinion | None]] = []
    for person, wish in reacted.wishes.items():
        keys = context.keys.person(platform, person)
        was = {before.pop(key, None) for key in keys}
        if Opinion(wish.value) not in was:
            changes.append((keys, Opinion(wish.value)))
    if reacted.is_complete:
        changes += [((person,), None) for person in before]
    for keys, opinion in changes:
        _note(context, platform, posted, person=keys, opinion=opinion, now=now)
    return len(changes)


def _note(
    context: Context,
    platform: str,
    posted: PostedPaper,
    *,
    person: tuple[str, ...],
    opinion: Opinion | None,
    now: datetime,
) -> None:
    """Notes one person's changed reaction, for the subscriber that the paper was shown to and for their own."""
    place, own = f"{platform}-reaction", own_subscriber(context, platform, person)
    counts_for = dict.fromkeys((posted.subscriber, own) if own else (posted.subscriber,))
    with context.store.transaction() as transaction:
        transaction.hold_reader(person[0])
        transaction.reactions.forget(posted.delivery, person)
        if opinion is not None:
            transaction.reactions.put(posted.delivery, person[0], opinion, now)
        for each in counts_for:
            known = transaction.feedback.get(each, person, posted.identifier)
            if opinion is not None or (known is not None and known.place == place):
                transaction.feedback.take_back(each, person, posted.identifier)
            if opinion is not None:
                topic = posted.topic if each == posted.subscriber else None
                record = FeedbackRecord(each, person[0], posted.identifier, opinion, place, now, topic)
                transaction.feedback.put(record)
