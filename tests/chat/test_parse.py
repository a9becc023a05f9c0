"""Lines as people type them, and what they come to; whatever a line holds, it is read or refused."""

from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.arguments import InvalidCommand, ParsedCommand
from bot.chat.commands import COMMANDS
from bot.chat.parse import LONGEST, fields, filled_in, parse, quoted, usage, words


def values(line: str) -> dict[str, object]:
    typed = parse(line, COMMANDS)
    assert isinstance(typed, ParsedCommand), typed
    return dict(typed.values)


def test_phrases_stand_in_quotes_and_little_words_between_the_arguments() -> None:
    assert values('follow "visual grounding" VLM in cs.CV, cs.CL as My Grounding') == {
        "words": ("visual grounding", "VLM"),
        "categories": ("cs.CV", "cs.CL"),
        "title": "My Grounding",
    }
    assert values('FOLLOW pigeon BY "Ada Byron" NOT survey "of surveys"') == {
        "words": ("pigeon",),
        "authors": ("Ada Byron",),
        "exclude": ("survey", "of surveys"),
    }


def test_a_little_word_in_quotes_is_a_word() -> None:
    assert values('follow "in" "as it is" in cs.CV') == {"words": ("in", "as it is"), "categories": ("cs.CV",)}


@pytest.mark.parametrize(
    "line", ["follow “visual grounding”", "follow «visual grounding»", 'follow "visual grounding']
)
def test_quotes_of_telephones_are_quotes_and_so_is_one_that_is_not_closed(line: str) -> None:
    assert values(line) == {"words": ("visual grounding",)}


def test_a_query_is_taken_as_it_was_typed() -> None:
    query = 'ti:"visual grounding"  ANDNOT (abs:medical OR cat:cs.CL)'
    assert values(f"search {query}") == {"query": query}
    assert values(f"follow query {query} in cs.CV") == {"query": query, "categories": ("cs.CV",)}


def test_hours_weekdays_zones_days_and_identifiers_are_values() -> None:
    assert values("hour 8:30 on Monday,wed in Asia/Tokyo") == {
        "hour": time(8, 30),
        "weekdays": frozenset({0, 2}),
        "zone": "Asia/Tokyo",
    }
    assert values("hour in America/New York") == {"zone": "America/New_York"}
    assert values("hour any") == {"hour": "any"}
    assert values("pause until 2026-12-24") == {"until": date(2026, 12, 24)}
    assert values("pause 2026-12-24") == {"until": date(2026, 12, 24)}
    assert values("why https://arxiv.org/abs/2604.00001v2") == {"identifier": "2604.00001"}


def test_nothing_at_all_is_a_question_for_help() -> None:
    typed = parse("  ", COMMANDS)
    assert isinstance(typed, ParsedCommand)
    assert typed.command.name == "help"


def test_what_is_too_long_is_refused_unread() -> None:
    found = parse("follow " + "a" * LONGEST, COMMANDS)
    assert found == InvalidCommand("at most 2,000 characters are expected")


@given(st.text())
def test_any_line_is_read_or_refused(line: str) -> None:
    assert isinstance(parse(line, COMMANDS), (ParsedCommand, InvalidCommand))


@given(st.sampled_from(sorted(COMMANDS)), st.text(st.characters(codec="utf-8")))
def test_any_arguments_are_read_or_refused(name: str, rest: str) -> None:
    assert isinstance(parse(f"{name} {rest}", COMMANDS), (ParsedCommand, InvalidCommand))


@given(st.lists(st.text(st.characters(exclude_characters='"“”„«»', categories=("L", "N", "Zs")), min_size=1)))
def test_words_as_they_are_shown_are_read_as_they_were(given_words: list[str]) -> None:
    kept = [word for word in given_words if word.strip()]
    assert [word for word in words(quoted(kept)) if word.strip()] == kept


def test_a_command_is_shown_as_it_is_typed() -> None:
    assert usage(COMMANDS["hour"]) == "hour [HOUR] [on WEEKDAYS] [in ZONE]"
    assert usage(COMMANDS["unfollow"]) == "unfollow TOPIC"


def test_what_a_platform_shows_of_a_command_fits_it() -> None:
    """https://discord.com/developers/docs/interactions/application-commands#application-command-object."""
    for command in COMMANDS.values():
        assert command.name == command.name.lower()
        assert 1 <= len(command.help) <= 100
        assert [each.is_required for each in command.arguments] == sorted(
            (each.is_required for each in command.arguments), reverse=True
        )
        for argument in command.arguments:
            assert argument.name == argument.name.lower()
            assert 1 <= len(argument.help) <= 100


def test_where_arguments_have_fields_a_command_is_shown_so() -> None:
    assert fields(COMMANDS["unfollow"]) == "unfollow topic:"
    assert fields(COMMANDS["pause"]) == "pause [until:]"
    line = 'follow "visual grounding" VLM not survey in cs.CV cs.CL as grounding'
    filled = 'follow words: "visual grounding" VLM exclude: survey categories: cs.CV cs.CL title: grounding'
    assert filled_in(line, COMMANDS) == filled
    assert filled_in('search ti:"a b" ANDNOT abs:c', COMMANDS) == 'search query: ti:"a b" ANDNOT abs:c'
