"""`paperboy once`: runs the four verbs once, and prints what they did."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from bot.arxiv import calendar
from bot.cli.application import load_settings, opened_online
from bot.cli.errors import ExitCode
from bot.cli.options import ConfigOption
from bot.cli.output import heading, plural, progress, table, when
from bot.model import Outcome
from bot.text import some

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from bot.app.run_result import RunResult
    from bot.model import Collected, Composed, LaneReport, MailingRecord
    from bot.settings import Settings

_SELF_SERVICE = "self-service"
"""The name under which all self-service subscribers are summed up."""


def once(
    config: ConfigOption = None,
    *,
    no_deliver: Annotated[
        bool, typer.Option("--no-deliver", help="Collect and publish only; what is new stays new.")
    ] = False,
    now: Annotated[bool, typer.Option("--now", help="Do not wait for the subscribers' hours.")] = False,
) -> None:
    """Collect, compose, deliver, publish once.

    Then it exits: for cron and CI. Ends with 1 while a mailing is open or a delivery stayed behind.
    """
    settings = load_settings(config, for_arxiv=True)
    run = asyncio.run(_once(settings, any_hour=now, no_deliver=no_deliver))
    account(run, settings)
    sys.exit(ExitCode.LEFT_UNDONE if run.left_undone else ExitCode.DONE)


async def _once(settings: Settings, *, any_hour: bool, no_deliver: bool) -> RunResult:
    async with opened_online(settings) as app:
        with progress("collected") as step:
            return await app.runner.once(any_hour=any_hour, no_deliver=no_deliver, progress=step)


def account(run: RunResult, settings: Settings) -> None:
    """Prints what the run did, verb by verb."""
    heading("Collected")
    if run.collected_elsewhere:
        table([[f"nothing: {run.collected_elsewhere}"]])
    else:
        table(_collected(run.collected), heads=("category", "mailing", "answer"), state=1)
        if run.next_mailing:
            zone = settings.timezone
            table([[f"no mailing today; the next is expected on {when(run.next_mailing, zone)} ({zone})"]])
    if run.missed:
        show_missing(run.missed)
        if run.catching_up_elsewhere:
            table([[f"not asked for: {run.catching_up_elsewhere}"]])
    if run.composed:
        heading("Composed")
        table(_all_composed(run.composed, settings), heads=("subscriber", "digest"))
    if run.delivered:
        heading("Delivered")
        table(_all_delivered(run.delivered, settings), heads=("subscriber", "address", "messages"))
    if run.published or run.site_error:
        heading("Published")
        table(
            [str(page.path), plural(page.papers, "paper") if page.path.name != "index.html" else "index"]
            for page in run.published
        )
        if run.site_error:
            table([[f"the site could not be written: {run.site_error}"]])


def show_missing(records: Iterable[MailingRecord]) -> None:
    """Prints the mailings of earlier days that are still open."""
    heading("Still missing")
    table(_missing(records), heads=("category", "mailing", "reason"))


def _missing(records: Iterable[MailingRecord]) -> Iterator[list[str]]:
    """A line for all open mailings with the same reason: their categories and days, and the reason."""
    said = sorted((record.category, record.mailing_date, ("", record.reason)) for record in records)
    return ([some(categories), calendar.span(days), reason] for categories, days, (_, reason) in _together(said))


def _collected(results: Sequence[Collected]) -> Iterator[list[str]]:
    """A line for each closed mailing, and one for all open ones with the same reason."""
    several = len({result.mailing_date for result in results}) > 1
    closed = [([each.category], [each.mailing_date], _answer(each)) for each in results if each.state.closed]
    said = [(each.category, each.mailing_date, _answer(each)) for each in results if not each.state.closed]
    for categories, days, answer in (*closed, *_together(said)):
        yield [f"{some(categories)} {calendar.span(days)}" if several else some(categories), *answer]


def _together(
    said: Iterable[tuple[str, date, tuple[str, str]]],
) -> Iterator[tuple[list[str], list[date], tuple[str, str]]]:
    """Groups of categories with the same days and the same state and reason."""
    days: dict[tuple[str, tuple[str, str]], list[date]] = {}
    for category, day, what in said:
        days.setdefault((category, what), []).append(day)
    categories: dict[tuple[tuple[date, ...], tuple[str, str]], list[str]] = {}
    for (category, what), found in days.items():
        categories.setdefault((tuple(found), what), []).append(category)
    return ((names, list(found), what) for (found, what), names in categories.items())


def _answer(result: Collected) -> tuple[str, str]:
    """The mailing's state, and the reason."""
    if not result.asked:
        return f"{result.state.value} already" if result.state.closed else "not asked", result.reason
    said = [result.reason]
    if result.new:
        said.append(f"{result.new} new to us")
    if result.unreadable:
        said.append(f"{plural(result.unreadable, 'entry', 'entries')} unreadable")
    return result.state.value, ", ".join(said)


