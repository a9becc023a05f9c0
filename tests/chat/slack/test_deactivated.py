"""Somebody in Slack whose account was deactivated: nothing reaches them any more, and `status` says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.members.commands import follow_in
from bot.members.context import Context, NoteMails
from bot.members.places import ChatPlace
from bot.members.values import Changed
from tests.builders import paper
from tests.world import TUESDAY, WEDNESDAY, Environment, morning

if TYPE_CHECKING:
    from datetime import date

PERSON = "U0BO0000001"


async def run(environment: Environment, day: date) -> list[str]:
    """A run of that day; what status then says of those who subscribed by themselves."""
    environment.announce(day, paper(f"2604.000{day.day}", title="Pigeons"))
    await environment.once(morning(day))
    async with environment.app() as app:
        roster = app.roster.whole(environment.clock.now())
        return [trouble.sentence for trouble in app.reporter_of(roster).status(environment.clock.now()).self_service]


async def test_nothing_is_sent_to_a_deactivated_person_and_status_says_why(environment: Environment) -> None:
    environment.config["subscribers"] = {}
    environment.config["chat"] = {"slack": {"app_token": "xapp-1"}}
    environment.clock.set(morning(TUESDAY, 1))
    async with environment.app() as app:
        context = Context.opened(app.store, app.settings, NoteMails(app.channel("mail")))
        place = ChatPlace("slack", PERSON)
        assert isinstance(follow_in(context, place, "birds", "UTC", environment.clock.now()), Changed)
    environment.slack.channels[PERSON] = {"error": "user_disabled"}
    (said,) = await run(environment, TUESDAY)
    assert "Slack said user_disabled" in said
    assert PERSON not in said
    await run(environment, WEDNESDAY)
    assert environment.slack.messages == []
    posts = [path for _, path in environment.slack.requests if path.endswith("chat.postMessage")]
    assert len(posts) == 2  # once a run
