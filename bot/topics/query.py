"""The query language of arXiv's search, as a tree; keywords, authors and exclusions are sugar for the same tree.

Pure; knows no paper. https://info.arxiv.org/help/api/user-manual.html#query_details describes the language. Where it
is silent: terms side by side are joined by AND, AND binds tighter than OR, and a field before parentheses,
`ti:(a OR b)`, is the field of every term inside.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from bot import identifier
from bot.errors import QueryError
from bot.model import MatchMode
from bot.taxonomy import UnknownCategoryError, canonical, expand, related
from bot.text import fold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model import Topic

FIELDS = {
    "ti": "title",
    "abs": "abstract",
    "au": "author",
    "cat": "category",
    "co": "comment",
    "jr": "journal_ref",
    "id": "id",
}
"""A query's prefix, and the field of `model.Hit` that it reads. No feed brings comments: `co:` finds those
that came by OAI-PMH or the catchup page."""
ALL = tuple(FIELDS.values())
WORDS = ("title", "abstract")
AUTHORS = ("author",)


class Term(NamedTuple):
    """A word, a phrase or a name that stands in one of the fields; a tuple, for an index hashes very many of them."""

    text: str
    fields: tuple[str, ...] = WORDS
    prefix: bool = False
    """Whether it is only how a word begins: `electro*`."""
    mode: MatchMode = MatchMode.WORDS

    @property
    def spelled(self) -> str:
        """As the topic spells it."""
        return f"{self.text}*" if self.prefix else self.text


@dataclass(frozen=True, slots=True)
class And:
    """All of them; of nothing, always."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them; of nothing, never."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Everything else."""

    node: Node


Node = Term | And | Or | Not
EVERYTHING = And(())
NOTHING = Or(())


def from_topic(topic: Topic) -> tuple[Node, Node]:
    """What a topic wants, by its keywords and authors or by its query, and what it excludes.

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
    """The authors whom a topic names as such, by `authors` or by `au:`, as it spells them.

    Raises:
        QueryError: the topic's query does not parse.
    """
    wanted, _ = from_topic(topic)
    return frozenset(term.spelled for term in terms(wanted) if term.fields == AUTHORS)


def terms(node: Node) -> Iterator[Term]:
    """All terms of a tree as they stand in it, those under a NOT too."""
    match node:
        case Term():
            yield node
        case Not(inner):
            yield from terms(inner)
        case _:
            for inner in node.nodes:
                yield from terms(inner)


def parse(query: str, mode: MatchMode = MatchMode.WORDS) -> Node:
    """A query as a tree: `ti:"visual grounding" ANDNOT (abs:medical OR cat:eess.IV)`.

    Quotes may be typographic, as a text processor makes them, and all punctuation as wide as a Chinese character.

    Raises:
        QueryError: it does not parse, with the column and what was probably meant.
    """
    import lark  # noqa: PLC0415 - 50 ms that only a topic with a query needs

    query = query.translate(_PLAIN)
    if '\\"' in query:
        message = "a quote takes no backslash, and an accent is written as in ü"
        raise QueryError(message, query=query, column=query.index('\\"') + 1)
    try:
        return _Reader(query, mode).node(_parser().parse(query))
    except lark.exceptions.UnexpectedInput as error:
        raise _explained(error, query) from None


_GRAMMAR = r"""
    start: _or
    _or: and | or
    or: and (_OR and)+
    and: _operand (_AND? _operand | and_not)*
    _operand: TERM | group | not | "(" _or ")"
    group: FIELD "(" _or ")"
    not: _NOT _operand
    and_not: _ANDNOT _operand

    _AND.2: /AND(?![^\s()"])/
    _OR.2: /OR(?![^\s()"])/
    _ANDNOT.2: /ANDNOT(?![^\s()"])/
    _NOT.2: /NOT(?![^\s()"])/
    FIELD.2: /[A-Za-z_]+:(?=\s*\()/
    TERM: /(?:[A-Za-z_]+:)?(?:"[^"]*"\*?|[^\s()"]+)/

    %ignore /\s+/
"""
_PLAIN = str.maketrans("“”„‟＂（）：", '"""""():')
_FIELD = re.compile(r"([A-Za-z_]+):(?!//)")
_OPERATORS = ("AND", "OR", "NOT", "ANDNOT")
_ENCODED = re.compile(r"%2[0289B]|\+(?:AND|OR|NOT|ANDNOT)\+", re.IGNORECASE)
"""Blank, quote, parentheses and plus as they stand in a URL, and an operator between two blanks."""
_DEEPEST = 40


@cache
def _parser() -> Any:  # noqa: ANN401 - lark's trees are dynamic
    import lark  # noqa: PLC0415 - as above

    return lark.Lark(_GRAMMAR, parser="lalr", lexer="basic")


