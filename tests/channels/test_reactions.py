"""Reactions under our messages, asked for on Slack and on Discord: whose they are, and what they say."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.channels.buttons import Wish
from bot.channels.channel import CannotTellError
from bot.channels.discord import DiscordChannel, DiscordSettings
from bot.channels.discord.options import DiscordOptions
from bot.channels.reactions import PostedMessage, Reacted, ReadsReactions, wish_of, wishes
from bot.channels.slack import SlackChannel, SlackOptions, SlackSettings
from bot.errors import DeliveryError, FailureKind
from bot.model import Delivery
from bot.settings import Secret
from bot.text.templates import Templates
from tests.builders import digest, many_entries, section
from tests.servers import slack
from tests.servers.discord import DiscordReceiver
from tests.servers.discord import FaultScript as DiscordFault
from tests.servers.slack import FaultScript as SlackFault
from tests.servers.slack import SlackReceiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bot.settings import Address

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
MORE, LESS, SAVED = Wish.MORE, Wish.LESS, Wish.SAVED
EMOJI = {
    "slack": {MORE: "+1", LESS: "-1", SAVED: "bookmark"},
    "discord": {MORE: "\N{THUMBS UP SIGN}", LESS: "\N{THUMBS DOWN SIGN}", SAVED: "\N{BOOKMARK}"},
}


@pytest.mark.parametrize(
    ("emoji", "wish"),
    [
        ("+1", MORE),
        ("thumbsup", MORE),
        ("+1::skin-tone-5", MORE),
        ("\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}", MORE),
        ("\N{HEAVY BLACK HEART}\N{VARIATION SELECTOR-16}", MORE),
        ("\N{HEAVY BLACK HEART}", MORE),
        ("\N{WHITE MEDIUM STAR}", MORE),
        ("-1", LESS),
        ("\N{THUMBS DOWN SIGN}", LESS),
        ("floppy_disk", SAVED),
        ("\N{FLOPPY DISK}", SAVED),
        ("tada", None),
        ("", None),
    ],
)
def test_what_an_emoji_stands_for_whatever_its_skin(emoji: str, wish: Wish | None) -> None:
    assert wish_of(emoji) is wish


def test_of_several_reactions_of_one_person_saved_counts_before_more_and_more_before_less() -> None:
    found = [("-1", ["ada", "bo"]), ("+1", ["ada"]), ("bookmark", ["cy"]), ("heart", ["cy", "us"]), ("eyes", ["di"])]
    assert wishes(found, but={"us"}) == {"ada": MORE, "bo": LESS, "cy": SAVED}


# -- the platforms ---------------------------------------------------------------------------------------------------


@dataclass
class Place:
    """A channel on a platform, the bot in it, and people who react."""

    platform: str
    receiver: Any
    channel: Any
    address: Address
    turns: list[int] = field(default_factory=list)

    async def post(self, *, thread: str | None = None) -> PostedMessage:
        """A message of ours."""
        (message,) = self.channel.render(
            digest([section(many_entries(1))]), max_messages=1, options=type(self.channel).Options()
        )
        number = len(self.receiver.messages)
        of = Delivery(f"d-{number}", "lab", self.address.key, message.payload, 1, 1, NOW, 1)
        if thread:
            of = Delivery(
                f"d-{number}", "lab", self.address.key, message.payload, 2, 2, NOW, 1, reply=True, parent=thread
            )
        receipt = await self.channel.send(of, self.address)
        return PostedMessage(receipt.platform_id, thread)

    def react(self, message: PostedMessage, wish: Wish, *persons: str) -> None:
        """From now on these persons, and nobody else, react so."""
        reactions = self.receiver.reactions if self.platform == "slack" else self.receiver.reactions.normal
        reactions.setdefault(message.id, {})[EMOJI[self.platform][wish]] = list(persons)

    async def read(self, *messages: PostedMessage) -> dict[str, Reacted]:
        """What is read, by message; the newest is asked for first."""

        async def turn() -> None:
            self.turns.append(len(self.receiver.requests))

        assert isinstance(self.channel, ReadsReactions)
        newest_first = sorted(messages, key=lambda each: float(each.id), reverse=True)
        return {each.message: each async for each in self.channel.reactions(newest_first, self.address, turn)}

    @property
    def bot(self) -> str:
        return slack.BOT if self.platform == "slack" else "1200000000000000000"


@asynccontextmanager
async def opened(platform: str) -> AsyncIterator[Place]:
    if platform == "slack":
        async with SlackReceiver(now=NOW.timestamp) as receiver:
            settings = SlackSettings(token=Secret(receiver.token), api_url=receiver.api_url)
            channel = SlackChannel(settings, Templates(), contact="us@example.net")
            (address,) = channel.addresses("C0123456789", SlackOptions())
            yield Place(platform, receiver, channel, address)
            await channel.aclose()
        return
    async with DiscordReceiver(now=NOW.timestamp) as discord:
        there = DiscordSettings(token=Secret(discord.token), api_url=discord.api_url)
        posts = DiscordChannel(there, Templates(), contact="us@example.net")
        (home,) = posts.addresses("120000000000000777", DiscordOptions())
        yield Place(platform, discord, posts, home)
        await posts.aclose()


@pytest.fixture(params=["slack", "discord"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    async with opened(request.param) as found:
        yield found


def people(count: int, first: int = 1) -> list[str]:
    return [str(1200000000000100000 + number) for number in range(first, first + count)]


async def test_who_reacts_to_a_message_in_the_channel_or_in_a_thread_is_read(place: Place) -> None:
    top = await place.post()
    reply, silent = await place.post(thread=top.id), await place.post(thread=top.id)
    ada, bo = people(2)
    place.react(top, MORE, ada)
    place.react(reply, LESS, ada, bo)
    place.react(reply, SAVED, bo)
    found = await place.read(top, reply, silent)
    assert found == {
        top.id: Reacted(top.id, {ada: MORE}),
        reply.id: Reacted(reply.id, {ada: LESS, bo: SAVED}),
        silent.id: Reacted(silent.id, {}),
    }


async def test_the_bot_s_own_reactions_do_not_count(place: Place) -> None:
    message = await place.post()
    place.react(message, MORE, place.bot, *people(1))
    assert (await place.read(message))[message.id].wishes == dict.fromkeys(people(1), MORE)


async def test_a_message_that_is_gone_is_left_out(place: Place) -> None:
    kept, gone = await place.post(), await place.post()
    place.receiver.messages.pop()
    place.react(kept, MORE, *people(1))
    assert list(await place.read(kept, gone)) == [kept.id]


async def test_each_request_waits_for_its_turn(place: Place) -> None:
    top = await place.post()
    reply = await place.post(thread=top.id)
    place.react(reply, MORE, *people(3))
    logged_in = len(place.receiver.requests)
    await place.read(top, reply)
    asked = [path for _, path in place.receiver.requests[logged_in:]]
    assert len(place.turns) == len(asked)
    assert len(asked) <= 3


async def test_many_messages_are_read_page_by_page(place: Place) -> None:
    if place.platform == "slack":
        place.receiver.most_shown = 15
    messages = [await place.post() for _ in range(40 if place.platform == "slack" else 130)]
    for message in messages:
        place.react(message, MORE, *people(1))
    found = await place.read(*messages)
    assert {each.id for each in messages} == set(found)
    assert all(each.wishes for each in found.values())


async def test_slack_counts_all_and_names_some_so_that_the_others_are_not_known() -> None:
    async with opened("slack") as place:
        message, everybody = await place.post(), people(60)
        place.react(message, MORE, *everybody)
        found = (await place.read(message))[message.id]
        assert set(found.wishes) == set(everybody[:50])
        assert not found.is_complete


async def test_discord_names_all_a_hundred_at_a_time_super_reactions_too() -> None:
    async with opened("discord") as place:
        message, everybody, more = await place.post(), people(250), people(3, first=500)
        place.react(message, MORE, *everybody)
        place.receiver.reactions.super[message.id] = {EMOJI["discord"][SAVED]: more}
        found = (await place.read(message))[message.id]
        assert found == Reacted(message.id, dict.fromkeys(everybody, MORE) | dict.fromkeys(more, SAVED))


async def test_in_direct_messages_on_discord_what_would_be_a_thread_is_in_the_channel() -> None:
    async with opened("discord") as place:
        top, below = await place.post(), await place.post()
        place.react(below, MORE, *people(1))
        found = await place.read(top, PostedMessage(below.id, top.id))
        assert found[below.id].wishes == dict.fromkeys(people(1), MORE)


REFUSALS: Sequence[tuple[str, str, str]] = (
    ("slack", "scope", "missing_scope (needed: channels:history)"),
    ("slack", "out", "not_in_channel"),
    ("discord", "closed", "50001"),
    ("discord", "history", "Read Message History"),
)


@pytest.mark.parametrize(("platform", "how", "reason"), REFUSALS)
async def test_where_we_may_not_read_it_says_why(platform: str, how: str, reason: str) -> None:
    async with opened(platform) as place:
        message, number = await place.post(), place.address.value.reveal()
        if how == "scope":
            place.receiver.scopes = "chat:write"
        elif how == "out":
            place.receiver.channels[number] = {"is_member": False}
        elif how == "closed":
            place.receiver.closed[number] = (403, 50001)
        else:
            place.receiver.no_history.add(number)
        with pytest.raises(CannotTellError, match=reason.replace("(", r"\(").replace(")", r"\)")):
            await place.read(message)


async def test_too_many_questions_are_said_with_how_long_to_wait(place: Place) -> None:
    message = await place.post()
    place.react(message, MORE, *people(1))
    if place.platform == "slack":
        said = {"ok": False, "error": "ratelimited"}
        place.receiver.looks.append(SlackFault(status=429, body=said, headers={"Retry-After": "30"}))
    else:
        body = {"message": "You are being rate limited.", "retry_after": 30.0, "global": False}
        place.receiver.script.append(DiscordFault(method="GET", status=429, body=body))
    with pytest.raises(DeliveryError) as caught:
        await place.read(message)
    assert (caught.value.kind, caught.value.retry_after) == (FailureKind.RATE_LIMITED, 30.0)


@pytest.mark.parametrize(("kind", "options"), [(SlackChannel, SlackOptions), (DiscordChannel, DiscordOptions)])
def test_a_webhook_cannot_read_reactions(kind: Any, options: Any) -> None:
    url = {
        SlackChannel: "https://hooks.slack.com/services/T00000001/B00000001/abc",
        DiscordChannel: "https://discord.com/api/webhooks/120000000000000777/abc",
    }[kind]
    with pytest.raises(ValueError, match="reactions need a bot"):
        kind.addresses(url, options(reactions=True))


def test_slack_shows_no_history_of_a_channel_that_is_given_by_its_name() -> None:
    with pytest.raises(ValueError, match="reactions need the channel's id"):
        SlackChannel.addresses("#papers", SlackOptions(reactions=True))


# -- one paper, one message ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("thread", [True, False])
@pytest.mark.parametrize(("kind", "options"), [(SlackChannel, SlackOptions), (DiscordChannel, DiscordOptions)])
def test_each_paper_in_full_is_a_message_of_its_own_and_the_others_are_lines(
    kind: Any, options: Any, *, thread: bool
) -> None:
    channel = kind(kind.Settings(), Templates(), contact="us@example.net")
    whole = digest([section(many_entries(14)), section(many_entries(3), topic="fish", title="Fish")])
    messages = channel.render(whole, max_messages=9, full=6, options=options(reactions=True, thread=thread))
    assert [len(message.papers) for message in messages] == [*([0] if thread else []), 1, 1, 1, 11, 1, 1, 1]
