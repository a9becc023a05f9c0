"""Error messages for queries, with suggestions; and warnings for keywords that contain query syntax.

Pure. A message is given only if the text is almost surely a mistake.
"""

from __future__ import annotations

import difflib
import re
from typing import Any

from bot.errors import QueryError
from bot.topics.fields import FIELDS, NAMES

_ANY_NAME = "|".join(NAMES)
_OPERATORS = ("AND", "OR", "NOT", "ANDNOT")
_QUOTED = re.compile(r'"[^"]*"')
_SINGLE = re.compile(r"(?<![^\s(:])['‘‚‛`]{1,2}(?!t\b)(?=\S)[^'‘’‚‛`]*[^\s'‘’‚‛`][’‘']{1,2}(?![^\s)])")
"""A text between single quotes; not an apostrophe inside a word or at one end, 't Hooft."""
_ENCODED = re.compile(r"%2[0289B]|\+(?:AND|OR|NOT|ANDNOT)\+", re.IGNORECASE)
"""Space, quote, parentheses and plus in URL encoding, and an operator between encoded spaces."""
_WILDCARD = re.compile(r"(?<=[^\W_]{2})(?<![\dA-Z])\*")
"""A star after the start of a word. After one letter, a capital or a digit it is part of a name: `RRT*`, `C*`."""
_INSIDE = re.compile(r"(?<=[^\W_])\*(?=[^\W_])")
_NO_WORDS = ("au", "cat", "id")
"""Fields whose values contain no star."""
_STAR = 'a * stands only at the end of a word, ground*, or after the last quote of a phrase, "visual ground"*'
_ANY_LETTER = re.compile(r"(?<=[^\W_])\?")
_NO_COLON = re.compile(rf"({_ANY_NAME})[=;]")
_BEFORE_COLON = re.compile(rf"(?<![^\s()])({_ANY_NAME})\s+\Z")
_SECOND_FIELD = re.compile(rf"({_ANY_NAME}):")
_CALLED = re.compile(r'[^\s()"]+\([^()"]*\)[^\s()"]*')
"""Mathematical notation: `SU(3)`, `O(n log n)`."""
_FIELD_INSIDE = re.compile(rf"(?<![^\s(])(?:{_ANY_NAME}):(?=[^\s:/])")
_OPERATOR_INSIDE = re.compile(r"\S\s+(AND|OR|ANDNOT|NOT)\s+\S|\A(NOT)\s")
_RANGE = re.compile(r"[\[{][^\]}]*\sTO\s[^\]}]*[\]}]")
_JOINED = re.compile(r"([^\W\d_]{2,})([+,|])([^\W\d_]{2,})")
_FUZZY = re.compile(r"(?<=.)~\d*(?:\.\d+)?\Z")
_BOOSTED = re.compile(r"[^\W\d_]{3,}(\^\d+(?:\.\d+)?)")
_ELSEWHERE = {
    "rn": "no feed brings report numbers",
    "doi": "no feed brings DOIs in time: look for the paper by id: or by ti:",
    "submittedDate": "a topic reads the mailings, day by day; `paperboy search --days N` looks at the last N days",
}
_ELSEWHERE["lastUpdatedDate"] = _ELSEWHERE["submittedDate"]
"""Fields of arXiv's own search that we do not have:
https://info.arxiv.org/help/api/user-manual.html#query_details."""
_QUOTES_AROUND = re.compile('["“„‟].+["“”]')


# -- of a whole query ------------------------------------------------------------------------------------------------


def refuse_marks(query: str) -> None:
    """Refuses single quotes around a phrase, a range in brackets, and a quote after a backslash.

    Raises:
        QueryError: the query contains one of these.
    """
    if span := _RANGE.search(_without_quoted(query)):
        raise QueryError(
            "there are no ranges; put what is in brackets in quotes", query=query, column=span.start() + 1
        )
    place = query.find('\\"')
    if place >= 0:
        message = "a quote takes no backslash, and an accent is written as in ü"
        raise QueryError(message, query=query, column=place + 1)
    if single := _SINGLE.search(_without_quoted(query)):
        raise QueryError('a phrase stands in double quotes: "..."', query=query, column=single.start() + 1)


