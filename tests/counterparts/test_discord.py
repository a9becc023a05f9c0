"""Paperboy's Discord channel against simcord, and all that it sends against Discord's own API description."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from bot.channels.buttons import Wish
from bot.channels.channel import CannotTellError
from bot.channels.discord import DiscordChannel
from bot.channels.reactions import PostedMessage
from bot.errors import DeliveryError, FailureKind
from bot.model import UnknownDelivery
from bot.settings import Secret
from bot.text.templates import Templates
from tests.builders import paper
from tests.counterparts.shapes import DIGESTS, NOTES, delivery
from tests.counterparts.tools import absent, ask_node, package
from tests.world import MONDAY, TUESDAY, Environment, morning

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from bot.model import Message
    from bot.settings import Address
    from tests.counterparts.simcord_server import SimcordServer

pytestmark = pytest.mark.counterparts

SHARED = Path(__file__).parents[3] / "shared/data/discord/send_schemas.json"
SCHEMAS = {"bot": "MessageCreateRequest", "webhook": "IncomingWebhookRequestPartial"}
at_both_address_kinds = pytest.mark.parametrize("address_kind", SCHEMAS)


@pytest.fixture
async def server() -> AsyncIterator[SimcordServer]:
    try:
        from tests.counterparts.simcord_server import SimcordServer  # noqa: PLC0415 - imports what may be missing
    except ImportError:
        absent("simcord (from PyPI)")
    async with SimcordServer() as server:
        yield server


@pytest.fixture
async def channel(server: SimcordServer) -> AsyncIterator[DiscordChannel]:
    settings = DiscordChannel.Settings(Secret("a-token"), server.api_url)
    channel = DiscordChannel(settings, Templates(), contact="ops@example.org")
    yield channel
    await channel.aclose()


def address(server: SimcordServer, address_kind: str) -> Address:
    value = server.place if address_kind == "bot" else server.webhook_url
    return DiscordChannel.addresses(value, DiscordChannel.Options())[0]


@cache
def messages() -> list[Message]:
    """Every digest of every shape, cut hard and not at all, and the notes."""
    channel = DiscordChannel(DiscordChannel.Settings(), Templates(), contact="ops@example.org")
    digests = [
        message
        for digest in DIGESTS.values()
        for most in (1, 4, 100)
        for message in channel.render(digest, max_messages=most, full=20, options=channel.Options(buttons=True))
    ]
    return [*digests, *map(channel.render_note, NOTES.values())]


def forms() -> list[dict[str, Any]]:
    """Each of them, rich and plain."""
    return [dict(form) for message in messages() for form in (message.payload, message.plain) if form]


def shown(message: Mapping[str, Any]) -> tuple[Any, list[Any]]:
    """Content and embeds, without what Discord and discord.py add to an embed."""
    embeds = [
        {key: value for key, value in each.items() if key not in ("type", "flags")} for each in message["embeds"]
    ]
    return message["content"], embeds


# simcord takes it


@at_both_address_kinds
@pytest.mark.parametrize("shape", DIGESTS)
async def test_messages_stand_in_the_channel_in_order_as_they_were_meant(
    server: SimcordServer, channel: DiscordChannel, address_kind: str, shape: str
) -> None:
    options = channel.Options(thread=False, buttons=address_kind == "bot")
    rendered = channel.render(DIGESTS[shape], max_messages=10, options=options)
    receipts = [await channel.send(delivery(each.payload), address(server, address_kind)) for each in rendered]
    stored = server.history()
    assert [shown(each) for each in stored] == [shown(each.payload) for each in rendered]
    assert [each["id"] for each in stored] == [receipt.platform_id for receipt in receipts]


@at_both_address_kinds
async def test_the_plain_form_and_notes_are_taken(
    server: SimcordServer, channel: DiscordChannel, address_kind: str
) -> None:
    payloads = [each.payload for each in map(channel.render_note, NOTES.values())]
    payloads += [each.plain for each in messages() if each.plain]
    for payload in payloads:
        await channel.send(delivery(payload), address(server, address_kind))
    assert [each["content"] for each in server.history()] == [payload["content"] for payload in payloads]


@at_both_address_kinds
async def test_nobody_is_pinged(server: SimcordServer, channel: DiscordChannel, address_kind: str) -> None:
    for each in messages():
        await channel.send(delivery(each.payload), address(server, address_kind))
    stored = server.history()
    assert not [each for each in stored if each["mention_everyone"] or each["mentions"] or each["mention_roles"]]


async def test_reactions_are_read_with_who_reacted(server: SimcordServer, channel: DiscordChannel) -> None:
    place, form = address(server, "bot"), forms()[0]
    posted = [await channel.send(delivery(form, f"d-{number}"), place) for number in range(2)]
    first, second = (PostedMessage(receipt.platform_id) for receipt in posted)
    ada, bo, _ = server.react(first.id, "\N{THUMBS UP SIGN}", "ada", "bo", "bot")
    server.react(first.id, "\N{PARTY POPPER}", "cy")
    (di,) = server.react(second.id, "\N{BOOKMARK}", "di")
    turns: list[int] = []

    async def turn() -> None:
        turns.append(1)

    found = {each.message: each async for each in channel.reactions([second, first], place, turn)}
    assert {number: dict(each.wishes) for number, each in found.items()} == {
        first.id: {ada: Wish.MORE, bo: Wish.MORE},
        second.id: {di: Wish.SAVED},
    }
    assert len(turns) == 3


async def test_without_read_message_history_reactions_cannot_be_read(
    server: SimcordServer, channel: DiscordChannel
) -> None:
    place = address(server, "bot")
    receipt = await channel.send(delivery(forms()[0]), place)
    server.take_away(server.READ_MESSAGE_HISTORY)

    async def turn() -> None:
        """At once."""

    with pytest.raises(CannotTellError):
        async for _ in channel.reactions([PostedMessage(receipt.platform_id)], place, turn):
            pass


# Discord's own description takes it


def complaints(bodies: Sequence[tuple[str, object]]) -> list[list[str]]:
    package("discord-api-spec")
    found: list[list[str]] = ask_node("check_discord.mjs", bodies)
    return found


@at_both_address_kinds
async def test_every_request_that_comes_over_the_wire_is_what_discord_describes(
    server: SimcordServer, channel: DiscordChannel, address_kind: str
) -> None:
    sent = forms()
    for number, form in enumerate(sent):
        await channel.send(delivery(form, f"d-{number}"), address(server, address_kind))
    bodies = server.bodies()
    assert len(bodies) == len(sent)
    assert [found for found in complaints([(SCHEMAS[address_kind], body) for body in bodies]) if found] == []
    assert all(body["allowed_mentions"]["parse"] == [] for body in bodies)


@at_both_address_kinds
async def test_a_bot_s_message_carries_its_nonce_and_a_webhook_waits_for_the_answer(
    server: SimcordServer, channel: DiscordChannel, address_kind: str
) -> None:
    form = forms()[0]
    for number in ("d-1", "d-1", "d-2"):
        await channel.send(delivery(form, number), address(server, address_kind))
    nonces = [(body.get("nonce"), body.get("enforce_nonce")) for body in server.bodies()]
    if address_kind == "bot":
        assert nonces[0] == nonces[1] != nonces[2]
        assert [(len(str(nonce)), enforced) for nonce, enforced in nonces] == [(25, True)] * 3
    else:
        assert nonces == [(None, None)] * 3
        assert [query["wait"] for query in server.queries()] == ["1"] * 3


@pytest.mark.parametrize("schema", SCHEMAS.values())
def test_discord_s_description_refuses_what_discord_refuses(schema: str) -> None:
    bad = [
        {"content": "x" * 4_001},
        {"embeds": [{"title": "x" * 257}]},
        {"embeds": [{"description": "x" * 4_097}]},
        {"embeds": [{"title": "x"}] * 11},
        {"embeds": [{"title": "x", "url": "no url"}]},
        {"embeds": [{"title": "x", "color": 0x1000000}]},
        {"content": "x", "allowed_mentions": {"parse": ["all"]}},
    ]
    assert all(complaints([(schema, body) for body in bad]))


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="no ../shared/data/discord here")
@at_both_address_kinds
def test_python_s_jsonschema_agrees(address_kind: str) -> None:
    described = json.loads(SHARED.read_text(encoding="utf-8"))
    schema = {"$ref": f"#/components/schemas/{SCHEMAS[address_kind]}", "components": described["components"]}
    judge = Draft202012Validator(schema, format_checker=FormatChecker())
    assert [error.message for form in forms() for error in judge.iter_errors(form)] == []
    assert not judge.is_valid({"embeds": [{"title": "x" * 257}]})


# It says no


async def refused(
    server: SimcordServer, channel: DiscordChannel, address_kind: str, payload: Mapping[str, Any] | None = None
) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await channel.send(delivery(payload or {"content": "x"}), address(server, address_kind))
    assert server.history() == []
    return caught.value


@at_both_address_kinds
@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        ({"content": "x" * 2_001}, "2000"),
        ({"content": "", "embeds": [{"title": "x" * 257}]}, "256"),
        ({"content": "", "embeds": [{"description": "x" * 4_000}] * 2}, "6000"),
    ],
    ids=["content", "title", "all embeds"],
)
async def test_what_is_too_long_is_malformed(
    server: SimcordServer, channel: DiscordChannel, address_kind: str, payload: dict[str, Any], complaint: str
) -> None:
    error = await refused(server, channel, address_kind, payload)
    assert error.kind is FailureKind.REJECTED
    assert complaint in error.reason


async def test_a_channel_in_which_the_bot_may_not_post_is_the_destination_s_trouble(
    server: SimcordServer, channel: DiscordChannel
) -> None:
    server.take_away(server.SEND_MESSAGES)
    error = await refused(server, channel, "bot")
    assert error.kind is FailureKind.DESTINATION_GONE
    assert "50013" in error.reason


@at_both_address_kinds
async def test_a_deleted_channel_is_the_destination_s_trouble(
    server: SimcordServer, channel: DiscordChannel, address_kind: str
) -> None:
    server.remove()
    with pytest.raises(DeliveryError) as caught:
        await channel.send(delivery({"content": "x"}), address(server, address_kind))
    assert caught.value.kind is FailureKind.DESTINATION_GONE
    assert "404" in caught.value.reason


@at_both_address_kinds
@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ((429, 0), FailureKind.RATE_LIMITED),
        ((500, 0), FailureKind.UNKNOWN),
        ((503, 0), FailureKind.UNKNOWN),
        ((403, 50001), FailureKind.DESTINATION_GONE),
        ((400, 200000), FailureKind.REJECTED),
    ],
)
async def test_an_error_of_discord_s_shape_is_one_kind_of_failure_after_one_post(
    server: SimcordServer, channel: DiscordChannel, address_kind: str, said: tuple[int, int], kind: FailureKind
) -> None:
    server.fail(*said)
    error = await refused(server, channel, address_kind)
    assert error.kind is kind
    assert len(server.bodies()) == 1


# It is asked what it has


async def test_a_message_is_found_among_others_once_its_nonce_is_forgotten_and_one_that_was_not_sent_is_not(
    server: SimcordServer, channel: DiscordChannel
) -> None:
    place = address(server, "bot")
    last_known_id = await channel.send(delivery({"content": "yesterday"}), place)
    server.wait_until(server.now + timedelta(days=1))
    sent = [delivery(form, created_at=server.now) for form in forms()[:120]]
    receipts = [await channel.send(each, place) for each in sent]
    later = server.now + timedelta(hours=1)
    for each, receipt in (*zip(sent[:5], receipts[:5], strict=True), (sent[-1], receipts[-1])):
        taken = frozenset(other.platform_id for other in receipts if other != receipt)
        question = UnknownDelivery(each, later, last_known_id.platform_id, taken)
        assert await channel.lookup(question, place) == receipt
    missing = UnknownDelivery(
        delivery({"content": "never sent"}, created_at=server.now), later, last_known_id.platform_id
    )
    assert await channel.lookup(missing, place) is None


async def test_nobody_can_tell_of_a_webhook_s_message_or_without_a_last_known_id(
    server: SimcordServer, channel: DiscordChannel
) -> None:
    question = UnknownDelivery(delivery({"content": "x"}, created_at=server.now), server.now + timedelta(hours=1))
    for address_kind in SCHEMAS:
        with pytest.raises(CannotTellError):
            await channel.lookup(question, address(server, address_kind))


async def test_nobody_can_tell_where_the_bot_may_not_read(server: SimcordServer, channel: DiscordChannel) -> None:
    place = address(server, "bot")
    sent = delivery({"content": "x"}, created_at=server.now)
    receipt = await channel.send(sent, place)
    server.take_away(server.READ_MESSAGE_HISTORY)
    with pytest.raises(CannotTellError):
        await channel.lookup(UnknownDelivery(sent, server.now + timedelta(hours=1), receipt.platform_id), place)


async def test_a_digest_whose_answer_was_lost_is_found_again_and_stands_there_once(
    environment: Environment, server: SimcordServer
) -> None:
    environment.config["channels"]["discord"] = {"token": "a-token", "api_url": server.api_url}
    environment.config["subscribers"] = {"lab": {"discord": server.place, "topics": ["birds"]}}
    for day, loses, hour, left in ((MONDAY, 0, 6, False), (TUESDAY, 1, 6, True), (TUESDAY, 0, 8, False)):
        server.wait_until(morning(day, hour))
        server.loses = loses
        environment.announce(day, paper(f"2604.0000{day.day % 10}", title=f"Pigeons on {day:%A}"))
        assert (await environment.once(morning(day, hour))).left_undone is left
    assert len(server.bodies()) == 2
    assert [
        f"Pigeons on {day:%A}" in str(each) for day, each in zip((MONDAY, TUESDAY), server.history(), strict=True)
    ]


async def test_a_thread_is_opened_below_its_first_message_once(
    server: SimcordServer, channel: DiscordChannel
) -> None:
    place = address(server, "bot")
    first, *others = channel.render(DIGESTS["31 papers"], max_messages=4, options=channel.Options())
    parent = (await channel.send(delivery(first.payload, "d-1"), place)).platform_id
    for part, message in enumerate(others, start=2):
        reply = replace(delivery(message.payload, f"d-{part}", reply=True, parent=parent), part=part)
        await channel.send(reply, place)
        await channel.send(reply, place)  # again: the nonce and the thread that is there make it one
    ours = [each["content"] for each in server.history() if each["type"] == 0]  # simcord says where a thread begins
    assert ours == [first.payload["content"]]


# It checks


async def test_a_check_finds_the_bot_its_channel_and_the_webhook(
    server: SimcordServer, channel: DiscordChannel
) -> None:
    results = await channel.check([address(server, address_kind) for address_kind in SCHEMAS])
    assert [result.ok for result in results] == [True] * 3
    assert "papers" in results[1].message
    assert server.history() == []
