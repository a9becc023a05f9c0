"""Carries out what was asked, and answers: who may, once, in threads, so that nothing waits for the store.

request -> may they? -> once -> command in a thread -> what it would have brought -> answer
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.channels.buttons import Wish
from bot.chat import sentences
from bot.chat.answers import Answer, Part
from bot.chat.asking import Ask, Request
from bot.chat.clicks import note
from bot.chat.commands import COMMANDS
from bot.chat.looking import with_previews
from bot.errors import DeliveryError, StoreError
from bot.members.commands import carry_out_once
from bot.members.store_thread import BusyError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.channels.buttons import Click
    from bot.chat.asking import Asker
    from bot.clock import Clock
    from bot.members.context import Context
    from bot.members.store_thread import StoreThreads

    MayChange = Callable[[], Awaitable[bool]]
    """Whether who asks may change what the channel gets; asked only where that matters."""

log = structlog.get_logger(__name__)

REMEMBERED = timedelta(days=1)
"""For how long it is known what was carried out: longer than any platform says a thing again."""
_BUSY = "Too many ask just now. Please ask again in a minute."
_NO_STORE = "The store cannot be used just now, and nothing was changed. Please ask again in a minute."
_FAULT = "Something went wrong here, and the operator's log says what."
_UNKNOWN_WHO = "Whether you may change this could not be found out just now. Please ask again in a minute."
_NO_PREVIEW = "Too many ask just now for what it would have brought to be said."


class ChatService:
    """Answers requests of all platforms, over one configuration at a time."""

    def __init__(self, context: Context, clock: Clock, wake: Callable[[], None], threads: StoreThreads) -> None:
        """Take what commands work with.

        Args:
            context: the store and the configuration.
            clock: for now.
            wake: called when the verbs have something to look at.
            threads: where commands run; they outlive a configuration.
        """
        self.context = context
        self._clock = clock
        self._wake = wake
        self._threads = threads

    async def answer(self, request: Request, may_change: MayChange) -> Answer | None:
        """What is answered; None if the same request was carried out before. Never raises because of a request.

        Args:
            request: the command, read.
            may_change: whether who asks may change the channel.
        """
        return await self._guarded(self._answer(request, may_change), request.command, request.asker)

    async def press(self, event: str, asker: Asker, click: Click) -> Answer | None:
        """What is answered to a press of a button under a paper; None if it was before. Never raises because of it.

        Args:
            event: the platform's own id of the press.
            asker: who pressed it.
            click: what the button said.
        """
        return await self._guarded(self._press(event, asker, click), click.wish, asker)

    async def _guarded(self, answering: Awaitable[Answer | None], what: str, asker: Asker) -> Answer | None:
        """The answer; where there is none because of a failure, what may be said of that."""
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
        """What a place follows and may change: each topic's title, and its name.

        Raises:
            BusyError: too many ask just now.
            StoreError: the store cannot be read.
        """
        ask = Ask(self.context, asker, self._clock.now())
        return await self._threads.reading.run(ask.context.store, partial(_followed, ask))

    async def _answer(self, request: Request, may_change: MayChange) -> Answer | None:
        command = COMMANDS[request.command]
        ask = Ask(self.context, request.asker, self._clock.now(), request.shown_to)
        store, run = ask.context.store, partial(command.run, ask, request.values)
        if command.changes and not request.asker.is_direct and not await may_change():
            run = partial(sentences.only_managers, request.asker)
        first = run if command.changes else _nothing_yet
        answer = await self._threads.commands.run(store, partial(_once, ask, request.id, first))
        if answer is not None and not command.changes:
            thread = self._threads.previews if command.is_slow else self._threads.reading
            answer = await thread.run(store, run)
        if answer is not None and answer.has_changed:
            self._wake()
        return await self._with_previews(ask, answer) if answer and answer.previews else answer

    async def _press(self, event: str, asker: Asker, click: Click) -> Answer | None:
        if click.wish is Wish.WHY:
            values = {"identifier": click.identifier}
            return await self._answer(Request(event, asker, "why", values, click.subscriber), _nobody)
        ask = Ask(self.context, asker, self._clock.now(), click.subscriber)
        return await self._threads.commands.run(
            ask.context.store, partial(_once, ask, event, partial(note, ask, click))
        )

    async def _with_previews(self, ask: Ask, answer: Answer) -> Answer:
        """What was changed is changed, whether or not there is time to say what it would have brought."""
        try:
            return await self._threads.previews.run(ask.context.store, partial(with_previews, ask, answer))
        except BusyError:
            return replace(answer, parts=(*answer.parts, Part(lines=(_NO_PREVIEW,))), previews=())


def _followed(ask: Ask) -> tuple[tuple[str, str], ...]:
    topics = ask.context.settings.topics
    followed = ask.member.topics if ask.member else ()
    return tuple((sentences.title(each, topics), each if isinstance(each, str) else each.name) for each in followed)


def _once(ask: Ask, event: str, run: Callable[[], Answer]) -> Answer | None:
    """Note that it is carried out, and carry it out: both or neither. None if it was before."""
    with ask.context.store.shared_transaction():
        name = f"{ask.asker.platform}:{event}"
        return run() if carry_out_once(ask.context, name, REMEMBERED, ask.now) else None


async def _nobody() -> bool:
    return False


def _nothing_yet() -> Answer:
    return Answer("")
