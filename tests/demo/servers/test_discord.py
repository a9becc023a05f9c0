"""The receiver takes what Discord takes and refuses what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.servers.discord import TOKEN, DiscordReceiver, FaultScript, errors_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.demo.servers.conftest import Moment

CHANNEL = "123456789012345678"
BOT = {"Authorization": f"Bot {TOKEN}"}


@pytest.fixture
async def receiver(moment: Moment) -> AsyncIterator[DiscordReceiver]:
    async with DiscordReceiver(now=moment) as receiver:
        yield receiver


async def ask(method: str, url: str, body: object = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, json=body, headers=headers) as response,
    ):
        assert response.status == 204 or response.headers["Content-Type"] == "application/json"
        return response.status, None if response.status == 204 else await response.json()


async def post(receiver: DiscordReceiver, body: object) -> tuple[int, Any]:
    return await ask("POST", f"{receiver.api_url}/channels/{CHANNEL}/messages", body, BOT)


async def test_it_files_what_a_bot_posts(receiver: DiscordReceiver) -> None:
    status, answer = await post(receiver, {"content": "hello"})
    (message,) = receiver.messages
    assert (status, answer["id"]) == (200, message.id)
    assert (message.destination, message.content, message.embeds) == (CHANNEL, "hello", [])


async def test_a_wrong_bot_token_is_unauthorized_everywhere(receiver: DiscordReceiver) -> None:
    wrong = {"Authorization": "Bot other"}
    for method, path in (
        ("GET", "users/@me"),
        ("GET", f"channels/{CHANNEL}"),
        ("POST", f"channels/{CHANNEL}/messages"),
    ):
        status, _ = await ask(method, f"{receiver.api_url}/{path}", {"content": "x"}, wrong)
        assert status == 401
    assert receiver.messages == []


async def test_a_webhook_tells_its_id_only_when_asked_to_wait(receiver: DiscordReceiver) -> None:
    url = receiver.webhook_url("lab")
    assert await ask("POST", url + "?wait=1", {"content": "a"}) == (200, {"id": receiver.messages[0].id})
    assert await ask("POST", url + "?wait=0&thread_id=7", {"content": "b"}) == (204, None)
    assert [(message.destination, message.thread) for message in receiver.messages] == [("lab", ""), ("lab", "7")]


async def test_a_webhook_shows_itself_without_a_bot_token(receiver: DiscordReceiver) -> None:
    status, answer = await ask("GET", receiver.webhook_url("lab"))
    assert (status, answer["name"]) == (200, "lab")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_unknown_webhook_and_a_wrong_token_are_told_apart(receiver: DiscordReceiver, method: str) -> None:
    url = receiver.webhook_url("lab")
    status, answer = await ask(method, url + "x", {"content": "a"})
    assert (status, answer["code"]) == (401, 50027)
    status, answer = await ask(method, f"{receiver.api_url}/webhooks/1/token", {"content": "a"})
    assert (status, answer["code"]) == (404, 10015)


async def test_any_other_address_is_not_found(receiver: DiscordReceiver) -> None:
    assert await ask("GET", f"{receiver.api_url}/gateway") == (404, {"code": 0, "message": "404: Not Found"})


async def test_a_repeated_nonce_gets_the_earlier_message_for_some_minutes(
    receiver: DiscordReceiver, moment: Moment
) -> None:
    body = {"content": "once", "nonce": "n1", "enforce_nonce": True}
    _, first = await post(receiver, body)
    moment.seconds += 299
    assert await post(receiver, body) == (200, first)
    moment.seconds += 2
    _, later = await post(receiver, body)
    assert later != first
    assert len(receiver.messages) == 2


async def test_the_nonce_of_a_deleted_message_answers_unknown_message(receiver: DiscordReceiver) -> None:
    body = {"content": "once", "nonce": "n1", "enforce_nonce": True}
    _, first = await post(receiver, body)
    receiver.delete(first["id"])
    status, answer = await post(receiver, body)
    assert (status, answer["code"]) == (404, 10008)
    assert receiver.messages == []


async def test_a_nonce_alone_is_not_enforced(receiver: DiscordReceiver) -> None:
    for _ in range(2):
        await post(receiver, {"content": "twice", "nonce": "n1"})
    assert len({message.id for message in receiver.messages}) == 2


async def test_an_empty_message_is_refused(receiver: DiscordReceiver) -> None:
    status, answer = await post(receiver, {"content": "  ", "embeds": []})
    assert (status, answer["code"]) == (400, 50006)


async def test_an_invalid_message_is_refused_with_the_place(receiver: DiscordReceiver) -> None:
    status, answer = await post(receiver, {"embeds": [{"title": "ok"}, {"title": "x" * 257}]})
    assert (status, answer["code"]) == (400, 50035)
    assert "_errors" in answer["errors"]["embeds"]["1"]["title"]


OK_EMBED = {"title": "t"}


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"content": "x" * 2000}, {"content": "x" * 2001}),
        ({"content": " " + "x" * 2000}, {"content": "😀" * 1001}),
        ({"nonce": "n" * 25}, {"nonce": "n" * 26}),
        ({"embeds": [OK_EMBED] * 10}, {"embeds": [OK_EMBED] * 11}),
        ({"embeds": [{"title": "x" * 256}]}, {"embeds": [{"title": "x" * 257}]}),
        ({"embeds": [{"description": "x" * 4096}]}, {"embeds": [{"description": "x" * 4097}]}),
        ({"embeds": [{"footer": {"text": "x" * 2048}}]}, {"embeds": [{"footer": {"text": "x" * 2049}}]}),
        ({"embeds": [{"author": {"name": "x" * 256}}]}, {"embeds": [{"author": {"name": "x" * 257}}]}),
        (
            {"embeds": [{"fields": [{"name": "x" * 256, "value": "x" * 1024}]}]},
            {"embeds": [{"fields": [{"name": "x" * 257, "value": "x"}]}]},
        ),
        (
            {"embeds": [{"fields": [{"name": "x", "value": "x"}] * 25}]},
            {"embeds": [{"fields": [{"name": "x", "value": "x"}] * 26}]},
        ),
        ({}, {"embeds": [{"fields": [{"name": "x", "value": "x" * 1025}]}]}),
        (
            {"embeds": [{"description": "x" * 3000}, {"description": "x" * 2997, "footer": {"text": "xxx"}}]},
            {"embeds": [{"description": "x" * 3000}, {"description": "x" * 2997, "footer": {"text": "xxxx"}}]},
        ),
        ({"embeds": [OK_EMBED | {"color": 0xFFFFFF}]}, {"embeds": [OK_EMBED | {"color": 0x1000000}]}),
        ({"embeds": [OK_EMBED | {"url": "https://a.b"}]}, {"embeds": [OK_EMBED | {"url": "a.b"}]}),
        ({}, {"embeds": [{"color": 1}]}),
    ],
)
def test_every_limit_is_enforced_to_the_character(good: dict[str, Any], bad: dict[str, Any]) -> None:
    assert errors_in(good) == {}
    assert errors_in(bad) != {}


async def test_of_embeds_with_one_url_a_reader_sees_the_first(receiver: DiscordReceiver) -> None:
    one, two, three = ({"title": name, "url": "https://a.b"} for name in "123")
    await post(receiver, {"embeds": [one, two, {"title": "4"}, three, {"title": "5"}]})
    assert [embed["title"] for embed in receiver.messages[0].embeds] == ["1", "4", "5"]


@pytest.mark.parametrize(
    ("mentions", "pings"),
    [
        ({}, ["@everyone", "<@12>"]),
        ({"allowed_mentions": {"parse": ["everyone"]}}, ["@everyone", "<@12>"]),
        ({"allowed_mentions": {"parse": []}}, []),
    ],
)
async def test_a_mention_pings_unless_switched_off(
    receiver: DiscordReceiver, mentions: dict[str, Any], pings: list[str]
) -> None:
    await post(receiver, {"content": "@everyone <@12>"} | mentions)
    assert receiver.messages[0].pings == pings


async def test_a_scripted_answer_comes_instead_and_only_once(receiver: DiscordReceiver) -> None:
    receiver.script.append(FaultScript(503, {"message": "no"}))
    assert await post(receiver, {"content": "a"}) == (503, {"message": "no"})
    assert (await post(receiver, {"content": "a"}))[0] == 200
    assert len(receiver.messages) == 1


async def test_a_script_waits_for_a_request_of_its_method(receiver: DiscordReceiver) -> None:
    receiver.script.append(FaultScript(500, {}, method="GET"))
    assert (await post(receiver, {"content": "a"}))[0] == 200
    assert (await ask("GET", f"{receiver.api_url}/users/@me", headers=BOT))[0] == 500


async def test_it_can_take_a_message_and_break_the_connection(receiver: DiscordReceiver) -> None:
    receiver.script.append(FaultScript(takes=True, drops=True))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await post(receiver, {"content": "a"})
    assert len(receiver.messages) == 1


async def test_it_can_answer_with_a_page(receiver: DiscordReceiver) -> None:
    receiver.script.append(FaultScript(status=429, body="<html>", headers={"Retry-After": "9"}))
    async with aiohttp.ClientSession() as session, session.post(receiver.webhook_url("lab"), json={}) as response:
        assert (response.status, response.content_type) == (429, "text/html")
        assert (response.headers["Retry-After"], await response.text()) == ("9", "<html>")


async def test_it_logs_requests_and_who_makes_them(receiver: DiscordReceiver) -> None:
    await ask("GET", f"{receiver.api_url}/users/@me", headers=BOT | {"User-Agent": "me"})
    assert receiver.requests == [("GET", "/api/v10/users/@me")]
    assert receiver.user_agents == {"me"}


FORUM = "123456789012345679"


async def open_thread(receiver: DiscordReceiver, name: str, forum: str = FORUM) -> tuple[int, Any]:
    body = {"name": name, "message": {"content": "hello"}}
    return await ask("POST", f"{receiver.api_url}/channels/{forum}/threads", body, BOT)


async def test_a_forum_takes_threads_and_no_messages(receiver: DiscordReceiver) -> None:
    receiver.make_forum(FORUM)
    status, thread = await open_thread(receiver, "Monday")
    assert status == 200
    (message,) = receiver.messages
    assert (message.id, message.thread, message.thread_name) == (thread["id"], thread["id"], "Monday")
    status, refusal = await ask("POST", f"{receiver.api_url}/channels/{FORUM}/messages", {"content": "x"}, BOT)
    assert (status, refusal["code"]) == (400, 50008)
    status, _ = await ask("POST", f"{receiver.api_url}/channels/{thread['id']}/messages", {"content": "x"}, BOT)
    assert status == 200
    assert receiver.messages[1].thread_name == "Monday"
    _, seen = await ask("GET", f"{receiver.api_url}/channels/{thread['id']}/messages", headers=BOT)
    assert [each["content"] for each in seen] == ["x", "hello"]


@pytest.mark.parametrize(("name", "flags", "code"), [("", 0, 50035), ("x" * 101, 0, 50035), ("Monday", 16, 40067)])
async def test_a_forum_refuses_what_discord_s_refuses(
    receiver: DiscordReceiver, name: str, flags: int, code: int
) -> None:
    receiver.make_forum(FORUM, flags=flags)
    status, refusal = await open_thread(receiver, name)
    assert (status, refusal["code"]) == (400, code)
    assert receiver.messages == []


async def test_a_thread_that_begins_elsewhere_has_no_message(receiver: DiscordReceiver) -> None:
    status, _ = await open_thread(receiver, "Monday", CHANNEL)
    assert status == 200
    assert receiver.messages == []


async def test_an_unauthorized_bot_opens_and_sees_no_thread(receiver: DiscordReceiver) -> None:
    receiver.make_forum(FORUM)
    for method, path in (
        ("POST", f"channels/{FORUM}/threads"),
        ("GET", f"channels/{FORUM}/threads/archived/public"),
        ("GET", "guilds/1/threads/active"),
    ):
        status, _ = await ask(method, f"{receiver.api_url}/{path}", {"name": "x"})
        assert status == 401


async def test_a_webhook_of_a_forum_wants_a_thread_and_another_takes_no_name(receiver: DiscordReceiver) -> None:
    receiver.make_forum("lab")
    forum, text = (f"{receiver.webhook_url(name)}?wait=1" for name in ("lab", "text"))
    assert (await ask("POST", forum, {"content": "x"}))[1]["code"] == 220001
    assert (await ask("POST", text, {"content": "x", "thread_name": "Monday"}))[1]["code"] == 220003
    _, opened = await ask("POST", forum, {"content": "x", "thread_name": "Monday"})
    status, _ = await ask("POST", f"{forum}&thread_id={opened['id']}", {"content": "y"})
    assert status == 200
    assert [message.thread_name for message in receiver.messages] == ["Monday", "Monday"]


async def test_a_thread_is_closed_after_a_day_without_a_word(receiver: DiscordReceiver, moment: Moment) -> None:
    async def listed() -> tuple[list[str], list[str]]:
        _, active = await ask("GET", f"{receiver.api_url}/guilds/1/threads/active", headers=BOT)
        archived_url = f"{receiver.api_url}/channels/{FORUM}/threads/archived/public?limit=2"
        _, archived = await ask("GET", archived_url, headers=BOT)
        return tuple([each["name"] for each in those["threads"]] for those in (active, archived))  # type: ignore[return-value]  # of two

    receiver.make_forum(FORUM)
    _, thread = await open_thread(receiver, "Monday")
    await open_thread(receiver, "Tuesday")
    assert await listed() == (["Monday", "Tuesday"], [])
    moment.seconds += 80_000
    await ask("POST", f"{receiver.api_url}/channels/{thread['id']}/messages", {"content": "x"}, BOT)
    moment.seconds += 80_000
    assert await listed() == (["Monday"], ["Tuesday"])
    receiver.no_history.add(FORUM)
    status, _ = await ask("GET", f"{receiver.api_url}/channels/{FORUM}/threads/archived/public?limit=2", headers=BOT)
    assert status == 403


async def test_a_closed_forum_and_webhook_open_no_thread(receiver: DiscordReceiver) -> None:
    receiver.make_forum(FORUM)
    receiver.make_forum("lab")
    receiver.closed |= {FORUM: (404, 10003), "lab": (404, 10015)}
    assert (await open_thread(receiver, "Monday"))[0] == 404
    assert (await ask("POST", receiver.webhook_url("lab"), {"content": "x", "thread_name": "Monday"}))[0] == 404
