"""The second verb: announcements x topics -> digest -> messages and deliveries.

    [due?] -> draft -> render -> outbox                                  one transaction per subscriber

Each subscriber stands alone: its own cursor, its own hour, its own templates. What it is told is worked out in
`drafts`. Nothing in here sends, and nothing asks arXiv. Equal digests are rendered once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot import hours
from bot.arxiv import calendar
from bot.errors import RenderError
from bot.model import Note
from bot.settings import WhenEmpty
from bot.store.outbox import Packet
from bot.store.readers import ReaderState, StateChangedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bot.channels.channel import Channel
    from bot.drafts import Draft, Drafter
    from bot.model import Digest, Message
    from bot.settings import Settings, Subscriber
    from bot.store import Store


class Outcome(StrEnum):
    """What compose came to for one subscriber."""

    DIGEST = "digest"
    EMPTY = "empty"
    SAID_EMPTY = "said-empty"
    NOT_DUE = "not-due"
    PAUSED = "paused"
    WAITING = "waiting"
    """Some of its categories are late, and there is time to wait for them."""
    FAILED = "failed"
    """A template is broken: its own, so its own trouble."""
    ELSEWHERE = "elsewhere"
    """Another process composed for it in the meantime."""


@dataclass(frozen=True, slots=True)
class Composed:
    """What compose did for one subscriber."""

    subscriber: str
    outcome: Outcome
    matched: int = 0
    messages: int = 0
    """Deliveries written."""
    reason: str = ""
    """What was wrong with its templates, whether or not there was a digest all the same."""
    next_slot: datetime | None = None


class Composer:
    """One run of compose over one reading of the store."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        channels: Mapping[str, Channel],
        drafter: Drafter,
        *,
        fallbacks: Mapping[str, Channel] = MappingProxyType({}),
    ) -> None:
        """Take what composing needs.

        Args:
            store: what was announced and told.
            settings: who wants what.
            channels: by name, with the user's own templates where there are any.
            drafter: what each would be told.
            fallbacks: the same channels with the built-in templates, where the user has own ones.
        """
        self._store = store
        self._settings = settings
        self._channels = channels
        self._fallbacks = fallbacks
        self._drafter = drafter
        self._rendered: dict[tuple[object, ...], tuple[tuple[Message, ...], str]] = {}

    def compose(
        self,
        now: datetime,
        *,
        any_hour: bool = False,
        wait_until: datetime | None = None,
    ) -> tuple[Composed, ...]:
        """Compose for every subscriber whose hour has come.

        Args:
            now: the moment, UTC.
            any_hour: for all, whatever their hour.
            wait_until: until then, who has no hour of its own waits for categories that are late.
        """
        waits = wait_until is not None and now < wait_until
        return tuple(
            self._compose_one(each, now, any_hour=any_hour, waits=waits)
            for each in self._settings.subscribers.values()
        )

    def enrol(self, now: datetime) -> None:
        """Have every newcomer begin here: with the latest mailing stored by now, and all that is stored after it.

        Raises:
            StateChangedError: another process composed in the meantime.
        """
        for subscriber in self._settings.subscribers.values():
            before = self._store.readers.state(subscriber.name)
            state = self._drafter.follow(subscriber, before or ReaderState(subscriber.name))
            if state != before and not subscriber.paused:
                self._store.outbox.enqueue(state, None, (), now)

    # -- one subscriber ------------------------------------------------------------------------------------------

    def _compose_one(self, subscriber: Subscriber, now: datetime, *, any_hour: bool, waits: bool) -> Composed:
        if subscriber.paused:
            return Composed(subscriber.name, Outcome.PAUSED)
        before = self._store.readers.state(subscriber.name)
        state = self._drafter.follow(subscriber, before or ReaderState(subscriber.name))
        if state.slot is None:
            # A newcomer, or one that has an hour only now, starts at its next slot.
            state = replace(state, slot=_served(subscriber, now))
        due = _due(subscriber, state, now)
        if not (due or any_hour):
            if state != before:
                self._store.outbox.enqueue(state, None, (), now)
            return Composed(subscriber.name, Outcome.NOT_DUE, next_slot=_next(subscriber, now))
        if due:
            state = replace(state, slot=_served(subscriber, now))
        draft = self._drafter.draft(subscriber, state, now)
        if waits and subscriber.at is None and draft.digest and draft.digest.missing:
            return Composed(subscriber.name, Outcome.WAITING)
        try:
            packet, trouble = self._packet(subscriber, draft)
            written = 0
            if packet or draft.state != before:
                written = self._store.outbox.enqueue(draft.state, packet, subscriber.recipients, now)
        except RenderError as error:
            # Its own template's trouble is its own: the cursor stays, the next run composes it again.
            return Composed(subscriber.name, Outcome.FAILED, reason=str(error))
        except StateChangedError:
            return Composed(subscriber.name, Outcome.ELSEWHERE)
        outcome = Outcome.DIGEST if draft.digest else Outcome.SAID_EMPTY if packet else Outcome.EMPTY
        matched = draft.digest.matched if draft.digest else 0
        return Composed(subscriber.name, outcome, matched, written, trouble, _next(subscriber, now))

    def preview(self, subscriber: Subscriber, now: datetime, *, as_newcomer: bool) -> Digest | None:
        """What the subscriber would be told now, whatever its hour; a newcomer gets the latest mailing."""
        known = None if as_newcomer else self._store.readers.state(subscriber.name)
        nobody = ReaderState(name="")
        return self._drafter.draft(subscriber, self._drafter.follow(subscriber, known or nobody), now).digest

    # -- rendering -----------------------------------------------------------------------------------------------

    def _packet(self, subscriber: Subscriber, draft: Draft) -> tuple[Packet | None, str]:
        """The messages, if there is anything to say, and what was wrong with the subscriber's own templates."""
        if draft.digest:
            messages, trouble = self._rendered_once(subscriber, draft.digest)
            shown = {identifier for message in messages for identifier in message.papers}
            papers = tuple(replace(paper, shown=paper.identifier in shown) for paper in draft.papers)
            titles = " · ".join(section.title for section in draft.digest.sections)
            return Packet(subscriber.channel, titles, messages, papers), trouble
        note = draft.silence
        if note and subscriber.when_empty is WhenEmpty.SAY:
            messages, trouble = self._guarded(subscriber, lambda channel: (channel.render_note(note),))
            return Packet(subscriber.channel, note.title, messages), trouble
        return None, ""

    def _rendered_once(self, subscriber: Subscriber, digest: Digest) -> tuple[tuple[Message, ...], str]:
        key = (subscriber.channel, digest, subscriber.max_messages, subscriber.options)
        if key not in self._rendered:
            self._rendered[key] = self._guarded(
                subscriber,
                lambda channel: channel.render(
                    digest,
                    max_messages=subscriber.max_messages,
                    options=subscriber.options,
                ),
            )
        return self._rendered[key]

    def _guarded(
        self,
        subscriber: Subscriber,
        render: Callable[[Channel], tuple[Message, ...]],
    ) -> tuple[tuple[Message, ...], str]:
        """What the channel renders; with the built-in templates and a note where the subscriber's own are broken.

        Raises:
            RenderError: the built-in ones fail too, or there are no others.
        """
        name = subscriber.channel
        try:
            return _rendered(self._channels[name], render), ""
        except RenderError as error:
            if name not in self._fallbacks:
                raise
            built_in = self._fallbacks[name]
            note = Note(
                title="A template of your own is broken",
                text=f"{error}\nThe built-in one was used for this digest.",
            )
            return (*_rendered(built_in, render), built_in.render_note(note)), str(error)


