"""Carries out the commands and clicks of readers on all platforms, and returns the answers.

    request -> may this person? -> carried out before? -> command, in a thread -> preview of its matches -> answer

Commands run in threads, so that the event loop never waits for the store.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Protocol

import structlog

from bot.channels.buttons import Wish
from bot.chat import sentences
from bot.chat.answers import Answer, Part
from bot.chat.asking import Ask, Request
from bot.chat.changing import note
from bot.chat.commands import COMMANDS
from bot.chat.looking import with_previews
from bot.errors import DeliveryError, StoreError
from bot.members.commands import carry_out_once
from bot.members.store_thread import BusyError
from bot.settings import WhoMayChange

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.channels.buttons import Click
    from bot.chat.asking import Asker
    from bot.clock import Clock
    from bot.members.context import Context
    from bot.members.store_thread import StoreThreads
    from bot.text.templates import Templates

    IsManager = Callable[[], Awaitable[bool]]
    """Whether the platform calls this person a manager; asked only where that decides who may change a channel."""

log = structlog.get_logger(__name__)

REMEMBERED = timedelta(days=1)
"""How long the ids of requests are kept; platforms repeat a request for less time than that."""
_BUSY = "Too many ask just now. Please ask again in a minute."
_NO_STORE = "The store cannot be used just now, and nothing was changed. Please ask again in a minute."
_FAULT = "Something went wrong here, and the operator's log says what."
_UNKNOWN_WHO = "Whether you may change this could not be found out just now. Please ask again in a minute."
_NO_PREVIEW = "Too many ask just now for what it would have brought to be said."


async def nobody() -> bool:
    """`IsManager` of no person."""
    return False


class ChatService:
    """Answers requests of all platforms, over one configuration at a time."""

    def __init__(self, context: Context, clock: Clock, wake: Callable[[], None], threads: StoreThreads) -> None:
        """Takes what commands need.

        Args:
            context: the store and the configuration.
            clock: tells the present moment.
            wake: called when something changed for which the daemon should run at once.
            threads: the threads that commands run in; they stay when the configuration is reloaded.
        """
        self.context = context
        self._clock = clock
        self._wake = wake
        self._threads = threads

    async def answer(self, request: Request, is_manager: IsManager = nobody) -> Answer | None:
        """Carries out a command. Returns None if the same request was carried out before. Never raises an error.

        Args:
            request: the command with its values.
            is_manager: tells whether this person is a manager; not needed for a command that changes nothing.
        """
        return await self._guarded(self._answer(request, is_manager), request.command, request.asker)

    async def press(self, event: str, asker: Asker, click: Click) -> Answer | None:
        """Handles a click on a button under a paper. Returns None if it was handled before. Never raises an error.

        Args:
            event: the platform's id of the click.
            asker: the person who clicked.
            click: the meaning of the button.
        """
        return await self._guarded(self._press(event, asker, click), click.wish, asker)

    async def _guarded(self, answering: Awaitable[Answer | None], what: str, asker: Asker) -> Answer | None:
        """The answer; after an error, an answer that says so without details, which are logged."""
        try:
            return await answering
        except BusyError:
            return sentences.no(_BUSY)
        except StoreError as error:
            log.warning("the store cannot be used", store=error.store, reason=error.reason)
            return sentences.no(_NO_STORE)
        except DeliveryError as error:
            log.warning("who may change a channel is not known", platform=asker.platform, reason=error.reason)
            return sentences.no(_UNKNOWN_WHO)
        except Exception:
            log.exception("a command failed", command=what, platform=asker.platform)
            return sentences.no(_FAULT)

    async def followed(self, asker: Asker) -> tuple[tuple[str, str], ...]:
        """The topics that a place follows: the title and the name of each.

        Raises:
            BusyError: too many requests at this moment.
            StoreError: the store cannot be read.
        """
        ask = Ask(self.context, asker, self._clock.now())
        return await self._threads.reading.run(ask.context.store, partial(_followed, ask))

    async def _answer(self, request: Request, is_manager: IsManager) -> Answer | None:
        command = COMMANDS[request.command]
        ask = Ask(self.context, request.asker, self._clock.now(), request.shown_to)
        store, run = ask.context.store, partial(command.run, ask, request.values)
        if command.changes and not await self._may_change(request.asker, is_manager):
            run = partial(sentences.only_managers, request.asker)
        first = run if command.changes else _nothing_yet
        answer = await self._threads.commands.run(store, partial(_once, ask, request.id, first))
        if answer is not None and not command.changes:
            thread = self._threads.previews if command.is_slow else self._threads.reading
            answer = await thread.run(store, run)
        if answer is not None and answer.has_changed:
            self._wake()
        return await self._with_previews(ask, answer) if answer and answer.previews else answer

    async def _may_change(self, asker: Asker, is_manager: IsManager) -> bool:
        chat = getattr(self.context.settings.chat, asker.platform)
        return asker.is_direct or chat.who is WhoMayChange.EVERYONE or await is_manager()

    async def _press(self, event: str, asker: Asker, click: Click) -> Answer | None:
        if click.wish is Wish.WHY:
            values = {"identifier": click.identifier}
            return await self._answer(Request(event, asker, "why", values, click.subscriber), nobody)
        ask = Ask(self.context, asker, self._clock.now(), click.subscriber)
        return await self._threads.commands.run(
            ask.context.store, partial(_once, ask, event, partial(note, ask, click))
        )

    async def _with_previews(self, ask: Ask, answer: Answer) -> Answer:
        """The answer with previews; without them if there is no time, as the change is made already."""
        try:
            return await self._threads.previews.run(ask.context.store, partial(with_previews, ask, answer))
        except BusyError:
            return replace(answer, parts=(*answer.parts, Part(lines=(_NO_PREVIEW,))), previews=())


def _followed(ask: Ask) -> tuple[tuple[str, str], ...]:
    topics = ask.context.settings.topics
    followed = ask.member.topics if ask.member else ()
    return tuple((sentences.title(each, topics), each if isinstance(each, str) else each.name) for each in followed)


def _once(ask: Ask, event: str, run: Callable[[], Answer]) -> Answer | None:
    """Records the request and carries it out, in one transaction. Returns None if it was carried out before."""
    with ask.context.store.shared_transaction():
        name = f"{ask.asker.platform}:{event}"
        return run() if carry_out_once(ask.context, name, REMEMBERED, ask.now) else None


def _nothing_yet() -> Answer:
    return Answer("")


class Listener(Protocol):
    """Receives the commands and clicks of one platform, and answers them."""

    @property
    def is_connected(self) -> bool:
        """Whether this machine has a working connection; it has none while another machine listens."""
        ...

    @property
    def outage(self) -> str:
        """Why commands do not arrive, for the operator; empty if they do, or if another machine listens."""
        ...

    def exchange(self, service: ChatService, templates: Templates) -> None:
        """Uses another configuration from now on; connections stay open."""
        ...

    async def run(self) -> None:
        """Listens until cancelled; then closes its connections within some seconds."""
        ...