def explained(error: Any, query: str) -> QueryError:  # noqa: ANN401 - lark's errors are dynamic
    """Explains what is wrong at the place where the parser stopped."""
    unquoted = _without_quoted(query)
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


def too_deep(seen: Any, query: str) -> QueryError:  # noqa: ANN401 - lark's trees are dynamic
    """The error for a too deeply nested part; its column is the last parenthesis or NOT before that part."""
    while hasattr(seen, "children"):
        seen = seen.children[0]
    unquoted = _without_quoted(query)
    opening = max(unquoted.rfind(opener, 0, seen.start_pos) for opener in ("(", "NOT"))
    return QueryError("too deeply nested", query=query, column=opening + 1)


def _without_quoted(query: str) -> str:
    """The query with dots in place of quoted text."""
    return _QUOTED.sub(lambda quoted: "." * len(quoted[0]), query)


def _unpaired(text: str) -> tuple[str, int] | None:
    """What is wrong with the first unpaired parenthesis, and its place; None if all are paired."""
    opened: list[int] = []
    for place, character in enumerate(text):
        if character == "(":
            opened.append(place)
        elif character == ")" and not opened:
            return "a parenthesis was never opened", place
        elif character == ")":
            opened.pop()
    return ("a parenthesis is not closed", opened[0]) if opened else None


# -- of one word -----------------------------------------------------------------------------------------------------


def unknown_field(name: str) -> str:
    """The message for an unknown field."""
    elsewhere = {field.lower(): why for field, why in _ELSEWHERE.items()}.get(name.lower())
    if elsewhere:
        return f"there is no {name}: here: {elsewhere}"
    prefixes = {meant: prefix for prefix, meant in FIELDS.items()}
    near = difflib.get_close_matches(name.lower(), (*FIELDS, *prefixes), n=1)
    if near:
        return f"unknown field {name}: did you mean {prefixes.get(near[0], near[0])}: ?"
    known = f"there are {', '.join(FIELDS)} and all"
    return f"unknown field {name}: {known}; a colon in what you look for needs quotes around it"


def misread(written: str, before: str, after: str, field: str) -> str:
    """What is wrong with a word that is probably a mistake; empty for others. Not for quoted text.

    Args:
        written: the word, without its field.
        before: the query up to the word's field, or the word.
        after: the query from the word's end on.
        field: the prefix before the word, like `ti`; empty where there is none.
    """
    if written.startswith('"'):
        return ""
    as_operator = "" if field else _as_operator(written, after)
    return as_operator or _colon(written, before, field) or _sign(written) or _of_lucene(written, field)


def wildcard(written: str, field: str) -> tuple[str, int] | None:
    """What is wrong with a star or question mark in a word or phrase, and its place; None if nothing is."""
    phrase = _QUOTED.match(written)
    inner = phrase[0][:-1] if phrase else written.rstrip("*")
    star = re.search(r"\*", inner) if field in _NO_WORDS else _WILDCARD.search(inner)
    star = star or (None if phrase else _INSIDE.search(inner))
    if star and star.end() == len(inner):
        return f'a * stands after the last quote: write {inner[:-1]}"*', star.start()
    if star:
        return _STAR, star.start()
    one = None if phrase else _ANY_LETTER.search(inner)
    return (f'a ? stands for no letter: {_STAR}; write "{written}" if it is meant', one.start()) if one else None


