"""The page for feedback on one paper, from links in a mail: more like this, less like this, save."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from bot import text
from bot.channels.buttons import LABELS, Wish, read_query
from bot.members.commands import feedback
from bot.members.links import preferences_url, read_feedback
from bot.members.values import Refusal, Refused
from bot.model import paper_url
from bot.store.feedback import Opinion
from bot.web.forms import RequestError
from bot.web.page import Page
from bot.web.sentences import refused

if TYPE_CHECKING:
    from bot.web.page import PageRequest

_TAKE_BACK = "none"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the link asks for, and who asks."""

    mailbox: str
    subscriber: str
    """To whom the paper was shown."""
    own: str | None
    """The reader's own subscriber, if there is one."""
    identifier: str
    opinion: Opinion
    persons: tuple[str, ...]
    """What feedback knows the reader by."""


def question(request: PageRequest) -> Page:
    """Shows the paper and a button for each kind of feedback, the link's own first.

    Raises:
        RequestError: the link names no paper, or no kind of feedback.
    """
    asked = _asked(request)
    return _not_subscribed() if asked is None else _page(request, asked, _known(request, asked))


def send(request: PageRequest) -> Page:
    """Stores the feedback. Sending it again changes nothing; taking it back is a button of its own.

    Raises:
        RequestError: the link names no paper, or no kind of feedback.
    """
    asked = _asked(request)
    if asked is None:
        return _not_subscribed()
    known, said = _known(request, asked), request.form.one("say")
    wanted = known if said == _TAKE_BACK else Opinion(said) if said in set(Opinion) else asked.opinion
    if wanted is not None and (said == _TAKE_BACK or wanted is not known):
        known = _noted(request, asked, wanted)
    return _page(request, asked, known, noted=True)


def _asked(request: PageRequest) -> _Asked | None:
    """What the link asks for; None if the subscriber that got the mail is gone, or has no longer this mailbox."""
    link, click, readers = read_feedback(request.payload), read_query(request.query), request.readers
    if click is None:
        raise RequestError(HTTPStatus.NOT_FOUND)
    with readers.store.snapshot() as view:
        member = view.members.of_mailbox(link.mailbox)
    own = member.key if member and member.confirmed_at else None
    for lane in readers.lanes(link.mailbox, member):
        configured = readers.settings.subscribers.get(lane.subscriber)
        if link.is_of(lane.subscriber) or (configured and configured.was and link.is_of(configured.was)):
            persons = readers.keys.person("mail", link.mailbox)
            opinion = Opinion(click.wish.value)
            return _Asked(link.mailbox, lane.subscriber, own, click.identifier, opinion, persons)
    return None


def _not_subscribed() -> Page:
    said = refused(Refused(Refusal.NO_MEMBER))
    return Page("message", {"title": said.text, "said": said})


def _noted(request: PageRequest, asked: _Asked, opinion: Opinion) -> Opinion | None:
    """Stores it for the subscriber to whom the paper was shown, and for the reader's own if there is one."""
    return feedback(
        request.readers,
        asked.subscriber,
        asked.persons,
        asked.identifier,
        opinion,
        place="mail",
        now=request.now,
        topic=request.readers.store.queries.topic_of(asked.subscriber, asked.identifier),
        also=asked.own,
    )


def _known(request: PageRequest, asked: _Asked) -> Opinion | None:
    with request.readers.store.snapshot() as view:
        record = view.feedback.get(asked.subscriber, asked.persons, asked.identifier)
    return None if record is None else record.opinion


def _page(request: PageRequest, asked: _Asked, known: Opinion | None, *, noted: bool = False) -> Page:
    versions = request.readers.store.papers.versions(asked.identifier)
    opinions = sorted(Opinion, key=lambda opinion: opinion is not asked.opinion)
    values = {
        "title": "Your word on a paper",
        "paper": text.flatten_tex(versions[-1].title) if versions else f"arXiv:{asked.identifier}",
        "url": paper_url(asked.identifier),
        "noted": noted,
        "known": _label(known) if known else None,
        "choices": [(opinion.value, _label(opinion)) for opinion in opinions if opinion is not known],
        "preferences": preferences_url(request.web, asked.mailbox),
    }
    return Page("feedback", values)


def _label(opinion: Opinion) -> str:
    return LABELS[Wish(opinion.value)]
