"""Papers as BibTeX, in the shape of arXiv's own export. Pure; whatever a title holds, the file stays well-formed.

https://info.arxiv.org/help/hypertex/bibstyles/index.html names the fields `eprint`, `archivePrefix`, `primaryClass`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot import text
from bot.model import paper_url

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import Paper

_YEAR = re.compile(r"(?:.*/)?(\d\d)\d\d")
_FIRST_YEAR = 91
"""arXiv began in 1991, so that 91 to 99 are of the last century."""
_TEX = re.compile(r"(?P<kept>\\. | \$(?:[^$\\]|\\.)+\$) | (?P<active>[%&\#_])", re.VERBOSE)
_AND = re.compile(r"\sand\s", re.IGNORECASE)


def bibliography(papers: Iterable[Paper]) -> str:
    """A whole .bib file: the papers' entries in the order given, an empty line between them."""
    return "\n".join(entry(paper) for paper in papers)


def entry(paper: Paper) -> str:
    """One entry, under the identifier as its key, ending in a line break."""
    fields = {
        "title": _tex(paper.title),
        "author": " and ".join(_name(author.name) for author in paper.authors),
        "year": _year(paper.identifier),
        "eprint": _tex(paper.identifier),
        "archivePrefix": "arXiv",
        "primaryClass": _tex(paper.primary),
        "doi": _braced(text.clean(paper.doi or "")),
        "url": _tex(paper_url(paper.identifier)),
    }
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    key = re.sub(r"[^\w./-]", "", paper.identifier)
    return f"@misc{{arXiv:{key},\n" + ",\n".join(lines) + "\n}\n"


def _tex(raw: str) -> str:
    """The text as TeX takes it: what arXiv gave, with the characters escaped that would act outside a formula."""
    return _TEX.sub(lambda found: found["kept"] or "\\" + found["active"], _braced(text.clean(raw)))


def _braced(value: str) -> str:
    """The value if its braces balance, else without any, nor commands: BibTeX counts them, escaped or not."""
    depth = 0
    for character in value:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            break
    value = value if depth == 0 else re.sub(r"[\\{}]", "", value)
    return value.rstrip("\\")


def _name(raw: str) -> str:
    """One author; a name that holds the word by which BibTeX parts names is kept together by braces."""
    name = _tex(raw)
    return f"{{{name}}}" if _AND.search(name) or "," in name else name


def _year(identifier: str) -> str:
    """When it was first submitted, as the identifier says."""
    found = _YEAR.match(identifier)
    if found is None:
        return ""
    return f"{'19' if int(found[1]) >= _FIRST_YEAR else '20'}{found[1]}"
