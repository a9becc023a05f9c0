"""What readers said of papers, as the papers that each subscriber's readers like and dislike in each topic."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from bot.store.feedback import Opinion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import Topic
    from bot.settings import Subscriber
    from bot.store import Store
    from bot.store.feedback import Vote


@dataclass(frozen=True, slots=True)
class Votes:
    """The identifiers of the liked and of the disliked papers; the one voted on last is the last."""

    likes: tuple[str, ...] = ()
    dislikes: tuple[str, ...] = ()


class VoteReader:
    """Reads each subscriber's votes from the store once, then keeps them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._votes: dict[tuple[str, str], Votes] = {}

    def read(self, subscribers: Iterable[Subscriber]) -> None:
        """Read the votes of all these together, which takes less time than one after the other."""
        by_name = {subscriber.name: subscriber for subscriber in subscribers}
        self._votes |= {(each.name, topic): Votes() for each in by_name.values() for topic in each.topics}
        with self._store.snapshot() as view:
            for name, found in groupby(view.feedback.votes(by_name), key=attrgetter("subscriber")):
                votes = list(found)
                for topic in by_name[name].topics:
                    self._votes[name, topic] = tally(vote for vote in votes if vote.topic in (topic, None))

    def of(self, subscriber: Subscriber, topic: Topic) -> Votes:
        """What its readers said of papers in this topic's section, or where no topic is known."""
        if (subscriber.name, topic.name) not in self._votes:
            self.read([subscriber])
        return self._votes[subscriber.name, topic.name]


def tally(votes: Iterable[Vote]) -> Votes:
    """Per paper the majority of all votes, as in a channel many people vote; a paper with a tie is left out.

    Args:
        votes: the oldest first.
    """
    balance: dict[str, int] = {}
    for vote in votes:
        said = balance.pop(vote.identifier, 0)  # put last again, for the latest word is the latest interest
        # One string for all who speak of the paper: many thousands of readers may have spoken of the same few.
        balance[sys.intern(vote.identifier)] = said + (-1 if vote.opinion == Opinion.LESS else 1)
    likes = tuple(identifier for identifier, said in balance.items() if said > 0)
    return Votes(likes, tuple(identifier for identifier, said in balance.items() if said < 0))
