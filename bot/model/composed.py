"""The result of compose for one subscriber, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


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
