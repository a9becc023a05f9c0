"""What became of one address's deliveries in one run, as a value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


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
