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
    from bot.web.page import PageRequest


def question(request: PageRequest) -> Page:  # noqa: ARG001 - a page function
    """Shows a button; also for an invalid link, so that it tells nothing about who is subscribed."""
    return Page("unsubscribe", {"title": "Unsubscribe"})


def send(request: PageRequest) -> Page:
    """Unsubscribes the mailbox, whatever form was sent; some mail programs send none."""
    how = Via.PAGE if request.form.many("page") else Via.ONE_CLICK
    done = unsubscribe(request.readers, request.mailbox, how, request.now)
    return _done(request, stopped=request.mailbox if done.being_sent else None)


def unknown(request: PageRequest) -> Page:
    """Answers an invalid link in the same way: RFC 8058 wants a 200, and it must tell nothing."""
    return _done(request, stopped=None) if request.is_post else question(request)


def _done(request: PageRequest, *, stopped: str | None) -> Page:
    return Page(
        "unsubscribed", {"title": "You are unsubscribed", "undo": f"../undo/{request.token}"}, stopped=stopped
    )


# -- taking it back ----------------------------------------------------------------------------------------------


def undo_question(request: PageRequest) -> Page:  # noqa: ARG001 - a page function
    """One button."""
    return Page("resubscribe", {"title": "Get mail again", "said": None})


def undo(request: PageRequest) -> Page:
    """Subscribes the mailbox again, after the reader or somebody else unsubscribed it."""
    lifted = resubscribe(request.readers, request.mailbox)
    if isinstance(lifted, Refused):
        return Page("resubscribe", {"title": "Get mail again", "said": refused(lifted)})
    values = {"title": "You get mail again", "preferences": preferences_url(request.web, request.mailbox)}
    return Page("resubscribed", values, changed=bool(lifted))
