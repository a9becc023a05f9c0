"""What Gmail and Outlook do not know of our mails, as caniemail.com has it: nothing but what is listed here.

Each line of the list says why it may stay. https://www.caniemail.com, as the package `caniemail` carries it.
"""

from __future__ import annotations

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


def lacking(html: str) -> dict[str, list[str]]:
    """Feature -> the clients that do not know it."""
    package("caniemail")
    found: list[Any] = ask_node("check_mail.mjs", {"clients": CLIENTS, "html": html})
    return dict(found)


@pytest.mark.parametrize("shape", [*DIGESTS, *NOTES])
def test_gmail_and_outlook_know_all_but_what_is_listed_with_its_reason(shape: str) -> None:
    for message in rendered(shape):
        assert set(lacking(html_of(message))) <= set(LISTED)


def test_nothing_is_listed_that_they_know() -> None:
    (message,) = rendered("one paper")
    assert set(lacking(html_of(message))) == set(LISTED)


def test_what_they_do_not_know_is_found() -> None:
    html = '<!doctype html><html><body><div style="display:grid;position:fixed">x</div></body></html>'
    assert {"display:grid", "position"} <= set(lacking(html))


def test_31_papers_fit_into_90_kb_and_more_go_into_a_second_numbered_mail() -> None:
    for papers, subjects in ((31, [""]), (80, ["(1/2)", "(2/2)"])):
        of = digest([section(many_entries(papers))])
        messages = mail().render(of, max_messages=10, options=MailChannel.Options())
        assert [message.payload["subject"].partition("2026")[2].strip() for message in messages] == subjects
        assert all(len(message.payload["entity"]) <= 90_000 for message in messages)
        assert sum(len(message.papers) for message in messages) == papers
