"""No answer of any platform holds up a lane without an end, and no outage of the network loses a thing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.model import DeliveryState
from tests.builders import paper
from tests.servers.discord import FaultScript as DiscordSays
from tests.servers.slack import FaultScript
from tests.servers.smtp import DROP, SmtpReceiver
from tests.world import TUESDAY, Environment, morning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from bot.store.outbox.queries import DeliveryRecord

DAYS = [TUESDAY + timedelta(days=days) for days in (0, 1, 2, 3)]
HOURS = (6, 8, 12)
FOR_EVER = 200
FORUM = "123456789012345679"


async def run_days(environment: Environment, days: list[date], hours: tuple[int, ...] = HOURS) -> None:
    """On each of these days one paper of its own, and a run at each of these hours, UTC."""
    for place, day in enumerate(days, start=1):
        environment.announce(day, paper(f"2604.{place:05}", title=f"Pigeon number {place}"))
        for hour in hours:
            await environment.once(morning(day, hour))


async def records(environment: Environment, *states: DeliveryState) -> tuple[DeliveryRecord, ...]:
    async with environment.app() as app:
        found: tuple[DeliveryRecord, ...] = app.store.queries.all(*states)
        return found


@pytest.fixture
def threaded(environment: Environment) -> Environment:
    environment.config["subscribers"]["lab"] = {"slack": "C0123456789", "topics": ["birds"], "thread": True}
    return environment


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "an_error_of_tomorrow"},
        {"error": "internal_error"},
        {"error": "service_unavailable"},
        {"error": "ratelimited"},
        {"error": 17},
    ],
    ids=str,
)
async def test_a_message_that_slack_refuses_for_ever_is_laid_aside_and_the_later_digests_go_out(
    environment: Environment, answer: dict[str, Any]
) -> None:
    environment.config["subscribers"] = {
        "lab": {"slack": "C0123456789", "topics": ["birds"]},
        "keeper": {"mail": "keeper@example.org", "topics": ["birds"]},
    }
    environment.config["operator"] = "keeper"
    refused = FaultScript(body={"ok": False, **answer}, headers={"Retry-After": "120"})
    environment.announce(TUESDAY, paper("2604.00001", title="Pigeon number 1"))
    for hours in (0, 2, 6, 24):
        environment.slack.script.extend([refused] * 5)
        await environment.once(morning(TUESDAY) + timedelta(hours=hours))
        environment.slack.script.clear()
    (dead,) = await records(environment, DeliveryState.DEAD)
    assert dead.subscriber == "lab"
    assert dead.reason is not None
    assert "; tried " in dead.reason
    assert any("given up" in mail.data.decode() for mail in environment.mail.messages)
    environment.announce(DAYS[1], paper("2604.00002", title="Pigeon number 2"))
    await environment.once(morning(DAYS[1], 9))
    assert "Pigeon number 2" in environment.slack_text()


async def test_less_than_a_day_and_two_answers_after_a_week_give_nothing_up(environment: Environment) -> None:
    refused = FaultScript(body={"ok": False, "error": "an_error_of_tomorrow"})
    environment.announce(TUESDAY, paper())
    for hours in (0, 6, 12, 22):
        environment.slack.script.append(refused)
        await environment.once(morning(TUESDAY) + timedelta(hours=hours))
    assert await records(environment, DeliveryState.DEAD) == ()
    await environment.once(morning(TUESDAY) + timedelta(hours=23))
    assert len(environment.slack.messages) == 1


async def test_a_laptop_that_slept_for_a_week_between_two_answers_tries_again(environment: Environment) -> None:
    refused = FaultScript(body={"ok": False, "error": "an_error_of_tomorrow"})
    environment.announce(TUESDAY, paper())
    for days in (0, 7):
        environment.slack.script.append(refused)
        await environment.once(morning(TUESDAY) + timedelta(days=days))
    await environment.once(morning(TUESDAY) + timedelta(days=7, hours=1))
    assert await records(environment, DeliveryState.DEAD) == ()
    assert "pigeon" in environment.slack_text().lower()


async def test_a_week_without_a_network_loses_nothing(environment: Environment) -> None:
    environment.config["subscribers"] = {
        "lab": {"slack": "C0123456789", "topics": ["birds"]},
        "hook": {"slack": environment.slack.webhook_url("hook"), "topics": ["birds"]},
        "group": {"discord": "123456789012345678", "topics": ["birds"]},
        "alice": {"mail": "alice@example.org", "topics": ["birds"]},
    }
    there = environment.config["channels"]
    hook = environment.config["subscribers"]["hook"]["slack"]
    environment.config["channels"] = {
        "slack": {**there["slack"], "api_url": "http://127.0.0.1:1/api/"},
        "discord": {**there["discord"], "api_url": "http://127.0.0.1:1/api/v10"},
        "mail": {**there["mail"], "port": 1},
    }
    del environment.config["subscribers"]["hook"]
    await run_days(environment, DAYS)
    assert {record.state for record in await records(environment)} == {DeliveryState.PENDING}
    environment.config["channels"] = there
    environment.config["subscribers"]["hook"] = {"slack": hook, "topics": ["birds"]}
    await environment.once(morning(DAYS[-1], 18))
    assert environment.received() == {"slack": 5, "discord": 4, "mail": 4}
    assert await records(environment, DeliveryState.DEAD) == ()


async def test_an_archived_channel_keeps_everything_until_it_opens(environment: Environment) -> None:
    environment.slack.channels["C0123456789"] = {"is_archived": True}
    await run_days(environment, DAYS)
    environment.slack.channels.clear()
    await environment.once(morning(DAYS[-1], 18))
    assert [f"number {n}" in environment.slack_text() for n in (1, 2, 3, 4)] == [True] * 4


async def test_a_server_that_fails_for_ever_is_tried_for_a_day_each(environment: Environment) -> None:
    environment.config["subscribers"]["lab"] = {"discord": "123456789012345678", "topics": ["birds"]}
    environment.discord.script.extend([DiscordSays(503, "<html>")] * FOR_EVER)
    await run_days(environment, DAYS)
    environment.discord.script.clear()
    await environment.once(morning(DAYS[-1], 18))
    assert len(await records(environment, DeliveryState.DEAD)) >= 2
    assert len(environment.discord.messages) >= 1


async def test_a_thread_that_is_gone_is_left_for_the_channel_which_is_told_so(threaded: Environment) -> None:
    threaded.slack.refuses = lambda post: "thread_not_found" if post.get("thread_ts") else ""
    threaded.announce(
        TUESDAY, *(paper(f"2604.{n:05}", title=f"Pigeon {n}", abstract="pigeon " * 400) for n in range(1, 40))
    )
    run = await threaded.once(morning(TUESDAY))
    assert not run.left_undone
    _, *rest = threaded.slack.messages
    assert len(rest) > 1
    assert {message.thread_ts for message in rest} == {None}
    assert all("thread of this digest is gone" in message.text for message in rest)
    assert all("thread of this digest is gone" in str(message.blocks[0]) for message in rest)
    assert all(f"Pigeon {n}" in threaded.slack_text(1) for n in range(1, 40))


@pytest.mark.parametrize("webhook", ["bot", "webhook"])
async def test_a_forums_thread_that_is_gone_is_left_for_a_new_one(environment: Environment, webhook: str) -> None:
    place = environment.discord.webhook_url("forum") if webhook == "webhook" else FORUM
    environment.discord.make_forum("forum" if webhook == "webhook" else FORUM)
    environment.config["subscribers"]["lab"] = {"discord": place, "topics": ["birds"], "forum": True}
    take = environment.discord._take

    def take_and_delete(
        payload: dict[str, Any], destination: str, thread: str | None, *, nonces: bool
    ) -> web.Response:
        answer = take(payload, destination, thread, nonces=nonces)
        if len(environment.discord.messages) == 1:
            environment.discord.closed[environment.discord.messages[0].id] = (404, 10003)
        return answer

    environment.discord._take = take_and_delete  # type: ignore[method-assign]
    environment.announce(
        TUESDAY, *(paper(f"2604.{n:05}", title=f"Pigeon {n}", abstract="pigeon " * 400) for n in range(1, 20))
    )
    run = await environment.once(morning(TUESDAY))
    assert not run.left_undone
    first, *rest = environment.discord.messages
    assert len(rest) > 0
    assert all(message.thread not in (first.thread, "") for message in rest)
    assert all("thread of this digest is gone" in message.content for message in rest)
    assert all((message.thread_name or "").endswith("(continued)") for message in rest)


async def test_one_reply_that_slack_refuses_for_ever_holds_up_neither_its_thread_nor_the_next_digest(
    threaded: Environment,
) -> None:
    def refuses(post: Mapping[str, Any]) -> str:
        return "an_error_of_tomorrow" if post.get("thread_ts") and "number 1" in str(post.get("blocks")) else ""

    threaded.slack.refuses = refuses
    await run_days(threaded, DAYS)
    (dead,) = await records(threaded, DeliveryState.DEAD)
    assert dead.part == 2
    assert "an_error_of_tomorrow" in (dead.reason or "")
    assert "number 4" in threaded.slack_text()


async def test_a_message_that_is_too_long_for_slack_is_sent_in_plain_form_and_then_given_up(
    environment: Environment,
) -> None:
    environment.slack.refuses = lambda _post: "msg_too_long"
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    (dead,) = await records(environment, DeliveryState.DEAD)
    assert (dead.tries, dead.reason) == (2, "Slack said msg_too_long")


@pytest.fixture
def mailed(environment: Environment) -> Environment:
    environment.config["subscribers"] = {
        "alice": {"mail": "alice@example.org", "topics": ["birds"]},
        "bob": {"mail": "bob@example.org", "topics": ["birds"]},
    }
    return environment


@pytest.mark.parametrize(
    "dot",
    [
        "554 5.2.252 this mailbox does not send as that one",
        "550 the From: address belongs to no verified domain",
        "550 5.4.5 quota of the day is used up",
        "550 5.7.708 no traffic from this network",
        "554 account suspended, talk to billing",
        "550 something that nobody has ever said",
    ],
)
async def test_a_relay_that_refuses_us_after_the_dot_kills_no_digest(mailed: Environment, dot: str) -> None:
    mailed.announce(TUESDAY, paper())
    mailed.mail.script["."].extend([dot] * FOR_EVER)
    for hours in (0, 2, 4):
        run = await mailed.once(morning(TUESDAY) + timedelta(hours=hours))
        assert run.left_undone
    assert {record.state for record in await records(mailed)} == {DeliveryState.PENDING}
    mailed.mail.script["."].clear()
    await mailed.once(morning(TUESDAY) + timedelta(hours=8))
    assert sorted(mail.rcpt for mail in mailed.mail.messages) == [("alice@example.org",), ("bob@example.org",)]


async def test_what_a_relay_says_of_the_content_is_sent_once_more_in_plain_form_and_then_dead(
    mailed: Environment,
) -> None:
    mailed.announce(TUESDAY, paper())
    mailed.mail.script["."].extend(["554 5.6.0 cannot be read"] * 4)
    await mailed.once(morning(TUESDAY))
    assert [record.state for record in await records(mailed)] == [DeliveryState.DEAD] * 2
    assert mailed.mail.steps.count(".") == 4


async def test_one_mail_of_which_no_word_says_that_it_is_its_own_trouble_is_given_up_while_others_pass(
    environment: Environment,
) -> None:
    environment.config["subscribers"] = {
        name: {"mail": f"{name}@example.org", "topics": ["birds"]}
        for name in ("alice", "bob", "carol", "dora", "eve")
    }
    environment.config["channels"]["mail"]["connections"] = 1
    said = environment.mail.handle_DATA

    async def refuse_alice(server: Any, session: Any, envelope: Any) -> str:
        if envelope.rcpt_tos == ["alice@example.org"]:
            return "550 not today"
        return await said(server, session, envelope)

    environment.mail.handle_DATA = refuse_alice  # type: ignore[method-assign]
    await run_days(environment, DAYS[:2])
    assert sorted({mail.rcpt[0] for mail in environment.mail.messages}) == [
        f"{name}@example.org" for name in ("bob", "carol", "dora", "eve")
    ]
    dead = await records(environment, DeliveryState.DEAD)
    assert [record.subscriber for record in dead] == ["alice"]


async def test_a_mail_whose_answer_is_lost_for_ever_is_not_sent_for_ever(environment: Environment) -> None:
    environment.config["subscribers"] = {"alice": {"mail": "alice@example.org", "topics": ["birds"]}}
    environment.mail.script["."].extend([DROP] * FOR_EVER)
    environment.announce(TUESDAY, paper())
    for hours in range(0, 40, 2):
        await environment.once(morning(TUESDAY) + timedelta(hours=hours))
    (dead,) = await records(environment, DeliveryState.DEAD)
    assert (dead.reason or "").startswith("outcome unknown")
    assert len(environment.mail.messages) < 20


async def test_a_retry_by_hand_begins_a_new_day_and_asks_first_where_nobody_knows(environment: Environment) -> None:
    environment.config["subscribers"] = {"alice": {"mail": "alice@example.org", "topics": ["birds"]}}
    environment.mail.script["."].extend([DROP] * FOR_EVER)
    environment.announce(TUESDAY, paper())
    for hours in (0, 8, 16, 24, 32):
        await environment.once(morning(TUESDAY) + timedelta(hours=hours))
    (dead,) = await records(environment, DeliveryState.DEAD)
    async with environment.app() as app:
        app.store.manual.retry(dead.id, None)
    (again,) = await records(environment)
    assert again.state is DeliveryState.UNKNOWN
    environment.mail.script["."].clear()
    await environment.once(morning(TUESDAY) + timedelta(hours=33))
    assert [record.state for record in await records(environment)] == [DeliveryState.SENT]


async def test_with_a_relay_that_is_away_for_days_no_mail_dies(mailed: Environment) -> None:
    mailed.config["channels"]["mail"]["port"] = 1
    await run_days(mailed, DAYS)
    async with SmtpReceiver() as relay:
        mailed.config["channels"]["mail"]["port"] = relay.port
        await mailed.once(morning(DAYS[-1], 20))
        assert len(relay.messages) == 2 * len(DAYS)
