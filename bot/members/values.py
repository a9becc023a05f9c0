"""What a command answers: what is so now, or why it was refused. Nothing that a reader does raises an error."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.errors import Problem
    from bot.store.feedback import Opinion
    from bot.store.members import Member
    from bot.store.suppressions import SuppressionReason


class Refusal(StrEnum):
    """Why a command was not carried out; nothing was written then."""

    NOT_OPEN = "not open"
    """Nobody can sign up here."""
    ADDRESS = "address"
    """What was typed is no mail address."""
    DOMAIN = "domain"
    """Only addresses of certain domains may sign up."""
    TOPIC = "topic"
    """There is no such topic to follow, or what was typed makes none."""
    NO_TOPIC = "no topic"
    """Nothing to follow was chosen."""
    TOO_MANY_TOPICS = "too many topics"
    OWN_TOPICS = "own topics"
    """Topics of one's own are not allowed here."""
    WORDS = "words"
    """What was typed says nothing to look for, or it is too much."""
    CATEGORIES = "categories"
    """Of an own topic: the operator's topics read others."""
    ZONE = "zone"
    """There is no such time zone."""
    HOUR = "hour"
    """This is no time of day."""
    DAY = "day"
    """This is no day."""
    WEEKDAYS = "weekdays"
    """No weekday was chosen."""
    NOT_ASKED = "not asked"
    """There is nothing to confirm, any more or yet."""
    NO_MEMBER = "no member"
    """There is no such self-service subscriber: it stands in the YAML, or is gone."""
    SUPPRESSED = "suppressed"
    """The mailbox bounced or complained: only its own confirmation, or the operator, lifts that."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was done."""

    why: Refusal
    problems: tuple[Problem, ...] = ()
    """What is wrong with what was typed, as the configuration says it, with its place in the form."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to sign up was taken. The same whoever asked for whom: it tells nothing of who is subscribed."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The reader said yes: the subscriber is there."""

    member: Member
    again: bool = False
    """Whether it was confirmed already."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The subscriber as it is now."""

    member: Member
    changed: bool = True
    """Whether it was another before."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """The mailbox is not written to any more."""

    reason: SuppressionReason
    since: datetime
    again: bool = False
    """Whether it was suppressed already."""
    dropped: int = 0
    """How many messages that waited for it are not sent."""
    being_sent: int = 0
    """How many could not be stopped: they were on their way at that moment."""


@dataclass(frozen=True, slots=True)
class Lifted:
    """The mailbox may be written to."""

    suppressions: int = 0
    """How many there were: 0 if it could be written to before."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A bounce that does not suppress the mailbox, or not yet."""

    bounces: int = 0
    """How many deliveries came back within the time that counts."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """The subscriber is forgotten."""

    existed: bool = True
    dropped: int = 0
    """How many messages that waited for it are not sent."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A reader's last word on a paper."""

    opinion: Opinion | None
    """None if it was taken back."""
