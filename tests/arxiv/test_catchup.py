from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.arxiv import catchup
from bot.errors import ParseError
from bot.model import AnnounceType, Author, FeedItem, Mailing, Paper

DAY = date(2026, 4, 20)
NEW, CROSS, REPLACE, REPLACE_CROSS = AnnounceType

PIGEONS = Paper(
    identifier="2604.90001",
    version=2,
    title='Pigeons Read "Maps" at $p < 0.05$',
    abstract="We teach them. Tokens such as <image> stay; see https://loft.example/maps?a=1&b=2.",
    authors=(Author("Ada Byron", ("Loft",)), Author("Bo Chen", ("Loft",))),
    categories=("cs.CV", "cs.CE"),
    journal_ref="J. Homing 12",
    comment="12 pages",
)
OLD = Paper("math/9912999", 1, "Old Doves", "Old.", (Author("Bo"),), ("math.DG", "cs.CV"))
LOFTS = Paper("2602.90007", 5, "Better Lofts", "Air.", (), ("cs.CV",))
FEEDERS = Paper("2602.90008", 2, "Feeders", "Seeds.", (Author("Cy Day"),), ("cs.RO", "cs.CV"))

TOP = """<!DOCTYPE html>
<html lang="en"><head><title>Catchup results - arXiv</title><script>if (1 < 2) document.write("<h1>No</h1>")</script>
</head><body><div><a href="/">home</a> &gt; <a href="/catchup">catchup</a></div>
<div id='content-inner'><div id='dlpage'>
  <h1>Catchup results for Computer Vision and Pattern Recognition on Mon, 20 Apr 2026</h1>
  <ul><li><a href="#item1">New submissions</a></li></ul>
  <div><a href="/catchup/cs.CV/2026-04-21?abs=True&amp;page=1">Continue to the next day</a><br><br>
      Total of 4 entries for Mon, 20 Apr 2026
  </div>
"""
NEW_SECTION = """<dl id='articles'>
    <h3>New submissions (showing 1 of 1 entries)</h3>
    <dt>
      <a name='item1'>[1]</a>
      <a href ="/abs/2604.90001" title="Abstract" id="2604.90001">
        arXiv:2604.90001
      </a>
        [<a href="/pdf/2604.90001" title="Download PDF">pdf</a>,
        <a href="https://arxiv.org/html/2604.90001v2" title="View HTML">html</a>]
    </dt>
    <dd><div class='meta'>
        <div class='list-title mathjax'><span class='descriptor'>Title:</span>
          Pigeons Read &#34;Maps&#34; at $p &lt; 0.05$
        </div>
        <div class='list-authors'><a href="/s?query=Byron,+A">Ada Byron</a>, <a href="/s">Bo Chen</a> (Loft)</div>
        <div class='list-comments mathjax'><span class='descriptor'>Comments:</span>
          12 pages
        </div>
        <div class='list-journal-ref'><span class='descriptor'>Journal-ref:</span>
          J. Homing 12
        </div>
        <div class='list-subjects'><span class='descriptor'>Subjects:</span>
          <span class="primary-subject">Computer Vision and Pattern Recognition (cs.CV)</span>; \
Computational Engineering, Finance, and Science (cs.CE)
        </div>
        <p class='mathjax'>
          We teach them.
<br />Tokens such as &lt;image&gt; stay; see <a href="https://loft.example/maps?a=1&amp;b=2">this https URL</a>.
        </p>
    </div></dd>
</dl>
"""


def _short(paper: Paper, place: int, mark: str, authors: str, html: str = "") -> str:
    primary, *others = paper.categories
    subjects = f"<span class='primary-subject'>A ({primary})</span>" + "".join(f"; B ({other})" for other in others)
    return f"""<dt><a name='item{place}'>[{place}]</a> <a href="/abs/{paper.identifier}">arXiv:{paper.identifier}</a>
      {mark} [<a href="/pdf/{paper.identifier}">pdf</a>{html}]</dt>
    <dd><div class='meta'><div class='list-title mathjax'><span class='descriptor'>Title:</span> {paper.title}</div>
    <div class='list-authors'>{authors}</div>
    <div class='list-subjects'><span class='descriptor'>Subjects:</span> {subjects}</div>
    <p class='mathjax'>{paper.abstract}</p></div></dd>"""


