"""What the site's search reads: a file per month, a line per page, each a call that hands over its papers.

    paperboy.add(["mllm","2026-04-20",[["2604.00001",1,"Pigeons Read Maps","Ada Byron","cs.CV",0,0,0,["pigeon"]]]]);

Scripts rather than JSON, because a page opened from a folder may load a script and may not ask for a file. The
month's file is its own state: a page's line is replaced, the others stay. Pure.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from bot import text
from bot.model import AnnounceType
from bot.publish.markdown import in_order

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from bot.model import DigestEntry
    from bot.publish.markdown import TopicPage

_KINDS = tuple(AnnounceType)
_LINE = re.compile(r'paperboy\.add\(\["([\w-]+)","(\d{4}-\d\d-\d\d)",\[.*\]\]\);')


def file_name(day: date) -> str:
    """The file that a mailing date's papers are in, below the site's folder."""
    return f"data/{day:%Y-%m}.js"


def month(before: str, pages: Iterable[TopicPage]) -> str:
    """The month's file with these pages in it, newest mailing first, then by the topic's name.

    Args:
        before: what the file held; lines that are none of ours are left out.
        pages: of this month; each takes the place of its own older line.
    """
    lines = {(found[2], found[1]): line for line in before.split("\n") if (found := _LINE.fullmatch(line))}
    for page in pages:
        lines[page.mailing_date.isoformat(), page.topic.name] = _line(page)
    by_topic = sorted(lines, key=lambda key: key[1])
    return "".join(lines[key] + "\n" for key in sorted(by_topic, key=lambda key: key[0], reverse=True))


def _line(page: TopicPage) -> str:
    values = [page.topic.name, page.mailing_date.isoformat(), [_row(entry) for entry in in_order(page.entries)]]
    return f"paperboy.add({json.dumps(values, ensure_ascii=False, separators=(',', ':'))});"


def _row(entry: DigestEntry) -> list[object]:
    """One paper, in the order that `search.js` reads; texts are data there, never markup."""
    paper = entry.paper
    return [
        text.clean(paper.identifier),
        paper.version,
        text.flatten_tex(paper.title),
        text.names(paper.authors, len(paper.authors)),
        " ".join("".join(category.split()) for category in map(text.clean, paper.categories)),
        _KINDS.index(entry.type),
        entry.replaced_to or 0,
        int(entry.reconstructed),
        list(dict.fromkeys(text.clean(hit.term) for hit in entry.match.hits)),
        int(paper.withdrawn),
    ]
