"""Writes the data of the site's search: a script per month with a line per page, a call that passes its papers.

    paperboy.add(["mllm","2026-04-20",[["2604.00001",1,"Pigeons Read Maps","Ada Byron","cs.CV",0,0,0,["pigeon"]]]]);

Abstracts, which are most of it, stand in a file of their own beside it, read only by who searches for words:

    paperboy.abstracts(["mllm","2026-04-20",[["2604.00001","Of 412 birds ..."]]]);

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
    from collections.abc import Callable, Iterable
    from datetime import date

    from bot.model import DigestEntry
    from bot.publish.markdown import TopicPage

_KINDS = tuple(AnnounceType)
_LINE = re.compile(r'paperboy\.(?:add|abstracts)\(\["([\w-]+)","(\d{4}-\d\d-\d\d)",\[.*\]\]\);')


def file_name(day: date) -> str:
    """The path of the file with a mailing date's papers, below the site's folder."""
    return f"data/{day:%Y-%m}.js"


def abstracts_name(day: date) -> str:
    """The file that their abstracts are in."""
    return f"data/{day:%Y-%m}.abstracts.js"


def month(before: str, pages: Iterable[TopicPage]) -> str:
    """The month's file with these pages, newest mailing first, then by the topic's name.

    Args:
        before: the file's content before; lines that we did not write are left out.
        pages: pages of this month; each replaces its own older line.
    """
    return _with_lines("add", _row, before, pages)


def abstracts(before: str, pages: Iterable[TopicPage]) -> str:
    """The month's file of abstracts with these pages in it, as `month`."""
    return _with_lines("abstracts", _abstract, before, pages)


def _with_lines(
    call: str, values: Callable[[DigestEntry], list[object]], before: str, pages: Iterable[TopicPage]
) -> str:
    lines = {(found[2], found[1]): line for line in before.split("\n") if (found := _LINE.fullmatch(line))}
    for page in pages:
        topic, day, rows = page.topic.name, page.mailing_date.isoformat(), map(values, in_order(page.entries))
        passed = json.dumps([topic, day, list(rows)], ensure_ascii=False, separators=(",", ":"))
        lines[day, topic] = f"paperboy.{call}({passed});"
    by_topic = sorted(lines, key=lambda key: key[1])
    return "".join(lines[key] + "\n" for key in sorted(by_topic, key=lambda key: key[0], reverse=True))


def _abstract(entry: DigestEntry) -> list[object]:
    return [text.clean(entry.paper.identifier), text.flatten_tex(entry.paper.abstract)]


def _row(entry: DigestEntry) -> list[object]:
    """One paper's values in the order that `search.js` reads; it treats texts as data, never as markup."""
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
