"""The second verb: announcements x topics -> digest -> messages and deliveries.

    [due?] -> draft -> render -> outbox

Each subscriber stands alone: its own cursor, its own hour, its own templates. What it is told is worked out in
`drafts`. Those that are told the same in the same form are served together: rendered once, written many in one
transaction with others, and whoever another process composed for is left to it. Nothing in here sends, and nothing
asks arXiv.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.arxiv import calendar
from bot.clock import latest_slot, next_slot
from bot.errors import RenderError
from bot.model import Note
from bot.settings import WhenEmpty
from bot.store.outbox import Packet
from bot.store.subscribers import ReaderState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from bot.channels.channel import Channel
    from bot.compose.digests import Draft, Drafter
    from bot.model import Digest, Message
    from bot.settings import Settings, Subscriber
    from bot.store import Store


_AT_ONCE = 50
"""Different digests that are written in one transaction."""


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


@dataclass(frozen=True, slots=True)
class _Turn:
    """One subscriber on its way through compose."""

    subscriber: Subscriber
    before: ReaderState | None
    """As stored; None for a newcomer."""
    after: ReaderState
    draft: Draft | None
    """None before its hour."""

    @property
    def alike(self) -> tuple[object, ...]:
        """The same for all that get the very same messages."""
        each = self.subscriber
        return (self.draft, each.channel, each.max_messages, each.options, each.when_empty)


@dataclass(frozen=True, slots=True)
class _Ready:
    """Those that are told the same, with what they are told: ready to be written."""

    turns: Sequence[_Turn]
    packet: Packet | None
    trouble: str
    """What was wrong with their templates."""
    failed: bool = False
    """Whether nothing could be rendered for them."""

    @property
    def moved(self) -> list[tuple[ReaderState, Sequence[str]]]:
        """Those of which there is anything to write."""
        if self.failed:
            return []
        return [(t.after, t.subscriber.recipients) for t in self.turns if self.packet or t.after != t.before]


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
        states = self._store.readers.states()
        done: dict[str, Composed] = {}
        groups: dict[tuple[object, ...], list[_Turn]] = {}
        for subscriber in self._settings.subscribers.values():
            if subscriber.paused:
                done[subscriber.name] = Composed(subscriber.name, Outcome.PAUSED)
                continue
            turn = self._turn(subscriber, states.get(subscriber.name), now, any_hour=any_hour)
            if wait_until and now < wait_until and turn.draft and _is_early(subscriber, turn.draft):
                done[subscriber.name] = Composed(subscriber.name, Outcome.WAITING)
            else:
                groups.setdefault(turn.alike, []).append(turn)
        for some in _in_batches(list(groups.values())):
            done.update((composed.subscriber, composed) for composed in self._serve(some, now))
        return tuple(done[name] for name in self._settings.subscribers)

    def enrol(self, now: datetime) -> None:
        """Have every newcomer begin here: with the latest mailing stored by now, and all that is stored after it."""
        states = self._store.readers.states()
        moved = []
        for subscriber in self._settings.subscribers.values():
            before = states.get(subscriber.name)
            state = self._drafter.follow(subscriber, before or ReaderState(subscriber.name))
            if state != before and not subscriber.paused:
                moved.append((state, ()))
        # Whom another process composed for in the meantime has begun by that.
        self._store.outbox.enqueue_for(moved, None, now)

    # -- one subscriber, and all like it ---------------------------------------------------------------------------

    def _turn(self, subscriber: Subscriber, before: ReaderState | None, now: datetime, *, any_hour: bool) -> _Turn:
        state = self._drafter.follow(subscriber, before or ReaderState(subscriber.name))
        if state.slot is None:
            # A newcomer, or one that has an hour only now, starts at its next slot.
            state = replace(state, slot=_served(subscriber, now))
        due = _due(subscriber, state, now)
        if not (due or any_hour):
            return _Turn(subscriber, before, state, None)
        if due:
            state = replace(state, slot=_served(subscriber, now))
        draft = self._drafter.draft(subscriber, state, now)
        return _Turn(subscriber, before, draft.after(state), draft)

    def _serve(self, groups: Iterable[Sequence[_Turn]], now: datetime) -> Iterator[Composed]:
        """Each group's packet rendered, and all of them written together."""
        ready = [self._ready(turns) for turns in groups]
        lost = self._store.outbox.enqueue_all([(each.moved, each.packet) for each in ready], now)
        for each in ready:
            draft = each.turns[0].draft
            matched = draft.digest.matched if draft and draft.digest else 0
            parts = len(each.packet.messages) if each.packet else 0
            for turn in each.turns:
                name = turn.subscriber.name
                if each.failed:
                    yield Composed(name, Outcome.FAILED, reason=each.trouble)
                elif name in lost:
                    yield Composed(name, Outcome.ELSEWHERE)
                else:
                    outcome, messages = _outcome(draft, each.packet), parts * len(turn.subscriber.addresses)
                    yield Composed(name, outcome, matched, messages, each.trouble, _next(turn.subscriber, now))

    def _ready(self, turns: Sequence[_Turn]) -> _Ready:
        first, draft = turns[0].subscriber, turns[0].draft
        try:
            packet, trouble = self._packet(first, draft) if draft else (None, "")
        except RenderError as error:
            # Its own template's trouble is its own: the cursor stays, the next run composes it again.
            return _Ready(turns, None, str(error), failed=True)
        return _Ready(turns, packet, trouble)

    def preview(self, subscriber: Subscriber, now: datetime, *, as_newcomer: bool) -> Digest | None:
        """What the subscriber would be told now, whatever its hour; a newcomer gets the latest mailing."""
        known = None if as_newcomer else self._store.readers.state(subscriber.name)
        nobody = ReaderState(name="")
        return self._drafter.draft(subscriber, self._drafter.follow(subscriber, known or nobody), now).digest

    # -- rendering -----------------------------------------------------------------------------------------------

    def _packet(self, subscriber: Subscriber, draft: Draft) -> tuple[Packet | None, str]:
        """The messages, if there is anything to say, and what was wrong with the subscriber's own templates."""
        if draft.digest:
            digest = draft.digest
            messages, trouble = self._guarded(
                subscriber,
                lambda channel: channel.render(
                    digest,
                    max_messages=subscriber.max_messages,
                    options=subscriber.options,
                ),
            )
            shown = {identifier for message in messages for identifier in message.papers}
            papers = tuple(replace(paper, shown=paper.identifier in shown) for paper in draft.papers)
            titles = " · ".join(section.title for section in digest.sections)
            return Packet(subscriber.channel, titles, messages, papers), trouble
        note = draft.silence
        if note and subscriber.when_empty is WhenEmpty.SAY:
            messages, trouble = self._guarded(subscriber, lambda channel: (channel.render_note(note),))
            return Packet(subscriber.channel, note.title, messages), trouble
        return None, ""

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


