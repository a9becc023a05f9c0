"""What Gmail and Outlook do not know of our mails, as caniemail.com has it: nothing but what is listed here.

Each line of the list says why it may stay. https://www.caniemail.com, as the package `caniemail` carries it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from bot.channels.mail import MailChannel
from bot.text.templates import Templates
from tests.builders import digest, many_entries, section
from tests.channels.reading import html_of
from tests.counterparts.shapes import DIGESTS, NOTES
from tests.counterparts.tools import ask_node, package

if TYPE_CHECKING:
    from bot.model import Message

pytestmark = pytest.mark.counterparts

CLIENTS = ["gmail.*", "outlook.*"]
LISTED = {
    "@media": "dark mode and a phone's narrower margins; without them the mail is light, and its margins are wide",
    "<style> element": "without it the mail is light, its links blue and underlined, its lines closer together",
    "Class selector": "of that style element; where it is not known, it is as if there was none",
    "color-scheme meta tag": "for Apple Mail; the others make their own dark mode, or none",
    "display:none": "of the preheader; where it is not known, max-height and overflow hide it",
    "max-height property": "of the preheader; where it is not known, display:none hides it",
    "overflow": "of the preheader, as max-height",
    "role attribute": "tells a screen reader that a table is only layout; nothing is seen of it",
    "white-space": "keeps the number of papers beside a topic on one line; where it is not known, it may take two",
    "word-break": "breaks a word that no line can hold, which no title of a paper is",
    "<body> element": "takes away a margin; it is replaced by a div, and all colours are on tables inside",
}
"""What some of them do not know, and why it is there all the same."""


def mail() -> MailChannel:
    return MailChannel(MailChannel.Settings(host="127.0.0.1", port=25), Templates(), contact="ops@example.org")


def rendered(shape: str) -> tuple[Message, ...]:
    if shape in NOTES:
        return (mail().render_note(NOTES[shape]),)
    return mail().render(DIGESTS[shape], max_messages=10, options=MailChannel.Options())


def lacking(*mails: str) -> list[dict[str, list[str]]]:
    """For each mail: feature -> the clients that do not know it."""
    package("caniemail")
    found: list[Any] = ask_node("check_mail.mjs", {"clients": CLIENTS, "mails": mails})
    return [dict(each) for each in found]


@cache
def lacking_of_every_shape() -> dict[str, list[str]]:
    """For each digest and note, the features that some client does not know; Node is started once for all."""
    mails = [(shape, html_of(message)) for shape in (*DIGESTS, *NOTES) for message in rendered(shape)]
    found: dict[str, list[str]] = {shape: [] for shape, _ in mails}
    for (shape, _), features in zip(mails, lacking(*(html for _, html in mails)), strict=True):
        found[shape] += features
    return found


@pytest.mark.parametrize("shape", [*DIGESTS, *NOTES])
def test_gmail_and_outlook_know_all_but_what_is_listed_with_its_reason(shape: str) -> None:
    assert set(lacking_of_every_shape()[shape]) <= set(LISTED)


def test_nothing_is_listed_that_they_know() -> None:
    assert set(lacking_of_every_shape()["one paper"]) == set(LISTED)


def test_what_they_do_not_know_is_found() -> None:
    html = '<!doctype html><html><body><div style="display:grid;position:fixed">x</div></body></html>'
    assert {"display:grid", "position"} <= set(lacking(html)[0])


def test_31_papers_fit_into_90_kb_and_more_go_into_a_second_numbered_mail() -> None:
    for papers, subjects in ((31, [""]), (80, ["(1/2)", "(2/2)"])):
        of = digest([section(many_entries(papers))])
        messages = mail().render(of, max_messages=10, options=MailChannel.Options())
        assert [message.payload["subject"].partition("2026")[2].strip() for message in messages] == subjects
        assert all(len(message.payload["entity"]) <= 90_000 for message in messages)
        assert sum(len(message.papers) for message in messages) == papers
