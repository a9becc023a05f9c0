"""Parses queries, in the language of arXiv's search, into trees, also keywords and authors; writes trees as queries.

Pure; knows no paper. The language: https://info.arxiv.org/help/api/user-manual.html#query_details. Where that says
nothing: terms side by side are joined by AND, AND binds tighter than OR, and a field before parentheses,
`ti:(a OR b)`, is the field of every term inside. A `=` before a word or phrase is our addition: it matches exactly as
written, as in NASA ADS: https://ui.adsabs.harvard.edu/help/search/search-syntax.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.arxiv import identifier
from bot.arxiv.taxonomy import UnknownCategoryError, beginning, canonical
from bot.errors import QueryError
from bot.model import MatchMode
from bot.text import normalise
from bot.topics import query_errors
from bot.topics.fields import FIELDS, NAMES
from bot.topics.name_errors import no_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model import Topic

ALL = tuple(FIELDS.values())
WORDS = ("title", "abstract")
AUTHORS = ("author",)


class Term(NamedTuple):
    """A word, phrase or name in one of the fields; a tuple, because an index hashes very many of them."""

    text: str
    fields: tuple[str, ...] = WORDS
    prefix: bool = False
    """Whether it is only the start of a word: `electro*`."""
    mode: MatchMode = MatchMode.WORDS

    @property
    def spelled(self) -> str:
        """The term as the topic spells it."""
        return f"{self.text}*" if self.prefix else self.text


@dataclass(frozen=True, slots=True)
class And:
    """True if all nodes are true; also without any."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True if at least one node is true; false without any."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True if the node is false."""

    node: Node


Node = Term | And | Or | Not
EVERYTHING = And(())
NOTHING = Or(())


def from_topic(topic: Topic) -> tuple[Node, Node]:
    """A topic's tree (of its keywords and authors, or of its query), and the tree of its exclusions.

    Raises:
        QueryError: the topic's query does not parse.
    """
    mode = topic.match
    excluded = Or(tuple([Term(word, mode=mode) for word in topic.exclude])) if topic.exclude else NOTHING
    if topic.query is not None:
        return parse(topic.query, mode), excluded
    wanted = [Term(keyword, mode=mode) for keyword in topic.keywords]
    wanted += [Term(author, AUTHORS, mode=mode) for author in topic.authors]
    return Or(tuple(wanted)) if wanted else EVERYTHING, excluded


def followed(topic: Topic) -> frozenset[str]:
    """The authors that a topic names, by `authors` or `au:`, as it spells them.

    Raises:
        QueryError: the topic's query does not parse.
    """
    wanted, _ = from_topic(topic)
    return frozenset(term.spelled for term in terms(wanted) if term.fields == AUTHORS)


def terms(node: Node) -> Iterator[Term]:
    """All terms of a tree in order, including those under a NOT."""
    match node:
        case Term():
            yield node
        case Not(inner):
            yield from terms(inner)
        case _:
            for inner in node.nodes:
                yield from terms(inner)


_BARE = re.compile(r"(?!(?:AND|OR|NOT|ANDNOT|XOR)\Z)\w[\w./-]*")
"""Terms that need no quotes."""


def spelled(node: Node) -> str:
    """A tree as a query, to be shown, not parsed again: `ti:dove AND NOT abs:"visual grounding"`."""
    match node:
        case Term():
            field = next((name for name, field in FIELDS.items() if node.fields == (field,)), "")
            word = node.text if _BARE.fullmatch(node.text) else f'"{node.text}"'
            word = f"{'=' * (node.mode is MatchMode.EXACT)}{word}{'*' * node.prefix}"
            return f"{field}:{word}" if field else word
        case Not(inner):
            return f"NOT {_in_parentheses(inner)}"
        case _:
            return (" AND " if isinstance(node, And) else " OR ").join(map(_in_parentheses, node.nodes))


def _in_parentheses(node: Node) -> str:
    return f"({spelled(node)})" if isinstance(node, (And, Or)) else spelled(node)


def parse(query: str, mode: MatchMode = MatchMode.WORDS) -> Node:
    """Parses a query: `ti:"visual grounding" ANDNOT (abs:medical OR cat:eess.IV)`.

    Quotes may be typographic, and punctuation may be full-width, as in Chinese text.

    Raises:
        QueryError: it does not parse, with the column and what was probably meant.
    """
    from bot.topics.query_grammar import parsed  # noqa: PLC0415 - lark: 40 ms that only a topic with a query needs

    query = query.translate(_PLAIN)
    query_errors.refuse_marks(query)
    return _TreeBuilder(query, mode).node(parsed(query))


_PLAIN = str.maketrans("“”„‟＂（）：", '"""""():')
_FIELD = re.compile(r"([A-Za-z_]+):(?!//)")
_DEEPEST = 40


