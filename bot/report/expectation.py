"""What subscribers can expect of each topic, from the mailings that are stored: how many papers, how many messages.

Reads each paper of the last days once, for all topics, and renders the fullest day as subscribers would get it. Reads
the store and templates, sends nothing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from bot.channels.channel import CheckResult
from bot.errors import RenderError
from bot.model import AnnounceType, Digest, DigestEntry, Match, Section
from bot.report.lately import since
from bot.topics.matcher import Matcher
from bot.topics.ranking import rank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from bot.channels.channel import Channel
    from bot.model import Hit, Message, Paper, Topic
    from bot.settings import Settings, Subscriber
    from bot.store import Store

    Way = tuple[str, int, int | None, Any]
    """In what way a subscriber gets digests: channel, most messages, papers in full, options."""

DAYS = 14
"""How far back the mailings are that say what to expect."""
_NOTHING_KNOWN = "nothing is known yet: `paperboy once --no-deliver` collects a mailing"
_A_FEW = 3
"""Of so many ways in which subscribers get a topic, what is to be expected is said; then there is no end to it."""


@dataclass
class _Seen:
    """What a topic would have matched on the stored mailing dates."""

    topic: Topic
    counts: list[int] = field(default_factory=list)
    """The number of papers on each date."""
    fullest: Sequence[DigestEntry] = ()
    announced: int = 0
    """The number of papers that were announced on the fullest date."""

    def add(self, entries: Sequence[DigestEntry], announced: int) -> None:
        """Adds one mailing date."""
        self.counts.append(len(entries))
        if len(entries) > len(self.fullest):
            self.fullest, self.announced = entries, announced


def expectations(
    store: Store, channels: Mapping[str, Channel], settings: Settings, today: date
) -> Iterator[CheckResult]:
    """One line for each topic that a subscriber has: "24 to 80 papers a day, one mail, a Slack thread of 3"."""
    ways: dict[str, dict[Way, None]] = {}
    for subscriber in settings.subscribers.values():
        for name in () if subscriber.liked else subscriber.topics:
            ways.setdefault(name, {})[_way(subscriber)] = None
    topics = [topic for topic in settings.topics.values() if topic.name in ways]
    seen = _look_through(store, topics, since(today, DAYS))
    shapes = {
        way: _shapes([each for each in seen if way in ways[each.topic.name]], partial(_shape, channels, way))
        for way in dict.fromkeys(way for each in seen for way in ways[each.topic.name])
    }
    for each in seen:
        said = _papers(each.counts) if each.counts else _NOTHING_KNOWN
        found = dict.fromkeys(filter(None, (shapes[way][each.topic.name] for way in ways[each.topic.name])))
        yield CheckResult(f"topics.{each.topic.name}", ok=True, message=", ".join([said, *list(found)[:_A_FEW]]))


def _way(subscriber: Subscriber) -> Way:
    return subscriber.channel, subscriber.max_messages, subscriber.full, subscriber.options


def _look_through(store: Store, topics: Sequence[Topic], first: date) -> list[_Seen]:
    """What each topic would have matched on each mailing date from `first` on."""
    listings = store.search.listings(first, {category for topic in topics for category in topic.categories})
    matcher, keys = Matcher(topics), list(dict.fromkeys((each.identifier, each.version) for each in listings))
    papers = store.papers.load(keys)
    claimed = {key: matcher.hits(papers[key]) for key in keys}

    @cache
    def days(categories: frozenset[str]) -> Mapping[date, Sequence[tuple[str, int]]]:
        """The papers of each date, each on the first that listed it in one of these categories."""
        listed = {each.identifier: each for each in reversed(listings) if each.category in categories}
        found: defaultdict[date, list[tuple[str, int]]] = defaultdict(list)
        for each in listed.values():
            found[each.mailing_date].append((each.identifier, each.version))
        return found

    seen = [_Seen(topic) for topic in topics]
    for each in seen:
        name = each.topic.name
        for day, announced in days(frozenset(each.topic.categories)).items():
            mine = (key for key in announced if name in claimed[key])
            each.add([_entry(papers[key], day, name, claimed[key][name]) for key in mine], len(announced))
    return seen


def _entry(paper: Paper, day: date, topic: str, hits: tuple[Hit, ...]) -> DigestEntry:
    return DigestEntry(paper, AnnounceType.NEW, day, Match(topic, hits))


def _papers(counts: Sequence[int]) -> str:
    """`24 to 80 papers a day`."""
    least, most = min(counts), max(counts)
    papers = "paper" if most == 1 else "papers"
    return f"{most} {papers} a day" if least == most else f"{least} to {most} {papers} a day"


def _shapes(seen: Sequence[_Seen], shape: Callable[[_Seen], str]) -> dict[str, str]:
    """How each topic's fullest day comes in one way: `one mail`, `a Slack thread of 3`.

    More papers make no fewer messages, so that what lies between two equal shapes needs no rendering.
    """
    ordered = sorted(seen, key=lambda each: len(each.fullest))
    found: dict[int, str] = {place: shape(ordered[place]) for place in {0, len(ordered) - 1}}

    def fill(low: int, high: int) -> None:
        if found[low] == found[high]:
            found.update(dict.fromkeys(range(low, high), found[low]))
        elif high - low > 1:
            middle = (low + high) // 2
            found[middle] = shape(ordered[middle])
            fill(low, middle)
            fill(middle, high)

    fill(0, len(ordered) - 1)
    return {each.topic.name: found[place] for place, each in enumerate(ordered)}


def _shape(channels: Mapping[str, Channel], way: Way, seen: _Seen) -> str:
    """The messages of the topic's fullest day, in words; empty if there are none."""
    channel, max_messages, full, options = way
    if not seen.fullest:
        return ""
    try:
        messages = channels[channel].render(_digest(seen), max_messages=max_messages, full=full, options=options)
    except RenderError:
        return ""  # `preview` and the next digest say what is wrong with the template
    return _in_words(channel, messages)


def _in_words(channel: str, messages: Sequence[Message]) -> str:
    """How many messages, in words."""
    if channel == "mail":
        return "one mail" if len(messages) == 1 else f"{len(messages)} mails"
    replies, name = sum(message.reply for message in messages), channel.capitalize()
    if replies:
        return f"a {name} thread of {replies}"
    return f"one {name} message" if len(messages) == 1 else f"{len(messages)} {name} messages"


def _digest(seen: _Seen) -> Digest:
    """What a digest of the topic's fullest day alone would be."""
    topic, ranked = seen.topic, rank(seen.topic, seen.fullest)
    shown = ranked if topic.limit is None else ranked[: topic.limit]
    section = Section(topic.name, topic.title, tuple(shown), hidden=len(ranked) - len(shown))
    return Digest((section,), (ranked[0].mailing_date,), seen.announced)
