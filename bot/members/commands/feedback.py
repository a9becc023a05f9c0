"""Readers' feedback on papers: more like this, less like this, saved. The same feedback again takes it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    also: str | None = None,
) -> Opinion | None:
    """Stores a reader's feedback on a paper; the same feedback again takes it back. Returns what holds now.

    Args:
        context: the store and the configuration.
        subscriber: to whom the paper was shown.
        person: the reader: `context.keys.person` of the platform and the platform's id.
        identifier: the paper's identifier.
        opinion: the feedback.
        place: where: mail, web, slack, discord.
        now: the moment, UTC.
        topic: the topic in whose section the paper was shown; if None, the stored one is kept.
        also: the reader's own subscriber, for which the feedback counts, too.
    """
    with context.store.transaction() as transaction:
        transaction.hold_reader(person[0])
        known = transaction.feedback.get(subscriber, person, identifier)
        counts_for = dict.fromkeys((subscriber, also) if also else (subscriber,))
        for each in counts_for:
            transaction.feedback.take_back(each, person, identifier)
        if known is not None and known.opinion is opinion:
            return None
        topic = topic or (known.topic if known else None)
        for each in counts_for:
            shown_in = topic if each == subscriber else None
            transaction.feedback.put(FeedbackRecord(each, person[0], identifier, opinion, place, now, shown_in))
        return opinion


def learn_anew(context: Context, subscriber: str) -> int:
    """Deletes all feedback on what a subscriber was shown, so that its order is learned anew. Returns how much.

    What the same people said elsewhere, and saved there, stays.
    """
    with context.store.transaction() as transaction:
        return transaction.feedback.forget(subscriber, ())


def said(context: Context, subscriber: str) -> tuple[FeedbackRecord, ...]:
    """All feedback on what a subscriber was shown, newest first."""
    with context.store.snapshot() as view:
        return view.feedback.of_subscriber(subscriber)


def saved(context: Context, person: tuple[str, ...]) -> tuple[str, ...]:
    """The identifiers of the papers that a person saved, last saved first, each once."""
    with context.store.snapshot() as view:
        found = view.feedback.of_persons(person)
    return tuple(dict.fromkeys(record.identifier for record in found if record.opinion is Opinion.SAVED))
