"""Parses an XML body into a tree, after a check: complete, well-formed, and no entity expansion attack.

Pure. Repairs nothing, and knows no element.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from xml.parsers import expat

from bot.errors import ParseError
from bot.text import clean, truncate

DEEPEST = 100
"""The deepest nesting of elements that is accepted; arXiv's answers have six levels, many more are an attack."""

_HTML = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_SHOWN = 100


def read_xml(body: bytes, kind: str) -> ET.Element:
    """Parses XML into a tree and returns its root; refuses a truncated body, an HTML page, plain text.

    The encoding is that of the XML declaration, not of the HTTP header.

    Args:
        body: the whole answer.
        kind: what it should be, in one word, for the reason.

    Raises:
        ParseError: it is not well-formed XML, has a DOCTYPE (where entities could be defined that expand to
            gigabytes), or is nested deeper than `DEEPEST`.
    """
    if not body.strip():
        raise ParseError("an empty body")
    if _HTML.match(body):
        raise ParseError(f"an HTML page, not a {kind}")
    try:
        _guarded(kind).Parse(body, True)  # noqa: FBT003 - expat takes no keywords
        return ET.fromstring(body)  # noqa: S314 - what had a DOCTYPE or was nested deeply has just been refused
    # A LookupError or ValueError is for an encoding that nobody knows; the tree's parser also refuses a } in a name.
    except (expat.ExpatError, ET.ParseError, LookupError, ValueError) as error:
        if not body.lstrip().startswith(b"<"):
            start = truncate(clean(body[:1000].decode(errors="replace")), _SHOWN)
            raise ParseError(f"no {kind} but a text: {start}") from error
        raise ParseError(f"the {kind} is cut off or malformed: {truncate(str(error), _SHOWN)}") from error


def _guarded(kind: str) -> expat.XMLParserType:
    """A parser that builds no tree and stops at a DOCTYPE or at elements that are nested too deeply."""
    parser = expat.ParserCreate(namespace_separator=" ")
    depth = 0

    def refuse_doctype(*_declaration: object) -> None:
        raise ParseError(f"the body has a DOCTYPE, which no arXiv {kind} has")

    def enter(*_element: object) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise ParseError(f"the {kind} is nested more than {DEEPEST} deep")

    def leave(*_element: object) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = refuse_doctype
    parser.StartElementHandler = enter
    parser.EndElementHandler = leave
    return parser