MANY = "<a>Bo</a> et al. (23 additional authors not shown)"
LOFTS_HTML = ', <a href="https://arxiv.org/html/2602.90007v5">html</a>'
REST = f"""<dl id='articles'><h3>Cross submissions (showing 1 of 1 entries)</h3>
{_short(OLD, 2, "(cross-list from math.DG)", MANY)}</dl>
<dl id='articles'><h3>Replacement submissions (showing 2 of 2 entries)</h3>
{_short(LOFTS, 3, "(replaced)", "(author list is unavailable)", LOFTS_HTML)}
{_short(FEEDERS, 4, "(replaced)", "<a>Cy Day</a>")}</dl>
"""
BOTTOM = """<div></div>Total of 4 entries for Mon, 20 Apr 2026</div></div>
<footer><h3>About</h3><p class='mathjax'>Help</p></footer></body></html>
"""
PAGE = TOP + NEW_SECTION + REST + BOTTOM
QUIET = (TOP + "<br><div><p>No updates for Mon, 20 Apr 2026. No announcement.</p></div>" + BOTTOM).replace(
    "Total of 4", "Total of 0"
)


def _but(old: str, new: str, page: str = PAGE) -> bytes:
    assert old in page
    return page.replace(old, new, 1).encode()


def _parse(body: bytes) -> catchup.CatchupPage:
    return catchup.parse(body, "cs.CV", DAY)


def test_a_page_is_a_mailing() -> None:
    assert _parse(PAGE.encode()) == catchup.CatchupPage(
        mailing=Mailing(
            "cs.CV",
            DAY,
            (
                FeedItem(PIGEONS, NEW),
                FeedItem(OLD, CROSS),
                FeedItem(LOFTS, REPLACE),
                FeedItem(FEEDERS, REPLACE_CROSS),
            ),
        ),
        pages=1,
        total=4,
        unversioned=frozenset({"math/9912999", "2602.90008"}),
    )


def test_a_quiet_day_says_so() -> None:
    assert _parse(QUIET.encode()) == catchup.CatchupPage(Mailing("cs.CV", DAY, ()), 1, 0, frozenset())


def test_headings_in_the_older_wording_are_read() -> None:
    page = PAGE.replace(
        "New submissions (showing 1 of 1 entries)", "New submissions for today (showing 1 of 1 entries )"
    )
    assert _parse(page.encode()) == _parse(PAGE.encode())


def test_a_large_mailing_has_several_pages() -> None:
    last = PAGE.replace("Total of 4", "Total of 4004")
    for place in (1, 2, 3, 4):
        last = last.replace(f"[{place}]", f"[{4000 + place}]")
    page = _parse(last.encode())
    assert (page.pages, page.total, len(page.mailing.entries)) == (3, 4004, 4)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            "on Mon, 20 Apr 2026</h1>",
            "on Tue, 21 Apr 2026</h1>",
            "the catchup page of Tue, 21 Apr 2026, not of 2026-04",
        ),
        ("on Mon, 20 Apr 2026</h1>", "on Mon, 99 Xyz 2026</h1>", "the catchup page of Mon, 99 Xyz 2026"),
        ("Catchup results for", "New submissions for", "an HTML page, but no catchup page"),
        (
            "/catchup/cs.CV/",
            "/catchup/cs.CL/",
            "the catchup page of Computer Vision and Pattern Recognition, not of cs",
        ),
        (
            "Total of 4 entries for Mon, 20 Apr 2026\n",
            "Total of 5 entries\n",
            "with 4 entries from number 1 on, where there are 5",
        ),
        (
            "Total of 4 entries for Mon, 20 Apr 2026\n",
            "Total of 0 entries\n",
            "with 4 entries from number 1 on, where there are 0",
        ),
        ("New submissions (showing 1 of 1", "New submissions (showing 2 of 2", "does not hold as many entries"),
        ("Replacement submissions (showing 2 of 2", "Replacement submissions (showing 1 of 1", "as many entries"),
        (
            "<h3>New submissions (showing 1 of 1 entries)",
            "<h3>New submissions",
            "does not say how many entries it shows",
        ),
        (NEW_SECTION, "", "with 3 entries from number 2 on, where there are 4"),
        ("<h3>New submissions", "<h3>Own submissions", "an entry outside its sections"),
        ("</body></html>\n", "<p", "a page that is cut off"),
        ("</body></html>\n", "<script>", "a page that is cut off"),
        ("<footer>", "&#" + "9" * 5000 + ";<footer>", "a malformed page"),
        ("<footer>", "<![no such thing[", "a malformed page|cut off"),
    ],
)
def test_another_page_or_half_of_it_is_refused_with_the_reason(old: str, new: str, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        _parse(_but(old, new))


def test_pages_that_say_nothing_of_their_entries_are_refused() -> None:
    with pytest.raises(ParseError, match="does not say how many entries there are"):
        _parse(PAGE.replace("Total of", "Some").encode())
    with pytest.raises(ParseError, match="does not say that there are none"):
        _parse(_but("No updates for", "Sorry", QUIET))
    with pytest.raises(ParseError, match="with 0 entries from number 1 on, where there are 4"):
        _parse(QUIET.replace("Total of 0", "Total of 4").encode())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "an empty body"),
        (b"Rate limit", "no catchup page"),
        (b'{"a": 1}', "no catchup page"),
        (PAGE.encode("utf-16"), "not in UTF-8"),
        (b"<html>\xff", "not in UTF-8"),
    ],
)
def test_what_is_no_page_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        _parse(body)


