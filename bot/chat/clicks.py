"""A button under a paper was pressed: the reader's word is noted, or taken back."""

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
    """Note an opinion; the same one again takes it back.

    It counts for the subscriber that the paper was shown to, and for the person's own subscriber if there is one.

    Args:
        ask: who pressed it, where, and to whom the button says it was shown.
        click: what the button said: an opinion.
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
    said = _TAKEN_BACK[opinion] if noted.opinion is None else _NOTED[opinion]
    versions = ask.context.store.papers.versions(click.identifier)
    title = text.flatten_tex(versions[-1].title) if versions else f"arXiv:{click.identifier}"
    return Answer(said, (Part(lines=(title,)),))
