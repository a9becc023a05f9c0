"""Finds subscribers that were renamed: their key is new to the store, and their address is that of one that is gone.

A subscriber is its key in the YAML. Under a new one it is a newcomer, and is told of the latest mailing again, unless
its setting `was` names the old one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings import Settings, Subscriber
    from bot.store import Store


def renamed(store: Store, settings: Settings) -> dict[str, str]:
    """A sentence about each subscriber that was told nothing yet under its name, but perhaps under another."""
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
