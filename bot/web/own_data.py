"""What is known of a reader, for that reader: all as JSON, what was saved as BibTeX; and having it forgotten."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from bot.members.commands import delete, saved
from bot.members.export import known_of
from bot.publish import bibtex
from bot.web.page import Document, Page
from bot.web.sentences import Said

if TYPE_CHECKING:
    from bot.members.context import Context
    from bot.model import Paper
    from bot.web.page import Visit


def export(visit: Visit) -> Document:
    """Everything, as JSON."""
    found = known_of(visit.readers, visit.mailbox)
    text = json.dumps(asdict(found), indent=2, ensure_ascii=False, default=str) + "\n"
    return Document(text.encode(), "application/json", "paperboy.json")


def saved_papers(readers: Context, mailbox: str) -> tuple[Paper, ...]:
    """The papers that the reader saved in their newest version, the last one first; those still stored."""
    identifiers = saved(readers, readers.keys.person("mail", mailbox))
    versions = (readers.store.papers.versions(identifier) for identifier in identifiers)
    return tuple(found[-1] for found in versions if found)


def saved_as_bibtex(visit: Visit) -> Document:
    """The saved papers, for a reference manager."""
    text = bibtex.bibliography(saved_papers(visit.readers, visit.mailbox))
    return Document(text.encode(), "application/x-bibtex", "saved.bib")


def question(visit: Visit) -> Page:  # noqa: ARG001 - a page function
    """One button."""
    return Page("delete", {"title": "Delete everything"})


def forget(visit: Visit) -> Page:
    """Delete the subscription, and all that is known of its reader but that they said no, if they did."""
    with visit.readers.store.snapshot() as view:
        member = view.members.of_mailbox(visit.mailbox)
    if member is not None:
        delete(visit.readers, member.key, visit.now)
    details = ("Your address, your topics and what you said of papers are gone.",)
    said = Said("Everything is deleted.", details)
    return Page("message", {"title": "Everything is deleted", "said": said})
