"""Stores the feedback of a click on a button under a paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import text
from bot.chat import sentences
from bot.chat.answers import Answer, Part
from bot.members import commands
from bot.store.feedback import Opinion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.channels.buttons import Click
    from bot.chat.asking import Ask

_NOTED: Mapping[Opinion, str] = {
    Opinion.MORE: "More like this: noted.",
    Opinion.LESS: "Less like this: noted.",
    Opinion.SAVED: "Saved.",
}
_TAKEN_BACK: Mapping[Opinion, str] = {
    Opinion.MORE: "More like this: taken back.",
    Opinion.LESS: "Less like this: taken back.",
    Opinion.SAVED: "Not saved any more.",
}


def note(ask: Ask, click: Click) -> Answer:
    """Stores an opinion; a second click with the same opinion takes it back.

    It counts for the subscriber to whom the paper was shown, and for the person's own subscriber if there is one.

    Args:
        ask: the person, the place, and the subscriber that the button names.
        click: the opinion, and the paper.
    """
    if not ask.subject:
        return sentences.not_shown_here()
    opinion = Opinion(click.wish.value)
    noted = commands.feedback(
        ask.context,
        ask.subject,
        ask.persons,
        click.identifier,
        opinion,
        place=ask.asker.platform,
        now=ask.now,
        topic=click.topic,
        also=ask.own,
    )
    said = _TAKEN_BACK[opinion] if noted is None else _NOTED[opinion]
    versions = ask.context.store.papers.versions(click.identifier)
    title = text.flatten_tex(versions[-1].title) if versions else f"arXiv:{click.identifier}"
    return Answer(said, (Part(lines=(title,)),))
