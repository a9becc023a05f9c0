"""A thread in an ordinary channel: opened once, below the first message, and done without where it cannot be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.channels.discord import DiscordChannel
from bot.errors import DeliveryError, FailureKind
from bot.model import Delivery, UnknownDelivery
from bot.settings import Secret
from bot.text.templates import Templates
from tests.builders import digest, many_entries, section
from tests.servers.discord import TOKEN, DiscordReceiver, FaultScript

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

CHANNEL = "123456789012345678"
CREATED = datetime(2026, 4, 20, 6, tzinfo=UTC)
(PLACE,) = DiscordChannel.addresses(CHANNEL, DiscordChannel.Options())


def discord_error(code: int) -> dict[str, object]:
    return {"code": code, "message": "no"}


@pytest.fixture
async def receiver() -> AsyncIterator[DiscordReceiver]:
    async with DiscordReceiver(now=(CREATED + timedelta(minutes=1)).timestamp) as receiver:
        yield receiver


@pytest.fixture
async def channel(receiver: DiscordReceiver) -> AsyncIterator[DiscordChannel]:
    settings = DiscordChannel.Settings(token=Secret(TOKEN), api_url=receiver.api_url)
    channel = DiscordChannel(settings, Templates(), contact="ops@example.org")
    yield channel
    await channel.aclose()


def deliveries(channel: DiscordChannel) -> list[Delivery]:
    """A message and a thread of several, of which the parent is not known yet."""
    of = digest([section(many_entries(31))])
    messages = channel.render(of, max_messages=4, options=DiscordChannel.Options())
    return [
        Delivery(f"d{part}", "lab", "hash", each.payload, part, len(messages), CREATED, 1, each.reply)
        for part, each in enumerate(messages, start=1)
    ]


async def opened(channel: DiscordChannel) -> tuple[str, Sequence[Delivery]]:
    """The first message's id, and the replies to it."""
    first, *replies = deliveries(channel)
    parent = (await channel.send(first, PLACE)).platform_id
    return parent, [replace(reply, parent=parent) for reply in replies]


async def failure(channel: DiscordChannel, delivery: Delivery) -> FailureKind:
    with pytest.raises(DeliveryError) as caught:
        await channel.send(delivery, PLACE)
    return caught.value.kind


async def test_the_first_reply_opens_the_thread_and_all_go_into_it(
    channel: DiscordChannel, receiver: DiscordReceiver
) -> None:
    parent, replies = await opened(channel)
    for reply in replies:
        await channel.send(reply, PLACE)
    head, *others = receiver.messages
    assert (head.thread, {message.thread for message in others}) == ("", {parent})
    assert {message.thread_name for message in others} == {"Birds & Maps · Mon 20 Apr 2026"}
    asked = [path for method, path in receiver.requests if path.endswith("/threads")]
    assert asked == [f"/api/v10/channels/{CHANNEL}/messages/{parent}/threads"]


async def test_a_reply_that_is_sent_again_finds_the_thread_there(
    channel: DiscordChannel, receiver: DiscordReceiver
) -> None:
    parent, (reply, *_) = await opened(channel)
    receipts = {(await channel.send(reply, PLACE)).platform_id for _ in range(2)}
    assert len(receipts) == 1  # by the nonce
    assert [message.thread for message in receiver.messages] == ["", parent]


@pytest.mark.parametrize(("status", "code"), [(403, 50013), (400, 160006), (404, 10008)])
async def test_where_no_thread_can_be_opened_the_papers_come_into_the_channel(
    channel: DiscordChannel, receiver: DiscordReceiver, status: int, code: int
) -> None:
    _, (reply, *_) = await opened(channel)
    receiver.script.append(FaultScript(status, discord_error(code)))
    assert await failure(channel, reply) is FailureKind.THREAD_GONE
    await channel.send(replace(reply, thread_gone=True), PLACE)
    last = receiver.messages[-1]
    assert last.thread == ""
    assert last.content.startswith("There is no thread for this digest, so its papers come here.\n**Birds & Maps**")


async def test_in_direct_messages_the_papers_follow_their_first_message_as_they_are(
    channel: DiscordChannel, receiver: DiscordReceiver
) -> None:
    direct = receiver.chat.direct_channel("1200000000000000042")["id"]
    (place,) = DiscordChannel.addresses(direct, DiscordChannel.Options())
    first, *replies = deliveries(channel)
    parent = (await channel.send(first, place)).platform_id
    for reply in replies:
        await channel.send(replace(reply, parent=parent), place)
    assert [message.thread for message in receiver.messages] == [""] * (1 + len(replies))
    assert [message.content for message in receiver.messages[1:]] == [reply.payload["content"] for reply in replies]


async def test_a_thread_that_somebody_deleted_is_gone(channel: DiscordChannel, receiver: DiscordReceiver) -> None:
    parent, (first, second, *_) = await opened(channel)
    await channel.send(first, PLACE)
    receiver.closed[parent] = (404, 10003)
    assert await failure(channel, second) is FailureKind.THREAD_GONE


@pytest.mark.parametrize("fault", [FaultScript(500, takes=True), FaultScript(502, takes=False)])
async def test_opening_a_thread_is_tried_again_whatever_became_of_it(
    channel: DiscordChannel, receiver: DiscordReceiver, fault: FaultScript
) -> None:
    parent, (reply, *_) = await opened(channel)
    receiver.script.append(fault)
    assert await failure(channel, reply) is FailureKind.TRANSIENT
    await channel.send(reply, PLACE)
    assert [message.thread for message in receiver.messages] == ["", parent]


async def test_a_rate_limit_on_the_thread_is_waited_for(channel: DiscordChannel, receiver: DiscordReceiver) -> None:
    _, (reply, *_) = await opened(channel)
    receiver.script.append(FaultScript(429, {"message": "slow", "retry_after": 3.5, "global": False}))
    assert await failure(channel, reply) is FailureKind.RATE_LIMITED


async def test_a_reply_whose_answer_was_lost_is_looked_for_in_the_thread(channel: DiscordChannel) -> None:
    _, (first, second, *_) = await opened(channel)
    found = await channel.send(first, PLACE)
    later = CREATED + timedelta(hours=2)
    assert await channel.lookup(UnknownDelivery(first, later), PLACE) == found
    assert await channel.lookup(UnknownDelivery(second, later), PLACE) is None
