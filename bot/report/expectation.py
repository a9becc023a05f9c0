"""What subscribers can expect of each topic, from the mailings that are stored: how many papers, how many messages.

Renders the fullest of the last days as each subscriber would get it. Reads the store and templates, sends nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.channels.channel import CheckResult
from bot.errors import RenderError
from bot.model import AnnounceType, Digest, DigestEntry, Section
from bot.report.lately import matches_by_day, since
from bot.topics.matcher import Matcher
from bot.topics.ranking import rank

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from bot.channels.channel import Channel
    from bot.model import Message, Topic
    from bot.report.lately import DayMatches
    from bot.settings import Settings, Subscriber
    from bot.store import Store

DAYS = 14
"""How far back the mailings are that say what to expect."""
_A_FEW = 3
"""Of so many ways in which subscribers get a topic, what is to be expected is said; then there is no end to it."""


def expectations(
    store: Store, channels: Mapping[str, Channel], settings: Settings, today: date
) -> Iterator[CheckResult]:
    """One line for each topic that a subscriber has: "24 to 80 papers a day, one mail, a Slack thread of 3"."""
    for topic in settings.topics.values():
        readers = [each for each in settings.subscribers.values() if topic.name in each.topics and not each.liked]
        if not readers:
            continue
        days = [day for day in matches_by_day(store.search, topic, since(today, DAYS)) if day.announced]
        said = _papers(days) if days else "nothing is known yet: `paperboy once --no-deliver` collects a mailing"
        ways = _ways(channels, readers, topic, max(days, key=lambda day: len(day.matched))) if days else []
        yield CheckResult(f"topics.{topic.name}", ok=True, message=", ".join([said, *ways]))


def _papers(days: Sequence[DayMatches]) -> str:
    """`24 to 80 papers a day`."""
    counts = [len(day.matched) for day in days]
    least, most = min(counts), max(counts)
    papers = "paper" if most == 1 else "papers"
    return f"{most} {papers} a day" if least == most else f"{least} to {most} {papers} a day"


def _ways(
    channels: Mapping[str, Channel], readers: Sequence[Subscriber], topic: Topic, fullest: DayMatches
) -> list[str]:
    """How the topic's fullest day comes to each kind of its subscribers: `one mail`, `a Slack thread of 3`."""
    if not fullest.matched:
        return []
    digest = _digest(topic, fullest)
    kinds = {(each.channel, each.max_messages, each.full, each.options): each for each in readers}
    found = (_said(channels[each.channel], digest, each) for each in kinds.values())
    return list(dict.fromkeys(filter(None, found)))[:_A_FEW]


def _said(channel: Channel, digest: Digest, reader: Subscriber) -> str:
    try:
        messages = channel.render(digest, max_messages=reader.max_messages, full=reader.full, options=reader.options)
    except RenderError:
        return ""  # `preview` and the next digest say what is wrong with the template
    return _shape(reader.channel, messages)


def _shape(channel: str, messages: Sequence[Message]) -> str:
    """How many messages, in words."""
    if channel == "mail":
        return "one mail" if len(messages) == 1 else f"{len(messages)} mails"
    replies, name = sum(message.reply for message in messages), channel.capitalize()
    if replies:
        return f"a {name} thread of {replies}"
    return f"one {name} message" if len(messages) == 1 else f"{len(messages)} {name} messages"


def _digest(topic: Topic, day: DayMatches) -> Digest:
    """What a digest of that topic and day alone would be."""
    matcher = Matcher([topic])
    entries = [
        DigestEntry(paper, AnnounceType.NEW, day.mailing_date, matcher.match(paper)[topic.name])
        for paper in day.matched
    ]
    ranked = rank(topic, entries)
    shown = ranked if topic.limit is None else ranked[: topic.limit]
    section = Section(topic.name, topic.title, tuple(shown), hidden=len(ranked) - len(shown))
    return Digest((section,), (day.mailing_date,), day.announced)
