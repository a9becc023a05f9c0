"""`paperboy search` and `paperboy query`: search the stored papers with the topics' query language."""

from __future__ import annotations

import sys
import unicodedata
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot import text
from bot.arxiv import calendar
from bot.cli.application import load_settings, opened
from bot.cli.errors import ExitCode
from bot.cli.options import ConfigOption, JsonOption
from bot.cli.output import heading, plural, say, say_json, say_on_stderr, table
from bot.errors import QueryError
from bot.model import MatchMode, Topic, paper_url
from bot.report import lately
from bot.report.lately import matches_by_day
from bot.topics.arxiv_search import read_otherwise
from bot.topics.matcher import Matcher
from bot.topics.query import ALL, And, Not, Term, parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from bot.model import Match
    from bot.report.lately import DayMatches
    from bot.store.search import PaperSearch, StoredPaper
    from bot.topics.query import Node

_TITLES = 3

QueryArgument = Annotated[
    str, typer.Argument(metavar="QUERY", help="As in a topic: 'ti:\"visual grounding\" ANDNOT abs:medical'.")
]


# -- search ------------------------------------------------------------------------------------------------------


def search(
    query: QueryArgument,
    config: ConfigOption = None,
    *,
    days: Annotated[
        int | None, typer.Option("--days", metavar="N", min=1, help="Mailings of the last N days only.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="The most papers that are shown.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Search the stored papers, newest first.

    In the topics' own query language: ti, abs, au, cat, co, jr, id and all; AND, OR, ANDNOT and NOT; quotes,
    parentheses, and * at the end of a word.
    """
    topic, _ = _understood(query)
    settings = load_settings(config)
    matcher = Matcher([topic])
    with opened(settings) as app:
        since = lately.since(calendar.mailing_date(app.clock.now()), days) if days else None
        stored = app.store.search.papers(since=since)
        found = [(each, match) for each in stored for match in matcher.match(each.paper).values()]
    shown = found[:limit]
    if as_json:
        say_json({"found": len(found), "papers": [_plain(*each) for each in shown]})
    else:
        table((_row(*each) for each in shown), heads=("paper", "mailing", "categories", "title [why]"))
    if not found:
        say_on_stderr("No stored paper matches.")
    elif len(found) > limit:
        say_on_stderr(f"The newest {limit} of {len(found)} papers; `--limit` shows more.")


def _row(stored: StoredPaper, match: Match) -> list[str]:
    paper = stored.paper
    return [
        f"{paper.identifier}v{paper.version}",
        f"{stored.mailing_date:%Y-%m-%d}",
        " ".join(paper.categories),
        f"{text.flatten_tex(paper.title)} [{_reasons(match)}]",
    ]


def _reasons(match: Match) -> str:
    return ", ".join(f"{hit.term!r} in {hit.field}" for hit in match.hits) or "nothing that the query rules out"


def _plain(stored: StoredPaper, match: Match) -> dict[str, Any]:
    paper = stored.paper
    return {
        "identifier": paper.identifier,
        "version": paper.version,
        "mailing_date": stored.mailing_date,
        "categories": paper.categories,
        "title": paper.title,
        "authors": [author.name for author in paper.authors],
        "url": paper_url(paper.identifier),
        "hits": list(match.hits),
    }


# -- query -------------------------------------------------------------------------------------------------------


def query(
    query: QueryArgument,
    config: ConfigOption = None,
    *,
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, help="Mailings of the last N days.")] = 14,
) -> None:
    """Show how a query is read, what it finds.

    What it would have matched, day by day over the stored mailings, of what was announced as new or cross-listed.
    """
    topic, tree = _understood(query)
    settings = load_settings(config)
    heading("Looks for")
    for depth, line in outline(tree):
        say(line, indent="  " * (depth + 1))
    for otherwise in read_otherwise(query):
        say(f"arXiv's own search {otherwise}.")
    with opened(settings) as app:
        _show_days(app.store.search, topic, lately.since(calendar.mailing_date(app.clock.now()), days))


def _show_days(stored_papers: PaperSearch, topic: Topic, since: date) -> None:
    matched = announced = 0
    for day in matches_by_day(stored_papers, topic, since):
        if not announced:
            say(f"Would have matched, of what was new or cross-listed in {', '.join(stored_papers.categories())}")
        _show_day(day)
        matched, announced = matched + len(day.matched), announced + day.announced
    if announced:
        say(f"In all {matched} of {plural(announced, 'paper')}")
    else:
        say_on_stderr(f"No mailing since {since:%Y-%m-%d} is stored.")


def _show_day(day: DayMatches) -> None:
    found = day.matched
    say(f"{text.day(day.mailing_date)}: {len(found)} of {day.announced}", indent="  ")
    table(([paper.identifier, text.flatten_tex(paper.title)] for paper in islice(found, _TITLES)), indent="    ")
    if len(found) > _TITLES:
        say(f"and {len(found) - _TITLES} more", indent="    ")


def outline(node: Node, depth: int = 0) -> Iterator[tuple[int, str]]:
    """A query's tree as lines, each with its depth."""
    match node:
        case Term():
            yield depth, _term(node)
        case Not(inner):
            yield depth, "none of"
            yield from outline(inner, depth + 1)
        case _:
            yield depth, "all of" if isinstance(node, And) else "at least one of"
            for inner in node.nodes:
                yield from outline(inner, depth + 1)


def _term(term: Term) -> str:
    words = f"words that begin with {term.text!r}" if term.prefix else repr(term.text)
    words = f"exactly {words}" if term.mode is MatchMode.EXACT else words
    return f"{words} anywhere" if term.fields == ALL else f"{words} in {' or '.join(term.fields)}"


# -- both --------------------------------------------------------------------------------------------------------


def _understood(query: str) -> tuple[Topic, Node]:
    """The query as a topic and as a tree; if it does not parse, prints where and exits."""
    try:
        tree = parse(query)
    except QueryError as error:
        say_on_stderr(f"The query cannot be read: {error.message}")
        sys.stderr.write(_marked(error.query, error.column))
        sys.exit(ExitCode.CONFIG)
    return Topic(name="query", title="", categories=(), query=query), tree


def _marked(query: str, column: int) -> str:
    """The query on one line, and a mark under the column (counted from 1)."""
    shown = "".join(c if c.isprintable() else " " for c in query)
    width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in shown[: column - 1])
    return f"  {shown}\n  {' ' * width}^\n"
