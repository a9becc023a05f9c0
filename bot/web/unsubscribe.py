"""Unsubscribing: the page with a button, a mail program's own button (RFC 8058), and undoing it."""

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
    """Shows a button; also for an invalid link, so that it tells nothing about who is subscribed."""
    return Page("unsubscribe", {"title": "Unsubscribe"})


def send(visit: Visit) -> Page:
    """Unsubscribes the mailbox, whatever form was sent; some mail programs send none."""
    how = Via.PAGE if visit.form.many("page") else Via.ONE_CLICK
    done = unsubscribe(visit.readers, visit.mailbox, how, visit.now)
    return _done(visit, stopped=visit.mailbox if done.being_sent else None)


def unknown(visit: Visit) -> Page:
    """Answers an invalid link in the same way: RFC 8058 wants a 200, and it must tell nothing."""
    return _done(visit, stopped=None) if visit.is_post else question(visit)


def _done(visit: Visit, *, stopped: str | None) -> Page:
    return Page("unsubscribed", {"title": "You are unsubscribed", "undo": f"../undo/{visit.token}"}, stopped=stopped)


# -- taking it back ----------------------------------------------------------------------------------------------


def undo_question(visit: Visit) -> Page:  # noqa: ARG001 - a page function
    """One button."""
    return Page("resubscribe", {"title": "Get mail again", "said": None})


def undo(visit: Visit) -> Page:
    """Subscribes the mailbox again, after the reader or somebody else unsubscribed it."""
    found = resubscribe(visit.readers, visit.mailbox)
    if isinstance(found, Refused):
        return Page("resubscribe", {"title": "Get mail again", "said": refused(found)})
    values = {"title": "You get mail again", "preferences": preferences_url(visit.web, visit.mailbox)}
    return Page("resubscribed", values, changed=bool(found.suppressions))
