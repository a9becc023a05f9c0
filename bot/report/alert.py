"""Tells the operator of problems: late mailings, destinations that refuse us, deliveries that fail for long.

    store, run -> alerts -> those not told within a day -> a note in the outbox          (one transaction)

An alert is told at most once a day, and none without an `operator` in the configuration. Sends nothing itself.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.collect import backlog
from bot.model import DeliveryState, Note, Service
from bot.report.chat_outages import chat_outages
from bot.report.failing import (
    SELF_SERVICE,
    closed_addresses,
    configured,
    failing,
    is_self_service,
    shared_troubles,
)
from bot.settings import fingerprint
from bot.store.outbox import RenderedDigest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from bot.channels.channel import Channel
    from bot.settings import Settings
    from bot.store import Store

DAY = timedelta(days=1)
MANY_BOUNCES = 0.05
"""The share of a day's mails that may bounce before the operator is told."""
_MOST_NAMED = 10
_WHERE_TO_LOOK = "More: `paperboy status` and `paperboy deliveries list`."


@dataclass(frozen=True, slots=True)
class Alert:
    """One problem that the operator should know of."""

    key: str
    """Stays the same as long as the problem is the same; an alert is repeated at most once a day by it."""
    text: str
    """The problem, as a sentence, or the end of one if there is `who`."""
    who: str = ""
    """Whom it concerns: `text` then completes the sentence "X is" or "X and Y are". Equal texts share one line."""


def enqueue_alerts(
    store: Store,
    settings: Settings,
    channels: Mapping[str, Channel],
    now: datetime,
    *,
    also: Iterable[Alert] = (),
) -> int:
    """Writes a note with every alert that was not told within the last day into the operator's outbox.

    Args:
        store: problems are read from it, and the note is written to it.
        settings: the operator, after how long a late mailing is a problem, and the subscribers: of the self-service
            ones, those for whom something waits.
        channels: by name, those that a subscriber uses.
        now: the moment, UTC.
        also: alerts that the store cannot show, such as a broken template.

    Returns:
        The number of alerts told.

    Raises:
        RenderError: the operator's own template for notes is broken.
    """
    if settings.operator is None or not settings.subscribers[settings.operator].addresses:
        return 0
    alerts = {each.key: each for each in (*_from_store(store, settings, channels, now), *also)}
    operator = settings.subscribers[settings.operator]
    while untold := sorted(store.alerts.not_told(alerts, since=now - DAY)):
        note = Note(
            title=f"Paperboy needs a hand ({now:%Y-%m-%d %H:%M} UTC)",
            text="\n".join([*_lines(alerts[key] for key in untold), _WHERE_TO_LOOK]),
        )
        rendered = RenderedDigest(operator.channel, note.title, (channels[operator.channel].render_note(note),))
        recipients = operator.recipients
        if store.alerts.enqueue(operator.name, rendered, recipients, now, alerts=untold, since=now - DAY):
            return len(untold)
    return 0


