"""Digests of days of every size as pages: what a subscriber with the defaults gets, with buttons, in each channel."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle, islice
from typing import TYPE_CHECKING

from bot.channels import CHANNELS
from bot.channels.defaults import FULL_PAPERS, MESSAGES
from bot.demo.samples import mailings
from bot.model import AnnounceType, Digest, DigestEntry, Hit, Link, Match, Section
from bot.report.preview import render_pages
from bot.text.templates import Templates

if TYPE_CHECKING:
    from pathlib import Path

    from bot.model import Paper

SIZES = (1, 40, 122, 501)
TOPICS = (("reading", "Reading & Eyes", 0.7), ("birds", "Birds", 0.3))
"""Two topics, a long one and a short one, which must not be squeezed out."""


def write_days(folder: Path) -> list[str]:
    """A page for each channel and size, `CHANNEL-SIZE.html`; their names."""
    folder.mkdir(exist_ok=True)
    written = []
    for size in SIZES:
        for channel in CHANNELS:
            (folder / f"{channel}-{size}.html").write_text(_page(channel, size), encoding="utf-8")
            written.append(f"{channel}-{size}.html")
    return written


def _page(channel: str, size: int) -> str:
    """What the channel's subscriber with the defaults would see of a day of so many papers."""
    kind = CHANNELS[channel]
    options = kind.Options() if channel == "mail" else kind.Options(buttons=True)
    most = getattr(kind, "MESSAGES", MESSAGES)
    it = kind(kind.Settings(), Templates(), contact="ops@example.org")
    messages = it.render(_digest(size), max_messages=most, full=FULL_PAPERS, options=options)
    return "\n".join(render_pages(channel, messages, "vision-lab", Templates()))


def _digest(size: int) -> Digest:
    """A day of so many of the demo's papers, each under a number of its own."""
    day, papers = mailings()[-1][0], list(islice(cycle(_papers()), size))
    sections, start = [], 0
    for name, title, share in TOPICS:
        count = max(1, round(size * share)) if start < size else 0
        some = papers[start : start + count] if name != TOPICS[-1][0] else papers[start:]
        if some:
            page = Link(f"{day:%Y-%m-%d}", f"https://papers.example.org/{name}/{day:%Y-%m-%d}.html")
            entries = tuple(
                DigestEntry(
                    replace(paper, identifier=f"2604.{start + place:05d}"),
                    AnnounceType.CROSS if place % 7 == 3 else AnnounceType.NEW,
                    day,
                    Match(name, (Hit("eye", "title"), Hit("reading", "abstract"))),
                )
                for place, paper in enumerate(some, start=1)
            )
            sections.append(Section(name, title, entries, more=(page,), pages=(page,)))
        start += len(some)
    return Digest(tuple(sections), (day,), announced=max(812, size))


def _papers() -> list[Paper]:
    items = (item for _, each in mailings() for mailing in each.values() for item in mailing.entries)
    return list({item.paper.identifier: item.paper for item in items}.values())
