"""What people do in Slack, and what they see: commands, buttons, shortcuts, the home page, and who may what."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.channels.buttons import Click, Wish, encode
from bot.channels.slack import SlackChannel, SlackOptions
from bot.settings import WhoMayChange
from tests.chat.conftest import ADA, BO, CHANNEL, LAB, ON_SQLITE
from tests.chat.slack.conftest import SECONDS, answer, chat_over, listening, listens, shown, until

if TYPE_CHECKING:
    from bot.store import Store
    from tests.chat.slack.conftest import Slack
    from tests.servers.slack import SlackReceiver

pytestmark = ON_SQLITE

DIRECT = "D0BO0000001"
PRESSED = encode(Click(Wish.SAVED, "2604.00002", "birds", "lab"))


async def test_a_channel_is_changed_by_the_workspace_s_admins_alone(slack: Slack) -> None:
    refused = await slack.say(BO, CHANNEL, "follow birds")
    assert refused.startswith("Only the workspace's admins may change what this channel gets.")
    assert (await slack.say(ADA, CHANNEL, "follow birds")).startswith("*This channel follows Birds &amp; Maps now.*")
    assert "\nBirds &amp; Maps: pigeon, in cs.CV\n" in await slack.say(BO, CHANNEL, "topics")


@pytest.mark.parametrize(
    "known",
    [{"is_admin": True, "is_stranger": True}, {"is_admin": True, "team_id": "T0OTHER0001"}, {"deleted": True}],
)
async def test_an_admin_of_another_workspace_is_none_here(slack: Slack, known: dict[str, object]) -> None:
    slack.sockets.users[BO] = {"is_owner": True, **known}
    assert "Only the workspace's admins" in await slack.say(BO, CHANNEL, "follow birds")


async def test_who_it_is_is_asked_once_in_a_while(slack: Slack) -> None:
    asked = [await slack.sockets.command(BO, CHANNEL, "follow birds") for _ in range(20)]
    for envelope in asked:
        assert "Only the workspace's admins" in await answer(envelope)
    assert [path for _, path in slack.receiver.requests].count("/api/users.info") == 1


async def test_where_everyone_may_nobody_is_asked_for(receiver: SlackReceiver, store: Store) -> None:
    async with (
        chat_over(store, receiver, WhoMayChange.EVERYONE) as service,
        listening(listens(service)) as listener,
    ):
        await until(lambda: not listener.outage)
        envelope = await receiver.sockets.command(BO, CHANNEL, "mute survey")
        assert await answer(envelope) == "Nothing is followed here yet."
    assert "/api/users.info" not in [path for _, path in receiver.requests]


async def test_where_slack_does_not_say_who_it_is_nothing_is_changed(slack: Slack) -> None:
    slack.receiver.token = "xoxb-another"
    said = await slack.say(BO, CHANNEL, "follow birds")
    assert said == "Whether you may change this could not be found out just now. Please ask again in a minute."


async def test_direct_messages_are_about_the_person_in_their_own_time_zone(slack: Slack) -> None:
    slack.sockets.users[BO] = {"tz": "America/Lima"}
    assert "*You follow Birds &amp; Maps now.*" in await slack.say(BO, DIRECT, "follow birds")
    assert "at 08:00 (America/Lima)" in await slack.say(BO, DIRECT, "hour 08:00")
    assert "Nothing is followed here yet." in await slack.say(ADA, "D0ADA000001", "topics")
    with slack.service.context.store.snapshot() as view:
        (member,) = view.members.all()
    assert (member.channel, member.destination.reveal(), member.how) == ("slack", BO, "slack")


async def test_a_channel_that_the_app_is_not_in_is_told_to_invite_it(slack: Slack) -> None:
    slack.receiver.channels[CHANNEL] = {"is_member": False}
    assert "/invite me" in await slack.say(ADA, CHANNEL, "follow birds")
    slack.receiver.channels[CHANNEL] = {"is_member": True}
    assert "/invite me" not in await slack.say(ADA, CHANNEL, "follow light")


async def test_a_button_of_an_answer_is_a_command(slack: Slack) -> None:
    assert "[Follow Light: follow light]" in await slack.say(ADA, CHANNEL, "topics")
    pressed = await slack.sockets.press(ADA, CHANNEL, "follow light", "say:0")
    assert "*This channel follows Light now.*" in await answer(pressed)
    refused = await slack.sockets.press(BO, CHANNEL, "unfollow light", "say:0")
    assert "Only the workspace's admins" in await answer(refused)


async def test_a_button_under_a_paper_is_noted_for_who_pressed_it(slack: Slack) -> None:
    for said in ("*Saved.*", "*Not saved any more.*"):
        pressed = await slack.sockets.press(BO, LAB, PRESSED)
        assert await answer(pressed) == f"{said}\nPigeons Read Maps"


async def test_why_under_a_paper_and_by_the_shortcut(slack: Slack) -> None:
    under = await slack.sockets.press(BO, LAB, encode(Click(Wish.WHY, "2604.00002", "birds", "lab")))
    assert "Birds &amp; Maps: claimed: 'pigeon' in title" in await answer(under)
    link = "<https://arxiv.org/abs/2604.00002|Pigeons Read Maps>"
    one = await slack.sockets.choose_shortcut(BO, LAB, {"text": link}, "why_paper")
    assert "Birds &amp; Maps: claimed: 'pigeon' in title" in await answer(one)
    two = {"blocks": [{"text": {"text": f"{link} https://arxiv.org/abs/2604.00003v2"}}]}
    several = await slack.sockets.choose_shortcut(BO, LAB, two, "why_paper")
    assert await answer(several) == (
        "*2 papers stand in this message. Which one?*\n"
        "[Why 2604.00002?: why 2604.00002] [Why 2604.00003?: why 2604.00003]"
    )
    none = await slack.sockets.choose_shortcut(BO, LAB, {"text": "hello"}, "why_paper")
    assert await answer(none) == "There is no paper of arXiv's in this message."


async def test_the_shortcut_without_a_message_asks_for_the_paper(slack: Slack) -> None:
    await slack.sockets.choose_shortcut(BO, None, None, "why_dialog")
    await until(lambda: slack.sockets.dialogs)
    (view_id,) = slack.sockets.dialogs
    await slack.sockets.submit(BO, view_id, "2604.00002")
    await until(lambda: "submit" not in slack.sockets.dialogs[view_id])
    assert "Pigeons Read Maps (arXiv:2604.00002)" in shown(slack.sockets.dialogs[view_id]["blocks"])


async def test_the_home_page_has_one_s_own_subscription_and_its_buttons(slack: Slack) -> None:
    await slack.sockets.open_home(BO)
    await until(lambda: BO in slack.sockets.homes)
    assert "[Follow Birds & Maps: follow birds]" in shown(slack.sockets.homes[BO]["blocks"])
    await slack.sockets.press(BO, None, "follow birds", "say:0")
    await until(lambda: "You follow" in shown(slack.sockets.homes[BO]["blocks"]))
    above, _, below = shown(slack.sockets.homes[BO]["blocks"]).partition("(divider)")
    assert "*You follow Birds &amp; Maps now.*" in above
    assert "*You follow:*" in below


async def test_an_event_that_comes_again_is_acknowledged_and_answered_once(slack: Slack) -> None:
    for retry in range(3):
        envelope = await slack.sockets.event(
            {"type": "app_home_opened", "user": BO, "tab": "home"}, event_id="Ev1", retry=retry
        )
        await asyncio.wait_for(envelope.acked.wait(), SECONDS)
    await slack.say(BO, CHANNEL, "topics")
    assert [path for _, path in slack.receiver.requests].count("/api/views.publish") == 1


async def test_what_is_not_for_us_is_acknowledged_and_let_be(slack: Slack) -> None:
    envelopes = [
        await slack.sockets.event({"type": "message", "text": "hello"}),
        await slack.sockets.event({"type": "app_home_opened", "user": BO, "tab": "messages"}),
        await slack.sockets.press(BO, CHANNEL, "somebody else's"),
        await slack.sockets.choose_shortcut(BO, CHANNEL, {}, "of_another"),
        await slack.sockets.choose_shortcut(BO, None, None, "of_another"),
        await slack.sockets.command("no person", CHANNEL, "topics"),
        await slack.sockets.command(BO, "no channel", "topics"),
    ]
    await until(lambda: all(envelope.acks for envelope in envelopes))
    await slack.say(BO, CHANNEL, "topics")
    assert [envelope.answers for envelope in envelopes] == [[]] * len(envelopes)


async def test_an_answer_that_slack_does_not_take_is_logged_and_that_is_all(
    slack: Slack, capfd: pytest.CaptureFixture[str]
) -> None:
    envelope = await slack.sockets.command(BO, CHANNEL, "topics")
    del slack.sockets.envelopes[envelope.id]
    await until(lambda: "an answer did not reach Slack" in capfd.readouterr().out)
    assert await slack.say(BO, CHANNEL, "topics")


async def test_a_private_channel_is_known_by_the_name_that_the_configuration_has_for_it(slack: Slack) -> None:
    """Slack calls all of them `privategroup`."""
    slack.receiver.channels[CHANNEL] = {"name": "nest"}
    before = await slack.sockets.command(ADA, CHANNEL, "pause", name="privategroup")
    assert "Nothing is followed here yet." in await answer(before)
    context = slack.service.context
    lab = context.settings.subscribers["lab"]
    nest = replace(lab, name="nest", addresses=SlackChannel.addresses("#nest", SlackOptions()))
    slack.service.context = replace(context, settings=replace(context.settings, subscribers={"nest": nest}))
    refused = await slack.sockets.command(ADA, CHANNEL, "pause", name="privategroup")
    assert "operator's configuration, as nest" in await answer(refused)
    slack.receiver.channels[CHANNEL] = {"name": "loft"}
    other = await slack.sockets.command(ADA, CHANNEL, "pause", name="privategroup")
    assert "Nothing is followed here yet." in await answer(other)


async def test_direct_messages_that_the_configuration_names_by_their_own_id_are_its_own(slack: Slack) -> None:
    context = slack.service.context
    lab = context.settings.subscribers["lab"]
    bo = replace(lab, name="bo", addresses=SlackChannel.addresses(DIRECT, SlackOptions()))
    slack.service.context = replace(context, settings=replace(context.settings, subscribers={"bo": bo}))
    assert "operator's configuration, as bo" in await slack.say(BO, DIRECT, "follow birds")
