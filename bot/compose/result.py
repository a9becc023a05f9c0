"""What compose came to for one subscriber, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Outcome(StrEnum):
    """What compose came to for one subscriber."""

    DIGEST = "digest"
    EMPTY = "empty"
    SAID_EMPTY = "said-empty"
    NOT_DUE = "not-due"
    PAUSED = "paused"
    NOBODY = "nobody"
    """None of its addresses may be written to, or it waits for its reader's yes."""
    WAITING = "waiting"
    """Some of its categories are late today, and there is time to wait for them."""
    FAILED = "failed"
    """A template of this subscriber is broken."""
    ELSEWHERE = "elsewhere"
    """Another process composed for it in the meantime."""


@dataclass(frozen=True, slots=True)
class Composed:
    """What compose did for one subscriber."""

    subscriber: str
    outcome: Outcome
    matched: int = 0
    messages: int = 0
    """Deliveries written."""
    reason: str = ""
    """What was wrong with its templates, whether or not there was a digest all the same."""
    next_slot: datetime | None = None
    late: tuple[str, ...] = ()
    """Its categories whose mailing of today should be in and is not: what they bring follows."""
    self_service: bool = False
    """Whether it is a self-service subscriber."""