def touching(query: str, start: int, end: int, field: str) -> str:
    """What is wrong with a word directly beside a quote or parenthesis; empty for others."""
    written = query[start:end]
    if query[end : end + 1] in ("(", '"'):
        called = _CALLED.match(query, start)
        words = called[0].removeprefix(f"{field}:") if called else ""
        quoted = f'{field}:"{words}"' if field else f'"{words}"'
        return f"no blank stands after {written}: put all of it in quotes" + (f", {quoted}" if called else "")
    if start and query[start - 1] in ')"*':
        return f"no blank stands before {written}: put all that belongs together in one pair of quotes"
    return ""


def _as_operator(written: str, after: str) -> str:
    """The message for an operator in small letters, or an unknown one; empty for others."""
    if written == "XOR":
        return 'there is no XOR: write (a OR b) ANDNOT (a AND b), or "XOR" if the word is meant'
    operator = re.sub("[-_]", "", written.upper())
    if operator not in _OPERATORS:
        return ""
    if operator == "AND" and re.match(r"\s+not\b", after, re.IGNORECASE):
        operator = "ANDNOT"
    return f'{written} is a word here: write {operator}, or "{written}"'


def _colon(written: str, before: str, field: str) -> str:
    """The message for a missing, misplaced or additional colon; empty for others."""
    named = _BEFORE_COLON.search(before)
    second = _SECOND_FIELD.match(written)
    unmarked = _NO_COLON.match(written)
    if field and written.startswith(":"):
        return f"one colon stands after a field: write {field}:{written.lstrip(':')}"
    if field and second:
        return f"one field stands before a word: write {field}: or {second[0]}, or join two words by AND or OR"
    if written.startswith(":"):
        return (
            f"no blank stands before a colon: write {named[1]}{written}" if named else "no field stands before this"
        )
    if unmarked and not field:
        return f"a colon stands after a field: write {unmarked[1]}:{written[unmarked.end() :]}"
    return ""


def _sign(written: str) -> str:
    """The message for signs before a word in other query languages, and URL encoding; empty for others."""
    if written in ("-", "!"):
        return f"{written} excludes nothing: write NOT instead"
    if written[:1] == "+" and written[1:2].isalnum():
        return f"{written} is there anyway if no OR stands beside it: write {written[1:]}"
    if written[:1] in ("-", "!") and written.lstrip("-!")[:1].isalnum():
        return f'{written} excludes nothing: write NOT before it, or "{written}"'
    if written[:1] == "*" and written.strip("*"):
        return f'{written} begins with a *, which only stands at an end: write "{written}" if it is meant'
    if _ENCODED.search(written):
        return "this is encoded for a URL: write blanks, quotes and parentheses as they are"
    return ""


def _of_lucene(written: str, field: str) -> str:
    """The message for syntax of Lucene, which is behind arXiv's search: fuzzy terms, boosts; empty for others."""
    joined = _JOINED.search(written)
    if joined and field not in _NO_WORDS:
        sign, parts = joined[2], written.split(joined[2])
        named = f"{field}:" * bool(field)
        return f"a {sign} joins no words: write " + (
            f'{named}"{" ".join(parts)}"' if sign == "+" else f"{named}({' OR '.join(parts)})"
        )
    if fuzzy := _FUZZY.search(written):
        return f"{fuzzy[0]} finds nothing similar: leave it away, or write {written[: fuzzy.start()]}*"
    if (boosted := _BOOSTED.fullmatch(written)) or written[:1] == "^":
        return f"{boosted[1] if boosted else '^'} means nothing here: leave it away"
    return ""


# -- of a keyword ----------------------------------------------------------------------------------------------------


def only_in_a_query(written: str, *, author: bool = False) -> str:
    """The part of a keyword or author that has a meaning in a query only, such as "AND"; empty for most.

    A keyword is matched literally, so this is for a warning.
    """
    if field := _FIELD_INSIDE.search(written):
        return field[0]
    if operator := _OPERATOR_INSIDE.search(written):
        return operator[1] or operator[2]
    if _QUOTES_AROUND.search(written) or _SINGLE.search(written):
        return "quotes"
    return "*" if _WILDCARD.search(written) or (author and "*" in written) else ""
