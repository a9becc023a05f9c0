"""The preferences page: small forms for what a reader gets and when; each is a command, named by its field `do`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from bot.config import value_types
from bot.errors import Problem
from bot.members import commands
from bot.members.links import Purpose, sign, unsubscribe_url
from bot.members.values import Changed, Refusal, Refused
from bot.model import Topic
from bot.settings import ALL_WEEK
from bot.web.own_data import saved_papers
from bot.web.own_topic import TopicForm, previewed, read_topic_form, topic_form
from bot.web.page import Page
from bot.web.sentences import FormMessage, refused
from bot.web.signup import offered_topics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bot.members.context import Context
    from bot.store.members import Member
    from bot.store.suppressions import Suppression
    from bot.web.page import PageRequest

    Command = Callable[["PageRequest", str], Changed | Refused]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_SAVED = 200
"""The most papers that the page lists; the BibTeX has all."""


def preview(request: PageRequest) -> Page:
    """Shows the page with a preview of the topic that is being written."""
    member, typed = _member(request), read_topic_form(request.form)
    return page(request, typed=previewed(request, typed, member.muted if member else ()))


def send(request: PageRequest) -> Page:
    """Does what the form asks for, and shows the preferences after it."""
    what = request.form.one("do")
    command, member = _COMMANDS.get(what), _member(request)
    if command is None:
        return replace(page(request), status=HTTPStatus.BAD_REQUEST)
    done = command(request, member.key) if member else Refused(Refusal.NO_MEMBER)
    if isinstance(done, Refused):
        typed = read_topic_form(request.form) if what == "topic" else None
        return replace(page(request, refused(done, what), typed), status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return replace(page(request, FormMessage(_DONE.get(what, "Saved."), about=what)), changed=done.changed)


# -- the commands ------------------------------------------------------------------------------------------------


def _topics(request: PageRequest, key: str) -> Changed | Refused:
    """Follows the checked topics and unfollows the others."""
    chosen, readers = set(request.form.many("topic")), request.readers
    steps = [
        partial(commands.follow, readers, wanted=topic.name)
        if topic.name in chosen
        else partial(commands.unfollow, readers, topic=topic.name)
        for topic in offered_topics(readers)
    ]
    return commands.all_or_none(readers, key, steps) if steps else Refused(Refusal.NO_TOPIC)


def _topic(request: PageRequest, key: str) -> Changed | Refused:
    """Adds or changes an own topic."""
    typed = read_topic_form(request.form)
    if typed.name:
        return commands.rewrite(request.readers, key, typed.name, typed.as_yaml())
    return commands.follow(request.readers, key, typed.as_yaml())


def _remove(request: PageRequest, key: str) -> Changed | Refused:
    return commands.unfollow(request.readers, key, request.form.one("name"))


def _muted(request: PageRequest, key: str) -> Changed | Refused:
    """Mutes the words in the form, and unmutes those that are no longer in it."""
    readers, wanted, member = request.readers, request.form.lines("muted"), _member(request)
    gone = set(member.muted) - set(wanted) if member else set()
    steps = [partial(commands.unmute, readers, terms=gone), partial(commands.mute, readers, terms=wanted)]
    return commands.all_or_none(readers, key, steps)


def _when(request: PageRequest, key: str) -> Changed | Refused:
    """Sets hour, weekdays and time zone."""
    typed = request.form.one("at")
    try:
        at = value_types.wall_time(_without_seconds(typed)) if typed else None
    except ValueError as error:
        return Refused(Refusal.HOUR, (Problem("at", str(error)),))
    days = {number for number, name in enumerate(WEEKDAYS) if name in request.form.many("day")}
    steps = [
        partial(commands.hour, request.readers, at=at),
        partial(commands.weekdays, request.readers, days=days if at else ALL_WEEK),
        partial(commands.zone, request.readers, name=request.form.one("zone")),
    ]
    return commands.all_or_none(request.readers, key, steps)


def _without_seconds(typed: str) -> str:
    """A time of day as HH:MM, which some browsers send as HH:MM:SS."""
    return typed.removesuffix(":00") if typed.count(":") == 2 else typed  # noqa: PLR2004 - of HH:MM:SS


def _pause(request: PageRequest, key: str) -> Changed | Refused:
    typed = request.form.one("until")
    try:
        until = value_types.day(typed) if typed else None
    except ValueError as error:
        return Refused(Refusal.DAY, (Problem("until", str(error)),))
    return commands.pause(request.readers, key, until)


def _resume(request: PageRequest, key: str) -> Changed | Refused:
    return commands.resume(request.readers, key)


def _forget(request: PageRequest, key: str) -> Changed | Refused:
    """Forgets what the reader said of papers; nobody has to be woken for that."""
    commands.learn_anew(request.readers, key)
    member = _member(request)
    return Changed(member, changed=False) if member else Refused(Refusal.NO_MEMBER)


_COMMANDS: Mapping[str, Command] = {
    "topics": _topics,
    "topic": _topic,
    "remove": _remove,
    "muted": _muted,
    "when": _when,
    "pause": _pause,
    "resume": _resume,
    "forget": _forget,
}
_DONE: Mapping[str, str] = {"forget": "Forgotten. What you like is learned anew, from what you say from now on."}
"""What is said of a command that was carried out, where that is not `Saved.`"""


# -- the page ----------------------------------------------------------------------------------------------------


def _member(request: PageRequest) -> Member | None:
    with request.readers.store.snapshot() as view:
        found = view.members.of_mailbox(request.mailbox)
    return found if found and found.confirmed_at else None


def page(request: PageRequest, said: FormMessage | None = None, typed: TopicForm | None = None) -> Page:
    """Shows the preferences, with what is said of the last form, and the topic that is being written."""
    readers, member = request.readers, _member(request)
    with readers.store.snapshot() as view:
        suppression = view.suppressions.find(readers.keys.suppression(request.mailbox))
    token = sign(request.web.secret[0], Purpose.UNSUBSCRIBE, request.payload)
    offered = offered_topics(readers, _followed_by_name(member))
    categories = tuple(dict.fromkeys(category for topic in offered for category in topic.categories))
    values = {
        "title": "What you get",
        "said": said,
        "subscriber": None if member is None else _subscriber(request, member, typed),
        "topics": offered,
        "topic": typed if typed and not typed.name else TopicForm(categories=categories),
        "read": tuple(sorted(readers.settings.named_categories)),
        "in_the_file": tuple(_in_the_file(readers, request.mailbox)),
        "stopped": None if suppression is None else _stopped(suppression),
        "undo": f"../undo/{token}",
        "unsubscribe": unsubscribe_url(request.web, request.mailbox),
        "saved": _saved(request),
        "token": request.token,
    }
    return Page("preferences", values)


def _followed_by_name(member: Member | None) -> tuple[str, ...]:
    return tuple(topic for topic in member.topics if isinstance(topic, str)) if member else ()


def _subscriber(request: PageRequest, member: Member, typed: TopicForm | None) -> dict[str, object]:
    """The values of the forms; `typed` replaces the own topic that it changes."""
    read = request.readers.settings.named_categories
    own = [topic_form(topic, read) for topic in member.topics if isinstance(topic, Topic)]
    return {
        "mailbox": _masked(member),
        "own_topics": request.web.own_topics,
        "own": [typed if typed and typed.name == topic.name else topic for topic in own],
        "muted": member.muted,
        "at": f"{member.at:%H:%M}" if member.at else "",
        "days": [(name, number in member.weekdays) for number, name in enumerate(WEEKDAYS)],
        "zone": member.timezone,
        "paused": member.paused,
        "until": member.paused_until,
    }


def _masked(member: Member) -> str:
    """The address, mostly masked: its reader recognises it, somebody who looks over their shoulder does not."""
    address = member.destination.reveal()
    return f"{address[:1]}…@{address.rpartition('@')[2]}"


def _in_the_file(readers: Context, mailbox: str) -> Iterator[Mapping[str, object]]:
    """The YAML's subscribers that the mailbox belongs to."""
    for subscriber in readers.settings.subscribers.values():
        if any(address.mailbox == mailbox for address in subscriber.addresses):
            topics = [readers.settings.topics[name].title for name in subscriber.topics]
            yield {"name": subscriber.name, "topics": topics}


def _stopped(suppression: Suppression) -> Mapping[str, object]:
    return {"reason": suppression.reason.value, "since": suppression.since.date()}


def _saved(request: PageRequest) -> list[Mapping[str, str]]:
    """The papers that this reader saved, the last one first."""
    return [
        {"title": paper.title, "identifier": paper.identifier}
        for paper in saved_papers(request.readers, request.mailbox)[:MOST_SAVED]
    ]