def test_without_links_the_heading_names_the_category_by_name_or_id() -> None:
    bare = PAGE.replace("/catchup/cs.CV/", "/else/")
    assert _parse(bare.encode()).total == 4
    assert _parse(_but("Computer Vision and Pattern Recognition on", "cs.CV on", bare)).total == 4
    with pytest.raises(ParseError, match="the catchup page of Sound, not of cs"):
        _parse(_but("Computer Vision and Pattern Recognition on", "Sound on", bare))


def test_a_category_of_the_same_name_is_told_apart_by_its_papers() -> None:
    learning = PAGE.replace("/catchup/cs.CV/", "/else/").replace(
        "Computer Vision and Pattern Recognition on", "Machine Learning on"
    )
    with pytest.raises(ParseError, match=r"no paper is in stat\.ML"):
        catchup.parse(learning.encode(), "stat.ML", DAY)


@pytest.mark.parametrize(
    ("old", "new", "where", "reason"),
    [
        ("/abs/2604.90001", "/abs/pigeons", "2604.90001", None),
        ("<p class='mathjax'>", "<p>", "2604.90001", "no abstract"),
        ("<div class='list-title mathjax'>", "<div>", "2604.90001", "no title"),
        (
            "Science (cs.CE)",
            "Science",
            "2604.90001",
            "no subject but Computational Engineering, Finance, and Science",
        ),
        ("<div class='list-subjects'>", "<div>", "2604.90001", "no subject but nothing"),
    ],
)
def test_an_entry_that_lacks_something_is_kept_as_unreadable(
    old: str, new: str, where: str, reason: str | None
) -> None:
    mailing = _parse(_but(old, new)).mailing
    if reason is None:  # its other links still name it
        assert mailing.entries[0].paper.identifier == where
        return
    assert len(mailing.entries) == 3
    assert [(item.where, item.reason) for item in mailing.unreadable] == [(where, reason)]


def test_an_entry_without_links_is_known_by_its_title() -> None:
    page = PAGE.replace("/abs/2604.90001", "/").replace("/pdf/2604.90001", "/").replace("/html/2604.90001v2", "/")
    (unreadable,) = _parse(page.encode()).mailing.unreadable
    assert (unreadable.where.startswith("Title: Pigeons"), unreadable.reason) == (True, "no identifier")


@settings(max_examples=60)
@given(
    st.binary(max_size=300)
    | st.tuples(st.integers(0, len(PAGE)), st.integers(0, 400), st.text("<>/!-[]&#;'\"= adl1x\n", max_size=20)).map(
        lambda cut: (PAGE[: cut[0]] + cut[2] + PAGE[cut[0] + cut[1] :]).encode()
    )
)
def test_whatever_comes_only_a_parse_error_is_raised(body: bytes) -> None:
    try:
        page = _parse(body)
    except ParseError:
        return
    assert len(page.mailing.entries) + len(page.mailing.unreadable) == page.total


@pytest.mark.parametrize(
    "bomb", ["<div>", "<b>", "<!--", "</", "<a ", "<a b='", "<?", "<![CDATA[", "<script>", "&lt"]
)
def test_a_page_of_nothing_but_bombs_is_read_in_one_go(bomb: str) -> None:
    with pytest.raises(ParseError):
        _parse((PAGE + bomb * 100_000 + "<").encode())
