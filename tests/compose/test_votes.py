from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.compose.votes import VoteReader, Votes, tally
from bot.model import Topic
from bot.settings import Subscriber
from bot.store import Store
from bot.store.feedback import FeedbackRecord, Opinion, Vote

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 4, 21, 8, tzinfo=UTC)
PIGEONS, BREAD = Topic("pigeons", "Pigeons", ("cs.CV",)), Topic("bread", "Bread", ("cs.CV",))


def subscriber(name: str) -> Subscriber:
    return Subscriber(name, "slack", (), ("pigeons", "bread"), ZoneInfo("UTC"))


def said(identifier: str, opinion: Opinion = Opinion.MORE) -> Vote:
    return Vote("lab", None, identifier, opinion.value)


def test_of_several_people_the_most_count_and_the_latest_word_comes_last() -> None:
    votes = [
        said("liked"),
        said("disputed"),
        said("disputed", Opinion.LESS),
        said("refused", Opinion.LESS),
        said("later"),
        said("liked", Opinion.SAVED),
    ]

    assert tally(votes) == Votes(likes=("later", "liked"), dislikes=("refused",))


def test_the_votes_of_many_are_read_together_and_those_of_others_when_they_are_asked_for(tmp_path: Path) -> None:
    one, silent, other = map(subscriber, ("one", "silent", "other"))
    store = Store(f"sqlite:///{tmp_path / 'paperboy.db'}")
    with store.transaction() as transaction:
        for name, topic, identifier, minutes in (
            ("one", "pigeons", "2604.00002", 2),
            ("one", "pigeons", "2604.00009", 1),
            ("one", None, "2604.00003", 3),
            ("other", "bread", "2604.00004", 4),
        ):
            at = NOW + timedelta(minutes=minutes)
            transaction.feedback.put(FeedbackRecord(name, "p", identifier, Opinion.MORE, "web", at, topic))
    reader = VoteReader(store)
    reader.read([one, silent])

    assert reader.of(one, PIGEONS).likes == ("2604.00009", "2604.00002", "2604.00003")
    assert reader.of(one, BREAD).likes == ("2604.00003",)
    assert reader.of(silent, BREAD) == Votes()
    assert reader.of(other, BREAD).likes == ("2604.00004",)
    store.close()