def _rendered(channel: Channel, render: Callable[[Channel], tuple[Message, ...]]) -> tuple[Message, ...]:
    """What it renders; a fault of ours counts as a broken template, for it must stop nobody else either.

    Raises:
        RenderError: it cannot.
    """
    try:
        return render(channel)
    except RenderError:
        raise
    except Exception as error:
        raise RenderError(type(channel).__name__, f"internal error: {type(error).__name__}: {error}") from error


def _due(subscriber: Subscriber, state: ReaderState, now: datetime) -> bool:
    if subscriber.at is None:
        return True
    if state.slot is None or state.slot > now:  # later than now: a clock went wrong once
        return True
    if hours.latest_slot(now, subscriber.at, subscriber.on, subscriber.timezone) > state.slot:
        return True
    # Its hour of this mailing date was served already: what comes in late follows at once. A newcomer still waits.
    return state.told_through is not None and calendar.mailing_date(state.slot) == calendar.mailing_date(now)


def _served(subscriber: Subscriber, now: datetime) -> datetime | None:
    """The slot that counts as served from now on."""
    if subscriber.at is None:
        return None
    return hours.latest_slot(now, subscriber.at, subscriber.on, subscriber.timezone)


def _next(subscriber: Subscriber, now: datetime) -> datetime | None:
    if subscriber.at is None:
        return None
    return hours.next_slot(now, subscriber.at, subscriber.on, subscriber.timezone)
