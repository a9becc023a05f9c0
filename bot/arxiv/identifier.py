"""Parses arXiv identifiers, bare, with `arXiv:`, as arXiv URLs or as a feed's guid, into one canonical form.

Pure. Does not check whether a paper exists. Does not parse DOIs, nor text around an identifier.
"""

from __future__ import annotations

import re

# https://info.arxiv.org/help/arxiv_identifier.html; six digits are announced there as possible in the future.
_YEAR_AND_MONTH = "[0-9]{2}(?:0[1-9]|1[0-2])"
_SHAPE = re.compile(
    r"(?i:oai:arxiv\.org:|arxiv:|(?:https?://)?(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/)?"
    r"(?:"
    rf"(?P<new>{_YEAR_AND_MONTH}\.[0-9]{{4,6}})"
    r"|"
    rf"(?P<archive>[a-z]+(?:-[a-z]+)?)(?:\.[A-Za-z-]{{2,}})?/(?P<number>{_YEAR_AND_MONTH}[0-9]{{3}})"
    r")"
    r"(?:v(?P<version>[1-9][0-9]{0,3}))?"
    r"(?:\.pdf)?(?:[?#].*)?",
)
_LONGEST_SHOWN = 80


def parse(text: str) -> tuple[str, int | None]:
    """Parses an identifier: new (`2504.10757v2`) or old style, bare, with `arXiv:`, as a URL or as a feed's guid.

    Args:
        text: the text; outer white space is ignored.

    Returns:
        The identifier without version, in canonical form (an old-style subject class is dropped:
        `math.CA/0611800` is `math/0611800`), and the version or None.

    Raises:
        ValueError: it is no arXiv identifier.
    """
    found = _SHAPE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not an arXiv identifier: {text[:_LONGEST_SHOWN]!r}")
    identifier = found["new"] or f"{found['archive']}/{found['number']}"
    return identifier, int(found["version"]) if found["version"] else None
