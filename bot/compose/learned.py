"""Learns in every run of compose what each subscriber's readers like: a score for each paper, and the reason.

    votes and libraries of many subscribers -> one table of similarities -> the interest of each -> scores

Learning is optional. If it fails or takes too long, there are no more scores in this run: papers are ordered by
relevance then, the digest is still composed, and `problems` says why. Imports numpy only when an order is learned.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, cached_property, lru_cache
from math import inf
from typing import TYPE_CHECKING

import structlog

from bot import text
from bot.compose.library import Libraries, by_title, documents
from bot.compose.votes import VoteReader, Votes
from bot.model import Order
from bot.topics.features import Document
from bot.topics.query import WORDS, from_topic, terms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from bot.model import DigestEntry, Topic
    from bot.settings import Settings, Subscriber
    from bot.store import Store
    from bot.topics.interest import Examples, Interest, Reason
    from bot.topics.paper_space import PaperSpace
    from bot.topics.similarity_table import SimilarityTable
    from bot.topics.vectors import Floats

log = structlog.get_logger(__name__)

BACKGROUND = timedelta(days=60)
"""The announcements of so many days before the newest mailing are the background."""
FEWEST_LIKES = 3
FEWEST_ANNOUNCED = 100
"""With less, the order is `relevance`."""
MOST_SECONDS = 20.0
"""In one run, for all subscribers."""
_MOST_TOGETHER = 6000
"""The most examples in a table of similarities, unless one subscriber alone has more: the table takes memory with the
square of their number, 144 MB with this."""
_REASONS = 10
"""So many papers of a topic say why they stand on top."""
_LIKE, _TERM = 60, 30
"""Characters of a liked paper's title and of a term, where a reason names them."""
_DIGITS = 5
"""Of a score; what differs by less, as sums on other machines do, is equal."""
NEEDS_NUMPY = "`order: learned` needs numpy: pip install 'paperboy-digest[ranking]'"


