"""Finds subscribers that were probably renamed: the store does not know the name, but an old one had the address.

A subscriber is its key in the YAML. With a new key it is a new subscriber, and is told of the latest mailing again,
unless its setting `was` names the old key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings import Settings, Subscriber
    from bot.store import Store


def renamed(store: Store, settings: Settings) -> dict[str, str]:
    """By name, a sentence about each subscriber that was told nothing yet, but probably had another name before."""
    states = store.subscribers.states(settings.subscribers)
    gone = store.subscribers.names() - settings.subscribers.keys()
    newcomers = [
        subscriber
        for subscriber in settings.subscribers.values()
        if subscriber.name not in states or states[subscriber.name].heard_until is None
    ]
    had = store.queries.recipients(gone) if gone and newcomers else {}
    sentences = {subscriber.name: _sentence(subscriber, gone, had) for subscriber in newcomers}
    return {name: sentence for name, sentence in sentences.items() if sentence}


def _sentence(subscriber: Subscriber, gone: frozenset[str], had: dict[str, str]) -> str:
    if subscriber.was in gone:
        return f"goes on where {subscriber.was} was, from the next run on"
    old = next((had[recipient] for recipient in subscriber.recipients if recipient in had), None)
    if old is None:
        return ""
    return f"has the address of {old}, which is gone: `was: {old}` lets it go on, else it starts anew"
