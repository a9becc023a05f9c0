"""Values for rendering that all channels share: a paper's links, the best papers, merged topics.

Pure. Knows no platform and no template; does not truncate or escape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import Link, Section
from bot.text import links

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Digest, DigestEntry

MOST_LINKS = 8
"""The most listings that are linked for papers that are only counted; the other listings are counted."""


def paper_links(entry: DigestEntry) -> tuple[Link, ...]:
    """Links to the paper's PDF and HTML, and to its authors' code, data and project."""
    return (*entry.format_links, *links.found(entry.paper.abstract, entry.paper.comment))


def paper_count(section: Section) -> int:
    """The number of papers in the section, shown or counted."""
    return len(section.entries) + section.hidden


def shares(sizes: Sequence[int], total: int) -> list[int]:
    """Divides `total` evenly, nobody getting more than its size; the first ones get the remainder."""
    dealt = [0] * len(sizes)
    while total > 0 and (wanting := [index for index, size in enumerate(sizes) if dealt[index] < size]):
        each = min(max(1, total // len(wanting)), *(sizes[index] - dealt[index] for index in wanting))
        for index in wanting[:total]:
            dealt[index] += each
            total -= each
    return dealt


BEST = 3
"""How many titles the first message of a thread names; with no more papers there is no thread."""


def opens_thread(digest: Digest, *, thread: bool | None, max_messages: int) -> bool:
    """Whether a digest is one message with the papers in its thread.

    Args:
        digest: the digest.
        thread: the subscriber's option; None for a thread unless there are few papers.
        max_messages: the most messages; with one there can be no reply.
    """
    wanted = digest.matched > BEST if thread is None else thread
    return wanted and max_messages > 1 and digest.matched > 0


def best_of(sections: Sequence[Section]) -> tuple[tuple[Section, DigestEntry], ...]:
    """The first papers of the topics, each with its section; evenly from all topics."""
    dealt = shares([len(section.entries) for section in sections], BEST)
    return tuple(
        (section, entry) for section, count in zip(sections, dealt, strict=True) for entry in section.entries[:count]
    )


def web_pages(sections: Sequence[Section]) -> tuple[Link, ...]:
    """Links to the digest's pages on the site, labelled by date, or by topic if there are several."""
    if len(sections) == 1:
        return sections[0].pages
    return tuple(
        Link(section.title if len(section.pages) == 1 else f"{section.title}, {page.label}", page.url)
        for section in sections
        for page in section.pages
    )


def merged(sections: Sequence[Section]) -> Section:
    """All sections as one, if there are too many to count each: newest mailing first, each link once."""
    entries = [entry for section in sections for entry in section.entries]
    return Section(
        topic="",
        title=f"{len(sections)} topics",
        entries=tuple(sorted(entries, key=lambda entry: entry.mailing_date, reverse=True)),
        hidden=sum(section.hidden for section in sections),
        more=tuple(dict.fromkeys(link for section in sections for link in section.more)),
        pages=tuple(dict.fromkeys(link for section in sections for link in section.pages)),
    )
