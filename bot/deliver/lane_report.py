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
    """Taken back: for a subscriber that is gone, or to be composed anew for another channel."""
    held: int = 0
    """Whose outcome is unknown, and that wait for a person."""
    reason: str = ""
    """Why something stayed behind, or died."""
    left_until: datetime | None = None
    """When it is worth trying again; None if nothing stayed behind."""
    paused: bool = False
    self_service: bool = False
    """Whether it is a self-service subscriber's."""

    @property
    def is_news(self) -> bool:
        """Whether there is anything to say of it; a lane of which all is held has been told of before."""
        counts = self.sent + self.dead + self.dropped + self.withdrawn + self.held
        return bool(counts or self.left_until or self.paused)

    def then(self, later: LaneReport) -> LaneReport:
        """Both, of one run: what was done adds up, what is left is as the later one found it."""
        return replace(
            later,
            sent=self.sent + later.sent,
            dead=self.dead + later.dead,
            dropped=self.dropped + later.dropped,
            withdrawn=self.withdrawn + later.withdrawn,
            reason=later.reason or self.reason,
        )
