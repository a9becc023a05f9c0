"""Whatever Slack, Discord or a webhook's program answers: it is a receipt or one kind of failure, and never more.

Nothing but `DeliveryError` and `CannotTellError` comes out of a channel, and nothing that the store cannot keep.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels.channel import CannotTellError
from bot.channels.discord import DiscordChannel
from bot.channels.http_answers import LARGEST_BODY
from bot.channels.slack import SlackChannel
from bot.demo.servers.loopback import listening
from bot.errors import DeliveryError, FailureKind
from bot.model import Delivery, Limit, Limits, UnknownDelivery
from bot.settings import Secret
from bot.store import Store
from bot.store.limits import LONGEST_WAIT
from bot.store.outbox.policy import apply_to_limits
from bot.text.templates import Templates
from tests.channels.test_http_answers import DEEP, EndlessServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.channels.channel import Channel
    from bot.settings import Address

NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
CHANNEL, FORUM = "123456789012345678", "123456789012345679"
KINDS = ["bot", "person", "webhook", "compatible", "discord", "forum", "discord webhook"]
ASKABLE = ["bot", "person", "discord", "forum"]

EXTREME: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, False, 0, -1, 1e308, -1e308, float("nan"), float("inf"), 10**15, 10**300, 2**63, 2**64),
        *("", "0", "9" * 5_000, "-1", "NaN", "1e999", "\x9b31m", "\ud800", "x" * 100_000, "1.5", "\r\nSet: x"),
        *([], {}, [[]], [None], {"id": 10**40}, [{"id": "9" * 400}, {"id": None}, {}, 7]),
    ]
)
BODY = st.dictionaries(
    st.sampled_from(
        [
            "ok",
            "error",
            "needed",
            "ts",
            "channel",
            "messages",
            "response_metadata",
            "id",
            "code",
            "message",
            "errors",
            "retry_after",
            "global",
            "threads",
            "has_more",
            "guild_id",
            "type",
            "available_tags",
            "flags",
            "username",
            "name",
            "result",
            "success",
            "user",
            "team",
        ]
    ),
    EXTREME | st.lists(st.fixed_dictionaries({"id": EXTREME, "ts": EXTREME, "metadata": EXTREME, "author": EXTREME})),
)
RETRY_AFTER = st.sampled_from(
    ["", "7", "1e308", "NaN", "-5", "999999999999999", "9" * 3_000, "inf", "soon", "Wed, 21"]
)
STATUS = st.sampled_from([200, 201, 204, 301, 400, 401, 403, 404, 408, 413, 429, 500, 503, 599])


class SaysAnything:
    """A server that answers every request with the same status, body and Retry-After."""

    def __init__(self) -> None:
        self.status, self.body, self.retry_after, self.type = 200, "", "", "application/json"

    async def answer(self, request: web.Request) -> web.Response:
        await request.read()
        return web.Response(
            status=self.status,
            body=self.body.encode("utf-8", "surrogatepass"),
            content_type=self.type,
            headers={"Retry-After": self.retry_after},
        )


@pytest.fixture(scope="module")
def says() -> SaysAnything:
    return SaysAnything()


@pytest.fixture
async def url(says: SaysAnything) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", says.answer)
    async with listening(app) as port:
        yield f"http://127.0.0.1:{port}"


def channel_at(kind: str, url: str) -> tuple[Channel, Address]:
    """A channel whose every request goes to that URL, and an address of that kind."""
    if "discord" in kind or kind == "forum":
        discord = DiscordChannel(
            DiscordChannel.Settings(Secret("t"), f"{url}/api"), Templates(), contact="a@b.example"
        )
        discord._api._bot.id = "1"
        place = f"{url}/api/webhooks/{CHANNEL}/token" if "webhook" in kind else FORUM if kind == "forum" else CHANNEL
        return discord, DiscordChannel.addresses(place, DiscordChannel.Options(forum=kind == "forum"))[0]
    slack = SlackChannel(SlackChannel.Settings(Secret("xoxb-t"), f"{url}/api/"), Templates(), contact="a@b.example")
    place = {"bot": "C0123456789", "person": "U0123456789"}.get(kind, f"{url}/services/T00000001/B00000001/secret")
    return slack, SlackChannel.addresses(place, SlackChannel.Options(compatible=kind == "compatible"))[0]


def delivery(**changes: Any) -> Delivery:
    given: dict[str, Any] = {"payload": {"text": "Hello", "content": "Hello"}, "part": 2, "parts": 2, "tries": 1}
    slack = {"id": "d1", "subscriber": "lab", "recipient": "hash", "created_at": NOW}
    return Delivery(**{**slack, **given, **changes})


def payload_for(address: Address) -> dict[str, str]:
    return (
        {"text": "Hello"}
        if address.kind in ("channel", "person") and not address.value.reveal().isdigit()
        else {"content": "Hello", "text": "Hello"}
    )


async def outcome(channel: Channel, address: Address, *, look: bool) -> str | DeliveryError | CannotTellError | None:
    sent = delivery(payload=payload_for(address))
    try:
        if look:
            asked = UnknownDelivery(
                sent, asked_at=NOW + timedelta(hours=1), last_known_id="7", ids_of_others=frozenset()
            )
            receipt = await channel.lookup(asked, address)
            return receipt.platform_id if receipt else None
        return (await channel.send(sent, address)).platform_id
    except (DeliveryError, CannotTellError) as error:
        return error


@pytest.mark.parametrize("kind", KINDS)
@given(status=STATUS, body=BODY, retry_after=RETRY_AFTER)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_answer_to_a_post_is_a_receipt_or_one_failure(
    says: SaysAnything, kind: str, status: int, body: Any, retry_after: str
) -> None:
    says.status, says.body, says.retry_after = status, json.dumps(body), retry_after
    found = asyncio.run(_ask(says, kind, look=False))
    if isinstance(found, DeliveryError):
        assert found.retry_after is None or 0 < found.retry_after <= LONGEST_WAIT.total_seconds()
        assert len(found.reason) < 700
        assert found.reason.isprintable()
        assert found.reason.encode()
    else:
        assert isinstance(found, str)
        assert len(found) <= 40


@pytest.mark.parametrize("kind", ASKABLE)
@given(status=STATUS, body=BODY, retry_after=RETRY_AFTER)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_answer_to_a_question_is_an_answer_or_one_failure(
    says: SaysAnything, kind: str, status: int, body: Any, retry_after: str
) -> None:
    says.status, says.body, says.retry_after = status, json.dumps(body), retry_after
    found = asyncio.run(_ask(says, kind, look=True))
    assert found is None or isinstance(found, (str, DeliveryError, CannotTellError))


async def _ask(says: SaysAnything, kind: str, *, look: bool) -> str | DeliveryError | CannotTellError | None:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", says.answer)
    async with listening(app) as port:
        channel, address = channel_at(kind, f"http://127.0.0.1:{port}")
        try:
            return await outcome(channel, address, look=look)
        finally:
            await channel.aclose()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (DEEP, "application/json"),
        ('{"ok": ' + DEEP + "}", "application/json"),
        ('{"ok": true}', "text/plain"),
        ("\ud800", "application/json"),
    ],
    ids=["deep", "deep inside", "as text", "not UTF-8"],
)
async def test_an_answer_that_is_not_understood_leaves_the_outcome_open(
    says: SaysAnything, url: str, kind: str, body: str, content_type: str
) -> None:
    says.status, says.body, says.type, says.retry_after = 200, body, content_type, ""
    channel, address = channel_at(kind, url)
    try:
        found = await outcome(channel, address, look=False)
    finally:
        await channel.aclose()
        says.type = "application/json"
    assert isinstance(found, DeliveryError)
    assert found.kind in (FailureKind.UNKNOWN, FailureKind.TRANSIENT)
    assert "internal error" not in found.reason


@pytest.mark.parametrize("look", [False, True], ids=["sending", "asking"])
@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_without_an_end_is_not_read_whole(kind: str, look: bool) -> None:  # noqa: FBT001 - pytest names it
    if look and kind not in ASKABLE:
        pytest.skip("it cannot be asked")
    async with EndlessServer(Content_Type="application/json") as server:
        channel, address = channel_at(kind, server.url)
        try:
            found = await outcome(channel, address, look=look)
        finally:
            await channel.aclose()
        assert isinstance(found, (DeliveryError, CannotTellError))
        assert 0 < server.bytes_taken < 3 * LARGEST_BODY * server.requests


@pytest.mark.parametrize("kind", ["bot", "person", "discord", "forum", "discord webhook"])
async def test_a_check_survives_what_it_is_told(says: SaysAnything, url: str, kind: str) -> None:
    bodies: list[Any] = [
        {"ok": True, "channel": [], "user": {}},
        {"id": "7", "available_tags": 9, "flags": "x", "type": 15},
        [],
    ]
    for body in bodies:
        says.status, says.body, says.retry_after = 200, json.dumps(body), "1e308"
        channel, address = channel_at(kind, url)
        try:
            results = await channel.check([address])
        finally:
            await channel.aclose()
        assert results


@given(seconds=st.floats() | st.sampled_from([1e308, 1e15, -1.0, float("nan")]))
@settings(max_examples=30, deadline=None)
def test_the_store_keeps_no_wait_longer_than_the_longest(
    tmp_path_factory: pytest.TempPathFactory, seconds: float
) -> None:
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('store') / 'p.db'}")
    limits = Limits(Limit("slack:x", 1.0), Limit("slack-token:x", 1.0))
    for kind in (FailureKind.RATE_LIMITED, FailureKind.TRANSIENT):
        with store._database.writing() as connection:
            apply_to_limits(connection, DeliveryError(kind, "no", retry_after=seconds), limits, NOW)
    store.close()
