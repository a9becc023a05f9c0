"""The grammar of queries, and lark's parser for it. Imported only to parse one."""

from __future__ import annotations

from typing import Any

import lark

from bot.topics import query_errors

_PARSER = lark.Lark(
    r"""
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
    TERM: /(?:[A-Za-z_]+:)?=?(?:"[^"]*"\*?|[^\s()"]+)/

    %ignore /\s+/
""",
    parser="lalr",
    lexer="basic",
)


def parsed(query: str) -> Any:  # noqa: ANN401 - lark's trees are dynamic
    """The query as lark's tree.

    Raises:
        QueryError: it does not parse, with the column and what was probably meant.
    """
    try:
        return _PARSER.parse(query)
    except lark.exceptions.UnexpectedInput as error:
        raise query_errors.explained(error, query) from None
