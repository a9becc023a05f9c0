from __future__ import annotations

import pytest

from bot.text.typography import dash, quote, tie, with_quotes


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Fig.~3", " "),
        ("z~2", "~"),
        ("(z~2", "~"),
        ("z~two", " "),
        ("3~4", "~"),
        ("5%~10", "~"),
        ("10~keV", " "),
        ("M~31", " "),
        ("M~10^9", "~"),
        ("M~3 GeV", "~"),
        ("A~1689", " "),
        ("A~0.3", "~"),
        ("x_c~5", "~"),
        ("[Fe/H]~-2", "~"),
        (r"$\sigma$~5", "~"),
        (r"$\sim$~5", " "),
        ("at~", ""),
        ("z~", "~"),
        ("2026~", "~"),
    ],
)
def test_a_tie_is_a_blank_a_range_or_about(text: str, shown: str) -> None:
    assert tie(text, text.index("~")) == shown


def test_dashes_are_two_or_three_hyphens() -> None:
    assert (dash("--"), dash("---")) == ("–", "—")


def test_a_quote_closes_only_what_was_opened() -> None:
    assert quote("``a''", 0) == "“"
    assert quote("``a''", 3) == "”"
    assert quote("a''", 1) == "''"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("''as is'' and \"so''", "“as is” and “so”"),
        ("a (''b'')", "a (“b”)"),
        ("f''(x), 5'' by 6'', \"plain\"", "f''(x), 5'' by 6'', \"plain\""),
        ("''never closed", "''never closed"),
    ],
)
def test_what_opens_as_it_closes_is_turned_round(text: str, shown: str) -> None:
    assert with_quotes(text) == shown
