"""The query language of arXiv's search, as a tree; keywords, authors and exclusions are sugar for the same tree.

Pure; knows no paper. https://info.arxiv.org/help/api/user-manual.html#query_details describes the language. Where it
is silent: terms side by side are joined by AND, and AND binds tighter than OR.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from bot.errors import QueryError
from bot.taxonomy import UnknownCategoryError, canonical, expand, related
from bot.text import fold

if TYPE_CHECKING:
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


@dataclass(frozen=True, slots=True)
class Term:
    """A word, a phrase or a name that stands in one of the fields."""

    text: str
    fields: tuple[str, ...] = WORDS
    prefix: bool = False
    """Whether it is only how a word begins: `electro*`."""


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Everything else."""

    node: Node


Node = Term | And | Or | Not


def from_topic(topic: Topic) -> tuple[Node | None, Node | None]:
    """What a topic wants (None is everything in its categories) and what it excludes (None is nothing).

    Raises:
        QueryError: the topic's query does not parse.
    """
    wanted = [Term(keyword) for keyword in topic.keywords]
    wanted += [Term(author, ("author",)) for author in topic.authors]
    excluded = tuple(Term(word) for word in topic.exclude)
    if topic.query is not None:
        return parse(topic.query), Or(excluded) if excluded else None
    return Or(tuple(wanted)) if wanted else None, Or(excluded) if excluded else None


def parse(query: str) -> Node:
    """A query as a tree: `ti:"visual grounding" ANDNOT (abs:medical OR cat:eess.IV)`.

    Quotes may be typographic, as a text processor makes them.

    Raises:
        QueryError: it does not parse, with the column and what was probably meant.
    """
    import lark  # noqa: PLC0415 - 50 ms that only a topic with a query needs

    query = query.translate(_STRAIGHT)
    try:
        return _node(_parser().parse(query), query)
    except lark.exceptions.UnexpectedInput as error:
        raise _explained(error, query) from None


_GRAMMAR = r"""
    start: _or
    _or: and | or
    or: and (_OR and)+
    and: _operand (_AND? _operand | and_not)*
    _operand: TERM | not | "(" _or ")"
    not: _NOT _operand
    and_not: _ANDNOT _operand

    _AND.2: /AND(?![^\s()"])/
    _OR.2: /OR(?![^\s()"])/
    _ANDNOT.2: /ANDNOT(?![^\s()"])/
    _NOT.2: /NOT(?![^\s()"])/
    TERM: /(?:[A-Za-z_]+:)?(?:"[^"]*"\*?|[^\s()"]+)/

    %ignore /\s+/
"""
_STRAIGHT = str.maketrans("“”„‟", '""""')
_FIELD = re.compile(r"([A-Za-z_]+):(?!//)")
_DEEPEST = 40


@cache
def _parser() -> Any:  # noqa: ANN401 - lark's trees are dynamic
    import lark  # noqa: PLC0415 - as above

    return lark.Lark(_GRAMMAR, parser="lalr", lexer="basic")


def _node(tree: Any, query: str, depth: int = 0) -> Node:  # noqa: ANN401 - as above
    if not hasattr(tree, "children"):
        return _term(str(tree), query, tree.column)
    if depth > _DEEPEST:
        raise QueryError("too deeply nested", query=query, column=1)
    nodes = tuple(_node(child, query, depth + 1) for child in tree.children)
    if tree.data in ("not", "and_not"):
        return Not(nodes[0])
    if len(nodes) == 1:
        return nodes[0]
    return Or(nodes) if tree.data == "or" else And(nodes)


def _term(text: str, query: str, column: int) -> Term:
    """One term with its field, checked.

    Raises:
        QueryError: an unknown field or category, nothing to look for, or a small `and` that was hardly meant as a
            word.
    """
    if text in ("and", "or", "not", "andnot"):
        raise QueryError(f'{text} is a word here: write {text.upper()}, or "{text}"', query=query, column=column)
    found = _FIELD.match(text)
    field, rest = (found[1], text[found.end() :]) if found else ("all", text)
    if field not in (*FIELDS, "all"):
        raise QueryError(f"unknown field {field}: {_meant(field)}", query=query, column=column)
    words = rest.removesuffix("*").strip('"').strip()
    if not says_something(words):
        raise QueryError(f"{text} says nothing to look for", query=query, column=column)
    prefix = rest.endswith("*")
    if field == "cat":
        try:
            _check_category(words, prefix=prefix)
        except UnknownCategoryError as error:
            raise QueryError(str(error), query=query, column=column) from None
    return Term(words, ALL if field == "all" else (FIELDS[field],), prefix=prefix)


def says_something(written: str) -> bool:
    """Whether there is a letter or a digit to look for, without which a term finds nothing or everything."""
    return any(c.isalnum() for c in fold(written))


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
    missing = unquoted.count("(") - unquoted.count(")")
    if not query.strip():
        message, column = "the query is empty", 1
    elif '"' in unquoted:
        message, column = "a quote is not closed", unquoted.index('"') + 1
    elif missing > 0:
        message, column = "a parenthesis is not closed", unquoted.index("(") + 1
    elif missing < 0:
        message, column = "a parenthesis was never opened", unquoted.rindex(")") + 1
    elif error.token:
        message, column = f"there should be something to look for before {error.token}", error.column
    else:
        message, column = "there should be something to look for at the end", len(query) + 1
    return QueryError(message, query=query, column=column)