def _in_batches(groups: Sequence[Sequence[_Turn]]) -> Iterator[Sequence[Sequence[_Turn]]]:
    """So many at a time that a commit costs little beside them, and so few that their digests fit into memory."""
    return (groups[start : start + _AT_ONCE] for start in range(0, len(groups), _AT_ONCE))


def _outcome(draft: Draft | None, packet: Packet | None) -> Outcome:
    if draft is None:
        return Outcome.NOT_DUE
    if packet is None:
        return Outcome.EMPTY
    return Outcome.DIGEST if draft.digest else Outcome.SAID_EMPTY


def _is_early(subscriber: Subscriber, draft: Draft) -> bool:
    """Whether there is something to tell at no hour of its own, and more to come."""
    return subscriber.at is None and draft.digest is not None and bool(draft.digest.missing)


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
    if latest_slot(now, subscriber.at, subscriber.on, subscriber.timezone) > state.slot:
        return True
    # Its hour of this mailing date was served already: what comes in late follows at once. A newcomer still waits.
    return state.told_through is not None and calendar.mailing_date(state.slot) == calendar.mailing_date(now)


def _served(subscriber: Subscriber, now: datetime) -> datetime | None:
    """The slot that counts as served from now on."""
    if subscriber.at is None:
        return None
    return latest_slot(now, subscriber.at, subscriber.on, subscriber.timezone)


def _next(subscriber: Subscriber, now: datetime) -> datetime | None:
    if subscriber.at is None:
        return None
    return next_slot(now, subscriber.at, subscriber.on, subscriber.timezone)
