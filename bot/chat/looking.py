"""The commands that change nothing: topics, latest, search, why, saved; and the previews for changed topics."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from bot import text
from bot.arxiv import calendar
from bot.chat import sentences
from bot.chat.answers import Answer, Choice, Part, ShownPaper
from bot.chat.parse import quoted
from bot.compose.digests import DigestPlanner
from bot.errors import QueryError
from bot.members import commands
from bot.model import Topic
from bot.publish import bibtex
from bot.report.explain import explain
from bot.report.hits import hits_in_words
from bot.report.lately import matches_by_day, since
from bot.store.subscribers import SubscriberState
from bot.topics.matcher import Matcher
from bot.topics.query import parse as parse_query

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from bot.chat.asking import Ask
    from bot.model import Digest
    from bot.report.explain import SubscriberExplanation
    from bot.store.outbox.queries import ToldRecord

    Values = Mapping[str, Any]

PREVIEW_DAYS = 14
SEARCHED_DAYS = 90
_MOST_PAPERS = 10
_MOST_PREVIEWED = 5
_MOST_SAVED = 20
_MOST_CHOICES = 5
_MOST_SENTENCES = 6


# -- what is followed --------------------------------------------------------------------------------------------


def topics(ask: Ask, values: Values) -> Answer:  # noqa: ARG001 - a command
    """Lists the topics that this place follows, and those of the YAML that it may follow."""
    if ask.subscriber is None:
        offered = _offered(ask)
        parts = (Part("Topics that are offered", tuple(map(_described, offered))),) if offered else ()
        return Answer("Nothing is followed here yet.", parts, _follow_choices(offered))
    followed = Part(lines=tuple(map(_described, _followed(ask))))
    settings = [_when(ask)]
    if ask.member and ask.member.muted:
        settings.insert(0, f"Muted: {quoted(ask.member.muted)}.")
    if ask.configured:
        settings.append("This stands in the operator's configuration: ask them to change it.")
    choices = () if ask.configured else _follow_choices(_offered(ask))
    return Answer(f"{sentences.follows(ask.asker)}:", (followed, Part(lines=tuple(settings))), choices)


def _offered(ask: Ask) -> tuple[Topic, ...]:
    """The YAML's topics that are not followed yet."""
    followed = ask.member.topics if ask.member else ()
    return tuple(topic for name, topic in ask.context.settings.topics.items() if name not in followed)


def _followed(ask: Ask) -> tuple[Topic, ...]:
    """The followed topics without the muted words, which are listed separately."""
    if ask.member is None:
        return ask.topics
    offered = ask.context.settings.topics
    return tuple(
        topic if isinstance(topic, Topic) else offered[topic]
        for topic in ask.member.topics
        if isinstance(topic, Topic) or topic in offered
    )


def _described(topic: Topic) -> str:
    said = sentences.looks_for(topic)
    return said if said.startswith(topic.title) else f"{topic.title}: {said}"


def _follow_choices(offered: tuple[Topic, ...]) -> tuple[Choice, ...]:
    return tuple(Choice(f"Follow {topic.title}", f"follow {topic.name}") for topic in offered[:_MOST_CHOICES])


def _when(ask: Ask) -> str:
    subscriber = ask.subscriber
    if subscriber is None or subscriber.paused:
        return sentences.paused(ask.member.paused_until if ask.member else None)
    return sentences.when(subscriber.at, subscriber.on, subscriber.timezone.key)


# -- papers ------------------------------------------------------------------------------------------------------


def latest(ask: Ask, values: Values) -> Answer:  # noqa: ARG001 - a command
    """Shows what the latest mailing has for this place, also if a digest told it already."""
    subscriber = ask.subscriber
    if subscriber is None or not subscriber.topics:
        return replace(topics(ask, {}), is_good=False)
    planner = DigestPlanner(
        ask.context.store, ask.roster, lambda names: Matcher(map(ask.roster.topics.__getitem__, names))
    )
    state = planner.add_missing_cursors(subscriber, SubscriberState(""))
    digest = planner.plan(subscriber, state, ask.now).digest
    if digest is None:
        return Answer("The latest mailing has nothing for what is followed here, or none is in yet.")
    return Answer(_headline(digest), tuple(_sections(digest)))


def _headline(digest: Digest) -> str:
    days = ", ".join(map(text.day, digest.mailing_dates))
    missing = f" Not in yet: {', '.join(digest.missing)}." if digest.missing else ""
    return f"{_papers(digest.matched)} of the {digest.announced} announced on {days}.{missing}"


def _sections(digest: Digest) -> Iterator[Part]:
    """The first papers in the topics' order, and for each topic how many more there are."""
    left = _MOST_PAPERS
    for section in digest.sections:
        shown = section.entries[:left]
        left -= len(shown)
        papers = tuple(ShownPaper(entry.paper, why=hits_in_words(entry.match.hits)) for entry in shown)
        count = len(section.entries) + section.hidden
        if count:
            yield Part(section.title, papers=papers, more=count - len(papers))


