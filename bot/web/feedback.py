"""The page for feedback on one paper, from links in a mail: more like this, less like this, save."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import text
from bot.members.commands import feedback
from bot.members.links import preferences_url, read_feedback
from bot.model import paper_url
from bot.store.feedback import Opinion
from bot.web.page import Page

if TYPE_CHECKING:
    from bot.members.links import FeedbackLink
    from bot.web.page import Visit

_WORDS = {Opinion.MORE: "More like this", Opinion.LESS: "Less like this", Opinion.SAVED: "Save"}
_TAKE_BACK = "none"


def question(visit: Visit) -> Page:
    """Shows the paper and a button for each kind of feedback, the link's own first."""
    link = read_feedback(visit.payload)
    return _page(visit, link, _known(visit, link))


def send(visit: Visit) -> Page:
    """Stores the feedback. Sending it again changes nothing; taking it back is a button of its own."""
    link = read_feedback(visit.payload)
    known, said = _known(visit, link), visit.form.one("say")
    wanted = known if said == _TAKE_BACK else Opinion(said) if said in set(Opinion) else link.opinion
    if wanted is not None and (said == _TAKE_BACK or wanted is not known):
        persons = _persons(visit, link)
        paper = (link.identifier, wanted)
        noted = feedback(
            visit.readers, link.subscriber, persons, *paper, place="mail", now=visit.now, topic=link.topic
        )
        known = noted.opinion
    return _page(visit, link, known, noted=True)


def _page(visit: Visit, link: FeedbackLink, known: Opinion | None, *, noted: bool = False) -> Page:
    versions = visit.readers.store.papers.versions(link.identifier)
    opinions = sorted(Opinion, key=lambda opinion: opinion is not link.opinion)
    values = {
        "title": "Your word on a paper",
        "paper": text.flatten_tex(versions[-1].title) if versions else f"arXiv:{link.identifier}",
        "url": paper_url(link.identifier),
        "noted": noted,
        "known": _WORDS.get(known) if known else None,
        "choices": [(opinion.value, _WORDS[opinion]) for opinion in opinions if opinion is not known],
        "preferences": preferences_url(visit.web, link.mailbox),
    }
    return Page("feedback", values)


def _known(visit: Visit, link: FeedbackLink) -> Opinion | None:
    with visit.readers.store.snapshot() as view:
        record = view.feedback.get(link.subscriber, _persons(visit, link), link.identifier)
    return None if record is None else record.opinion


def _persons(visit: Visit, link: FeedbackLink) -> tuple[str, ...]:
    return visit.readers.keys.person("mail", link.mailbox)
