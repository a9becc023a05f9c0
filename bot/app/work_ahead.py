"""What the verbs leave to be done later, as a value: the daemon and the workers decide by it when they run next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from bot.arxiv import calendar

if TYPE_CHECKING:
    from bot.model import MailingRecord
    from bot.settings import Subscriber

WAIT_FOR_LATE_UNTIL = time(2, tzinfo=calendar.EASTERN)
"""Until then a digest waits for a category that is late."""


@dataclass(frozen=True, slots=True)
class WorkAhead:
    """What has to be done later, and when."""

    mailings: tuple[MailingRecord, ...]
    """Today's mailings, one per category that was asked for."""
    categories: tuple[str, ...]
    """The categories that are collected."""
    subscribers: tuple[Subscriber, ...]
    retries: tuple[datetime, ...] = ()
    """When to try deliveries again that were left."""
    missed: tuple[MailingRecord, ...] = ()
    """The mailings before today that are still open."""
    self_service_due: datetime | None = None
    """The next slot of any self-service subscriber."""
    arxiv_waits_until: datetime | None = None
    """Until when the feeds must not be asked, because arXiv says so or another process is asking."""
    missed_wait_until: datetime | None = None
    """Until when the second sources must not be asked."""

    def still_open(self, day: date) -> tuple[str, ...]:
        """The categories whose mailing of that date is still open; none on a day without mailings."""
        if not calendar.is_mailing_day(day):
            return ()
        closed = {r.category for r in self.mailings if r.mailing_date == day and r.state.closed}
        return tuple(category for category in self.categories if category not in closed)
