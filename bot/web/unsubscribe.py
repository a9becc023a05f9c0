"""Saying no: the page with one button, a mail program's own button (RFC 8058), and taking it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.members.commands import resubscribe, unsubscribe
from bot.members.links import preferences_url
from bot.members.values import Refused
from bot.store.suppressions import Via
from bot.web.page import Page
from bot.web.sentences import refused

if TYPE_CHECKING:
    from bot.web.page import Visit


def question(visit: Visit) -> Page:  # noqa: ARG001 - a page function
    """One button. It is the same for a link that is not ours: nothing is said of who is known here."""
    return Page("unsubscribe", {"title": "Unsubscribe"})


def send(visit: Visit) -> Page:
    """The reader's no, however it comes: any form, and none, as some mail programs send it."""
    how = Via.PAGE if visit.form.many("page") else Via.ONE_CLICK
    done = unsubscribe(visit.readers, visit.mailbox, how, visit.now)
    return _done(visit, stopped=visit.mailbox if done.being_sent else None)


def unknown(visit: Visit) -> Page:
    """The answer to a link that is not ours, which is the same: RFC 8058 wants a 200, and no oracle."""
    return _done(visit, stopped=None) if visit.is_post else question(visit)


def _done(visit: Visit, *, stopped: str | None) -> Page:
    return Page("unsubscribed", {"title": "You are unsubscribed", "undo": f"../undo/{visit.token}"}, stopped=stopped)


# -- taking it back ----------------------------------------------------------------------------------------------


def undo_question(visit: Visit) -> Page:  # noqa: ARG001 - a page function
    """One button."""
    return Page("resubscribe", {"title": "Get mail again", "said": None})


def undo(visit: Visit) -> Page:
    """The reader's own yes, after their no or somebody else's click."""
    found = resubscribe(visit.readers, visit.mailbox)
    if isinstance(found, Refused):
        return Page("resubscribe", {"title": "Get mail again", "said": refused(found)})
    values = {"title": "You get mail again", "preferences": preferences_url(visit.web, visit.mailbox)}
    return Page("resubscribed", values, changed=bool(found.suppressions))
