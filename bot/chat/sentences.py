"""Sentences of answers: what is followed and when, and why something was refused. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import text
from bot.chat.answers import Answer, Part
from bot.chat.parse import fields, quoted, usage
from bot.config.value_types import WEEK
from bot.members.values import Refusal
from bot.model import Topic
from bot.settings import ALL_WEEK

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date, time

    from bot.chat.arguments import InvalidCommand
    from bot.chat.asking import Asker
    from bot.members.values import Refused

COMMAND = "/paperboy"

_REFUSALS: Mapping[Refusal, str] = {
    Refusal.TOPIC: "There is no such topic.",
    Refusal.NO_TOPIC: "Name a topic, or words to look for.",
    Refusal.TOO_MANY_TOPICS: "These are too many topics.",
    Refusal.WORDS: "This cannot be looked for yet.",
    Refusal.CATEGORIES: "Some of these categories are not read here.",
    Refusal.WEEKDAYS: "Fewer than seven weekdays need an hour.",
    Refusal.NO_MEMBER: "Nothing is followed here yet.",
}
_FIELDS: Mapping[str, str] = {
    "keywords": "words",
    "exclude": "exclude",
    "authors": "authors",
    "categories": "categories",
    "title": "title",
    "query": "query",
    "muted": "words",
}
"""The last part of a problem's path -> the name of the option in the chat."""
_TYPED: Mapping[str, str] = {**_FIELDS, "exclude": "not", "authors": "by", "categories": "in", "title": "as"}
"""The same for a typed line: the keyword before the argument."""
_MANAGERS = {"slack": "the workspace's admins", "discord": "members who may manage its channels"}


def refused(refusal: Refused, *, in_fields: bool) -> Answer:
    """The answer for a refused command, with all problems.

    Args:
        refusal: of a command of `members`.
        in_fields: whether the platform has a field for each argument, so that fields are named, not keywords.
    """
    names = _FIELDS if in_fields else _TYPED
    return no(_REFUSALS.get(refusal.why, "This cannot be done here."), *refusal.details(names))


def no(sentence: str, *lines: str) -> Answer:
    """The answer that nothing was done, and why."""
    return Answer(sentence, (Part(lines=lines),) if lines else (), is_good=False)


def invalid_command(found: InvalidCommand, *, in_fields: bool = False) -> Answer:
    """The answer for text that is no valid command: what is wrong, and how the command is written."""
    how = f"{COMMAND} help"
    if found.command:
        how = f"{COMMAND} {fields(found.command) if in_fields else usage(found.command)}"
    parts = (Part(lines=(found.sentence,)), Part("It is typed", code=how))
    return Answer("That was not understood.", parts, is_good=False)


def only_managers(asker: Asker) -> Answer:
    """The answer for a person who may not change what the channel gets."""
    may = _MANAGERS[asker.platform]
    return no(
        f"Only {may} may change what this channel gets.",
        "In a direct message to me you can follow topics for yourself.",
    )


def not_shown_here() -> Answer:
    """The answer to a click under a paper of a digest that no subscriber of this place gets any more."""
    return no("What this digest was sent for is not followed here any more.")


def by_operator(name: str) -> Answer:
    """The answer that this place's subscriber is set in the YAML, and can only be changed there."""
    return no(f"What is sent here stands in the operator's configuration, as {name}: ask them to change it.")


def here(asker: Asker) -> str:
    """The subject of a sentence about the subscription: the person, or the channel."""
    return "You" if asker.is_direct else "This channel"


def follows(asker: Asker) -> str:
    """The same with the verb: `You follow`, `This channel follows`."""
    return f"{here(asker)} {'follow' if asker.is_direct else 'follows'}"


def title(topic: str | Topic, topics: Mapping[str, Topic]) -> str:
    """The title of a topic, from its name or itself."""
    if isinstance(topic, Topic):
        return topic.title
    return topics[topic].title if topic in topics else topic


def looks_for(topic: Topic) -> str:
    """What a topic looks for, on one line."""
    wanted = [topic.query] if topic.query else [quoted([word]) for word in topic.keywords]
    wanted += [f"papers by {author}" for author in topic.authors]
    said = " or ".join(wanted) or "everything"
    but = f", but not {' or '.join(quoted([word]) for word in topic.exclude)}" if topic.exclude else ""
    return f"{said}{but}, in {', '.join(topic.categories)}"


def when(at: time | None, weekdays: Collection[int], zone: str) -> str:
    """A sentence that says when digests come."""
    if at is None:
        return "Digests come as soon as a mailing is in."
    days = "" if set(weekdays) == ALL_WEEK else f" on {', '.join(WEEK[day] for day in sorted(weekdays))}"
    return f"Digests come at {at:%H:%M} ({zone}){days}."


def paused(until: date | None) -> str:
    """A sentence that says until when nothing is sent."""
    back = f"before {text.day(until)}" if until else f"until {COMMAND} resume"
    return f"Nothing is sent {back}; what comes in meanwhile comes then."
