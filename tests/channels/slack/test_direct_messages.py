"""A person's id is a direct message: sent to, looked through and checked by the conversation with that person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.channels.channel import CannotTellError
from bot.channels.slack import SlackChannel, SlackOptions
from bot.model import UnknownDelivery
from tests.builders import paper
from tests.channels.slack.test_slack import delivery
from tests.servers.slack import FaultScript, SlackReceiver
from tests.world import TUESDAY, Environment, morning

if TYPE_CHECKING:
    from bot.settings import Address


@pytest.fixture
def ada() -> Address:
    (address,) = SlackChannel.addresses("U0123456789", SlackOptions())
    return address


async def test_a_post_to_a_person_lands_in_the_conversation_and_is_found_there(
    channel: SlackChannel, receiver: SlackReceiver, ada: Address
) -> None:
    sent = delivery()
    asked = UnknownDelivery(sent, sent.created_at)
    assert await channel.lookup(asked, ada) is None
    receipt = await channel.send(sent, ada)
    assert receiver.messages[0].channel == "D0123456789"
    assert await channel.lookup(asked, ada) == receipt


async def test_without_the_scope_nobody_can_tell(
    channel: SlackChannel, receiver: SlackReceiver, ada: Address
) -> None:
    receiver.scopes = "chat:write"
    with pytest.raises(CannotTellError, match="missing_scope"):
        await channel.lookup(UnknownDelivery(delivery(), delivery().created_at), ada)


async def test_a_conversation_that_slack_does_not_name_is_no_place_to_look(
    channel: SlackChannel, receiver: SlackReceiver, ada: Address
) -> None:
    receiver.looks.append(FaultScript(body={"ok": True, "channel": {"id": ["D1"]}}))
    with pytest.raises(CannotTellError, match="which direct message"):
        await channel.lookup(UnknownDelivery(delivery(), delivery().created_at), ada)


async def test_a_check_opens_the_conversation_and_says_what_it_lacks(
    channel: SlackChannel, receiver: SlackReceiver, ada: Address
) -> None:
    _, found = await channel.check([ada])
    assert (found.ok, found.message) == (True, "can be written to")
    receiver.scopes = "chat:write"
    _, found = await channel.check([ada])
    assert found.ok
    assert "needs im:write" in found.message
    receiver.scopes = "chat:write,im:write"
    receiver.looks.append(FaultScript(body={"ok": True}))
    receiver.looks.append(FaultScript(body={"ok": False, "error": "user_not_found"}))
    _, found = await channel.check([ada])
    assert (found.setting, found.ok) == ("U0123456789", False)
    assert "is it a member's id" in found.message


async def test_a_person_gets_a_digest_from_the_configuration(environment: Environment) -> None:
    environment.config["subscribers"]["lab"] = {"slack": "U0123456789", "topics": ["birds"]}
    environment.announce(TUESDAY, paper())
    assert not (await environment.once(morning(TUESDAY))).left_undone
    assert [message.channel for message in environment.slack.messages] == ["D0123456789"]
