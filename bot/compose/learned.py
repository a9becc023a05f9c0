"""What each subscriber's readers like, learned anew in every run of compose: a score for each paper, and why.

Learning is optional. If scoring fails or takes too long, there are no more scores in this run: papers are ordered by
relevance then, the digest is still composed, and `problems` says why. Fetches Zotero libraries (`refresh`). Imports
numpy only when an order is learned.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING

import structlog

from bot import text
from bot.compose.library import LibraryError, documents, read_library
from bot.model import Order
from bot.store.feedback import Opinion
from bot.topics.features import Document
from bot.topics.query import WORDS, from_topic, terms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from bot.model import DigestEntry, Topic
    from bot.settings import Settings, Subscriber
    from bot.store import Store
    from bot.store.feedback import FeedbackRecord
    from bot.topics.interest import Interest, Reason
    from bot.topics.library import Entry
    from bot.topics.paper_space import PaperSpace, Vectors

log = structlog.get_logger(__name__)

BACKGROUND = timedelta(days=60)
"""The announcements of so many days before the newest mailing tell what is usual."""
FEWEST_LIKES = 3
FEWEST_ANNOUNCED = 100
"""With less, the order is `relevance`."""
MOST_SECONDS = 20.0
"""In one run, for all subscribers."""
_FRESH = timedelta(hours=1)
"""So old may be what was fetched of a library."""
_REASONS = 10
"""So many papers of a topic say why they stand on top."""
_LIKE, _TERM = 60, 30
"""Characters of a liked paper's title and of a term, where a reason names them."""
NEEDS_NUMPY = "`order: learned` needs numpy: pip install 'paperboy-digest[ranking]'"


@dataclass(frozen=True, slots=True)
class Votes:
    """The identifiers of the liked and of the disliked papers; the one voted on last is the last."""

    likes: tuple[str, ...] = ()
    dislikes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scored:
    """How well a paper fits, and why, if it is among the best."""

    score: float
    reason: str = ""


