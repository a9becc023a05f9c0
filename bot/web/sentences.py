"""Sentences for readers about refused commands. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.members.values import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.members.values import Refused


@dataclass(frozen=True, slots=True)
class FormMessage:
    """The message about a submitted form."""

    text: str
    details: tuple[str, ...] = ()
    good: bool = True
    about: str = ""
    """The form of the page to which it belongs; shown above all forms if empty."""


_SENTENCES: Mapping[Refusal, str] = {
    Refusal.NOT_OPEN: "Nobody can sign up here.",
    Refusal.ADDRESS: "This is no mail address that can be written to.",
    Refusal.DOMAIN: "Only addresses of certain domains may sign up here.",
    Refusal.TOPIC: "There is no such topic.",
    Refusal.NO_TOPIC: "Choose a topic, or write one of your own.",
    Refusal.TOO_MANY_TOPICS: "These are too many topics.",
    Refusal.OWN_TOPICS: "Topics of one's own are not offered here.",
    Refusal.WORDS: "This topic cannot be used yet.",
    Refusal.CATEGORIES: "Some of these categories are not read here.",
    Refusal.ZONE: "This is no time zone.",
    Refusal.HOUR: "This is no time of day.",
    Refusal.DAY: "This is no day.",
    Refusal.WEEKDAYS: "Choose at least one weekday; for fewer than seven, choose an hour too.",
    Refusal.NOT_ASKED: "There is nothing to confirm: it was confirmed before, or the link is too old.",
    Refusal.NO_MEMBER: "There is no such subscription any more.",
    Refusal.SUPPRESSED: "Mail to this mailbox came back or was reported. Sign up again to confirm that it is yours.",
}

_PLACES: Mapping[str, str] = {
    "address": "",
    "zone": "",
    "muted": "Muted words",
    "exclude": "But not",
    "authors": "Authors",
    "keywords": "Keywords",
    "categories": "Categories",
    "query": "Query",
    "title": "Title",
}
"""The names of form fields, by the last part of a problem's path."""


def refused(refusal: Refused, about: str = "") -> FormMessage:
    """The message for a refusal, with all problems, using the names of the form's fields."""
    return FormMessage(_SENTENCES[refusal.why], refusal.details(_PLACES), good=False, about=about)
