"""An HTML page as a flat list of blocks: headings, paragraphs and list items, one after another, with their links.

Pure. Builds no tree, so elements may be nested to any depth, and the time is proportional to the size of the page.
Parsers that build a tree (lexbor, libxml2) need hours for 20 MB of nested elements or of attributes. Never repairs a
page: one that ends inside a tag, a comment or a script is truncated and refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from bot.errors import ParseError
from bot.text import clean

# Elements that begin and end a block. The text in any other element belongs to the block around it.
_BLOCKS = frozenset(
    ("body", "h1", "h2", "h3", "h4", "div", "p", "dl", "dt", "dd", "ul", "ol", "li", "table", "main", "nav", "footer")
)


@dataclass(slots=True)
class Block:
    """A run of text between the tags of block elements."""

    tag: str
    """The element that began it; empty for text after an element's end."""
    classes: tuple[str, ...] = ()
    links: list[str] = field(default_factory=list)
    """The URLs of its links, in order."""
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its text, white space folded."""
        return clean("".join(self.parts))


def read_blocks(body: bytes) -> list[Block]:
    """The blocks of a page in UTF-8.

    Raises:
        ParseError: it is empty, in another encoding, malformed or truncated.
    """
    if not body.strip():
        raise ParseError("an empty body")
    reader = HtmlReader()
    try:
        # The parser is not closed: it would read the rest as text, character by character, in quadratic time.
        reader.feed(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ParseError("a page that is not in UTF-8") from error
    except (ValueError, AssertionError) as error:
        # `<![` and no known keyword; `&#` and more digits than Python reads as a number
        raise ParseError(f"a malformed page: {clean(str(error))[:100]}") from error
    if reader.rawdata or reader.cdata_elem is not None:
        raise ParseError("a page that is cut off")
    return reader.blocks


class HtmlReader(HTMLParser):
    """Collects the blocks while the standard library's parser reads the tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks = [Block("")]
        self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begins a block or a link; a line break becomes a space."""
        if tag in _BLOCKS:
            self.blocks.append(Block(tag, tuple((dict(attrs).get("class") or "").split())))
            self._link = ""
        elif tag == "a":
            self._link = dict(attrs).get("href") or ""
            self.blocks[-1].links.append(self._link)
        elif tag == "br":
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        """Ends a block or a link."""
        if tag in _BLOCKS:
            self.blocks.append(Block(""))
        if tag == "a" or tag in _BLOCKS:
            self._link = ""

    def handle_data(self, data: str) -> None:
        """Adds text. For a link that arXiv shows as "this https URL", adds its URL, as arXiv's feeds do."""
        shortened = self._link and data.startswith("this ") and data.endswith(" URL")
        self.blocks[-1].parts.append(self._link if shortened else data)
