"""Announce types in the order of their strength, and which states close a mailing."""

from __future__ import annotations

import pytest

from bot.model import AnnounceType, MailingState


def test_law_1_the_strongest_of_several_announce_types_counts() -> None:
    new, cross, replace, replace_cross = AnnounceType
    assert sorted(AnnounceType, key=lambda kind: kind.strength) == [replace_cross, replace, cross, new]


def test_only_replacements_announce_a_version() -> None:
    assert {kind for kind in AnnounceType if kind.is_replacement} == {
        AnnounceType.REPLACE,
        AnnounceType.REPLACE_CROSS,
    }


@pytest.mark.parametrize("state", MailingState)
def test_law_2_only_a_well_formed_answer_for_the_day_closes_a_mailing(state: MailingState) -> None:
    assert state.closed is (state in (MailingState.COMPLETE, MailingState.EXPECTED_EMPTY))
