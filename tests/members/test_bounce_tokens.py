"""Tokens in return addresses: they fit, survive what mail servers do to them, and cannot be made by others."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.members import bounce_tokens
from bot.store.keys import ReaderKeys

KEYS, OTHERS = ReaderKeys([b"coo" * 20]), ReaderKeys([b"gru" * 20])


@given(st.binary(min_size=16, max_size=16))
def test_a_token_is_read_back_in_any_case_and_by_its_own_secret_alone(delivery: bytes) -> None:
    token = bounce_tokens.make(KEYS, delivery.hex())
    assert re.fullmatch("[a-z2-7]{36}", token)
    assert bounce_tokens.read(KEYS, token.upper()) == delivery.hex()[:24]
    assert bounce_tokens.read(OTHERS, token) is None
    assert len(f"bounces+{token}") <= 64


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz234567", min_size=36, max_size=36) | st.text(max_size=40))
def test_what_we_did_not_make_is_none(token: str) -> None:
    assert bounce_tokens.read(KEYS, token) is None