class _Reader:
    """Makes a tree out of what the parser saw in a query, and looks closer at each of its words."""

    def __init__(self, query: str, mode: MatchMode) -> None:
        self._query = query
        self._mode = mode

    def node(self, seen: Any, within: str = "", depth: int = 0) -> Node:  # noqa: ANN401 - as above
        """A tree of the parser, or one of its tokens; `within` is the field before the parentheses around it.

        Raises:
            QueryError: a term of it cannot be meant so.
        """
        if not hasattr(seen, "children"):
            return self._term(seen, within)
        if depth > _DEEPEST:
            raise QueryError("too deeply nested", query=self._query, column=1)
        if seen.data == "group":
            field, inner = seen.children
            return self.node(inner, self._field(field, field[:-1], within), depth + 1)
        nodes = tuple([self.node(child, within, depth + 1) for child in seen.children])
        if seen.data in ("not", "and_not"):
            return Not(nodes[0])
        if len(nodes) == 1:
            return nodes[0]
        return Or(nodes) if seen.data == "or" else And(nodes)

    def _term(self, token: Any, within: str) -> Term:  # noqa: ANN401 - as above
        found = _FIELD.match(token)
        field = self._field(token, found[1], within) if found else within or "all"
        written = token[found.end() :] if found else str(token)
        if misread := _misread(written, fielded=bool(found)):
            raise self._error(token, misread)
        words, prefix = written.rstrip("*").strip('"').strip(), written.endswith("*")
        if not says_something(words):
            hint = "" if words or not found else "; no blank stands after a colon"
            raise self._error(token, f"{token} says nothing to look for{hint}")
        try:
            words = _checked(field, words, prefix=prefix)
        except ValueError as error:
            raise self._error(token, str(error)) from None
        return Term(words, ALL if field == "all" else (FIELDS[field],), prefix, self._mode)

    def _field(self, token: Any, name: str, within: str) -> str:  # noqa: ANN401 - as above
        """A field that there is, and that stands in no other's parentheses."""
        if name not in (*FIELDS, "all"):
            raise self._error(token, f"unknown field {name}: {_meant(name)}")
        if within:
            raise self._error(
                token, f"{name}: inside of {within}:(...): leave {name}: away, or take it out of the parentheses"
            )
        return name

    def _error(self, token: Any, message: str) -> QueryError:  # noqa: ANN401 - as above
        return QueryError(message, query=self._query, column=token.start_pos + 1)


def _misread(written: str, *, fielded: bool) -> str:
    """What is wrong with a word that is hardly meant as one, empty for any other; what is quoted is meant so."""
    if written.upper() in _OPERATORS and not fielded:
        return f'{written} is a word here: write {written.upper()}, or "{written}"'
    if written[:1] in ("-", "!") and written[1:2].isalnum():
        return f'{written} excludes nothing: write NOT before it, or "{written}"'
    if written[:1] == "*" and written.strip("*"):
        return f'{written} begins with a *, which only stands at an end: write "{written}" if it is meant'
    if _ENCODED.search(written) and not written.startswith('"'):
        return "this is encoded for a URL: write blanks, quotes and parentheses as they are"
    return ""


def says_something(written: str) -> bool:
    """Whether there is a letter or a digit to look for, without which a term finds nothing or everything."""
    return any(c.isalnum() for c in fold(written))


def _checked(field: str, written: str, *, prefix: bool) -> str:
    """A term's words; a category or an identifier only if there can be such papers, the latter as they have it.

    Raises:
        ValueError: it can be none.
    """
    if field == "cat":
        _check_category(written, prefix=prefix)
    if field == "id" and not prefix:
        bare, version = identifier.parse(written)
        return bare if version is None else f"{bare}v{version}"
    return written


def _check_category(written: str, *, prefix: bool) -> None:
    """That papers can be in it; of an archive's name without a dot, `cat:hep*`, any beginning will do.

    Raises:
        UnknownCategoryError: arXiv has no such category, with what was probably meant.
    """
    archive, dot, _ = written.partition(".")
    if not prefix:
        canonical(written)
    elif dot:
        known = [name.casefold() for category in expand(f"{archive}.*") for name in related(category)]
        if not any(name.startswith(written.casefold()) for name in known):
            raise UnknownCategoryError(f"{written}*", f"{archive}.*")


def _meant(field: str) -> str:
    prefixes = {name: prefix for prefix, name in FIELDS.items()}
    near = difflib.get_close_matches(field.lower(), (*FIELDS, *ALL), n=1)
    if near:
        return f"did you mean {prefixes.get(near[0], near[0])}: ?"
    return f"there are {', '.join(FIELDS)} and all; a colon in what you look for needs quotes around it"


def _explained(error: Any, query: str) -> QueryError:  # noqa: ANN401 - as above
    """What is wrong where the parser stopped, in words."""
    unquoted = re.sub(r'"[^"]*"', lambda quoted: "." * len(quoted[0]), query)
    if not query.strip():
        message, place = "the query is empty", 0
    elif '"' in unquoted:
        message, place = "a quote is not closed", unquoted.index('"')
    elif unpaired := _unpaired(unquoted):
        message, place = unpaired
    elif error.token:
        message, place = f"there should be something to look for before {error.token}", error.token.start_pos
    else:
        message, place = "there should be something to look for at the end", len(query)
    return QueryError(message, query=query, column=place + 1)


def _unpaired(text: str) -> tuple[str, int] | None:
    """What is wrong with the first parenthesis that has no other, and where it stands; None where all are paired."""
    opened: list[int] = []
    for place, character in enumerate(text):
        if character == "(":
            opened.append(place)
        elif character == ")" and not opened:
            return "a parenthesis was never opened", place
        elif character == ")":
            opened.pop()
    return ("a parenthesis is not closed", opened[0]) if opened else None
