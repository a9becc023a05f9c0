"""Signed links and tokens: each does its own work and no other's, and nobody can make one."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.members.links import (
    CONFIRM_WITHIN,
    Purpose,
    bounce_token,
    confirm_url,
    feedback_url,
    preferences_url,
    read_bounce_token,
    read_feedback,
    sign,
    unsubscribe_url,
    verify,
)
from bot.members.mailbox import mailbox_key
from bot.store.keys import ReaderKeys
from tests.members.conftest import OLD_SECRET, SECRET, WEB

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
KEY = mailbox_key("dora@example.edu")
TOKEN_KEYS, OTHER_KEYS = ReaderKeys([b"coo" * 20]), ReaderKeys([b"gru" * 20])
LASTING = [purpose for purpose in Purpose if not purpose.expires]
every_purpose = pytest.mark.parametrize("purpose", Purpose)


def signed(purpose: Purpose, payload: bytes = b"sixteen bytes...") -> str:
    return sign(SECRET, purpose, payload, NOW + CONFIRM_WITHIN if purpose.expires else None)


@every_purpose
def test_what_was_signed_is_read_back_for_its_own_purpose_alone(purpose: Purpose) -> None:
    token = signed(purpose)
    assert verify([SECRET], purpose, token, NOW) == b"sixteen bytes..."
    assert [verify([SECRET], other, token, NOW) for other in Purpose if other is not purpose] == [None] * 3


@every_purpose
def test_while_the_secret_is_changed_both_are_believed_and_then_the_old_one_no_more(purpose: Purpose) -> None:
    token = signed(purpose)
    assert verify([OLD_SECRET, SECRET], purpose, token, NOW) == b"sixteen bytes..."
    assert verify([OLD_SECRET], purpose, token, NOW) is None
    assert verify([], purpose, token, NOW) is None


def test_a_link_to_unsubscribe_is_short_and_never_too_old() -> None:
    url = unsubscribe_url(WEB, KEY)
    token = url.removeprefix("https://papers.example.edu/unsubscribe/")
    assert len(token) == 43
    found = verify([SECRET], Purpose.UNSUBSCRIBE, token, NOW + timedelta(days=36500))
    assert found == bytes.fromhex(KEY)


def test_a_confirmation_is_good_for_48_hours() -> None:
    token = confirm_url(WEB, KEY, NOW).rpartition("/")[2]
    in_time, too_late = NOW + timedelta(hours=48, seconds=-1), NOW + timedelta(hours=48)
    assert verify([SECRET], Purpose.CONFIRM, token, in_time) == bytes.fromhex(KEY)
    assert verify([SECRET], Purpose.CONFIRM, token, too_late) is None


@pytest.mark.parametrize("purpose", LASTING)
def test_nobody_signs_an_expiry_that_would_not_be_read(purpose: Purpose) -> None:
    with pytest.raises(ValueError, match="does not expire"):
        sign(SECRET, purpose, b"", NOW)


def test_nobody_signs_a_confirmation_for_good() -> None:
    with pytest.raises(ValueError, match="expires"):
        sign(SECRET, Purpose.CONFIRM, b"")


def test_the_signature_is_of_the_first_secret() -> None:
    token = preferences_url(replace(WEB, secret=(SECRET, OLD_SECRET)), KEY).rpartition("/")[2]
    assert verify([SECRET], Purpose.PREFERENCES, token, NOW) == bytes.fromhex(KEY)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=64))
def test_a_feedback_link_says_whose_word_it_is_on_what_was_shown_to_whom(subscriber: str) -> None:
    token = feedback_url(WEB, KEY, subscriber).rpartition("/")[2]
    payload = verify([SECRET], Purpose.FEEDBACK, token, NOW)
    assert payload is not None
    link = read_feedback(payload)
    assert (link.mailbox, link.is_of(subscriber), link.is_of(f"{subscriber}2")) == (KEY, True, False)
    assert len(token) == len(feedback_url(WEB, KEY, "any").rpartition("/")[2])


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()), st.sampled_from(Purpose))
def test_whatever_else_is_put_into_a_link_is_nobodys(token: str, purpose: Purpose) -> None:
    assert verify([SECRET, OLD_SECRET], purpose, token, NOW) is None


@given(st.data())
def test_no_other_spelling_of_a_token_is_one(data: st.DataObject) -> None:
    token = signed(Purpose.UNSUBSCRIBE)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABCxyz019-_=+/ \n"))
    other = data.draw(st.sampled_from([token[:place] + letter + token[place + 1 :], token + letter, token[:place]]))
    assert verify([SECRET], Purpose.UNSUBSCRIBE, other, NOW) == (b"sixteen bytes..." if other == token else None)


@given(st.binary(min_size=16, max_size=16))
def test_a_return_address_s_token_is_read_back_in_any_case_and_by_its_own_secret_alone(delivery: bytes) -> None:
    token = bounce_token(TOKEN_KEYS, delivery.hex())
    assert re.fullmatch("[a-z2-7]{36}", token)
    assert read_bounce_token(TOKEN_KEYS, token.upper()) == delivery.hex()[:24]
    assert read_bounce_token(OTHER_KEYS, token) is None
    assert len(f"bounces+{token}") <= 64


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz234567", min_size=36, max_size=36) | st.text(max_size=40))
def test_a_return_address_that_we_did_not_make_has_no_token(token: str) -> None:
    assert read_bounce_token(TOKEN_KEYS, token) is None
