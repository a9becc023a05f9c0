"""Lines of a mail's text part: short, and nothing is lost."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.mail.wrap import wrap


@settings(deadline=None)
@given(st.text(alphabet=st.characters(), max_size=600))
def test_wrapping_loses_no_character_but_blanks(text: str) -> None:
    assert re.sub(r"\s", "", wrap(text)) == re.sub(r"\s", "", text)


def test_a_long_word_is_broken_but_a_url_is_not() -> None:
    url = "https://arxiv.org/" + "x" * 100
    assert wrap(f"    {url}") == f"    {url}\n"
    assert wrap("y" * 100) == f"{'y' * 72}\n{'y' * 28}\n"
