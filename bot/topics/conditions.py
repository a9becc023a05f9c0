"""A topic's conditions over the terms that stand in a paper: which of them speak for it.

Pure. Knows no text: what stands where was found before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.topics.query import And, Node, Not, Term

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.topics.index import Found, Hits, Sought


class Condition(Protocol):
    """A term, or several conditions joined."""

    def met(self, found: Found) -> Hits | None:
        """The hits that fulfil it (there may be none to show), or None where it is not fulfilled."""
        ...

    def needs(self) -> tuple[Sought, ...] | None:
        """Terms of which one stands in every paper that fulfils it; None where there are no such terms."""
        ...


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of them; of nothing, always."""

    parts: tuple[Condition, ...]

    def met(self, found: Found) -> Hits | None:
        """What all of them show."""
        every: Hits = ()
        for part in self.parts:
            hits = part.met(found)
            if hits is None:
                return None
            every += hits
        return every

    def needs(self) -> tuple[Sought, ...] | None:
        """One part's needs are enough: those of which the fewest papers should have one."""
        known = [needs for part in self.parts if (needs := part.needs()) is not None]
        return min(known, key=_frequency, default=None)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of them; of nothing, never."""

    parts: tuple[Condition, ...]

    def met(self, found: Found) -> Hits | None:
        """What all show that are fulfilled."""
        every: Hits = ()
        one = False
        for part in self.parts:
            hits = part.met(found)
            if hits is not None:
                one = True
                every += hits
        return every if one else None

    def needs(self) -> tuple[Sought, ...] | None:
        """What any of them needs."""
        every: dict[Sought, None] = {}
        for part in self.parts:
            needs = part.needs()
            if needs is None:
                return None
            every.update(dict.fromkeys(needs))
        return tuple(every)


@dataclass(frozen=True, slots=True)
class NoneOf:
    """Not this one."""

    part: Condition

    def met(self, found: Found) -> Hits | None:
        """Nothing to show, where it is fulfilled."""
        return () if self.part.met(found) is None else None

    def needs(self) -> None:
        """It is fulfilled where nothing stands."""


def condition(node: Node, sought: Callable[[Term], Sought]) -> Condition:
    """A query's tree over terms as they are looked for."""
    match node:
        case Term():
            return sought(node)
        case Not():
            return NoneOf(condition(node.node, sought))
    parts = tuple([condition(part, sought) for part in node.nodes])
    return AllOf(parts) if isinstance(node, And) else AnyOf(parts)


_AS_A_CATEGORY = 100


def _frequency(needs: tuple[Sought, ...]) -> int:
    """A guess at how many papers have one of the terms: hardly a word is as frequent as a category."""
    return sum(_AS_A_CATEGORY if "category" in sought.term.fields else 1 for sought in needs)
