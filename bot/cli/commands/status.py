"""`paperboy status`: says how today's mailing and every subscriber stand, and why."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bot.cli.application import load_settings, opened
from bot.cli.commands.once import show_missing
from bot.cli.options import ConfigOption, JsonOption
from bot.cli.output import heading, plural, say_json, table, when
from bot.report.failing import SELF_SERVICE, is_self_service
from bot.text import some

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from zoneinfo import ZoneInfo

    from bot.report.readers import Readers
    from bot.report.status import CategoryStatus, Status, SubscriberStatus
    from bot.report.workers import Fleet
    from bot.settings import Settings
    from bot.store.job_queue import WorkerRecord
    from bot.store.outbox.queries import DeliveryRecord


def status(
    config: ConfigOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Say how today's mailing stands, and why.

    The state of every category and subscriber in a sentence, and what is left to deliver.
    """
    settings = load_settings(config)
    with opened(settings) as app:
        found = app.reporter.status(app.clock.now())
    if as_json:
        say_json(found)
    else:
        _show(found, settings)


def _show(found: Status, settings: Settings) -> None:
    zone = settings.timezone
    _show_troubles(found, zone)
    heading(found.summary[0].upper() + found.summary[1:])
    table([["next mailing", f"{when(found.next_mailing, zone)} ({zone})"]])
    if found.arxiv_waits_until:
        table([["arXiv", f"asked us to wait until {when(found.arxiv_waits_until, zone)}"]])
    if found.categories:
        heading("Categories")
        table(_categories(found.categories), heads=("category", "mailing", "reason"), state=1)
    if found.missed:
        show_missing(found.missed)
    if found.subscribers:
        heading("Subscribers")
        table([_subscriber(each, settings) for each in found.subscribers], heads=("subscriber", "channel", "today"))
        table([name, sentence] for name, sentence in found.renamed.items())
    if found.readers.subscribed or found.readers.unconfirmed or found.readers.suppressed:
        heading("Readers")
        table(_readers(found.readers))
        table(["trouble", trouble.sentence] for trouble in found.self_service)
    if found.fleet:
        _show_fleet(found.fleet)
    if found.unfinished:
        heading("Still to deliver")
        _show_deliveries(found.unfinished, settings)
    if found.dead:
        heading("Given up in the last seven days")
        _show_deliveries(found.dead, settings)


def _show_troubles(found: Status, zone: ZoneInfo) -> None:
    """What should not be, before all the rest."""
    if found.failing:
        heading("Not delivered for too long")
        rows = [[each.subscriber, each.channel, when(each.since, zone), each.reason] for each in found.failing]
        table(rows, heads=("subscriber", "channel", "since", "reason"))
    if found.chat_outages:
        heading("Not listened to")
        rows = [[each.platform, when(each.since, zone), each.reason] for each in found.chat_outages]
        table(rows, heads=("chat", "since", "reason"))


def _categories(categories: Iterable[CategoryStatus]) -> Iterator[list[str]]:
    """A line for each category whose mailing is closed, and one for all open ones with the same reason."""
    groups: dict[tuple[str, str], list[CategoryStatus]] = {}
    for each in categories:
        key = (each.state, each.reason if each.due else each.category)
        groups.setdefault(key, []).append(each)
    for (state, _), alike in groups.items():
        yield [some([each.category for each in alike]), state, alike[0].sentence]


def _subscriber(each: SubscriberStatus, settings: Settings) -> list[str]:
    zone = settings.subscribers[each.name].timezone
    slot = f"; next hour {when(each.next_slot, zone)}" if each.next_slot else ""
    last = f"; last reached {when(each.last_sent, zone)}" if each.last_sent else ""
    suppressed = "".join(f"; {said}" for said in each.suppressed)
    return [each.name, each.channel, f"{each.sentence}{slot}{last}{suppressed}"]


def _readers(found: Readers) -> Iterator[list[str]]:
    """Lines with the numbers of self-service subscribers and of suppressed mailboxes."""
    paused, unconfirmed = found.paused, found.unconfirmed
    yield ["self-service", f"{found.subscribed} subscribed, {paused} of them paused; {unconfirmed} not confirmed yet"]
    if found.suppressed:
        counted = ", ".join(f"{count} {reason}" for reason, count in found.suppressed.items())
        yield ["not written to", f"{counted}; `paperboy suppressions list` names them"]


def _show_fleet(found: Fleet) -> None:
    """The workers with what they do, and the jobs by verb; what is wrong comes first."""
    heading("Workers")
    table(["trouble", sentence] for sentence in found.troubles)
    rows = [[f"{each.host} ({each.pid})", ", ".join(each.verbs), _doing(each)] for each in found.workers]
    table(rows, heads=("worker", "takes", "does"))
    counts = [[each.verb, *map(str, (each.waiting, each.later, each.doing, each.failed))] for each in found.jobs]
    table(counts, heads=("jobs", "waiting", "for later", "being done", "failed"))
    if found.oldest_seconds is not None:
        table([["oldest", f"waits for {found.oldest_seconds:.0f} s"]])


def _doing(worker: WorkerRecord) -> str:
    if not worker.is_alive:
        return f"no heartbeat for {worker.silent_seconds:.0f} s: taken for dead"
    return some(list(worker.doing)) if worker.doing else "waits for jobs"


def _show_deliveries(records: Sequence[DeliveryRecord], settings: Settings) -> None:
    """A line for each delivery; those of self-service subscribers that stand alike are counted."""
    heads = ("subscriber", "digest", "part", "state")
    table(
        [_delivery(each) for each in records if not is_self_service(each.subscriber, settings)], heads=heads, state=3
    )
    readers = Counter(_state(each) for each in records if is_self_service(each.subscriber, settings))
    table([SELF_SERVICE, plural(count, "message"), "", state] for state, count in sorted(readers.items()))


def _delivery(record: DeliveryRecord) -> list[str]:
    return [record.subscriber, record.title, f"{record.part}/{record.parts}", _state(record)]


def _state(record: DeliveryRecord) -> str:
    tries = plural(record.tries, "try", "tries")
    return f"{record.state.value}, {tries}: {record.reason or 'not tried yet'}"
