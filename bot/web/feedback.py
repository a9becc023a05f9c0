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
    from bot.web.page import Visit

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


def question(visit: Visit) -> Page:
    """Shows the paper and a button for each kind of feedback, the link's own first.

    Raises:
        RequestError: the link names no paper, or no kind of feedback.
    """
    asked = _asked(visit)
    return _not_subscribed() if asked is None else _page(visit, asked, _known(visit, asked))


def send(visit: Visit) -> Page:
    """Stores the feedback. Sending it again changes nothing; taking it back is a button of its own.

    Raises:
        RequestError: the link names no paper, or no kind of feedback.
    """
    asked = _asked(visit)
    if asked is None:
        return _not_subscribed()
    known, said = _known(visit, asked), visit.form.one("say")
    wanted = known if said == _TAKE_BACK else Opinion(said) if said in set(Opinion) else asked.opinion
    if wanted is not None and (said == _TAKE_BACK or wanted is not known):
        known = _noted(visit, asked, wanted)
    return _page(visit, asked, known, noted=True)


def _asked(visit: Visit) -> _Asked | None:
    """What the link asks for; None if the subscriber that got the mail is gone, or has no longer this mailbox."""
    link, click, readers = read_feedback(visit.payload), read_query(visit.query), visit.readers
    if click is None:
        raise RequestError(HTTPStatus.NOT_FOUND)
    with readers.store.snapshot() as view:
        member = view.members.of_mailbox(link.mailbox)
    own = member.key if member and member.confirmed_at else None
    for lane in readers.lanes(link.mailbox, member):
        if link.is_of(lane.subscriber):
            persons = readers.keys.person("mail", link.mailbox)
            opinion = Opinion(click.wish.value)
            return _Asked(link.mailbox, lane.subscriber, own, click.identifier, opinion, persons)
    return None


def _not_subscribed() -> Page:
    said = refused(Refused(Refusal.NO_MEMBER))
    return Page("message", {"title": said.text, "said": said})


def _noted(visit: Visit, asked: _Asked, opinion: Opinion) -> Opinion | None:
    """Stores it for the subscriber to whom the paper was shown, and for the reader's own if there is one."""
    noted = feedback(
        visit.readers,
        asked.subscriber,
        asked.persons,
        asked.identifier,
        opinion,
        place="mail",
        now=visit.now,
        topic=visit.readers.store.queries.topic_of(asked.subscriber, asked.identifier),
        also=asked.own,
    )
    return noted.opinion


def _known(visit: Visit, asked: _Asked) -> Opinion | None:
    with visit.readers.store.snapshot() as view:
        record = view.feedback.get(asked.subscriber, asked.persons, asked.identifier)
    return None if record is None else record.opinion


def _page(visit: Visit, asked: _Asked, known: Opinion | None, *, noted: bool = False) -> Page:
    versions = visit.readers.store.papers.versions(asked.identifier)
    opinions = sorted(Opinion, key=lambda opinion: opinion is not asked.opinion)
    values = {
        "title": "Your word on a paper",
        "paper": text.flatten_tex(versions[-1].title) if versions else f"arXiv:{asked.identifier}",
        "url": paper_url(asked.identifier),
        "noted": noted,
        "known": _label(known) if known else None,
        "choices": [(opinion.value, _label(opinion)) for opinion in opinions if opinion is not known],
        "preferences": preferences_url(visit.web, asked.mailbox),
    }
    return Page("feedback", values)


def _label(opinion: Opinion) -> str:
    return LABELS[Wish(opinion.value)]