class _TreeBuilder:
    """Makes our tree of the parser's tree, and checks each term."""

    def __init__(self, query: str, mode: MatchMode) -> None:
        self._query = query
        self._mode = mode

    def node(self, seen: Any, within: str = "", depth: int = 0) -> Node:  # noqa: ANN401 - lark's trees are dynamic
        """Our node for a tree or token of the parser; `within` is the field before the parentheses around it.

        Raises:
            QueryError: a term is invalid.
        """
        if not hasattr(seen, "children"):
            return self._term(seen, within)
        if depth > _DEEPEST:
            raise query_errors.too_deep(seen, self._query)
        if seen.data == "group":
            field, inner = seen.children
            return self.node(inner, self._field(field, field[:-1], within), depth + 1)
        nodes = tuple([self.node(child, within, depth + 1) for child in seen.children])
        if seen.data in ("not", "and_not"):
            return Not(nodes[0])
        if len(nodes) == 1:
            return nodes[0]
        return Or(nodes) if seen.data == "or" else And(nodes)

    def _term(self, token: Any, within: str) -> Term:  # noqa: ANN401 - lark's trees are dynamic
        found = _FIELD.match(token)
        field = self._field(token, found[1], within) if found else within or "all"
        as_it_stands = token[found.end() :] if found else str(token)
        written = as_it_stands.removeprefix("=")
        if written != as_it_stands and field in ("au", "cat", "id"):
            raise self._error(token, f"a = is for words, not for {field}: leave it away")
        if wrong := self._misread(token, written, found[1] if found else ""):
            raise self._error(token, wrong)
        if wildcard := query_errors.wildcard(written, field):
            raise self._error(token, wildcard[0], len(token) - len(written) + wildcard[1])
        mode = self._mode if written == as_it_stands else MatchMode.EXACT
        words, prefix = written.rstrip("*").strip('"').strip(), written.endswith("*")
        try:
            words = _checked(field, words, prefix=prefix)
        except ValueError as error:
            raise self._error(token, str(error)) from None
        return Term(words, ALL if field == "all" else (FIELDS[field],), prefix, mode)

    def _misread(self, token: Any, written: str, field: str) -> str:  # noqa: ANN401 - lark's trees are dynamic
        """What is wrong with the term; empty if nothing is."""
        start, end = token.start_pos, token.end_pos
        wrong = query_errors.misread(written, self._query[:start], self._query[end:], field)
        if wrong or says_something(written):
            return wrong or query_errors.touching(self._query, start, end, field)
        return f"{token} says nothing to look for{'' if written or not field else '; no blank stands after a colon'}"

    def _field(self, token: Any, name: str, within: str) -> str:  # noqa: ANN401 - lark's trees are dynamic
        """The field's name, if it exists and is not inside another field's parentheses.

        Raises:
            QueryError: it does not exist, or is.
        """
        if name not in NAMES:
            raise self._error(token, query_errors.unknown_field(name))
        if within:
            raise self._error(
                token, f"{name}: inside of {within}:(...): leave {name}: away, or take it out of the parentheses"
            )
        return name

    def _error(self, token: Any, message: str, place: int = 0) -> QueryError:  # noqa: ANN401 - lark's trees are dynamic
        return QueryError(message, query=self._query, column=token.start_pos + place + 1)


def says_something(written: str) -> bool:
    """Whether it contains a letter or digit; a term without any would match nothing or everything."""
    return any(c.isalnum() for c in normalise(written))


def _checked(field: str, written: str, *, prefix: bool) -> str:
    """A term's text; checks that an author, a category or an identifier can exist, which gets its canonical form.

    Raises:
        ValueError: it cannot exist.
    """
    if field == "au" and not prefix and (wrong := no_name(written)):
        raise ValueError(wrong)
    if field == "cat":
        _check_category(written, prefix=prefix)
    if field == "id" and not prefix:
        paper, version = identifier.parse(written)
        return paper if version is None else f"{paper}v{version}"
    return written


def _check_category(written: str, *, prefix: bool) -> None:
    """Checks that the category exists, or one that begins so if it is a prefix.

    Raises:
        UnknownCategoryError: arXiv has no such category, with what was probably meant.
    """
    archive, dot, _ = written.partition(".")
    if not prefix:
        canonical(written)
    elif not beginning(written):
        raise UnknownCategoryError(f"{written}*", f"{archive}.*" if dot and beginning(f"{archive}.") else None)