class LearnedOrder:
    """Scores papers for subscribers; each subscriber's votes are read from the store once, then kept."""

    def __init__(self, store: Store, settings: Settings, *, timer: Callable[[], float] = time.monotonic) -> None:
        self.problems: dict[str, None] = {}
        """What the operator should hear of, each once."""
        self._given_up = False
        self._store = store
        self._topics = settings.topics
        self._timer = timer
        self._spent = 0.0
        self._ends = inf
        """When there is no more time to learn, as the timer counts."""
        self._votes: dict[str, tuple[FeedbackRecord, ...]] = {}
        self._libraries: dict[str, tuple[Entry, ...]] = {}
        self._placed: dict[tuple[str, ...], Vectors] = {}

    async def refresh(self, subscribers: Iterable[Subscriber], now: datetime) -> None:
        """Fetch these subscribers' Zotero libraries, except those fetched successfully within the last hour.

        If one cannot be fetched, its last fetched copy is used, and `problems` says why.
        """
        wanted = (each.interest.zotero for each in subscribers if each.interest and each.interest.zotero)
        for library in dict.fromkeys(wanted):
            if _was_fetched_lately(library.cache, now):
                continue
            from bot.compose import zotero  # noqa: PLC0415 - aiohttp, only where a library is fetched

            try:
                await zotero.refresh(library)
                library.cache.touch()
            except zotero.ZoteroError as error:
                self.problems[f"A library could not be fetched: {error}"] = None
            except OSError as error:  # law 9: what is optional never costs a digest
                self.problems[f"A library could not be kept: {error.strerror or type(error).__name__}"] = None

    def learns(self, subscriber: Subscriber) -> bool:
        """Whether any of the subscriber's topics has a learned order now, so that its digest differs from others'."""
        return any(self._learns(subscriber, self._topics[name]) for name in subscriber.topics)

    def scored(self, subscriber: Subscriber, topic: Topic, entries: Sequence[DigestEntry]) -> Mapping[str, Scored]:
        """Each paper's score, by identifier; none where the order is not learned."""
        if self._given_up or not entries or not self._learns(subscriber, topic):
            return {}
        started = self._timer()
        self._ends = started + MOST_SECONDS - self._spent
        try:
            found = self._scored(self.interest(subscriber, topic), entries)
            self._check_time()
        except ImportError:
            self._give_up(NEEDS_NUMPY)
        except TimeoutError:
            self._give_up(f"Learning the order took longer than {MOST_SECONDS:.0f} s.")
        except Exception as error:  # law 9: what is optional never costs a digest
            log.exception("the order could not be learned", subscriber=subscriber.name, topic=topic.name)
            self._give_up(f"The order could not be learned: {type(error).__name__}.")
        else:
            self._spent += self._timer() - started
            return found
        return {}

    def _check_time(self) -> None:
        """Raise TimeoutError if this run's time for learning is over."""
        if self._timer() > self._ends:
            raise TimeoutError

    def interest(self, subscriber: Subscriber, topic: Topic, votes: Votes | None = None) -> Interest:
        """What the subscriber's readers like in the topic, learned from `votes`; from all their votes if it is None.

        Raises:
            ImportError: numpy is not installed.
        """
        from bot.topics.interest import Interest  # noqa: PLC0415 - numpy, only where somebody learns

        votes = votes or self.votes(subscriber, topic)
        library = documents(self._library(subscriber), self._store.papers, self._space.documents)
        likes, dislikes = self._documents(votes.likes), self._documents(votes.dislikes)
        return Interest(self._space, [*library, *likes], dislikes, _keywords(topic))

    def scores(self, interest: Interest, entries: Sequence[DigestEntry]) -> dict[str, float]:
        """How well each paper fits, by identifier."""
        documents = [Document.of(entry.paper) for entry in entries]
        key = tuple(document.key for document in documents)
        if key not in self._placed:
            self._placed[key] = self._space.vectors(documents)
        scores = interest.scores(self._placed[key]).round(_DIGITS).tolist()
        return dict(zip(key, scores, strict=True))

    def known(self, subscriber: Subscriber, topic: Topic) -> tuple[str, str, str]:
        """How many papers count as liked and disliked, and which order that makes, in words."""
        votes, library = self.votes(subscriber, topic), len(self._library(subscriber))
        likes = f"{len(votes.likes)}" + (f" and a library of {library}" if library else "")
        order = Order.LEARNED if self._learns(subscriber, topic) else Order.RELEVANCE
        return likes, f"{len(votes.dislikes)}", order.value

    def votes(self, subscriber: Subscriber, topic: Topic) -> Votes:
        """What its readers said of papers in this topic's section, or where no topic is known."""
        if subscriber.name not in self._votes:
            with self._store.snapshot() as view:
                self._votes[subscriber.name] = view.feedback.of_subscriber(subscriber.name)
        return tally(each for each in self._votes[subscriber.name] if each.topic in (topic.name, None))

    def _learns(self, subscriber: Subscriber, topic: Topic) -> bool:
        if topic.order is not Order.LEARNED:
            return False
        return len(self.votes(subscriber, topic).likes) + len(self._library(subscriber)) >= FEWEST_LIKES

    def _library(self, subscriber: Subscriber) -> tuple[Entry, ...]:
        """What counts like liked papers; nothing of a library that cannot be read, and the operator hears of it."""
        if subscriber.name not in self._libraries:
            try:
                found = read_library(subscriber.interest) if subscriber.interest else ()
            except LibraryError as error:
                self.problems[f"The library of {subscriber.name} cannot be read: {error}"] = None
                found = ()
            except Exception as error:  # law 9: what is optional never costs a digest
                log.exception("the library could not be read", subscriber=subscriber.name)
                self.problems[f"The library of {subscriber.name} cannot be read: {type(error).__name__}."] = None
                found = ()
            self._libraries[subscriber.name] = found
        return self._libraries[subscriber.name]

    def _give_up(self, problem: str) -> None:
        self._given_up = True
        self.problems[f"Papers were ordered by relevance: {problem}"] = None
        log.warning("papers are ordered by relevance", reason=problem)

    @cached_property
    def _space(self) -> PaperSpace:
        """Of what was announced before the newest mailing: that one's own papers would make its new words usual."""
        from bot.topics.paper_space import MOST_BACKGROUND, PaperSpace, Vocabulary  # noqa: PLC0415 - numpy

        learned = [topic for topic in self._topics.values() if topic.order is Order.LEARNED]
        categories = sorted({category for topic in learned for category in topic.categories})
        newest = max(filter(None, map(self._store.papers.latest_mailing, categories)))
        papers = self._store.papers.latest(categories, since=newest - BACKGROUND, before=newest, most=MOST_BACKGROUND)
        vocabulary, background = Vocabulary(), [Document.of(paper) for paper in papers]
        for document in background:
            vocabulary.read(document)
            self._check_time()
        return PaperSpace(background, vocabulary)

    def _scored(self, interest: Interest, entries: Sequence[DigestEntry]) -> dict[str, Scored]:
        if len(self._space.documents) < FEWEST_ANNOUNCED:
            return {}
        documents = [Document.of(entry.paper) for entry in entries]
        scores = self.scores(interest, entries)
        best = sorted(documents, key=lambda document: -scores[document.key])[:_REASONS]
        why = {each.key: in_words(interest.reason(each)) for each in best}
        return {key: Scored(score, why.get(key, "")) for key, score in scores.items()}

    def _documents(self, identifiers: Sequence[str]) -> list[Document]:
        known = self._store.papers.newest(identifiers)
        return [Document.of(known[identifier]) for identifier in identifiers if identifier in known]


_DIGITS = 6
"""Of a score; what differs by less, as sums on other machines do, is equal."""


def tally(records: Iterable[FeedbackRecord]) -> Votes:
    """Per paper the majority of all votes, as in a channel many people vote; a paper with a tie is left out."""
    balance: dict[str, int] = {}
    for record in sorted(records, key=lambda each: (each.at, each.identifier, each.person)):
        said = balance.pop(record.identifier, 0)  # put last again, for the latest word is the latest interest
        balance[record.identifier] = said + (-1 if record.opinion is Opinion.LESS else 1)
    likes = tuple(identifier for identifier, said in balance.items() if said > 0)
    return Votes(likes, tuple(identifier for identifier, said in balance.items() if said < 0))


def in_words(reason: Reason) -> str:
    """For instance: like "Pigeons Read Maps", which you liked: pigeon, map."""
    named = ", ".join(text.truncate(term, _TERM) for term in reason.terms)
    if reason.like is None:
        return named
    title = text.truncate(text.clean(text.flatten_tex(reason.like.title)), _LIKE)
    return f"like “{title}”, which you liked" + (f": {named}" if named else "")


def _keywords(topic: Topic) -> tuple[str, ...]:
    """What the topic looks for in titles and abstracts."""
    wanted, _ = from_topic(topic)
    return tuple(term.text for term in terms(wanted) if set(WORDS) & set(term.fields))


def _was_fetched_lately(cache: Path, now: datetime) -> bool:
    try:
        return now.timestamp() - cache.stat().st_mtime < _FRESH.total_seconds()
    except OSError:  # there is none, or it cannot be looked at, which fetching will say
        return False
