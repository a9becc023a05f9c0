"""What Slack's envelopes are read as; whatever JSON comes, it is read or let be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.buttons import Click, Wish, encode
from bot.chat.asking import Asker
from bot.chat.slack.envelopes import ButtonPressed, CommandTyped, read_envelope

BO, CHANNEL = "U0BO0000001", "C0BIRDS0001"
CLICK = Click(Wish.LESS, "2604.00002", "birds", "lab")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
KEYS = (
    "type",
    "user",
    "user_id",
    "channel",
    "channel_id",
    "actions",
    "event",
    "view",
    "message",
    "callback_id",
    "text",
)


def test_what_is_chosen_in_the_menu_beside_a_paper_is_a_press() -> None:
    chosen = {"type": "overflow", "action_id": "paper", "selected_option": {"value": encode(CLICK)}}
    payload = {
        "type": "block_actions",
        "user": {"id": BO},
        "channel": {"id": CHANNEL, "name": "birds"},
        "actions": [chosen],
        "response_url": "https://hooks.slack.com/actions/x",
    }
    asker = Asker("slack", BO, CHANNEL, names=("#birds",), own=BO)
    assert read_envelope("interactive", "e1", payload) == ButtonPressed("e1", asker, payload["response_url"], CLICK)  # type: ignore[arg-type]


def test_what_slack_writes_as_entities_is_what_was_typed() -> None:
    payload = {"user_id": BO, "channel_id": "D0BO0000001", "text": "follow &lt;b&gt; &amp; c", "command": "/paperboy"}
    assert read_envelope("slash_commands", "e1", payload) == CommandTyped(
        "e1", Asker("slack", BO, BO, is_direct=True, names=("D0BO0000001",)), "", "follow <b> & c"
    )


@pytest.mark.parametrize("kind", ["slash_commands", "interactive", "events_api", "hello"])
@given(payload=st.dictionaries(st.sampled_from(KEYS), JSON))
def test_any_payload_is_read_or_let_be(kind: str, payload: dict[str, object]) -> None:
    read_envelope(kind, "e1", payload)
    for known in ("block_actions", "message_action", "shortcut", "view_submission", "event_callback"):
        read_envelope(kind, "e1", {**payload, "type": known})
