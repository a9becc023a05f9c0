"""What one run of the four verbs did, as values, and as lines of the daemon's log."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import filterfalse
from operator import attrgetter
from typing import TYPE_CHECKING

import structlog

from bot import text
from bot.model import Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Collected, Composed, LaneReport, MailingRecord
    from bot.publish import Published

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """What compose, deliver and publish did."""

    composed: tuple[Composed, ...] = ()
    delivered: tuple[LaneReport, ...] = ()
    published: tuple[Published, ...] = ()
    site_error: str = ""

    def then(self, later: Told) -> Told:
        """The sum of two passes of one run: each digest and each address once, in its final state."""
        published = {page.path: page for page in (*self.published, *later.published)}
        return Told(
            composed=_composed(self.composed, later.composed),
            delivered=_delivered(self.delivered, later.delivered),
            published=tuple(published.values()),
            site_error=later.site_error or self.site_error,
        )


def _composed(first: tuple[Composed, ...], later: tuple[Composed, ...]) -> tuple[Composed, ...]:
    """Every digest; and for a subscriber without one, why there is none."""
    if not first:
        return later
    said = [each for each in later if each.messages or each.reason]
    names = {each.subscriber for each in said}
    return (*(each for each in first if each.messages or each.reason or each.subscriber not in names), *said)


def _delivered(first: tuple[LaneReport, ...], later: tuple[LaneReport, ...]) -> tuple[LaneReport, ...]:
    """One report per address; reports without an address (dropped or withdrawn beforehand) stay as they are."""
    lanes: dict[tuple[str, str], LaneReport] = {}
    for lane in filter(_has_address, (*first, *later)):
        key = (lane.subscriber, lane.address)
        lanes[key] = lanes[key].then(lane) if key in lanes else lane
    return (*filterfalse(_has_address, (*first, *later)), *lanes.values())


_has_address = attrgetter("address")


@dataclass(frozen=True, slots=True)
class RunResult:
    """What one run of the four verbs did."""

    collected: tuple[Collected, ...] = ()
    collected_elsewhere: str = ""
    """Which other process is collecting; empty if none is."""
    catching_up_elsewhere: str = ""
    """Which other process is catching up on missed mailings; empty if none is."""
    composed: tuple[Composed, ...] = ()
    delivered: tuple[LaneReport, ...] = ()
    published: tuple[Published, ...] = ()
    next_mailing: datetime | None = None
    """On a day without a mailing: when the next one is expected."""
    still_open: tuple[str, ...] = ()
    """Categories whose mailing of today is still open."""
    missed: tuple[MailingRecord, ...] = ()
    """Mailings of earlier days that are still open."""
    site_error: str = ""
    """Why the site could not be written, if it could not."""

    @property
    def left_undone(self) -> bool:
        """Whether a mailing is still open, a delivery is left, held or dead, or a digest or the site failed."""
        return (
            bool(self.still_open)
            or bool(self.missed)
            or any(result.outcome is Outcome.FAILED for result in self.composed)
            or bool(self.site_error)
            or any(lane.left_until is not None or lane.dead or lane.held for lane in self.delivered)
        )


def log_run(run: RunResult) -> None:
    """Logs what a run did, for the daemon's log; what deliver did it has logged itself."""
    _log_collected(run.collected)
    if run.collected_elsewhere:
        log.info("another process is collecting", holder=run.collected_elsewhere)
    if run.catching_up_elsewhere:
        log.info("another process catches up on what was missed", holder=run.catching_up_elsewhere)
    for composed in run.composed:
        if composed.reason:
            log.warning("template failed", subscriber=composed.subscriber, reason=composed.reason)
        if composed.matched:
            log.info("composed", subscriber=composed.subscriber, papers=composed.matched, messages=composed.messages)
    if run.published:
        log.info("published", files=len(run.published))
    if run.site_error:
        log.error("the site could not be written", reason=run.site_error)


def _log_collected(results: tuple[Collected, ...]) -> None:
    """Logs what was collected; failures with the same reason share a line."""
    troubles: dict[tuple[str, str], list[Collected]] = {}
    for result in results:
        if not result.state.closed:
            state = result.state.value if result.asked else "not asked"
            troubles.setdefault((state, result.reason), []).append(result)
        elif result.asked:
            state = result.state.value
            log.info("collected", category=result.category, state=state, reason=result.reason, new=result.new)
    for (state, reason), alike in troubles.items():
        names = list(dict.fromkeys(result.category for result in alike))
        new = sum(result.new for result in alike)
        log.warning("collected", category=text.some(names), state=state, reason=reason, new=new)