def _from_store(store: Store, settings: Settings, channels: Mapping[str, Channel], now: datetime) -> Iterator[Alert]:
    yield from _refusal(store, now) or (
        *_late_mailings(store, settings, now),
        *_refused_second_sources(store, settings, now),
    )
    open_circuits = {limit.key: limit for limit in store.queries.open_circuits(now)}
    unfinished, known = store.queries.unfinished(), configured(settings)
    for trouble in shared_troubles(unfinished, open_circuits, settings, channels, now):
        yield Alert(f"self-service {fingerprint(trouble.text)}", trouble.sentence)
    refused = [
        Alert(f"door {each.name} {circuit.key}", f"not reached: {circuit.reason}", _named(each.name, each.channel))
        for each in known.subscribers.values()
        for _, circuit in closed_addresses(each, open_circuits, channels)
    ]
    yield from refused
    yield from _bounces(store, now)
    for platform in chat_outages(store, settings, now):
        yield Alert(
            f"chat outage {platform.platform}", f"{platform.sentence}. Commands and buttons there do nothing."
        )
    dead = store.queries.ended_since(now - DAY, DeliveryState.DEAD)
    names = (SELF_SERVICE if is_self_service(each.subscriber, settings) else each.subscriber for each in dead)
    for (name, reason), count in Counter(zip(names, (each.reason or "" for each in dead), strict=True)).items():
        given_up = "A message to {} was" if count == 1 else f"{count} messages to {{}} were"
        yield Alert(f"dead {name} {fingerprint(reason)}", f"{given_up.format(name)} given up: {reason}")
    told = {alert.who for alert in refused} | {_named(record.subscriber, record.channel) for record in dead}
    for each in failing(unfinished, open_circuits, known, channels, now):
        who = _named(each.subscriber, each.channel)
        if who not in told:
            text = f"not delivered to since {each.since:%Y-%m-%d %H:%M} UTC: {each.reason}"
            yield Alert(f"failing {each.subscriber}", text, who)


def _named(subscriber: str, channel: str) -> str:
    return f"{subscriber} ({channel})"


def _lines(alerts: Iterable[Alert]) -> Iterator[str]:
    """One line for each problem, with the names of those whom it concerns."""
    concerned: dict[str, list[str]] = {}
    for alert in alerts:
        concerned.setdefault(alert.text, []).append(alert.who)
    for text, names in concerned.items():
        shown = ", ".join(sorted(filter(None, names))[:_MOST_NAMED])
        rest = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        yield f"{shown}{rest} {'is' if len(names) == 1 else 'are'} {text}" if shown else text


def _bounces(store: Store, now: datetime) -> Iterator[Alert]:
    sent, came_back = store.queries.bounced_since(now - DAY)
    if came_back > sent * MANY_BOUNCES:
        advice = "More than 5 % harm how others see your mail. `paperboy suppressions list` shows what was stopped."
        yield Alert("bounces", f"{came_back} of the {sent} mails of the last day came back. {advice}")


def _late_mailings(store: Store, settings: Settings, now: datetime) -> Iterator[Alert]:
    after = settings.arxiv.alert_after
    for category, late in backlog.late(store.papers, settings.categories, now, after=after).items():
        others = f" and {len(late) - 1} more" if len(late) > 1 else ""
        text = f"still without arXiv's mailing of {late[-1].mailing_date:%Y-%m-%d}{others}: {late[-1].reason}"
        yield Alert(f"mailing {category}", text, category)


def _refusal(store: Store, now: datetime) -> tuple[Alert, ...]:
    """The alert that arXiv refuses us, if it does; it takes the place of those about late mailings."""
    feeds = store.arxiv_limits.refusal(Service.FEEDS, now)
    if feeds is None:
        return ()
    until = f"{feeds.closed_until:%Y-%m-%d %H:%M} UTC"
    return (Alert("arxiv", f"arXiv refuses us ({feeds.reason}); it is not asked for anything before {until}."),)


def _refused_second_sources(store: Store, settings: Settings, now: datetime) -> Iterator[Alert]:
    if oai := store.arxiv_limits.refusal(Service.OAI, now):
        until = f"{oai.closed_until:%Y-%m-%d %H:%M} UTC"
        text = f"arXiv's OAI-PMH refuses us ({oai.reason}); it is not asked before {until}."
        yield Alert("oai", f"{text} What was missed waits for it; today's mailing does not.")
    pages = store.arxiv_limits.refusal(Service.PAGES, now)
    if settings.arxiv.catchup_url and pages:
        until = f"{pages.closed_until:%Y-%m-%d}"
        instead = "OAI-PMH takes their place, and there are no comments. You can leave out catchup_url"
        text = f"arXiv's catch-up pages refuse us ({pages.reason}); they are not asked before {until}. {instead}."
        yield Alert("catchup", text)
