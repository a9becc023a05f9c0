"""Forums: a digest opens one thread, its other parts go into it, and what became of it is found out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.channels.buttons import Click, Wish, decode
from bot.channels.channel import CannotTellError
from bot.channels.discord import DiscordChannel
from bot.channels.discord.forum import thread_name
from bot.errors import DeliveryError, FailureKind
from bot.model import Delivery, Note, UnknownDelivery
from bot.settings import Address, Secret
from bot.text.templates import Templates
from tests.builders import digest, many_entries, paper, section
from tests.servers.discord import TOKEN, DiscordReceiver, FaultScript
from tests.world import TUESDAY, Environment, morning

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from bot.model import Message

FORUM = "123456789012345679"
CREATED = datetime(2026, 4, 20, 6, tzinfo=UTC)
OPTIONS = DiscordChannel.Options(forum=True)


@pytest.fixture
async def receiver() -> AsyncIterator[DiscordReceiver]:
    async with DiscordReceiver(now=(CREATED + timedelta(minutes=1)).timestamp) as receiver:
        receiver.make_forum(FORUM)
        receiver.make_forum("lab")
        yield receiver


@pytest.fixture
async def channel(receiver: DiscordReceiver) -> AsyncIterator[DiscordChannel]:
    settings = DiscordChannel.Settings(token=Secret(TOKEN), api_url=receiver.api_url)
    channel = DiscordChannel(settings, Templates(), contact="ops@example.org")
    yield channel
    await channel.aclose()


@pytest.fixture(params=["bot", "webhook"])
def place(request: pytest.FixtureRequest, receiver: DiscordReceiver) -> Address:
    return address(FORUM if request.param == "bot" else receiver.webhook_url("lab"))


def address(value: str) -> Address:
    (only,) = DiscordChannel.addresses(value, OPTIONS)
    return only


def messages(channel: DiscordChannel, papers: int = 31) -> tuple[Message, ...]:
    return channel.render(digest([section(many_entries(papers))]), max_messages=10, options=OPTIONS)


def deliveries(of: tuple[Message, ...], parent: str | None = None) -> Iterator[Delivery]:
    for part, message in enumerate(of, start=1):
        yield Delivery(
            f"d{part}", "lab", "hash", message.payload, part, len(of), CREATED, 1, message.reply,
            parent if part > 1 else None,
        )  # fmt: skip


def asked(of: Delivery, *ids_of_others: str, last_known_id: str = "") -> UnknownDelivery:
    return UnknownDelivery(of, CREATED + timedelta(hours=2), last_known_id, frozenset(ids_of_others))


async def kind(channel: DiscordChannel, of: Delivery, at: Address) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await channel.send(of, at)
    return caught.value


async def test_the_first_part_opens_a_thread_and_the_others_go_into_it(
    channel: DiscordChannel, receiver: DiscordReceiver, place: Address
) -> None:
    of = messages(channel)
    first, *_ = deliveries(of)
    opened = (await channel.send(first, place)).platform_id
    for later in list(deliveries(of, opened))[1:]:
        assert (await channel.send(later, place)).platform_id not in ("", opened)
    assert len(of) > 1
    assert {message.thread for message in receiver.messages} == {opened}
    assert {message.thread_name for message in receiver.messages} == {"Birds & Maps · Mon 20 Apr 2026"}
    assert [message.content for message in receiver.messages] == [message.payload["content"] for message in of]
    assert not [ping for message in receiver.messages for ping in message.pings]


async def test_the_message_that_opens_a_thread_has_its_buttons(
    channel: DiscordChannel, receiver: DiscordReceiver
) -> None:
    options = DiscordChannel.Options(forum=True, buttons=True)
    (only,) = channel.render(digest(), max_messages=10, options=options)
    (first,) = deliveries((only,))
    await channel.send(first, address(FORUM))
    (row,) = receiver.messages[0].payload["components"]
    assert [decode(button["custom_id"]) for button in row["components"]] == [
        Click(wish, "2604.00001", "birds", "lab") for wish in Wish
    ]


async def test_each_digest_opens_its_own_thread_and_the_forum_is_looked_at_once(
    channel: DiscordChannel, receiver: DiscordReceiver
) -> None:
    (first,) = deliveries(messages(channel, 1))
    for _ in range(2):
        await channel.send(first, address(FORUM))
    assert len({message.thread for message in receiver.messages}) == 2
    assert receiver.requests.count(("GET", f"/api/v10/channels/{FORUM}")) == 1


async def test_a_later_part_whose_thread_is_not_known_opens_one(
    channel: DiscordChannel, receiver: DiscordReceiver, place: Address
) -> None:
    _, later, *_ = deliveries(messages(channel))
    opened = (await channel.send(later, place)).platform_id
    assert receiver.messages[0].thread == opened


async def test_a_text_channel_gets_no_thread_without_a_message(
    channel: DiscordChannel, receiver: DiscordReceiver
) -> None:
    (first,) = deliveries(messages(channel, 1))
    for value in ("123456789012345678", receiver.webhook_url("text")):
        error = await kind(channel, first, address(value))
        assert error.kind is FailureKind.DESTINATION_GONE
        assert "leave out `forum: true`" in error.reason
    assert receiver.messages == []
    assert [path for method, path in receiver.requests if method == "POST" and path.endswith("/threads")] == []


async def test_a_forum_that_is_taken_for_a_text_channel_says_what_to_set(
    channel: DiscordChannel, receiver: DiscordReceiver
) -> None:
    (first,) = deliveries(messages(channel, 1))
    for value in (FORUM, receiver.webhook_url("lab")):
        (text,) = DiscordChannel.addresses(value, DiscordChannel.Options())
        error = await kind(channel, first, text)
        assert error.kind is FailureKind.DESTINATION_GONE
        assert "set `forum: true`" in error.reason


async def test_a_forum_that_wants_tags_says_so(channel: DiscordChannel, receiver: DiscordReceiver) -> None:
    receiver.make_forum(FORUM, flags=16)
    (first,) = deliveries(messages(channel, 1))
    error = await kind(channel, first, address(FORUM))
    assert error.kind is FailureKind.DESTINATION_GONE
    assert "set `tags: [one of its tags]`" in error.reason


@pytest.mark.parametrize(("code", "words"), [(10003, "is gone"), (160005, "is locked")])
async def test_a_thread_that_takes_nothing_more_closes_no_forum(
    channel: DiscordChannel, receiver: DiscordReceiver, place: Address, code: int, words: str
) -> None:
    of = messages(channel)
    first, *_ = deliveries(of)
    opened = (await channel.send(first, place)).platform_id
    receiver.closed[opened] = (403, code)
    _, later, *_ = deliveries(of, opened)
    error = await kind(channel, later, place)
    assert error.kind is FailureKind.THREAD_GONE
    assert words in error.reason
    await channel.send(first, place)


async def test_a_repeated_later_part_is_one_message(channel: DiscordChannel, receiver: DiscordReceiver) -> None:
    of = messages(channel)
    first, *_ = deliveries(of)
    opened = (await channel.send(first, address(FORUM))).platform_id
    _, later, *_ = deliveries(of, opened)
    assert await channel.send(later, address(FORUM)) == await channel.send(later, address(FORUM))
    assert len(receiver.messages) == 2


async def test_a_later_part_is_looked_for_in_its_thread(channel: DiscordChannel) -> None:
    of = messages(channel)
    first, *_ = deliveries(of)
    opened = (await channel.send(first, address(FORUM))).platform_id
    _, later, *_ = deliveries(of, opened)
    elsewhere = (await channel.send(first, address(FORUM))).platform_id
    assert await channel.lookup(asked(later, last_known_id=elsewhere), address(FORUM)) is None
    receipt = await channel.send(later, address(FORUM))
    assert await channel.lookup(asked(later, last_known_id=elsewhere), address(FORUM)) == receipt


async def test_a_thread_is_found_when_it_was_closed_too(channel: DiscordChannel, receiver: DiscordReceiver) -> None:
    (first,) = deliveries(messages(channel, 1))
    receipt = await channel.send(first, address(FORUM))
    receiver.now = (CREATED + timedelta(days=3)).timestamp
    assert await channel.lookup(asked(first), address(FORUM)) == receipt


async def test_another_message_under_the_same_name_is_not_it(
    channel: DiscordChannel, receiver: DiscordReceiver
) -> None:
    (first,) = deliveries(messages(channel, 1))
    (other,) = deliveries(messages(channel, 2))
    await channel.send(other, address(FORUM))
    await channel.send(first, address(receiver.webhook_url("lab")))
    assert await channel.lookup(asked(first), address(FORUM)) is None


async def test_among_too_many_closed_threads_nobody_can_tell(
    channel: DiscordChannel, receiver: DiscordReceiver
) -> None:
    (first,) = deliveries(messages(channel, 1))
    await channel.check([])  # logs in
    receiver.script.extend(
        [
            FaultScript(200, {"id": FORUM, "guild_id": "1"}, method="GET"),
            FaultScript(200, {"threads": []}, method="GET"),
            FaultScript(200, {"threads": [], "has_more": True}, method="GET"),
        ]
    )
    with pytest.raises(CannotTellError, match="more than 100"):
        await channel.lookup(asked(first), address(FORUM))


async def test_a_check_tells_a_forum_from_a_channel(channel: DiscordChannel) -> None:
    _, forum, text = await channel.check([address(FORUM), address("123456789012345678")])
    assert (forum.ok, text.ok) == (True, False)
    assert "leave out `forum: true`" in text.message


TAGS = {"papers": "123456789012345001", "Birds": "123456789012345002"}


def tagged(value: str, *tags: str) -> Address:
    (only,) = DiscordChannel.addresses(value, DiscordChannel.Options(forum=True, tags=tags))
    return only


async def test_tags_are_looked_up_by_name_and_borne_by_each_thread(
    channel: DiscordChannel, receiver: DiscordReceiver
) -> None:
    receiver.make_forum(FORUM, flags=16, tags=TAGS)
    (first,) = deliveries(messages(channel, 1))
    await channel.send(first, tagged(FORUM, "Papers", "birds"))
    await channel.send(first, tagged(FORUM, TAGS["papers"]))
    borne = [message.payload.get("applied_tags") for message in receiver.messages]
    assert borne == [[TAGS["papers"], TAGS["Birds"]], [TAGS["papers"]]]


async def test_a_webhook_knows_tags_by_their_ids_only(channel: DiscordChannel, receiver: DiscordReceiver) -> None:
    receiver.make_forum("lab", flags=16, tags=TAGS)
    (first,) = deliveries(messages(channel, 1))
    await channel.send(first, tagged(receiver.webhook_url("lab"), TAGS["papers"]))
    assert list(map(str, receiver.messages[0].payload["applied_tags"])) == [TAGS["papers"]]
    with pytest.raises(ValueError, match="give their ids"):
        tagged(receiver.webhook_url("lab"), "papers")


async def test_a_tag_that_is_not_there_is_named_with_those_that_are(
    channel: DiscordChannel, receiver: DiscordReceiver
) -> None:
    receiver.make_forum(FORUM, tags=TAGS)
    (first,) = deliveries(messages(channel, 1))
    error = await kind(channel, first, tagged(FORUM, "papers", "fish"))
    assert error.kind is FailureKind.DESTINATION_GONE
    assert "has no tag 'fish'" in error.reason
    assert "(papers, Birds)" in error.reason
    assert receiver.messages == []


async def test_a_check_names_an_unknown_tag_and_one_that_is_wanted(
    channel: DiscordChannel, receiver: DiscordReceiver
) -> None:
    receiver.make_forum(FORUM, flags=16, tags=TAGS)
    _, good, unknown, untagged = await channel.check([tagged(FORUM, "papers"), tagged(FORUM, "fish"), tagged(FORUM)])
    assert (good.ok, unknown.ok, untagged.ok) == (True, False, False)
    assert "has no tag 'fish'" in unknown.message
    assert "set `tags: [one of its tags]`" in untagged.message


def test_tags_without_a_forum_are_refused() -> None:
    with pytest.raises(ValueError, match="set `forum: true` too"):
        DiscordChannel.addresses(FORUM, DiscordChannel.Options(tags=("papers",)))


async def test_a_forum_of_a_bot_is_served_from_the_configuration(environment: Environment) -> None:
    environment.discord.make_forum(FORUM, flags=16, tags=TAGS)
    lab = {"discord": FORUM, "topics": ["birds"], "forum": True, "tags": ["papers"]}
    environment.config["subscribers"]["lab"] = lab
    environment.announce(TUESDAY, paper())
    assert not (await environment.once(morning(TUESDAY))).left_undone
    assert environment.discord.messages[0].payload["applied_tags"] == [TAGS["papers"]]


def test_a_webhook_that_names_a_thread_opens_none() -> None:
    with pytest.raises(ValueError, match="leave out either"):
        address("https://discord.com/api/webhooks/123456789012345678/t?thread_id=123456789012345679")


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        ({"thread_name": "Birds", "content": "**Others**"}, "Birds"),
        ({"content": "**No \\*papers\\* today**\nmore"}, "No *papers* today"),
        ({"content": ""}, "New on arXiv"),
        ({"content": "word " * 60}, "word " * 19 + "word…"),
    ],
)
def test_a_thread_is_named_by_its_payload_or_its_first_line(payload: dict[str, Any], name: str) -> None:
    assert thread_name(payload) == name


async def test_a_note_opens_a_thread_too(channel: DiscordChannel, receiver: DiscordReceiver, place: Address) -> None:
    note = channel.render_note(Note("No papers today", "312 were announced."))
    (first,) = deliveries((note,))
    await channel.send(first, place)
    assert receiver.messages[0].thread_name == "No papers today"
