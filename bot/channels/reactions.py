"""What reactions (emoji under a message) say of the one paper that a message shows. Pure, but for the protocol.

A message that shows several papers says nothing of any of them: `reactions: true` makes one message of each paper.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from bot.channels.buttons import Wish

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence

    from bot.settings import Address

    Turn = Callable[[], Awaitable[None]]
    """Awaited before each request: paces them, and raises when there were enough."""

_MEANINGS: Mapping[Wish, tuple[str, ...]] = {
    Wish.SAVED: ("bookmark", "floppy_disk", "\N{BOOKMARK}", "\N{FLOPPY DISK}"),
    Wish.MORE: (
        *("+1", "thumbsup", "heart", "star"),
        *("\N{THUMBS UP SIGN}", "\N{HEAVY BLACK HEART}", "\N{WHITE MEDIUM STAR}"),
    ),
    Wish.LESS: ("-1", "thumbsdown", "\N{THUMBS DOWN SIGN}"),
}
"""By name, as Slack calls them, and as the characters themselves, as Discord does. What comes first wins, where one
person says several."""
_WISH_OF = {name: wish for wish, names in _MEANINGS.items() for name in names}
_SKIN_TONE = "::"
"""What is between an emoji's name and its skin tone in Slack: `+1::skin-tone-3`."""
_MODIFIERS = dict.fromkeys([0xFE0F, *range(0x1F3FB, 0x1F400)])
"""The variation selector for colour, and skin tones: https://www.unicode.org/reports/tr51/."""


@dataclass(frozen=True, slots=True)
class PostedMessage:
    """A message of ours on a platform, that shows one paper."""

    id: str
    """The platform's id of it."""
    thread: str | None = None
    """The id of the message that opened its thread; None if it is in none."""


@dataclass(frozen=True, slots=True)
class Reacted:
    """What people's reactions under one message say."""

    message: str
    """The platform's id of it."""
    wishes: Mapping[str, Wish] = field(repr=False)
    """By the platform's id of a person."""
    is_complete: bool = True
    """Whether everybody is named; else somebody may have reacted who is not in `wishes`."""


@runtime_checkable
class ReadsReactions(Protocol):
    """Interface to a channel whose platform can be asked for the reactions under our messages."""

    def reactions(self, messages: Sequence[PostedMessage], address: Address, turn: Turn) -> AsyncIterator[Reacted]:
        """Asks for the reactions under these messages, and yields those of each message that is still there.

        Args:
            messages: ours, at that address, the newest first.
            address: where they are.
            turn: called before each request; waits until one is allowed.

        Raises:
            CannotTellError: we may not read there.
            DeliveryError: the platform does not answer, or not now (RATE_LIMITED).
        """
        ...


def wish_of(emoji: str) -> Wish | None:
    """What a reaction stands for; None if nothing."""
    return _WISH_OF.get(emoji.partition(_SKIN_TONE)[0].translate(_MODIFIERS))


def wishes(reactions: Iterable[tuple[str, Iterable[str]]], *, but: Collection[str] = ()) -> dict[str, Wish]:
    """What each person says: saved before more, more before less, where it is several.

    Args:
        reactions: each emoji, and the ids of the persons.
        but: ids that do not count: the bot's own.
    """
    said: dict[str, set[Wish]] = {}
    for emoji, persons in reactions:
        wish = wish_of(emoji)
        if wish is not None:
            for person in persons:
                said.setdefault(person, set()).add(wish)
    strongest = {person: next(wish for wish in _MEANINGS if wish in found) for person, found in said.items()}
    return {person: wish for person, wish in strongest.items() if person not in but}
