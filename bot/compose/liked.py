"""Which papers readers liked most at one destination since its last digest: `digest: liked`.

    votes under all subscribers of the destination -> last words -> counts -> digest

Only reads the store. Each digest goes on where the last one ended, so that each vote is in one digest, however late
that is composed. Nothing of it counts as told, and what was told before is shown again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot import text
from bot.compose.listings import listings
from bot.compose.slots import is_far_future
from bot.model import AnnounceType, Digest, DigestEntry, Match, Note, Section
from bot.settings import WhenEmpty
from bot.store.feedback import Opinion

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.model import Announcement, Paper
    from bot.settings import Settings, Subscriber
    from bot.store import Store
    from bot.store.feedback import FeedbackRecord
    from bot.store.members import Members
    from bot.store.subscribers import SubscriberState
    from bot.topics.matched_papers import MatchedPapers

TITLE = "Most liked"
FIRST = timedelta(days=7)
"""How far back the first digest reaches."""
_EVER, _NEVER = datetime(1991, 8, 14, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)  # arXiv's first day


@dataclass(frozen=True, slots=True)
class LikedPaper:
    """The votes on one paper that count: each person's last word."""

    identifier: str
    more: int
    saved: int
    topics: frozenset[str | None]
    """In whose sections it stood; None where that is not known."""

    @property
    def sentence(self) -> str:
        """`4 liked this, 2 saved it`."""
        parts = [f"{self.more} liked this"] if self.more else []
        if self.saved:
            parts.append(f"{self.saved} saved {'it' if self.more else 'this'}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Liked:
    """What was liked in one span of time, most votes first."""

    since: datetime
    until: datetime
    papers: tuple[LikedPaper, ...]


def count(votes: Iterable[FeedbackRecord], until: datetime) -> tuple[LikedPaper, ...]:
    """The papers that somebody liked or saved until then, most votes first.

    A person has one vote on a paper, the last one, whichever subscriber the paper was shown to; if that one was said
    after `until`, it is left to the next digest.
    """
    last: dict[tuple[str, str], FeedbackRecord] = {}
    for vote in sorted(votes, key=lambda each: (each.at, each.subscriber)):
        last[vote.person, vote.identifier] = vote
    counted = [vote for vote in last.values() if vote.at <= until and vote.opinion is not Opinion.LESS]
    opinions = Counter((vote.identifier, vote.opinion) for vote in counted)
    topics: dict[str, set[str | None]] = {}
    for vote in counted:
        topics.setdefault(vote.identifier, set()).add(vote.topic)
    papers = (
        LikedPaper(paper, opinions[paper, Opinion.MORE], opinions[paper, Opinion.SAVED], frozenset(stood_in))
        for paper, stood_in in topics.items()
    )
    return tuple(sorted(papers, key=lambda each: (-(each.more + each.saved), -each.saved, each.identifier)))


class LikedPapers:
    """Counts the votes of destinations, and makes digests of them."""

    def __init__(self, store: Store, settings: Settings, matched: MatchedPapers) -> None:
        """Take the store, the roster, and its topics' matches."""
        self._store = store
        self._settings = settings
        self._matched = matched

    def since_last(self, subscriber: Subscriber, state: SubscriberState, now: datetime) -> Liked:
        """What was liked since the subscriber's last digest, or since it could have had one."""
        since = now - FIRST if state.slot is None or is_far_future(state.slot, now) else state.slot
        with self._store.snapshot() as view:
            votes = view.feedback.said_after(self._at_same_destination(subscriber, view.members), since)
        counted = count(votes, now)
        known = self._store.papers.newest([each.identifier for each in counted])
        mine = (each for each in counted if self._is_of(subscriber, each, known.get(each.identifier)))
        return Liked(since, now, tuple(mine))

    def votes_on(self, identifier: str, subscriber: Subscriber, state: SubscriberState) -> LikedPaper | None:
        """The votes on one paper since the subscriber's last digest; all there ever were, before the first."""
        with self._store.snapshot() as view:
            names = self._at_same_destination(subscriber, view.members)
            votes = view.feedback.said_after(names, state.slot or _EVER)
        return next((each for each in count(votes, _NEVER) if each.identifier == identifier), None)

    def digest(self, subscriber: Subscriber, liked: Liked) -> Digest | None:
        """The papers with their counts; None if there are none."""
        if not liked.papers:
            return None
        known = self._store.papers.newest([each.identifier for each in liked.papers])
        announced = {each.identifier: self._store.papers.announcements_of(each.identifier) for each in liked.papers}
        entries = tuple(
            self._entry(subscriber, each, known[each.identifier], announced[each.identifier])
            for each in liked.papers
            if each.identifier in known and announced[each.identifier]
        )
        section = Section(
            topic="",
            title=TITLE,
            entries=entries,
            hidden=len(liked.papers) - len(entries),
            more=listings(entries, (each for some in announced.values() for each in some)),
        )
        return Digest(
            sections=(section,),
            mailing_dates=tuple(sorted({entry.mailing_date for entry in entries}, reverse=True)),
            announced=0,
            across_days=True,
            liked_since=liked.since.astimezone(subscriber.timezone).date(),
        )

    @staticmethod
    def silence(subscriber: Subscriber, liked: Liked) -> Note | None:
        """What to say if nothing was liked, where that is to be said."""
        if liked.papers or subscriber.when_empty is WhenEmpty.SILENT:
            return None
        since = text.day(liked.since.astimezone(subscriber.timezone).date())
        return Note(title=f"{TITLE}: no papers", text=f"Nobody liked or saved a paper here since {since}.")

    def _at_same_destination(self, subscriber: Subscriber, members: Members) -> frozenset[str]:
        """The subscribers whose digests come to the same place: those of the YAML, and a self-service one."""
        own = members.of_recipient(subscriber.channel, *alone) if len(alone := subscriber.recipients) == 1 else None
        return frozenset((*subscriber.votes_of, own.key) if own else subscriber.votes_of)

    def _is_of(self, subscriber: Subscriber, liked: LikedPaper, paper: Paper | None) -> bool:
        """Whether a paper is of the subscriber's topics, as it was shown or as they are now.

        One for which no topic is known any more is of any.
        """
        if any(topic in subscriber.topics or topic not in self._settings.topics for topic in liked.topics):
            return True
        return paper is not None and self._match(subscriber, paper) is not None

    def _match(self, subscriber: Subscriber, paper: Paper) -> Match | None:
        """The match of the first of its topics that claims the paper."""
        return next(filter(None, (self._matched.match(topic, paper) for topic in subscriber.topics)), None)

    def _entry(
        self, subscriber: Subscriber, liked: LikedPaper, paper: Paper, announcements: Sequence[Announcement]
    ) -> DigestEntry:
        first = next((each for each in announcements if not each.type.is_replacement), announcements[-1])
        stood_in = sorted(topic for topic in liked.topics if topic in subscriber.topics)
        topic = (*stood_in, *subscriber.topics)[0]
        return DigestEntry(
            paper=paper,
            type=AnnounceType.NEW,
            mailing_date=first.mailing_date,
            match=self._match(subscriber, paper) or Match(topic, ()),
            votes=liked.sentence,
        )
