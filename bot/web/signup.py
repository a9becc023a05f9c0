"""Signing up by mail: the form, the same answer for every address, and the confirmation."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from bot.members.commands import confirm, subscribe
from bot.members.commands.following import offered
from bot.members.links import preferences_url
from bot.members.values import Refused
from bot.model import Topic
from bot.web.own_topic import TopicForm, previewed, read_topic_form
from bot.web.page import Page
from bot.web.sentences import FormMessage, refused

if TYPE_CHECKING:
    from bot.members.context import Context
    from bot.members.own_topics import Wanted
    from bot.store.members import Followed
    from bot.web.page import PageRequest


@dataclass(frozen=True, slots=True)
class OfferedTopic:
    """One of the YAML's topics, as offered in a form."""

    name: str
    title: str
    categories: tuple[str, ...]
    terms: tuple[str, ...]
    chosen: bool = False


def offered_topics(readers: Context, chosen: tuple[str, ...] = ()) -> tuple[OfferedTopic, ...]:
    """The topics that may be followed by mail."""
    topics = (readers.settings.topics[name] for name in offered(readers, "mail"))
    return tuple(
        OfferedTopic(
            topic.name,
            topic.title,
            topic.categories,
            (*topic.keywords, *topic.authors, *((topic.query,) if topic.query else ())),
            topic.name in chosen,
        )
        for topic in topics
    )


# -- the form ----------------------------------------------------------------------------------------------------


def form(request: PageRequest) -> Page:
    """Shows the empty form, or says that nobody may sign up."""
    if not request.web.signup:
        closed = FormMessage(
            "Nobody can sign up here.", ("Whoever runs this Paperboy has not opened it.",), good=False
        )
        return Page("message", {"title": "Paperboy", "said": closed}, HTTPStatus.NOT_FOUND)
    topics = request.web.signup
    return _form(request, chosen=topics if len(topics) == 1 else ())


def preview(request: PageRequest) -> Page:
    """Shows the form as it was filled in, with a preview of its own topic."""
    own = previewed(request, read_topic_form(request.form))
    return _form(request, chosen=request.form.many("topic"), own=own)


def send(request: PageRequest) -> Page:
    """Takes a sign-up request; answers the same for every address that may sign up, known or not."""
    own, chosen = read_topic_form(request.form), request.form.many("topic")
    wanted: list[str | Wanted] = [*chosen, *([] if own.is_empty else [own.as_yaml()])]
    zone = request.form.one("zone") or request.readers.settings.timezone.key
    refusal = subscribe(request.readers, request.form.one("address"), wanted, zone, request.now)
    if refusal is not None:
        return _form(request, chosen=chosen, own=own, said=refused(refusal))
    return Page("asked", {"title": "One more step"}, changed=True)


def _form(
    request: PageRequest, *, chosen: tuple[str, ...], own: TopicForm | None = None, said: FormMessage | None = None
) -> Page:
    topics = offered_topics(request.readers, chosen)
    everywhere = tuple(dict.fromkeys(category for topic in topics for category in topic.categories))
    values = {
        "title": "New papers by mail",
        "said": said,
        "topics": topics,
        "topic": own or TopicForm(categories=everywhere),
        "own_topics": request.web.own_topics,
        "read": tuple(sorted(request.readers.settings.named_categories)),
        "address": request.form.one("address"),
        "zone": request.form.one("zone") or request.readers.settings.timezone.key,
        "zone_is_typed": bool(request.form.one("zone")),
        "domains": request.web.signup_domains,
    }
    return Page("signup", values, HTTPStatus.UNPROCESSABLE_ENTITY if said else HTTPStatus.OK)


# -- the reader's own yes ----------------------------------------------------------------------------------------


def confirmation(request: PageRequest) -> Page:
    """Shows a button, because a mail scanner may have opened the link."""
    with request.readers.store.snapshot() as view:
        member = view.members.of_mailbox(request.mailbox)
    if member is None or member.asked_topics is None:
        return expired(request)
    return Page("confirm", {"title": "Confirm your subscription", "topics": _titles(request, member.asked_topics)})


def confirmed(request: PageRequest) -> Page:
    """Confirms: the subscription begins."""
    found = confirm(request.readers, request.mailbox, request.now)
    if isinstance(found, Refused):
        return expired(request)
    values = {
        "title": "You are subscribed",
        "topics": _titles(request, found.topics),
        "preferences": preferences_url(request.web, request.mailbox),
    }
    return Page("confirmed", values, changed=True)


def expired(request: PageRequest) -> Page:  # noqa: ARG001 - a page function
    """Shown for a link that is expired, used or invalid."""
    said = FormMessage(
        "This link does not work any more.",
        ("It is good for 48 hours and for one request. Sign up again, and you get a new one.",),
        good=False,
    )
    return Page("message", {"title": "Confirm your subscription", "said": said}, HTTPStatus.NOT_FOUND)


def _titles(request: PageRequest, followed: Followed) -> tuple[str, ...]:
    known = request.readers.settings.topics
    found = (topic if isinstance(topic, Topic) else known.get(topic) for topic in followed)
    return tuple(topic.title for topic in found if topic is not None)
