from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.chat.slack.api import SlackChatApi
from bot.chat.slack.people import SlackPeople
from bot.clock import SimulatedClock
from bot.settings import Secret
from tests.chat.conftest import ADA, NOW

if TYPE_CHECKING:
    from tests.servers.slack import SlackReceiver


async def test_an_admin_who_lost_the_role_is_none_five_minutes_later(receiver: SlackReceiver) -> None:
    clock = SimulatedClock(NOW)
    api = SlackChatApi(Secret(receiver.token), Secret(receiver.sockets.app_token), receiver.api_url)
    people = SlackPeople(api, clock)
    found = []
    for minutes in (0, 4, 5):
        clock.set(NOW + timedelta(minutes=minutes))
        found.append((await people.user(ADA)).is_manager)
        receiver.sockets.users[ADA] = {}
    await api.aclose()
    assert found == [True, True, False]
