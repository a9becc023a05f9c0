"""Selects a topic's digest entries from announcements: one per paper, with its announce type, version and match.

Digests, pages and explanations all select with this. The caller passes as `told` what was already sent. Does no I/O.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import DigestEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.model import Announcement, Match, Paper, Topic
    from bot.topics.matched_papers import MatchedPapers

TOLD_AS_NEW = 0
"""In the key of a paper told as new or cross, the number in place of the version."""


@dataclass(frozen=True, slots=True)
class Selected:
    """An entry, and the keys to keep once it is sent: (identifier, 0) if new, (identifier, version) if replaced."""

    entry: DigestEntry
    settles: tuple[tuple[str, int], ...]


def select(
    topic: Topic,
    announcements: Iterable[Announcement],
    papers: Mapping[tuple[str, int], Paper],
    matched: MatchedPapers,
    *,
    told: frozenset[tuple[str, int]] = frozenset(),
) -> list[Selected]:
    """The papers of these announcements that the topic matches and that were not told.

    Args:
        topic: the topic; announcements in other categories or of other types are skipped.
        announcements: all since the last digest, or of one mailing.
        papers: the papers by (identifier, version).
        matched: the topic's matches.
        told: keys that were told, in the form of `Selected.settles`.
    """
    by_paper: dict[str, list[Announcement]] = {}
    for announcement in announcements:
        if announcement.category in topic.categories:
            by_paper.setdefault(announcement.identifier, []).append(announcement)
    found = []
    for identifier, events in by_paper.items():
        news = _news(topic, events, told)
        shown = [papers[identifier, version] for version in sorted({e.version for e in events}, reverse=True)]
        claim = _claim(topic.name, shown, matched) if news else None
        if news and claim:
            found.append(_selected(*news, shown[0], claim))
    return found


def _news(
    topic: Topic,
    events: Sequence[Announcement],
    told: frozenset[tuple[str, int]],
) -> tuple[Announcement, tuple[int, ...]] | None:
    """The announcement to tell and the versions that it settles; None if there is nothing to tell."""
    identifier = events[0].identifier
    appearance = _strongest([event for event in events if not event.type.is_replacement])
    replacements = [event for event in events if event.type.is_replacement]
    replacement = _strongest(
        [event for event in replacements if event.version == max(e.version for e in replacements)]
    )
    versions = tuple(sorted({event.version for event in replacements}))
    if appearance and appearance.type in topic.announce and (identifier, TOLD_AS_NEW) not in told:
        return appearance, (TOLD_AS_NEW, *versions)
    if replacement and replacement.type in topic.announce and (identifier, replacement.version) not in told:
        return replacement, versions
    return None


def _claim(topic: str, shown: Sequence[Paper], matched: MatchedPapers) -> Match | None:
    """The topic's match with the newest version, else with an older one, unless the newest is excluded."""
    newest, *older = shown
    claim = matched.match(topic, newest)
    if claim is None and older and not matched.excludes(topic, newest):
        claims = (matched.match(topic, paper) for paper in older)
        return next((claim for claim in claims if claim is not None), None)
    return claim


def _selected(event: Announcement, settled: tuple[int, ...], newest: Paper, claim: Match) -> Selected:
    entry = DigestEntry(
        paper=newest,
        type=event.type,
        mailing_date=event.mailing_date,
        match=claim,
        replaced_to=newest.version if newest.version > event.version else None,
        reconstructed=event.reconstructed,
    )
    return Selected(entry, tuple((event.identifier, version) for version in settled))


def _strongest(events: Sequence[Announcement]) -> Announcement | None:
    """The announcement with the strongest type; of equal ones, the earliest."""
    return max(events, key=lambda event: (event.type.strength, -event.mailing_date.toordinal()), default=None)
