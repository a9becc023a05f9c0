"""What a button says: read back as it was written, never too long, and nothing that was not written."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.buttons import LONGEST, OPINIONS, Click, Wish, addressed, as_query, decode, encode, read_query
from bot.store.feedback import Opinion

NAMES = st.from_regex(r"[A-Za-z0-9_:/-]{1,64}", fullmatch=True)
IDENTIFIERS = st.sampled_from(["2604.00001", "0704.0001", "hep-th/9901001", "patt-sol/9901001"])
CLICKS = st.builds(Click, st.sampled_from(Wish), IDENTIFIERS, st.none() | NAMES, st.just("") | NAMES)


@given(CLICKS)
def test_a_click_is_read_back_and_only_its_topic_may_be_left_out(click: Click) -> None:
    text = encode(click)
    assert len(text) <= LONGEST
    assert decode(text) in (click, replace(click, topic=None))


def test_a_topic_is_left_out_only_where_there_is_no_room_for_it() -> None:
    fits = Click(Wish.MORE, "patt-sol/9901001", "t" * 36, "s" * 36)
    assert decode(encode(fits)) == fits
    too_long = replace(fits, topic="t" * 64, subscriber="s" * 64)
    assert decode(encode(too_long)) == replace(too_long, topic=None)


@pytest.mark.parametrize(
    "text", ["", "1", "2|more|t|2604.00001|s", "1|like|t|2604.00001|s", "1|more|t||s", "1|more|t|s"]
)
def test_whatever_no_button_of_ours_says_is_none(text: str) -> None:
    assert decode(text) is None


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    decode(text)


@pytest.mark.parametrize(
    "click", [Click(Wish.MORE, "x|y"), Click(Wish.MORE, ""), Click(Wish.WHY, "x", None, "s" * 100)]
)
def test_a_button_that_could_not_be_read_back_is_never_made(click: Click) -> None:
    with pytest.raises(ValueError, match="no button can say that"):
        encode(click)


def test_the_subscriber_is_filled_into_every_button_and_nothing_else_is_touched() -> None:
    click = Click(Wish.SAVED, "2604.00001", "mllm")
    text, named = encode(click), encode(replace(click, subscriber="lab"))
    payload = {"text": text, "blocks": [{"value": text, "n": 1}, {"custom_id": "paperboy-more"}, {"custom_id": text}]}
    blocks = [{"value": named, "n": 1}, {"custom_id": "paperboy-more"}, {"custom_id": named}]
    assert addressed(payload, "lab") == {"text": text, "blocks": blocks}


@given(st.sampled_from(OPINIONS), IDENTIFIERS)
def test_a_link_s_query_is_read_back_and_needs_no_quoting(wish: Wish, identifier: str) -> None:
    query = as_query(wish, identifier)
    assert quote(query, safe="=/") == query
    assert read_query(dict(parse_qsl(query))) == Click(wish, identifier)


@given(st.dictionaries(st.sampled_from([*Wish, "x"]) | st.text(), st.text()))
def test_any_other_query_is_none(query: dict[str, str]) -> None:
    assert read_query(query) is None


def test_opinions_and_wishes_have_the_same_words() -> None:
    assert {wish.value for wish in Wish} == {opinion.value for opinion in Opinion} | {"why"}