@dataclass(frozen=True, slots=True)
class Scored:
    """The papers of a section by identifier."""

    scores: Mapping[str, float] = field(default_factory=dict)
    """0 for what is announced in general, 1 for what is liked; empty where the order is not learned."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """The reasons for the highest scores, in words."""


class LearnedOrder:
    """Scores papers for subscribers; what was read of the store and of libraries is kept."""

    def __init__(self, store: Store, settings: Settings, *, timer: Callable[[], float] = time.monotonic) -> None:
        self.libraries = Libraries()
        self.problems = self.libraries.problems
        """What the operator should hear of, each once."""
        self._given_up = self._stopped = False
        self._store = store
        self._topics = settings.topics
        self._timer = timer
        self._spent = 0.0
        self._ends = inf
        """When there is no more time to learn, as the timer counts."""
        self._votes = VoteReader(store)
        self._expected: dict[str, Subscriber] = {}
        self._together: frozenset[str] = frozenset()
        """The subscribers whose examples are in `_table`."""
        self._documents: dict[str, Document] = {}
        """By identifier, of the papers that were voted on or ranked."""
        self._keywords = cache(_keywords)

    async def prepare(self, subscribers: Iterable[Subscriber]) -> None:
        """Reads the votes of these subscribers and computes what they share, in a thread, since that takes seconds.

        Scores can be asked for without this, and for other subscribers too; it then takes longer for each.
        """
        self._expected = {each.name: each for each in subscribers}
        if self._expected:
            work = asyncio.ensure_future(asyncio.to_thread(self._prepare))
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                self._stopped = True
                await work  # the store may be closed after this
                raise

    def _prepare(self) -> None:
        self._votes.read(self._expected.values())
        topics = ((each, topic) for each in self._expected.values() for topic in self._learned_topics(each))
        votes = [self.votes(*each) for each in topics]
        self._load({identifier for each in votes for identifier in (*each.likes, *each.dislikes)})
        first = next(filter(self.learns, self._expected.values()), None)
        if first is not None:
            with self._as_far_as_possible(first):
                self._table_for(first)

    def may_learn(self, subscriber: Subscriber) -> bool:
        """Whether any of the subscriber's topics is to have a learned order, once there is enough to learn from."""
        return any(self._learned_topics(subscriber)) and not subscriber.liked

    def learns(self, subscriber: Subscriber) -> bool:
        """Whether any of the subscriber's topics has a learned order now, so that its digest differs from others'."""
        return any(self._learns(subscriber, topic) for topic in self._learned_topics(subscriber))

    def scored(self, subscriber: Subscriber, topic: Topic, entries: Sequence[DigestEntry]) -> Scored:
        """The scores of these papers, and reasons for the highest; none if nothing was learned."""
        found = Scored()
        if entries and not self._given_up and self._learns(subscriber, topic):
            with self._as_far_as_possible(subscriber):
                found = self._scored(self.interest(subscriber, topic), entries)
        return Scored() if self._given_up else found

    def interest(self, subscriber: Subscriber, topic: Topic, votes: Votes | None = None) -> Interest:
        """What the subscriber's readers like in the topic, learned from `votes`; from all their votes if it is None.

        Raises:
            ImportError: numpy is not installed.
        """
        from bot.topics.interest import Interest  # noqa: PLC0415 - numpy, only where somebody learns

        if votes is not None:
            return Interest.alone(self._space, self._examples(subscriber, topic, votes))
        return Interest(self._examples(subscriber, topic), self._table_for(subscriber))

    def scores(self, interest: Interest, entries: Sequence[DigestEntry]) -> dict[str, float]:
        """The scores of these papers by identifier."""
        papers = self._ranked(entries)
        return dict(zip((paper.key for paper in papers), _rounded(interest.scores(papers)).tolist(), strict=True))

    def known(self, subscriber: Subscriber, topic: Topic) -> tuple[str, str, str]:
        """How many papers count as liked and disliked, and which order that makes, in words."""
        votes, library = self.votes(subscriber, topic), len(self.libraries.of(subscriber))
        likes = f"{len(votes.likes)}" + (f" and a library of {library}" if library else "")
        order = Order.LEARNED if self._learns(subscriber, topic) else Order.RELEVANCE
        return likes, f"{len(votes.dislikes)}", order.value

    def votes(self, subscriber: Subscriber, topic: Topic) -> Votes:
        """What its readers said of papers in this topic's section, or where no topic is known."""
        return self._votes.of(subscriber, topic)

    # -- one subscriber ------------------------------------------------------------------------------------------

    def _learned_topics(self, subscriber: Subscriber) -> Iterator[Topic]:
        topics = map(self._topics.__getitem__, subscriber.topics)
        return (topic for topic in topics if topic.order is Order.LEARNED)

    def _learns(self, subscriber: Subscriber, topic: Topic) -> bool:
        if topic.order is not Order.LEARNED:
            return False
        return len(self.votes(subscriber, topic).likes) + len(self.libraries.of(subscriber)) >= FEWEST_LIKES

    def _examples(self, subscriber: Subscriber, topic: Topic, votes: Votes | None = None) -> Examples:
        from bot.topics.interest import Examples  # noqa: PLC0415 - numpy, only where somebody learns

        votes = votes or self.votes(subscriber, topic)
        self._load([*votes.likes, *votes.dislikes])
        likes, dislikes = (
            tuple(self._documents[each] for each in identifiers if each in self._documents)
            for identifiers in (votes.likes, votes.dislikes)
        )
        if entries := self.libraries.of(subscriber):
            likes = (*documents(entries, self._store.papers, self._by_title), *likes)
        return Examples(likes, dislikes, self._keywords(topic))

    def _scored(self, interest: Interest, entries: Sequence[DigestEntry]) -> Scored:
        if len(self._space.documents) < FEWEST_ANNOUNCED:
            return Scored()
        papers = self._ranked(entries)
        scores = _rounded(interest.scores(papers))
        best = [papers[place] for place in (-scores).argsort(kind="stable")[:_REASONS]]
        reasons = zip(best, interest.reasons(best), strict=True)
        return Scored(
            dict(zip((paper.key for paper in papers), scores.tolist(), strict=True)),
            {paper.key: in_words(reason) for paper, reason in reasons},
        )

    # -- what they share -----------------------------------------------------------------------------------------

    def _table_for(self, subscriber: Subscriber) -> SimilarityTable:
        """A table that has the subscriber's examples, and those of subscribers after it."""
        from bot.topics.similarity_table import SimilarityTable  # noqa: PLC0415 - numpy, only where somebody learns

        if subscriber.name not in self._together:
            together, examples = [subscriber.name], self._examples_of(subscriber)
            for each in self._expected_after(subscriber):
                more = examples | self._examples_of(each)
                if len(more) > _MOST_TOGETHER:
                    break
                examples = more
                together.append(each.name)
                self._check_time()
            self._table, self._together = SimilarityTable(self._space, examples.values()), frozenset(together)
        return self._table

    def _expected_after(self, subscriber: Subscriber) -> Iterator[Subscriber]:
        names = list(self._expected)
        after = names[names.index(subscriber.name) + 1 :] if subscriber.name in self._expected else ()
        return filter(self.learns, map(self._expected.__getitem__, after))

    def _examples_of(self, subscriber: Subscriber) -> dict[str, Document]:
        """The examples that the subscriber's orders are learned from, by key."""
        every = (self._examples(subscriber, topic) for topic in self._learned_topics(subscriber))
        return {document.key: document for each in every for document in each.documents(self._space)}

    @cached_property
    def _space(self) -> PaperSpace:
        """Learned from what was announced before the newest mailing, whose papers would make its new words common."""
        from bot.topics.paper_space import MOST_BACKGROUND, PaperSpace  # noqa: PLC0415 - numpy, as above
        from bot.topics.vectors import Vocabulary  # noqa: PLC0415

        learned = [topic for topic in self._topics.values() if topic.order is Order.LEARNED]
        categories = sorted({category for topic in learned for category in topic.categories})
        newest = max(filter(None, map(self._store.papers.latest_mailing, categories)), default=date.min + BACKGROUND)
        papers = self._store.papers.latest(categories, since=newest - BACKGROUND, before=newest, most=MOST_BACKGROUND)
        vocabulary, background = Vocabulary(), list(map(Document.of, papers))
        for document in background:
            vocabulary.read(document)
            self._check_time()
        return PaperSpace(background, vocabulary)

    @cached_property
    def _by_title(self) -> dict[str, Document]:
        return by_title(self._space.documents)

    def _load(self, identifiers: Iterable[str]) -> None:
        """Reads the papers that were not read before."""
        if unread := [identifier for identifier in identifiers if identifier not in self._documents]:
            found = self._store.papers.newest(unread)
            self._documents |= {identifier: Document.of(paper) for identifier, paper in found.items()}

    def _ranked(self, entries: Iterable[DigestEntry]) -> list[Document]:
        """The papers of a section as documents."""
        for entry in entries:
            if entry.paper.identifier not in self._documents:
                self._documents[entry.paper.identifier] = Document.of(entry.paper)
        return [self._documents[entry.paper.identifier] for entry in entries]

    # -- the bounds ----------------------------------------------------------------------------------------------

    @contextmanager
    def _as_far_as_possible(self, subscriber: Subscriber) -> Iterator[None]:
        """Gives up learning in this run if what is in it fails, or if the time for learning is over."""
        started = self._timer()
        self._ends = started + MOST_SECONDS - self._spent
        try:
            yield
            self._check_time()
        except ImportError:
            self._give_up(NEEDS_NUMPY)
        except TimeoutError:
            if not self._stopped:
                self._give_up(f"Learning the order took longer than {MOST_SECONDS:.0f} s.")
        except Exception as error:  # law 9: what is optional never costs a digest
            log.exception("the order could not be learned", subscriber=subscriber.name)
            self._give_up(f"The order could not be learned: {type(error).__name__}.")
        finally:
            self._spent += self._timer() - started

    def _check_time(self) -> None:
        """Raise TimeoutError if this run's time for learning is over, or if the run is stopped."""
        if self._stopped or self._timer() > self._ends:
            raise TimeoutError

    def _give_up(self, problem: str) -> None:
        self._given_up = True
        self.problems[f"Papers were ordered by relevance: {problem}"] = None
        log.warning("papers are ordered by relevance", reason=problem)


def _rounded(scores: Floats) -> Floats:
    return scores.astype("float64").round(_DIGITS)


def in_words(reason: Reason) -> str:
    """For instance: like "Pigeons Read Maps", which you liked: pigeon, map."""
    named = ", ".join(text.truncate(term, _TERM) for term in reason.terms)
    if reason.like is None:
        return named
    return f"like “{_shortened(reason.like.title)}”, which you liked" + (f": {named}" if named else "")


@lru_cache(10_000)
def _shortened(title: str) -> str:
    return text.truncate(text.clean(text.flatten_tex(title)), _LIKE)


def _keywords(topic: Topic) -> tuple[str, ...]:
    """What the topic looks for in titles and abstracts."""
    wanted, _ = from_topic(topic)
    return tuple(term.text for term in terms(wanted) if set(WORDS) & set(term.fields))
