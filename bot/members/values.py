"""The results of commands, as values: the new state, or why it was refused. No reader's input raises an error."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.errors import Problem
    from bot.store.members import Member
    from bot.store.suppressions import SuppressionReason


class Refusal(StrEnum):
    """Why a command was refused; nothing was written."""

    NOT_OPEN = "not open"
    """Signing up is not open."""
    ADDRESS = "address"
    """The text is no mail address."""
    DOMAIN = "domain"
    """Only addresses of certain domains may sign up."""
    TOPIC = "topic"
    """There is no such topic to follow, or the typed topic is invalid."""
    NO_TOPIC = "no topic"
    """No topic was chosen."""
    TOO_MANY_TOPICS = "too many topics"
    OWN_TOPICS = "own topics"
    """Own topics are not allowed here."""
    WORDS = "words"
    """The words have no letter or digit, or are too many."""
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
    """There is no request to confirm."""
    NO_MEMBER = "no member"
    """There is no such self-service subscriber: it is in the YAML, or gone."""
    SUPPRESSED = "suppressed"
    """The mailbox bounced or complained: only its own confirmation, or the operator, lifts that."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The command was refused."""

    why: Refusal
    problems: tuple[Problem, ...] = ()
    """What is wrong with the input, in the configuration's words, with its place in the form."""

    def details(self, names: Mapping[str, str]) -> tuple[str, ...]:
        """The problems as lines, each after the name of its field.

        Args:
            names: by the last part of a problem's path, the field's name; without one the problem stands alone.
        """
        fields = (names.get(problem.path.rpartition(".")[2].partition("[")[0]) for problem in self.problems)
        return tuple(
            f"{field}: {problem.message}" if field else problem.message
            for field, problem in zip(fields, self.problems, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Changed:
    """The subscriber as it is now."""

    member: Member
    changed: bool = True
    """Whether anything changed."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """The mailbox is suppressed."""

    reason: SuppressionReason
    since: datetime
    again: bool = False
    """Whether it was suppressed already."""
    dropped: int = 0
    """How many waiting messages were dropped."""
    being_sent: int = 0
    """How many messages were being sent and could not be stopped."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A bounce was counted; it does not suppress the mailbox, or not yet."""

    bounces: int = 0
    """The number of bounced deliveries within the time that counts."""
