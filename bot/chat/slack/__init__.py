"""The chat in Slack: receives commands and clicks over a socket, and answers in Block Kit.

Imported only where the configuration has `chat.slack`: slack_sdk's socket client takes half a second to import.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog

from bot.chat import sentences
from bot.chat.answers import Answer, Choice, Part
from bot.chat.arguments import InvalidCommand
from bot.chat.asking import Request
from bot.chat.commands import COMMANDS
from bot.chat.parse import parse
from bot.chat.slack import rendering
from bot.chat.slack.api import SlackChatApi
from bot.chat.slack.envelopes import (
    UNNAMED,
    ButtonPressed,
    CommandTyped,
    DialogRequested,
    DialogSubmitted,
    HomeOpened,
    Incoming,
    WhyShortcut,
    read_envelope,
)
from bot.chat.slack.people import SlackPeople
from bot.chat.slack.socket import SlackSocket
from bot.errors import DeliveryError

if TYPE_CHECKING:
    from slack_sdk.socket_mode.request import SocketModeRequest

    from bot.channels.slack import SlackSettings
    from bot.chat.asking import Asker
    from bot.chat.service import ChatService
    from bot.clock import Clock
    from bot.text.templates import Templates

log = structlog.get_logger(__name__)

_MOST_AT_ONCE = 1_000
"""The most requests that are answered at the same time; more are dropped."""
_MOST_ASKED_ABOUT = 5
_LONGEST_LABEL = 60


class SlackListener:
    """`Listener` for Slack."""

    def __init__(self, service: ChatService, templates: Templates, clock: Clock, **timing: float) -> None:
        """Prepares the listener; `run` connects.

        Args:
            service: carries out commands; its configuration has `chat.slack` and a bot token for Slack.
            templates: for answers.
            clock: tells when cached facts about people are too old.
            timing: the timeouts of `SlackSocket`, for tests.
        """
        settings = service.context.settings
        slack: SlackSettings = settings.channels["slack"]
        if settings.chat is None or settings.chat.slack is None or slack.token is None:
            raise ValueError("Slack's chat needs both tokens")
        self._service = service
        self._templates = templates
        self._api = SlackChatApi(slack.token, settings.chat.slack.app_token, slack.api_url)
        self._people = SlackPeople(self._api, clock)
        self._socket = SlackSocket(self._api, self._on_envelope, **timing)
        self._answering: set[asyncio.Task[None]] = set()

    def exchange(self, service: ChatService, templates: Templates) -> None:
        """Uses another configuration from now on; the socket stays open."""
        self._service, self._templates = service, templates

    @property
    def is_connected(self) -> bool:
        """Whether the socket is open."""
        return not self._socket.outage

    @property
    def outage(self) -> str:
        """Why the socket is not open; empty if it is."""
        return self._socket.outage

    async def run(self) -> None:
        """Listens until cancelled; then cancels unfinished answers and closes the socket."""
        try:
            await self._socket.run()
        finally:
            for task in self._answering:
                task.cancel()
            await asyncio.gather(*self._answering, return_exceptions=True)
            await self._api.aclose()

    # -- what comes in -------------------------------------------------------------------------------------------

    def _on_envelope(self, request: SocketModeRequest) -> None:
        incoming = read_envelope(request.type, request.envelope_id, request.payload)
        if incoming is None:
            return
        if len(self._answering) >= _MOST_AT_ONCE:
            log.warning("too many requests at once: not answered", kind=request.type)
            return
        task = asyncio.create_task(self._answer(incoming))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, incoming: Incoming) -> None:
        try:
            await self._answer_to(replace(incoming, asker=await self._with_name(incoming.asker)))
        except DeliveryError as error:
            log.warning("an answer did not reach Slack", reason=error.reason)
        except Exception:
            log.exception("a request from Slack could not be answered", kind=type(incoming).__name__)

    async def _answer_to(self, incoming: Incoming) -> None:
        match incoming:
            case CommandTyped(line=line):
                await self._show(incoming, await self._run_line(incoming, line))
            case ButtonPressed(click=click) if click is not None:
                await self._show(incoming, await self._service.press(incoming.id, incoming.asker, click))
            case WhyShortcut(identifiers=identifiers):
                await self._show(incoming, await self._why(incoming, identifiers))
            case HomeOpened():
                await self._show_home(incoming)
            case DialogRequested(trigger=trigger):
                await self._api.open_dialog(trigger, rendering.why_dialog())
            case DialogSubmitted(view_id=view_id, text=text):
                answer = await self._run_line(incoming, f"why {text}")
                if answer is not None:
                    await self._api.update_dialog(view_id, rendering.answered_dialog(self._templates, answer))

    # -- answers -------------------------------------------------------------------------------------------------

    async def _run_line(self, incoming: Incoming, line: str) -> Answer | None:
        typed = parse(line, COMMANDS)
        if isinstance(typed, InvalidCommand):
            return sentences.invalid_command(typed)
        asker = await self._with_zone(incoming.asker) if typed.command.name == "follow" else incoming.asker
        request = Request(incoming.id, asker, typed.command.name, typed.values)

        async def is_manager() -> bool:
            return (await self._people.user(asker.person)).is_manager

        answer = await self._service.answer(request, is_manager)
        return await self._with_invitation(asker, answer) if answer and answer.has_changed else answer

    async def _with_name(self, asker: Asker) -> Asker:
        """Adds a private channel's name, which Slack sends only on request; only if the YAML uses channel names."""
        everybody = self._service.context.settings.subscribers.values()
        addresses = (address for each in everybody if each.channel == "slack" for address in each.addresses)
        if asker.names != UNNAMED or not any(each.value.reveal().startswith("#") for each in addresses):
            return asker
        try:
            return replace(asker, names=(f"#{await self._api.channel_name(asker.destination)}",))
        except DeliveryError:
            return asker

    async def _with_zone(self, asker: Asker) -> Asker:
        """Adds the person's time zone, if Slack tells it: new subscriptions get it."""
        try:
            return replace(asker, timezone=(await self._people.user(asker.person)).timezone)
        except DeliveryError:
            return asker

    async def _with_invitation(self, asker: Asker, answer: Answer) -> Answer:
        """Adds a hint if the app is not a member of the channel, because it cannot post there then."""
        try:
            is_there = asker.is_direct or await self._api.is_member(asker.destination)
        except DeliveryError:
            return answer
        line = "I am not in this channel yet: /invite me, or nothing can be brought here."
        return answer if is_there else replace(answer, parts=(*answer.parts, Part(lines=(line,))))

    async def _why(self, incoming: Incoming, identifiers: tuple[str, ...]) -> Answer | None:
        """Explains the paper in a message; if there are several, asks which one."""
        if not identifiers:
            return sentences.no("There is no paper of arXiv's in this message.")
        if len(identifiers) == 1:
            return await self._run_line(incoming, f"why {identifiers[0]}")
        choices = tuple(Choice(f"Why {each}?"[:_LONGEST_LABEL], f"why {each}") for each in identifiers)
        parts = (Part(lines=(f"For any other: {sentences.COMMAND} why IDENTIFIER",)),)
        more = parts if len(identifiers) > _MOST_ASKED_ABOUT else ()
        return Answer(f"{len(identifiers)} papers stand in this message. Which one?", more, choices)

    async def _show(self, incoming: Incoming, answer: Answer | None) -> None:
        if answer is None:
            return
        if incoming.answer_to:
            await self._api.respond(incoming.answer_to, rendering.message(self._templates, answer))
        else:
            await self._show_home(incoming, answer)

    async def _show_home(self, incoming: Incoming, note: Answer | None = None) -> None:
        """Shows the person's subscription on the home page, under the answer to the last click."""
        answer = await self._service.answer(Request(f"home-{incoming.id}", incoming.asker, "topics"))
        if answer is not None:
            view: dict[str, Any] = rendering.home(self._templates, answer, note)
            await self._api.publish_home(incoming.asker.person, view)
