"""What readers say of papers: more like this, less like this, saved. Said again, it is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.members.values import Noted
from bot.store.feedback import FeedbackRecord, Opinion

if TYPE_CHECKING:
    from datetime import datetime

    from bot.members.context import Context


def feedback(
    context: Context,
    subscriber: str,
    person: tuple[str, ...],
    identifier: str,
    opinion: Opinion,
    *,
    place: str,
    now: datetime,
    topic: str | None = None,
) -> Noted:
    """Note a reader's word on a paper; the same word again takes it back.

    Args:
        context: the store and the configuration.
        subscriber: to whom the paper was shown.
        person: who says it: `context.keys.person` of the platform and the platform's id.
        identifier: the paper's.
        opinion: what they say.
        place: where: mail, web, slack, discord.
        now: the moment, UTC.
        topic: in whose section the paper stood; where None, what is known from an earlier word on it stays.
    """
    with context.store.transaction() as transaction:
        transaction.hold_reader(person[0])
        known = transaction.feedback.get(subscriber, person, identifier)
        transaction.feedback.take_back(subscriber, person, identifier)
        if known is not None and known.opinion is opinion:
            return Noted(None)
        topic = topic or (known.topic if known else None)
        transaction.feedback.put(FeedbackRecord(subscriber, person[0], identifier, opinion, place, now, topic))
        return Noted(opinion)


def learn_anew(context: Context, subscriber: str) -> int:
    """Forget all that was said of what a subscriber was shown, so that its order is learned anew; how much it was.

    What the same people said elsewhere stays, and so does what they saved there.
    """
    with context.store.transaction() as transaction:
        return transaction.feedback.forget(subscriber, ())


def said(context: Context, subscriber: str) -> tuple[FeedbackRecord, ...]:
    """All that was said of what a subscriber was shown, the newest first."""
    with context.store.snapshot() as view:
        return view.feedback.of_subscriber(subscriber)


def saved(context: Context, person: tuple[str, ...]) -> tuple[str, ...]:
    """The identifiers of the papers that a person saved, the last one first, each once."""
    with context.store.snapshot() as view:
        found = view.feedback.of_persons(person)
    return tuple(dict.fromkeys(record.identifier for record in found if record.opinion is Opinion.SAVED))
