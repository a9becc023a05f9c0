"""A reader's own data: everything as JSON, saved papers as BibTeX, and its deletion."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from bot.members import commands
from bot.members.commands import saved
from bot.members.export import known_of
from bot.publish import bibtex
from bot.web.page import Document, Page
from bot.web.sentences import FormMessage

if TYPE_CHECKING:
    from bot.members.context import Context
    from bot.model import Paper
    from bot.web.page import PageRequest


def export(request: PageRequest) -> Document:
    """Answers with everything that is known of the reader, as JSON."""
    found = known_of(request.readers, request.mailbox)
    text = json.dumps(asdict(found), indent=2, ensure_ascii=False, default=str) + "\n"
    return Document(text.encode(), "application/json", "paperboy.json")


def saved_papers(readers: Context, mailbox: str) -> tuple[Paper, ...]:
    """The papers that the reader saved and that are still stored, in their newest version, last saved first."""
    identifiers = saved(readers, readers.keys.person("mail", mailbox))
    versions = (readers.store.papers.versions(identifier) for identifier in identifiers)
    return tuple(found[-1] for found in versions if found)


def saved_as_bibtex(request: PageRequest) -> Document:
    """Answers with the saved papers as BibTeX, for a reference manager."""
    text = bibtex.bibliography(saved_papers(request.readers, request.mailbox))
    return Document(text.encode(), "application/x-bibtex", "saved.bib")


def question(request: PageRequest) -> Page:
    """One button."""
    return Page("delete", {"title": "Delete everything", "in_the_file": _is_in_the_file(request)})


def forget(request: PageRequest) -> Page:
    """Deletes the subscription and all data of its reader, except for a suppression."""
    commands.forget(request.readers, request.mailbox, request.now)
    details = "Your address, your topics and what you said of papers are gone."
    if _is_in_the_file(request):
        details = "What you said of papers is gone. Your address is still in the file of whoever runs this Paperboy."
    said = FormMessage("Everything is deleted.", (details,))
    return Page("message", {"title": "Everything is deleted", "said": said})


def _is_in_the_file(request: PageRequest) -> bool:
    """Whether the mailbox belongs to a subscriber of the YAML, which no reader can delete."""
    return request.readers.subscriber_of(request.mailbox) is not None
