"""What a verb did in one run, for one category, one subscriber or one address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    from bot.model.papers import MailingState


@dataclass(frozen=True, slots=True)
class Collected:
    """The state of one category's mailing after this run."""

    category: str
    mailing_date: date
    state: MailingState
    reason: str
    new: int = 0
    """Announcements that were not stored before."""
    unreadable: int = 0
    asked: bool = True
    """Whether arXiv was asked; it is not for a closed mailing, or while arXiv makes us wait."""
    reopened: bool = False
    """Whether a feed had closed it that turned out to repeat an earlier mailing."""


class Outcome(StrEnum):
    """What compose decided for one subscriber."""

    DIGEST = "digest"
    EMPTY = "empty"
    SAID_EMPTY = "said-empty"
    NOT_DUE = "not-due"
    PAUSED = "paused"
    NOBODY = "nobody"
    """It has no topic, none of its addresses may be written to, or its reader has not confirmed."""
    WAITING = "waiting"
    """Some of its categories are late today, and there is time to wait for them."""
    FAILED = "failed"
    """A template of this subscriber is broken."""
    ELSEWHERE = "elsewhere"
    """Another process composed for it meanwhile."""


@dataclass(frozen=True, slots=True)
class Composed:
    """What compose did for one subscriber."""

    subscriber: str
    outcome: Outcome
    matched: int = 0
    messages: int = 0
    """The number of deliveries written."""
    reason: str = ""
    """What was wrong with its templates; set also where the built-in ones were used instead."""
    next_slot: datetime | None = None
    late: tuple[str, ...] = ()
    """Its categories whose mailing of today is expected and still open; it follows as a digest of its own."""
    self_service: bool = False
    """Whether it is a self-service subscriber."""


@dataclass(frozen=True, slots=True)
class LaneReport:
    """What became of one address's deliveries in this run."""

    subscriber: str
    address: str
    """The label that may be shown."""
    sent: int = 0
    dead: int = 0
    dropped: int = 0
    withdrawn: int = 0
    """Withdrawn: its subscriber is gone, or moved to another channel, for which it is composed anew."""
    held: int = 0
    """Deliveries whose outcome is unknown and that wait for a person."""
    reason: str = ""
    """Why something was left, or is dead."""
    left_until: datetime | None = None
    """When to try again, UTC; None if nothing was left."""
    paused: bool = False
    self_service: bool = False
    """Whether the subscriber is a self-service one."""

    @property
    def is_news(self) -> bool:
        """Whether anything happened or is left; deliveries that were held before are reported elsewhere."""
        counts = self.sent + self.dead + self.dropped + self.withdrawn + self.held
        return bool(counts or self.left_until or self.paused)

    def then(self, later: LaneReport) -> LaneReport:
        """The sum of two reports of one run: counts add up, what is left is taken from the later one."""
        return replace(
            later,
            sent=self.sent + later.sent,
            dead=self.dead + later.dead,
            dropped=self.dropped + later.dropped,
            withdrawn=self.withdrawn + later.withdrawn,
            reason=later.reason or self.reason,
        )
