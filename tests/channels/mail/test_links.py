"""Each reader's own links in a body that is made once: every mail program reads them, and no line breaks a relay."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.channels.mail.links import FEEDBACK, PREFERENCES, UNSUBSCRIBE, OwnLinks, fill
from bot.channels.mail.mime import entity, texts
from bot.text import escape_html, escape_plain

LINKS = OwnLinks(
    "https://papers.example.org/unsubscribe/" + "Ab-_" * 11,
    "https://papers.example.org/preferences/x",
    "https://papers.example.org/feedback/" + "x-Y_" * 17,
)
ANY_TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=200) | st.just("\u2060")


@settings(deadline=None)
@example([UNSUBSCRIBE], 143)  # the last line of the link is as long as a line may be
@example(["x" * 76, UNSUBSCRIBE], 0)
@given(st.lists(ANY_TEXT | st.sampled_from([UNSUBSCRIBE, PREFERENCES, FEEDBACK]), max_size=8), st.integers(0, 200))
def test_the_links_are_read_where_their_placeholders_stood_and_all_else_is_as_it_was(
    pieces: list[str], length: int
) -> None:
    links = replace(LINKS, unsubscribe=LINKS.unsubscribe + "x" * length)
    text = "".join(pieces)
    before = entity(text, f"<p>{text}</p>")
    after = fill(before, links)
    wanted = {
        kind: read.replace(UNSUBSCRIBE, links.unsubscribe)
        .replace(PREFERENCES, links.preferences)
        .replace(FEEDBACK, links.feedback)
        for kind, read in texts(before).items()
    }
    assert texts(after) == wanted
    assert max(map(len, after.split("\r\n"))) <= 76
    assert after.count("\n") == after.count("\r\n") == after.count("\r")
    assert after.isascii()


def test_a_body_without_placeholders_is_sent_as_it_is() -> None:
    whole = entity("Hello\n", "<p>Hello</p>")
    assert fill(whole, LINKS) == whole


def test_no_text_from_outside_can_hold_a_placeholder() -> None:
    for escape in (escape_plain, escape_html):
        shown = escape(f"See {UNSUBSCRIBE}, {PREFERENCES} and {FEEDBACK}")
        assert not any(placeholder in shown for placeholder in (UNSUBSCRIBE, PREFERENCES, FEEDBACK))
