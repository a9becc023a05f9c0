"""From a topic's announcements to its entries: one per paper, with the type, the version and the reasons that count.

Pure. What was told before comes in as a value; digests and pages both select with this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import DigestEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from bot.model import Announcement, Match, Paper, Topic

TOLD_AS_NEW = 0
"""Stands for the version in the key of a paper told as new or cross."""


@dataclass(frozen=True, slots=True)
class Selected:
    """An entry, and what telling it settles: (identifier, 0) for new or cross, (identifier, version) for replaced."""

    entry: DigestEntry
    settles: tuple[tuple[str, int], ...]


def select(
    topic: Topic,
    announcements: Iterable[Announcement],
    papers: Mapping[tuple[str, int], Paper],
    match: Callable[[Paper], Match | None],
    *,
    told: frozenset[tuple[str, int]] = frozenset(),
) -> list[Selected]:
    """The papers of these announcements that the topic claims and that were not told.

    Args:
        topic: whose categories and announce types count.
        announcements: all since the last digest, or of one mailing; other categories' are passed over.
        papers: every announced (identifier, version).
        match: the topic's claim on one version of a paper.
        told: keys as in `Selected.settles`.
    """
    by_paper: dict[str, list[Announcement]] = {}
    for announcement in announcements:
        if announcement.category in topic.categories:
            by_paper.setdefault(announcement.identifier, []).append(announcement)
    found = (_select_one(topic, events, papers, match, told) for events in by_paper.values())
    return [selected for selected in found if selected is not None]


def _select_one(
    topic: Topic,
    events: Sequence[Announcement],
    papers: Mapping[tuple[str, int], Paper],
    match: Callable[[Paper], Match | None],
    told: frozenset[tuple[str, int]],
) -> Selected | None:
    """One paper's events as one entry: as new if it is news as such, else as replaced if that is asked for."""
    identifier = events[0].identifier
    appearance = _strongest([event for event in events if not event.type.is_replacement])
    replacements = [event for event in events if event.type.is_replacement]
    replacement = _strongest(
        [event for event in replacements if event.version == max(e.version for e in replacements)]
    )
    versions = tuple(sorted({event.version for event in replacements}))

    if appearance and appearance.type in topic.announce and (identifier, TOLD_AS_NEW) not in told:
        event, settled = appearance, (TOLD_AS_NEW, *versions)
    elif replacement and replacement.type in topic.announce and (identifier, replacement.version) not in told:
        event, settled = replacement, versions
    else:
        return None

    shown = [papers[identifier, version] for version in sorted({e.version for e in events}, reverse=True)]
    claim = next((claim for claim in map(match, shown) if claim is not None), None)
    if claim is None:
        return None
    newest = shown[0]
    entry = DigestEntry(
        paper=newest,
        type=event.type,
        mailing_date=event.mailing_date,
        match=claim,
        replaced_to=newest.version if newest.version > event.version else None,
    )
    return Selected(entry, tuple((identifier, version) for version in settled))


def _strongest(events: Sequence[Announcement]) -> Announcement | None:
    """The strongest type counts, and of equal ones the earliest mailing."""
    return max(events, key=lambda event: (event.type.strength, -event.mailing_date.toordinal()), default=None)