def search(ask: Ask, values: Values) -> Answer:
    """Searches the stored papers with a query, newest first."""
    query = str(values["query"])
    try:
        parse_query(query)
    except QueryError as error:
        return sentences.no(f"The query cannot be read: {error.message} (column {error.column}).")
    matcher = Matcher([Topic("query", "", (), query=query)])
    first = since(calendar.mailing_date(ask.now), SEARCHED_DAYS)
    found = [
        ShownPaper(stored.paper, stored.mailing_date, hits_in_words(match.hits))
        for stored in ask.context.store.search.papers(since=first)
        for match in matcher.match(stored.paper).values()
    ]
    said = f"{_papers(len(found))} of the mailings of the last {SEARCHED_DAYS} days."
    if not found:
        return Answer(f"No paper of the mailings of the last {SEARCHED_DAYS} days.")
    return Answer(said, (Part(papers=tuple(found[:_MOST_PAPERS]), more=len(found[_MOST_PAPERS:])),))


def saved(ask: Ask, values: Values) -> Answer:  # noqa: ARG001 - a command
    """Lists the papers that the person saved, as BibTeX."""
    identifiers = commands.saved(ask.context, ask.persons)
    versions = (ask.context.store.papers.versions(identifier) for identifier in islice(identifiers, _MOST_SAVED))
    papers = [found[-1] for found in versions if found]
    if not papers:
        return Answer("You saved no papers yet.")
    more = len(identifiers) - len(papers)
    said = f"{_papers(len(identifiers))} you saved{f', the last {len(papers)} of them' if more else ''}:"
    return Answer(said, (Part(code=bibtex.bibliography(papers)),))


# -- why a paper came --------------------------------------------------------------------------------------------


def why(ask: Ask, values: Values) -> Answer:
    """Explains why a paper came here, or why not."""
    roster = ask.roster
    matcher = Matcher(roster.topics.values())
    planner = DigestPlanner(ask.context.store, roster, lambda _: matcher)
    found = explain(values["identifier"], ask.context.store, roster, planner, matcher)
    if not found.announcements:
        return Answer(f"arXiv:{found.identifier} was in no mailing that was collected here.", is_good=False)
    announced = [
        f"{text.day(a.mailing_date)}, {a.category}: {a.type.value} v{a.version}" for a in found.announcements
    ]
    parts = [Part("Announced", tuple(announced[:_MOST_SENTENCES]))]
    for each in found.subscribers:
        parts += [Part(f"What {sentences.follows(ask.asker).lower()}", tuple(_topic_lines(ask, each)))]
        parts += [Part("Told", tuple(_told_lines(ask, each)))]
    if not found.subscribers:
        parts.append(Part(lines=("Nothing is followed here yet.",)))
    return Answer(f"{text.flatten_tex(found.title)} (arXiv:{found.identifier})", tuple(parts))


def _topic_lines(ask: Ask, found: SubscriberExplanation) -> Iterator[str]:
    for topic in islice(found.topics, _MOST_SENTENCES):
        yield f"{ask.roster.topics[topic.topic].title}: {topic.sentence}"


def _told_lines(ask: Ask, found: SubscriberExplanation) -> Iterator[str]:
    zone = ask.roster.subscribers[found.subscriber].timezone
    for record in found.told:
        moment = record.created_at.astimezone(zone)
        yield f"{_as_what(record)}, in the digest of {text.day(moment)}, {moment:%H:%M}"
    if not found.told:
        yield f"Not told: {found.why_not}" if found.why_not else "Not told."


def _as_what(record: ToldRecord) -> str:
    told = "as new" if record.version == 0 else f"as replaced, now v{record.version}"
    return told if record.shown else f"{told}, counted and linked"


# -- what topics would have brought ------------------------------------------------------------------------------


def with_previews(ask: Ask, answer: Answer) -> Answer:
    """Adds what the answer's topics would have matched in the last `PREVIEW_DAYS`; a single topic day by day."""
    first = since(calendar.mailing_date(ask.now), PREVIEW_DAYS)
    one = len(answer.previews) == 1
    parts = [_preview(ask, topic, first, day_by_day=one) for topic in answer.previews]
    return replace(answer, parts=(*answer.parts, *parts), previews=())


def _preview(ask: Ask, topic: Topic, first: date, *, day_by_day: bool) -> Part:
    days = tuple(matches_by_day(ask.context.store.search, replace(topic, name="preview"), first))
    papers = [ShownPaper(paper, day.mailing_date) for day in days for paper in day.matched]
    announced = sum(day.announced for day in days)
    heading = f"In the last {PREVIEW_DAYS} days {topic.title} would have brought {len(papers)} of {announced} papers"
    if not day_by_day:
        return Part(lines=(f"{heading}.",))
    lines = tuple(f"{text.day(day.mailing_date)}: {len(day.matched)} of {day.announced}" for day in days)
    return Part(heading, lines, tuple(papers[:_MOST_PREVIEWED]), max(0, len(papers) - _MOST_PREVIEWED))


def _papers(count: int) -> str:
    return "1 paper" if count == 1 else f"{count:,} papers"
