"""The socket to Slack: what is heard is acknowledged, and whatever becomes of a socket there is another one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.chat.conftest import ADA, BO, CHANNEL, ON_SQLITE
from tests.chat.slack.conftest import Slack, answer, chat_over, listening, listens, until

if TYPE_CHECKING:
    import pytest

    from bot.store import Store
    from tests.servers.slack import SlackReceiver


@ON_SQLITE
async def test_a_command_is_acknowledged_once_and_answered_to_who_asked(slack: Slack) -> None:
    envelope = await slack.sockets.command(BO, CHANNEL, "topics")
    assert (await answer(envelope)).startswith("*Nothing is followed here yet.*")
    assert envelope.acks == [None]
    (said,) = envelope.answers
    assert (said["response_type"], said["replace_original"]) == ("ephemeral", False)


@ON_SQLITE
async def test_a_refused_token_is_said_and_tried_again_until_it_is_good(
    receiver: SlackReceiver, store: Store
) -> None:
    receiver.sockets.refusals = ["internal_error", "missing_scope"]
    async with chat_over(store, receiver) as service:
        listener = listens(service, refused_pause=0.05)
        reasons = set()

        def is_listening() -> bool:
            reasons.add(listener.outage)
            return not listener.outage

        async with listening(listener):
            await until(is_listening)
    assert "Slack said internal_error" in reasons
    assert "Slack said missing_scope (needed: connections:write)" in reasons


@ON_SQLITE
async def test_a_bad_token_never_hangs_and_is_never_shown(
    receiver: SlackReceiver, store: Store, capfd: pytest.CaptureFixture[str]
) -> None:
    async with chat_over(store, receiver) as service, listening(listens(service)) as listener:
        listener._api.app_token = type(listener._api.app_token)("xapp-wrong-feather")
        await until(lambda: "invalid_auth" in listener.outage)
    assert receiver.sockets.opened == 0
    shown = capfd.readouterr()
    assert "Slack said invalid_auth" in shown.out
    assert "feather" not in shown.out + shown.err


@ON_SQLITE
async def test_while_a_socket_is_replaced_nothing_is_lost_or_doubled(
    slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.chat.slack.socket._RETIRES_IN", 3_600.0)  # so that both are heard until the end
    before = [await slack.sockets.command(BO, CHANNEL, "topics") for _ in range(5)]
    await slack.sockets.refresh()
    during = [await slack.sockets.command(BO, CHANNEL, "topics") for _ in range(5)]
    await until(lambda: slack.sockets.open_sockets == 2)
    over_both = [await slack.sockets.command(BO, CHANNEL, "topics") for _ in range(10)]
    for envelope in (*before, *during, *over_both):
        await answer(envelope)
        assert (len(envelope.acks), len(envelope.answers)) == (1, 1)
    assert slack.listener.outage == ""


@ON_SQLITE
async def test_a_socket_that_is_to_be_replaced_is_closed_once_there_is_another(
    slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.chat.slack.socket._RETIRES_IN", 0.05)

    def is_the_only_one(number: int) -> bool:
        return (slack.sockets.connected, slack.sockets.open_sockets) == (number, 1)

    for number in (2, 3):
        await slack.sockets.refresh()
        await until(partial(is_the_only_one, number))
        assert await slack.say(BO, CHANNEL, "topics")
    assert slack.listener.outage == ""


@ON_SQLITE
async def test_broken_and_closed_connections_are_made_anew(slack: Slack) -> None:
    for end in (slack.sockets.drop, slack.sockets.close):
        opened = slack.sockets.opened + 1
        if (ending := end()) is not None:
            await ending
        await until(partial(slack.have_opened, opened))
        assert await slack.say(BO, CHANNEL, "topics")


@ON_SQLITE
async def test_a_socket_that_died_silently_is_noticed_by_its_pongs(receiver: SlackReceiver, store: Store) -> None:
    sockets = receiver.sockets
    async with (
        chat_over(store, receiver) as service,
        listening(listens(service, ping_seconds=0.25)) as listener,
    ):
        await until(lambda: not listener.outage)
        sockets.is_silent = True
        lost = await sockets.command(BO, CHANNEL, "topics")
        opened = sockets.opened
        await until(lambda: sockets.opened > opened)
        sockets.is_silent = False
        await until(lambda: sockets.open_sockets and not listener.outage)
        assert await Slack(receiver, service, listener).say(BO, CHANNEL, "topics")
    assert lost.acks == []


@ON_SQLITE
async def test_a_socket_without_a_hello_is_no_socket(receiver: SlackReceiver, store: Store) -> None:
    receiver.sockets.says_hello = False
    async with (
        chat_over(store, receiver) as service,
        listening(listens(service, hello_seconds=0.2)) as listener,
    ):
        await until(lambda: "no hello" in listener.outage)
        receiver.sockets.says_hello = True
        await until(lambda: not listener.outage)


@ON_SQLITE
async def test_an_envelope_that_comes_twice_is_acknowledged_twice_and_carried_out_once(slack: Slack) -> None:
    envelope = await slack.sockets.command(ADA, CHANNEL, "follow pigeon in cs.CV")
    await answer(envelope)
    await slack.sockets.send_again(envelope)
    await until(lambda: len(envelope.acks) == 2)
    assert await slack.say(ADA, CHANNEL, "topics")
    assert len(envelope.answers) == 1


async def test_of_two_machines_each_hears_some_and_each_thing_is_done_once(
    slack: Slack, receiver: SlackReceiver, store: Store
) -> None:
    async with chat_over(store, receiver) as service, listening(listens(service)) as second:
        await until(lambda: not second.outage)
        lines = [f"follow word{number} in cs.CV" for number in range(8)]
        envelopes = [await slack.sockets.command(ADA, CHANNEL, line) for line in lines]
        for envelope in envelopes:
            await answer(envelope)
            await slack.sockets.send_again(envelope)
        topics = await slack.say(ADA, CHANNEL, "topics")
        assert [topics.count(f"word{number}") for number in range(8)] == [1] * 8
        await until(lambda: all(len(envelope.acks) == 2 for envelope in envelopes))
        assert [len(envelope.answers) for envelope in envelopes] == [1] * 8


@ON_SQLITE
async def test_two_hundred_at_once_are_acknowledged_and_answered(slack: Slack) -> None:
    envelopes = [await slack.sockets.command(BO, CHANNEL, "topics") for _ in range(200)]
    for envelope in envelopes:
        await answer(envelope)
    assert {len(envelope.acks) for envelope in envelopes} == {1}
    assert {len(envelope.answers) for envelope in envelopes} == {1}
