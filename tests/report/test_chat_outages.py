"""A chat that nobody listens to is named: by status soon, to the operator and to monitors after `alert_after`."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from bot.report.chat_outages import SOON, chat_outages
from bot.store import Store
from bot.web.health import health
from tests.builders import paper
from tests.report.test_alert import notes, unfolded
from tests.world import MONDAY, TUESDAY, WEDNESDAY, Environment, morning

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR = timedelta(hours=1)


@pytest.fixture
def chatting(environment: Environment) -> Environment:
    environment.config["chat"] = {"discord": {}}
    environment.config["subscribers"]["keeper"] = {"mail": "keeper@example.org", "topics": ["birds"]}
    environment.config["operator"] = "keeper"
    return environment


@pytest.fixture
def store(chatting: Environment) -> Iterator[Store]:
    store = Store(chatting.settings.store)
    yield store
    store.close()


def test_who_was_heard_lately_is_not_deaf_and_neither_is_who_is_not_to_be_heard(
    chatting: Environment, store: Store
) -> None:
    now = morning(TUESDAY)
    assert chat_outages(store, chatting.settings, now) == ()  # it was never tried
    store.listening.note("discord", now - 13 * HOUR)
    store.listening.note("slack", now - 13 * HOUR)
    (found,) = chat_outages(store, chatting.settings, now)
    assert found.sentence == (
        "discord is not listened to since 2026-04-20 17:00 UTC: "
        "no machine says that it listens; does `paperboy run` run?"
    )
    store.listening.note("discord", now - SOON)
    assert chat_outages(store, chatting.settings, now) == ()
    assert len(chat_outages(store, chatting.settings, now, after=SOON)) == 1


async def test_the_operator_hears_of_it_after_alert_after_and_once_a_day(chatting: Environment, store: Store) -> None:
    store.listening.note("discord", morning(MONDAY, 20))
    for day in (TUESDAY, WEDNESDAY):
        chatting.announce(day, paper(title="No birds"))
    store.listening.note("discord", morning(TUESDAY), "the gateway closed with 4004")
    assert not [each for each in await notes(chatting, morning(TUESDAY)) if "listened to" in each]
    (note,) = [each for each in await notes(chatting, morning(TUESDAY, 9)) if "listened" in each]
    assert "discord is not listened to since 2026-04-20 20:00 UTC: the gateway closed with 4004" in unfolded(note)
    assert await notes(chatting, morning(TUESDAY, 10)) == []


async def test_status_and_a_monitor_say_it(chatting: Environment, store: Store) -> None:
    now = morning(TUESDAY)
    chatting.clock.set(now)
    store.listening.note("discord", now - 13 * HOUR)
    async with chatting.app() as app:
        assert [each.platform for each in app.reporter.status(now).chat_outages] == ["discord"]
        request: Any = SimpleNamespace(readers=SimpleNamespace(store=store, settings=chatting.settings), now=now)
        answer = health(request)
        assert answer.status == 503
        assert "discord is not listened to" in json.loads(answer.content)["reason"]
        store.listening.note("discord", now)
        assert app.reporter.status(now).chat_outages == ()
        assert health(request).status == 200


async def test_a_guild_that_the_bot_left_gets_nothing_more_and_status_says_so(
    chatting: Environment, store: Store
) -> None:
    """Discord then knows the channel no more for us: one attempt an hour, until the bot is invited again."""
    chatting.config["subscribers"]["guild"] = {"discord": "1200000000000002001", "topics": ["birds"]}
    chatting.discord.closed["1200000000000002001"] = (403, 50001)
    store.listening.note("discord", morning(TUESDAY))
    chatting.announce(TUESDAY, paper())
    await chatting.once(morning(TUESDAY))
    asked = len(chatting.discord.requests)
    await chatting.once(morning(TUESDAY, 6, 30))
    assert len([path for method, path in chatting.discord.requests[asked:] if method == "POST"]) == 0
    async with chatting.app() as app:
        (found,) = [each for each in app.reporter.status(morning(TUESDAY, 6, 30)).subscribers if each.name == "guild"]
    assert "is not reached" in found.sentence
    assert "50001" in found.sentence
