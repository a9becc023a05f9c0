"""Paperboy's Slack channel against npm's emulate: what it sends comes back as it was meant."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from bot.channels.buttons import Wish, addressed
from bot.channels.channel import CannotTellError
from bot.channels.reactions import PostedMessage
from bot.channels.slack import SlackChannel
from bot.errors import DeliveryError, FailureKind
from bot.model import UnknownDelivery
from bot.text.templates import Templates
from tests.builders import paper
from tests.counterparts.emulate import MUTE, TOKEN, Emulate, Front, address
from tests.counterparts.shapes import DIGESTS, NOTES, delivery
from tests.world import TUESDAY, Environment, morning

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from bot.model import Delivery, Message

pytestmark = pytest.mark.counterparts


@pytest.fixture
async def channel(slack_server: Emulate) -> AsyncIterator[SlackChannel]:
    channel = slack_server.channel()
    yield channel
    await channel.aclose()


@pytest.fixture
async def front(slack_server: Emulate) -> AsyncIterator[Front]:
    async with Front(slack_server) as front:
        yield front


@pytest.fixture
async def looking_channel(slack_server: Emulate, front: Front) -> AsyncIterator[SlackChannel]:
    """The same, where it may also read."""
    channel = slack_server.channel(url=front.url)
    yield channel
    await channel.aclose()


@cache
def rendered(shape: str, *, thread: bool = False) -> tuple[Message, ...]:
    channel = SlackChannel(SlackChannel.Settings(), Templates(), contact="ops@example.org")
    options = channel.Options(thread=thread, buttons=thread)
    return channel.render(DIGESTS[shape], max_messages=10, options=options)


def shown(message: Mapping[str, Any]) -> tuple[Any, Any]:
    """What its readers see; to whom a button says that it was shown is filled in when it is sent."""
    return message["text"], addressed(message.get("blocks"), "lab")


def meant(messages: tuple[Message, ...]) -> list[tuple[Any, Any]]:
    return [shown(message.payload) for message in messages]


def delivery_ids(messages: list[dict[str, Any]]) -> list[str]:
    return [message["metadata"]["event_payload"]["delivery_id"] for message in messages]


@pytest.mark.parametrize("shape", DIGESTS)
async def test_a_bot_s_messages_stand_in_the_channel_in_order_as_they_were_sent(
    slack_server: Emulate, channel: SlackChannel, shape: str
) -> None:
    place = slack_server.place()
    messages = rendered(shape)
    receipts = [
        await channel.send(delivery(message.payload, f"d-{number}"), address(place))
        for number, message in enumerate(messages)
    ]
    stored = slack_server.history(place)
    assert [shown(message) for message in stored] == meant(messages)
    assert [message["ts"] for message in stored] == [receipt.platform_id for receipt in receipts]
    assert delivery_ids(stored) == [f"d-{number}" for number in range(len(messages))]


@pytest.mark.parametrize("shape", ["200 papers", "hostile text", "several topics"])
async def test_a_thread_is_one_message_in_the_channel_and_all_others_under_it(
    slack_server: Emulate, channel: SlackChannel, shape: str
) -> None:
    place = slack_server.place()
    messages = rendered(shape, thread=True)
    assert len(messages) > 1
    head = await channel.send(delivery(messages[0].payload, "head"), address(place))
    for number, message in enumerate(messages[1:]):
        reply = delivery(message.payload, f"d-{number}", reply=message.reply, parent=head.platform_id)
        await channel.send(reply, address(place))
    assert [shown(message) for message in slack_server.history(place)] == meant(messages[:1])
    replies = slack_server.replies(place, head.platform_id)
    assert [shown(message) for message in replies] == meant(messages[1:])
    assert {message["thread_ts"] for message in replies} == {head.platform_id}
    assert delivery_ids(replies) == [f"d-{number}" for number in range(len(replies))]


@pytest.mark.parametrize("shape", DIGESTS)
async def test_a_webhook_s_messages_stand_in_its_channel_in_order_as_they_were_sent(
    slack_server: Emulate, channel: SlackChannel, shape: str
) -> None:
    place = slack_server.webhook_place()
    before = len(slack_server.history(place))
    messages = rendered(shape)
    for message in messages:
        await channel.send(delivery(message.payload), address(slack_server.webhook_url))
    assert [shown(message) for message in slack_server.history(place)[before:]] == meant(messages)


@pytest.mark.parametrize("note", NOTES)
async def test_a_note_and_the_plain_form_are_taken(slack_server: Emulate, channel: SlackChannel, note: str) -> None:
    place = slack_server.place()
    message = channel.render_note(NOTES[note])
    (digest,) = rendered("one paper")
    assert digest.plain is not None
    await channel.send(delivery(message.payload, "note"), address(place))
    await channel.send(delivery(digest.plain, "plain"), address(place))
    assert [shown(each)[0] for each in slack_server.history(place)] == [message.payload["text"], digest.plain["text"]]


@pytest.mark.parametrize("shape", DIGESTS)
async def test_what_is_sent_pings_nobody(slack_server: Emulate, channel: SlackChannel, shape: str) -> None:
    place = slack_server.place()
    for message in rendered(shape):
        await channel.send(delivery(message.payload), address(place))
    told = str(slack_server.history(place))
    assert not [ping for ping in ("<!", "<@", "<#") if ping in told]


# It is told no


async def refused(channel: SlackChannel, where: str, payload: Mapping[str, Any], **more: Any) -> DeliveryError:
    try:
        with pytest.raises(DeliveryError) as caught:
            await channel.send(delivery(payload, **more), address(where))
    finally:
        await channel.aclose()
    return caught.value


async def test_a_missing_scope_is_the_credential_s_trouble_and_the_scope_is_named(slack_server: Emulate) -> None:
    error = await refused(slack_server.channel(MUTE), slack_server.place(), {"text": "x"})
    assert error.kind is FailureKind.CREDENTIAL
    assert "missing_scope (needed: chat:write)" in error.reason


async def test_an_unknown_channel_is_the_destination_s_trouble(channel: SlackChannel) -> None:
    error = await refused(channel, "C0000000404", {"text": "x"})
    assert (error.kind, error.reason) == (FailureKind.DESTINATION_GONE, "Slack said channel_not_found")


async def test_an_archived_channel_is_the_destination_s_trouble(slack_server: Emulate, channel: SlackChannel) -> None:
    place = slack_server.place()
    slack_server.reader.conversations_archive(channel=place)
    error = await refused(channel, place, {"text": "x"})
    assert (error.kind, error.reason) == (FailureKind.DESTINATION_GONE, "Slack said is_archived")


async def test_a_message_without_text_is_malformed(
    slack_server: Emulate, channel: SlackChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKIP_SLACK_SDK_WARNING", "1")  # that it has no text
    error = await refused(channel, slack_server.place(), {"text": ""})
    assert (error.kind, error.reason) == (FailureKind.REJECTED, "Slack said no_text")


async def test_a_webhook_s_message_without_text_is_malformed(slack_server: Emulate, channel: SlackChannel) -> None:
    error = await refused(channel, slack_server.webhook_url, {"text": ""})
    assert (error.kind, error.reason) == (FailureKind.REJECTED, "Slack said no_text")


# It is asked what it has


def question(of: Delivery) -> UnknownDelivery:
    return UnknownDelivery(of, datetime.now(UTC))


async def test_a_message_is_found_among_others_and_one_that_was_not_sent_is_not(
    slack_server: Emulate, looking_channel: SlackChannel
) -> None:
    place = address(slack_server.place())
    sent = delivery({"text": "first"}, "first")
    receipt = await looking_channel.send(sent, place)
    for number in range(205):  # more than a page, and the newest are shown first
        await looking_channel.send(delivery({"text": "other"}, f"d-{number}"), place)
    assert await looking_channel.lookup(question(sent), place) == receipt
    assert await looking_channel.lookup(question(delivery({"text": "first"}, "never sent")), place) is None


async def test_a_reply_is_found_in_its_thread_and_not_in_another(
    slack_server: Emulate, looking_channel: SlackChannel
) -> None:
    place = address(slack_server.place())
    heads = [await looking_channel.send(delivery({"text": "head"}, f"head {n}"), place) for n in range(2)]
    replies = [delivery({"text": "x"}, "reply", reply=True, parent=head.platform_id) for head in heads]
    receipt = await looking_channel.send(replies[0], place)
    assert await looking_channel.lookup(question(replies[0]), place) == receipt
    assert await looking_channel.lookup(question(replies[1]), place) is None


async def test_nobody_can_tell_of_a_webhook_s_message_or_without_the_scope(
    slack_server: Emulate, front: Front
) -> None:
    channel = slack_server.channel(MUTE, front.url)
    for value in (slack_server.webhook_url, slack_server.place()):
        with pytest.raises(CannotTellError):
            await channel.lookup(question(delivery({"text": "x"})), address(value))
    await channel.aclose()


@pytest.mark.parametrize(("lost", "dropped"), [({1}, ()), ({2}, ()), ((), {1}), ((), {2}), ({1, 4}, {2, 3})])
async def test_a_digest_of_which_posts_or_answers_were_lost_stands_there_once_and_in_order(
    environment: Environment, slack_server: Emulate, front: Front, lost: set[int], dropped: set[int]
) -> None:
    place = slack_server.place()
    environment.config["channels"]["slack"] = {"token": TOKEN, "api_url": f"{front.url}/api/"}
    environment.config["subscribers"] = {"lab": {"slack": place, "topics": ["birds"], "max_messages": 10}}
    environment.announce(TUESDAY, *(paper(f"2604.{number:05d}", title=f"Pigeon {number}") for number in range(1, 70)))
    front.loses, front.drops = set(lost), set(dropped)
    runs = [await environment.once(morning(TUESDAY, hour)) for hour in range(6, 12)]
    assert [runs[0].left_undone, runs[-1].left_undone] == [True, False]
    (head,) = slack_server.history(place)
    replies = slack_server.replies(place, head["ts"])
    parts = len(replies)
    assert parts >= 3
    assert [f"({part}/{parts})" in message["text"] for part, message in enumerate(replies, 1)] == [True] * parts


# It shows reactions


async def test_reactions_are_read_from_the_channel_and_from_a_thread(
    slack_server: Emulate, looking_channel: SlackChannel
) -> None:
    place = slack_server.place()
    head = (await looking_channel.send(delivery({"text": "head"}, "head"), address(place))).platform_id
    reply = delivery({"text": "reply"}, "d-1", reply=True, parent=head)
    below = (await looking_channel.send(reply, address(place))).platform_id
    ada = slack_server.react(place, head, "+1")
    slack_server.react(place, below, "bookmark")
    slack_server.react(place, below, "tada")

    async def turn() -> None:
        """At once."""

    messages = [PostedMessage(below, head), PostedMessage(head)]
    found = {each.message: each async for each in looking_channel.reactions(messages, address(place), turn)}
    assert {ts: dict(each.wishes) for ts, each in found.items()} == {head: {ada: Wish.MORE}, below: {ada: Wish.SAVED}}
    assert all(each.is_complete for each in found.values())


# It checks


async def test_a_check_finds_the_bot_and_its_channel(slack_server: Emulate, looking_channel: SlackChannel) -> None:
    results = await looking_channel.check([address(slack_server.place())])
    assert [result.ok for result in results] == [True, True]
    assert "is paperboy in Lab" in results[0].message
    assert "is #papers-" in results[1].message


async def test_a_check_finds_that_a_channel_is_archived(slack_server: Emulate, looking_channel: SlackChannel) -> None:
    place = slack_server.place()
    slack_server.reader.conversations_archive(channel=place)
    results = await looking_channel.check([address(place)])
    assert [(result.ok, result.message) for result in results[1:]] == [(False, "the channel is archived")]
