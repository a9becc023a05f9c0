"""Text made to fit a block, and blocks put together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.slack.blocks import MOST_IN_BLOCK, Text, escaped_length, join_lines, label, link_target, short


@given(st.text(max_size=900), st.integers(20, 300))
def test_a_shortened_text_is_never_longer_than_its_limit_once_escaped(text: str, limit: int) -> None:
    assert escaped_length(short(text, limit)) <= limit


def test_a_label_has_no_separator() -> None:
    assert label("P(A|B) and $|x|$", 100) == "P(A∣B) and ∣x∣"


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://arxiv.org/abs/hep-th/9901001v2", "https://arxiv.org/abs/hep-th/9901001v2"),
        (
            "https://lab.example/my_topic/2026-04-20?a=1&b=2#x",
            "https://lab.example/my_topic/2026-04-20?a=1&amp;b=2#x",
        ),
        ("https://lab.example/a|b> <!here>", "https://lab.example/a%7Cb%3E%20%3C!here%3E"),
        ("https://lab.example/ü\ud800", "https://lab.example/%C3%BC?"),
    ],
)
def test_nothing_in_a_url_ends_its_link(url: str, target: str) -> None:
    assert link_target(url) == target


def test_lines_share_a_block_until_it_is_full() -> None:
    lines = [Text("line", "x" * 1_499)] * 3
    joined = join_lines([Text("section", "s"), *lines, Text("context", "c"), Text("line", "y")])
    assert [(text.kind, text.size) for text in joined] == [
        ("section", 1),
        ("line", 2_999),
        ("line", 1_499),
        ("context", 1),
        ("line", 1),
    ]
    assert max(text.size for text in joined) <= MOST_IN_BLOCK


def test_characters_outside_the_first_plane_count_twice() -> None:
    assert Text("line", "🐦a").size == 3
