"""Says of a subscriber with `digest: liked` what was liked since its last digest. Only reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import text
from bot.channels.channel import CheckResult
from bot.settings import CHAT_PLATFORMS
from bot.store.subscribers import SubscriberState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.compose.digests import DigestPlanner
    from bot.settings import Settings, Subscriber
    from bot.store import Store


def votes_in_words(subscriber: Subscriber, store: Store, planner: DigestPlanner, now: datetime) -> str:
    """How many papers were liked since the subscriber's last digest."""
    found = planner.liked.since_last(subscriber, _state(subscriber, store), now)
    since = text.day(found.since.astimezone(subscriber.timezone).date())
    if not found.papers:
        return f"nothing liked or saved since {since}"
    papers = "1 paper" if len(found.papers) == 1 else f"{len(found.papers)} papers"
    return f"{papers} liked or saved since {since}; waits for its hour"


def votes_on(identifier: str, subscriber: Subscriber, store: Store, planner: DigestPlanner) -> str:
    """How many liked one paper since the subscriber's last digest."""
    votes = planner.liked.votes_on(identifier, subscriber, _state(subscriber, store))
    said = votes.sentence if votes else "nobody liked it"
    return f"its digest is what was liked at its destination; since the last one {said}"


def liked_notices(settings: Settings) -> Iterator[CheckResult]:
    """What the votes of each subscriber with `digest: liked` come from; perhaps nobody can vote there."""
    for subscriber in settings.subscribers.values():
        if subscriber.liked:
            siblings = [name for name in subscriber.votes_of if not settings.subscribers[name].liked]
            message = "no other subscriber brings papers to its destination: there is nothing to like"
            if siblings:
                message = f"counts what is liked and saved of the papers that {', '.join(siblings)} gets"
            if siblings and not any(_can_vote(settings.subscribers[name], settings) for name in siblings):
                message += (
                    ", and nobody can vote there: `chat:` or `reactions: true` lets readers vote, in mails `web:`"
                )
            yield CheckResult(f"subscribers.{subscriber.name}.digest", ok=True, message=message)


def _can_vote(subscriber: Subscriber, settings: Settings) -> bool:
    """Whether readers can say what they like: by buttons, by reactions, or in mails by links to our pages."""
    has_pages = settings.web is not None or subscriber.channel in CHAT_PLATFORMS
    buttons = getattr(subscriber.options, "buttons", False) and has_pages
    return bool(buttons or getattr(subscriber.options, "reactions", False))


def _state(subscriber: Subscriber, store: Store) -> SubscriberState:
    return store.subscribers.state(subscriber.name) or SubscriberState(subscriber.name)