def _all_composed(results: Iterable[Composed], settings: Settings) -> Iterator[list[str]]:
    """A line for each subscriber of the YAML, and one for all self-service ones together."""
    results = tuple(results)
    yield from (_composed(result, settings) for result in results if not result.self_service)
    others = [result for result in results if result.self_service]
    digests = [result for result in others if result.messages]
    if digests:
        said = f"{plural(len(digests), 'digest')} in {plural(sum(d.messages for d in digests), 'message')}"
        yield [_SELF_SERVICE, said]
    failed = [result.reason for result in others if result.reason]
    if failed:
        yield [_SELF_SERVICE, f"a template failed for {len(failed)}: {failed[0]}"]


def _composed(result: Composed, settings: Settings) -> list[str]:
    zone = settings.subscribers[result.subscriber].timezone
    broken = f"; its own template failed, the built-in one was used: {result.reason}" if result.reason else ""
    waits = f"; waits for {some(result.late)}" if result.late else ""
    said = {
        Outcome.DIGEST: f"{plural(result.matched, 'paper')} in {plural(result.messages, 'message')}{waits}{broken}",
        Outcome.EMPTY: f"nothing new for it{waits}",
        Outcome.SAID_EMPTY: "nothing matched, and it is told so",
        Outcome.NOT_DUE: f"waits for its hour, {when(result.next_slot, zone)}",
        Outcome.PAUSED: "paused",
        Outcome.NOBODY: "nobody is left to write to",
        Outcome.WAITING: f"waits for {some(result.late)}",
        Outcome.FAILED: f"template failed: {result.reason}",
        Outcome.ELSEWHERE: "another process composed for it",
    }
    return [result.subscriber, said[result.outcome]]


def _all_delivered(lanes: Iterable[LaneReport], settings: Settings) -> Iterator[list[str]]:
    """A line for each address of the YAML's subscribers, and one for all self-service ones together."""
    lanes = tuple(lanes)
    yield from (_delivered(lane, settings) for lane in lanes if not lane.self_service)
    others = [lane for lane in lanes if lane.self_service and not lane.paused]
    if others:
        yield [_SELF_SERVICE, plural(len(others), "address", "addresses"), "; ".join(_totals(others))]


def _totals(lanes: Sequence[LaneReport]) -> Iterator[str]:
    """The number of messages by outcome, for outcomes that occurred."""
    for what, count in (
        ("sent", sum(lane.sent for lane in lanes)),
        ("dropped", sum(lane.dropped for lane in lanes)),
        ("given up", sum(lane.dead for lane in lanes)),
        ("held for you to decide", sum(lane.held for lane in lanes)),
        ("left in the outbox", sum(lane.left_until is not None for lane in lanes)),
    ):
        if count:
            yield f"{count} {what}"


def _delivered(lane: LaneReport, settings: Settings) -> list[str]:
    if lane.paused:
        return [lane.subscriber, lane.address, "paused"]
    said = [f"{lane.sent} sent"] if lane.address else []
    others = (
        (lane.dropped, f"dropped: {lane.reason}"),
        (lane.withdrawn, f"taken back: {lane.reason}"),
        (lane.dead, f"given up: {lane.reason}"),
        (lane.held, "held for you to decide: nobody knows whether it arrived"),
    )
    said += [f"{count} {what}" for count, what in others if count]
    if lane.left_until is not None:
        said.append(f"the rest stays in the outbox until {when(lane.left_until, settings.timezone)}: {lane.reason}")
    return [lane.subscriber, lane.address, "; ".join(said)]
