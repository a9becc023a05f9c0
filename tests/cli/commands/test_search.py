"""`paperboy search` and `paperboy query`: looking through the stored papers, and tuning a topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.model import FeedItem, Mailing, MailingState
from bot.store.papers import Verdict
from bot.topics.arxiv_search import SIDE_BY_SIDE, STEMMED, read_otherwise
from tests.builders import paper
from tests.world import CROSS, MONDAY, NEW, REPLACE, TUESDAY, WEDNESDAY, Environment, morning

if TYPE_CHECKING:
    from tests.cli.conftest import Terminal

TITLE = "Pigeons $\\alpha$ Read Maps"


async def collect(environment: Environment) -> None:
    """Three mailings."""
    environment.announce(MONDAY, paper("2604.00001"), paper("2604.00002", title="Fish", abstract="Fish."))
    await environment.once(morning(MONDAY), no_deliver=True)
    again = FeedItem(paper("2604.00001", version=2, title="Pigeons Read Old Maps"), REPLACE)
    environment.announce(TUESDAY, again, FeedItem(paper("2604.00003", title="Maps of Fish", abstract="None."), CROSS))
    await environment.once(morning(TUESDAY), no_deliver=True)
    environment.announce(WEDNESDAY, paper("2604.00004", title=TITLE))
    await environment.once(morning(WEDNESDAY), no_deliver=True)


# -- search ------------------------------------------------------------------------------------------------------


async def test_search_shows_one_line_a_paper_newest_first_with_the_reasons(
    paperboy: Terminal, environment: Environment
) -> None:
    await collect(environment)
    answer = await paperboy("search", "ti:maps")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines() == [
        "  2604.00004v1  2026-04-22  cs.CV cs.LG  Pigeons α Read Maps ['maps' in title]",
        "  2604.00003v1  2026-04-21  cs.CV cs.LG  Maps of Fish ['maps' in title]",
        "  2604.00001v2  2026-04-21  cs.CV cs.LG  Pigeons Read Old Maps ['maps' in title]",
    ]


async def test_a_hostile_title_does_nothing_to_the_terminal(paperboy: Terminal, environment: Environment) -> None:
    hostile = Mailing("cs.CV", MONDAY, (FeedItem(paper(title="Pigeons\x1b[2J\x9b31m\u202e\nRead"), NEW),))
    async with environment.app() as app:
        app.store.papers.record(hostile, Verdict(MailingState.COMPLETE, ""), morning(MONDAY))
    environment.clock.set(morning(MONDAY))
    for command in ("search", "query"):
        answer = await paperboy(command, "pigeons")
        assert "Pigeons [2J 31m Read" in answer.out
        assert not {"\x1b", "\x9b", "\u202e"} & set(answer.out)


async def test_search_is_in_the_topics_own_language(paperboy: Terminal, environment: Environment) -> None:
    await collect(environment)
    answer = await paperboy("search", "au:byron ANDNOT (pigeons OR ti:maps)")
    assert [line.split()[0] for line in answer.out.splitlines()] == ["2604.00002v1"]
    everything = await paperboy("search", "NOT walrus", "--limit", "1")
    assert "[nothing that the query rules out]" in everything.out


async def test_search_of_the_last_days_leaves_older_mailings_out(
    paperboy: Terminal, environment: Environment
) -> None:
    await collect(environment)
    for days, count in (("1", 1), ("2", 3), ("999999999", 4)):
        assert len((await paperboy("search", "cat:cs.CV", "--days", days)).out.splitlines()) == count


async def test_a_cut_is_said_and_nothing_found_too(paperboy: Terminal, environment: Environment) -> None:
    await collect(environment)
    cut = await paperboy("search", "cat:cs.CV", "--limit", "2")
    assert len(cut.out.splitlines()) == 2
    assert cut.err == "The newest 2 of 4 papers; `--limit` shows more.\n"
    nothing = await paperboy("search", "walrus")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "No stored paper matches.\n")


async def test_search_for_programs_is_ascii_json_that_says_how_many_there_are(
    paperboy: Terminal, environment: Environment
) -> None:
    await collect(environment)
    answer = await paperboy("search", "ti:maps", "--limit", "1", "--json")
    assert answer.out.isascii()
    assert answer.json["found"] == 3
    (found,) = answer.json["papers"]
    assert found["identifier"] == "2604.00004"
    assert found["mailing_date"] == "2026-04-22"
    assert found["hits"] == [{"term": "maps", "field": "title", "mode": "words"}]
    assert found["url"] == "https://arxiv.org/abs/2604.00004"


@pytest.mark.parametrize("command", ["search", "query"])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('pigeons "maps', ("a quote is not closed", "  " + " " * 8 + "^")),
        ("pigeons AND", ("there should be something to look for at the end", "  " + " " * 11 + "^")),
        ("鳩 title:maps", ("unknown field title: did you mean ti: ?", "  " + " " * 3 + "^")),
        ("-pigeons maps", ('-pigeons excludes nothing: write NOT before it, or "-pigeons"', "  ^")),
        ("--pigeons maps", ('--pigeons excludes nothing: write NOT before it, or "--pigeons"', "  ^")),
        ("a\n\x1b[31m (b", ("a parenthesis is not closed", "  " + " " * 8 + "^")),
    ],
)
async def test_a_query_that_does_not_parse_ends_with_2_and_its_column_is_marked(
    paperboy: Terminal, environment: Environment, command: str, query: str, expected: tuple[str, str]
) -> None:
    answer = await paperboy(command, query)
    assert (answer.code, answer.out) == (2, "")
    said, shown, mark = answer.err.splitlines()
    assert "\x1b" not in shown
    assert (said.removeprefix("The query cannot be read: "), mark) == expected
    assert not (environment.folder / "paperboy.db").exists()


# -- query -------------------------------------------------------------------------------------------------------


async def test_query_tells_how_it_is_read_and_what_it_would_have_matched_day_by_day(
    paperboy: Terminal, environment: Environment
) -> None:
    await collect(environment)
    answer = await paperboy("query", 'ti:maps ANDNOT (abs:medical OR "T2*") byron*')
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines() == [
        "Looks for",
        "  all of",
        "    'maps' in title",
        "    none of",
        "      at least one of",
        "        'medical' in abstract",
        "        'T2*' anywhere",
        "    words that begin with 'byron' anywhere",
        f"arXiv's own search {SIDE_BY_SIDE}.",
        f"arXiv's own search {STEMMED}.",
        "Would have matched, of what was new or cross-listed in cs.CV",
        "  Wed 22 Apr 2026: 1 of 1",
        "    2604.00004  Pigeons α Read Maps",
        "  Tue 21 Apr 2026: 1 of 1",
        "    2604.00003  Maps of Fish",
        "  Mon 20 Apr 2026: 1 of 2",
        "    2604.00001  Pigeons Read Maps",
        "In all 3 of 4 papers",
    ]


async def test_query_shows_the_first_titles_of_a_day_and_counts_the_rest(
    paperboy: Terminal, environment: Environment
) -> None:
    environment.announce(MONDAY, *(paper(f"2604.0000{number}") for number in range(5)))
    await environment.once(morning(MONDAY), no_deliver=True)
    answer = await paperboy("query", "pigeons")
    assert answer.out.splitlines()[-5:] == [
        "    2604.00004  Pigeons Read Maps",
        "    2604.00003  Pigeons Read Maps",
        "    2604.00002  Pigeons Read Maps",
        "    and 2 more",
        "In all 5 of 5 papers",
    ]


@pytest.mark.parametrize("query", ["pigeons AND maps OR fish", "ti:pigeons maps"])
async def test_query_says_where_arxiv_would_read_it_otherwise(
    paperboy: Terminal, environment: Environment, query: str
) -> None:
    await collect(environment)
    answer = await paperboy("query", query)
    said = [line for line in answer.out.splitlines() if line.startswith("arXiv's own search ")]
    assert [line.removeprefix("arXiv's own search ")[:-1] for line in said] == list(read_otherwise(query))
    assert said


@pytest.mark.parametrize("command", ["search", "query"])
async def test_an_option_that_there_is_not_is_still_told(paperboy: Terminal, command: str) -> None:
    answer = await paperboy(command, "maps", "--dayz", "3")
    assert answer.code == 2
    assert "No such option" in answer.err


async def test_query_of_days_without_a_mailing_says_so(paperboy: Terminal, environment: Environment) -> None:
    await collect(environment)
    environment.clock.set(morning(WEDNESDAY.replace(day=30)))
    answer = await paperboy("query", "maps", "--days", "3")
    assert answer.out.splitlines() == ["Looks for", "  'maps' anywhere"]
    assert answer.err == "No mailing since 2026-04-28 is stored.\n"
