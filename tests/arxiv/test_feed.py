from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.arxiv import feed
from bot.errors import ParseError
from bot.model import AnnounceType, Author, FeedItem, Mailing, Paper
from bot.text import clean
from tests.builders import MONDAY
from tests.servers.arxiv import render_error, render_rss

DATA = Path(__file__).parents[1] / "data" / "arxiv"
RSS = (DATA / "rss_cs.CV_2026-04-20.xml").read_bytes()
ATOM = (DATA / "atom_cs.CV_2026-04-20.xml").read_bytes()
BUILT = datetime(2026, 4, 20, 4, 0, 7, tzinfo=UTC)
SHARED = Path(__file__).parents[2].parent / "shared" / "data"

PIGEONS = Paper(
    identifier="2604.90001",
    version=1,
    title="Pigeons Read Maps at $p < 0.05$ & Like It",
    abstract=(
        'We teach pigeons to read maps. Tokens such as <image> and "North" stay where they are; '
        "so do 5% of the birds & their $\\alpha$-leaders."
    ),
    authors=(
        Author("Ada Byron", ("Coop of London", "Loft (Upper Floor)")),
        Author('J\\"org M\\"uller'),
        Author("Bo"),
    ),
    categories=("cs.CV", "cs.LG"),
    license="http://creativecommons.org/licenses/by/4.0/",
    doi="10.5555/pigeons.1",
    journal_ref="Journal of Homing 12 (2026), 1-9",
)


def _but(old: str, new: str, *, of: bytes = RSS) -> bytes:
    """The sample feed with its first such text replaced."""
    assert old.encode() in of
    return of.replace(old.encode(), new.encode(), 1)


def _reserialised(body: bytes) -> bytes:
    """As the standard library writes it: arXiv's prefixes become ns0, ns1, ..."""
    stream = io.BytesIO()
    ET.ElementTree(ET.fromstring(body)).write(stream, encoding="utf-8", xml_declaration=True)
    return stream.getvalue()


# -- what a feed says ------------------------------------------------------------------------------------------------


def test_an_rss_feed_is_a_mailing() -> None:
    mailing = feed.parse(RSS, "cs.CV")
    assert (mailing.category, mailing.mailing_date, mailing.unreadable) == ("cs.CV", date(2026, 4, 20), ())
    assert mailing.entries[0] == FeedItem(PIGEONS, AnnounceType.NEW)
    assert [(entry.paper.identifier, entry.paper.version, str(entry.type)) for entry in mailing.entries] == [
        ("2604.90001", 1, "new"),
        ("2604.90002", 1, "new"),
        ("2301.90225", 1, "cross"),
        ("2602.90007", 3, "replace"),
        ("math/9912999", 2, "replace-cross"),
    ]
    fancy = mailing.entries[1].paper
    assert (fancy.abstract, fancy.authors) == ("Une étude des colombiers; 鸽舍.", ())
    assert (fancy.license, fancy.doi, fancy.journal_ref) == (None, None, None)


def test_the_atom_feed_says_the_same_as_the_rss_feed() -> None:
    assert feed.parse(ATOM, "cs.CV") == feed.parse(RSS, "cs.CV")


@pytest.mark.parametrize("body", [RSS, ATOM], ids=["rss", "atom"])
def test_namespaces_count_and_not_their_prefixes(body: bytes) -> None:
    reserialised = _reserialised(body)
    assert b"<arxiv:" not in reserialised
    assert feed.parse(reserialised, "cs.CV") == feed.parse(body, "cs.CV")


def test_a_weekends_feed_is_an_empty_mailing() -> None:
    rss = re.sub(rb"    <item>.*</item>\n", b"", RSS, flags=re.DOTALL)
    atom = re.sub(rb"  <entry>.*</entry>\n", b"", ATOM, flags=re.DOTALL)
    assert feed.parse(rss, "cs.CV") == feed.parse(atom, "cs.CV") == Mailing("cs.CV", MONDAY, ())


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ("Mon, 20 Apr 2026 04:00:00 +0000", date(2026, 4, 20)),
        ("Mon, 20 Apr 2026 03:59:59 +0000", date(2026, 4, 19)),
        ("Mon, 02 Nov 2026 00:00:00 -0500", date(2026, 11, 2)),
    ],
)
def test_the_mailing_date_is_new_yorks(published: str, expected: date) -> None:
    assert feed.parse(_but("Mon, 20 Apr 2026 00:00:00 -0400", published), "cs.CV").mailing_date == expected


def test_white_space_is_folded_and_the_preamble_gone() -> None:
    body = _but("Better Lofts", "Better\n  Lofts ")
    body = _but(
        "Now with ventilation.", "Now\n  with\tarXiv:2604.90001v1 Announce Type: new \nAbstract: air.", of=body
    )
    paper = feed.parse(body, "cs.CV").entries[3].paper
    assert paper.title == "Better Lofts"
    assert paper.abstract == "Now with arXiv:2604.90001v1 Announce Type: new Abstract: air."


def test_a_description_without_preamble_is_the_abstract() -> None:
    body = _but("arXiv:2602.90007v3 Announce Type: replace \nAbstract: ", "")
    assert feed.parse(body, "cs.CV").entries[3].paper.abstract == "Now with ventilation."


_PLACES = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,;:-<>&'\"$\\{}^_@ éüñ鸽😀\u200b"
_TEXTS = st.text(_PLACES, min_size=1, max_size=60).map(clean).filter(bool)
_NAMES = (
    st.text("ABCabcé\\\"'{}. ", min_size=1, max_size=20)
    .map(lambda name: clean(name.replace(".", ". ")))
    .filter(lambda name: any(map(str.isalnum, name)))
)
_AUTHORS = st.builds(Author, _NAMES, st.lists(_NAMES, max_size=3).map(tuple))
_PAPERS = st.builds(
    Paper,
    identifier=st.from_regex(r"[0-9]{2}(0[1-9]|1[0-2])\.[0-9]{5}|hep-th/99(0[1-9]|1[0-2])[0-9]{3}", fullmatch=True),
    version=st.integers(1, 30),
    title=_TEXTS,
    abstract=_TEXTS,
    authors=st.lists(_AUTHORS, max_size=5).map(tuple),
    categories=st.lists(st.sampled_from(["cs.CV", "cs.LG", "hep-th"]), unique=True).map(tuple),
    license=st.none() | _TEXTS,
    doi=st.none() | _TEXTS,
    journal_ref=st.none() | _TEXTS,
)
_ENTRIES = st.lists(st.builds(FeedItem, _PAPERS, st.sampled_from(AnnounceType)), max_size=6)


@settings(deadline=None, max_examples=60)
@given(_ENTRIES, st.dates(date(2008, 1, 1), date(2040, 1, 1)))
def test_whatever_arxiv_announces_is_read_as_it_was_meant(entries: list[FeedItem], day: date) -> None:
    read = feed.parse(render_rss(Mailing("cs.CV", day, tuple(entries)), BUILT), "cs.CV")
    assert (read.mailing_date, read.unreadable) == (day, ())
    assert sorted(map(repr, read.entries)) == sorted(map(repr, entries))


# -- what is no feed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "an empty body"),
        (b" \r\n", "an empty body"),
        (b"Rate exceeded.", r"no feed but a text: Rate exceeded\."),
        (b'{"error": "no"}', "no feed but a text"),
        (str(DATA / "rss_cs.CV_2026-04-20.xml").encode(), "no feed but a text"),
        (b"\xff\xfe\x00", "no feed but a text"),
        (b"<!DOCTYPE html><html><body>Down</body></html>", "an HTML page"),
        (b"\n<HTML><body>Down<br></body></HTML>", "an HTML page"),
        (b'<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"/>', "an HTML page"),
        (b"<OAI-PMH><error code='noRecordsMatch'/></OAI-PMH>", "no RSS or Atom feed"),
        (RSS.replace(b"</channel>", b""), "cut off or malformed: mismatched tag"),
        (RSS.replace(b"&amp;", b"&"), "cut off or malformed"),
        (RSS.replace(b"<arxiv:announce_type>", b"<unbound:announce_type>"), "cut off or malformed: unbound prefix"),
        (RSS.replace("é".encode(), b"\xe9"), "cut off or malformed"),
        (RSS.replace(b"'UTF-8'", b"'koi-9'"), "cut off or malformed"),
        (RSS.replace(b"'UTF-8'", b"'idna'"), "cut off or malformed"),
        (RSS.replace(b"'UTF-8'", b"'shift-jis'"), "cut off or malformed"),
        (RSS.replace(b"UTF-8", b"us-ascii"), "cut off or malformed"),
        (_but("<rss ", "<!--\n<!DOCTYPE rss -->\n<rss "), "a malformed feed"),
        (_but("<item>", "<item><pos xmlns='http://www.opengis.net/gml'>1</pos>"), "no shape that feedparser knows"),
        (render_error("cs.XX", "Bad subject class 'XX'.", BUILT), r"arXiv's error feed: Bad subject class 'XX'\."),
        (re.sub(rb"<pubDate>.*</pubDate>", b"", RSS), "bears no date"),
        (_but("<pubDate>Mon, 20 Apr 2026 00:00:00 -0400", "<pubDate>today"), "bears no date"),
        (re.sub(rb"<published>.*</published>", b"", ATOM), "bears no date"),
        (
            _but("<pubDate>Mon, 20 Apr 2026 00:00:00 -0400", "<pubDate>Mon, 20 Apr 2026 00:00:00 -9999"),
            "date but Mon",
        ),
        (_but("<pubDate>Mon, 20 Apr 2026", "<pubDate>Mon, 20 Apr 9999"), "bears no date but Mon, 20 Apr 9999"),
        (re.sub(rb"<published>[^<]*<", b"<published>0001-01-01T00:00:00+14:00<", ATOM), "bears no date but 0001"),
        (_but("<dc:creator>Dee", "<dc:creator>" + "d" * 60_000), "a name that does not end"),
        (re.sub(rb"  <entry>.*</entry>|<updated>[^<]*</updated>", b"", ATOM, flags=re.DOTALL), "bears no date"),
    ],
)
def test_what_is_no_feed_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        feed.parse(body, "cs.CV")


@settings(deadline=None)
@given(st.sampled_from([RSS, ATOM]), st.floats(0, 0.999))
def test_a_feed_cut_off_anywhere_is_refused(body: bytes, share: float) -> None:
    whole = body.rstrip()
    with pytest.raises(ParseError):
        feed.parse(whole[: int(len(whole) * share)], "cs.CV")


@pytest.mark.parametrize(
    "declaration",
    [
        "<!ENTITY a0 'boom'>" + "".join(f"<!ENTITY a{n + 1} '{f'&a{n};' * 10}'>" for n in range(9)),
        "<!ENTITY a9 SYSTEM 'file:///etc/passwd'>",
    ],
    ids=["bomb", "file"],
)
def test_entities_are_never_expanded(declaration: str) -> None:
    body = _but("<rss ", f"<!DOCTYPE rss [{declaration}]><rss ").replace(b"Fancy", b"&a9;")
    with pytest.raises(ParseError, match="DOCTYPE"):
        feed.parse(body, "cs.CV")


# -- whose feed it is ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("category", ["cs.CL", "cs", "cs.CV+cs.CL", "birds.PG"])
def test_the_feed_of_another_category_is_refused(category: str) -> None:
    with pytest.raises(ParseError, match=r"another feed than that of .*: cs\.CV updates on arXiv\.org"):
        feed.parse(RSS, category)


@pytest.mark.parametrize(
    ("title", "category"),
    [
        ("cs.CV updates on arXiv.org", "CS.cv"),
        ("cs.NA updates on arXiv.org", "math.NA"),
        ("cs, math.NA updates on arXiv.org", "cs.NA+cs"),
        ("birds.PG updates on arXiv.org", "birds.PG"),
        ("A title of tomorrow", "cs.CV"),
    ],
)
def test_a_feed_is_known_by_its_title_or_else_its_link(title: str, category: str) -> None:
    assert feed.parse(_but("cs.CV updates on arXiv.org", title), category).category == category


def test_a_feed_that_names_no_category_passes() -> None:
    body = _but("<title>cs.CV updates on arXiv.org</title>", "")
    body = re.sub(rb"<link>http://rss[^<]*</link>|<atom:link[^>]*>", b"", body)
    assert len(feed.parse(body, "cs.CL").entries) == 5


def test_a_feed_from_elsewhere_is_refused() -> None:
    body = _but("cs.CV updates on arXiv.org", "Bird News").replace(b"http://rss.arxiv.org/rss/cs.CV", b"http://a.b/c")
    with pytest.raises(ParseError, match=r"another feed than that of cs\.CV: Bird News"):
        feed.parse(body, "cs.CV")


# -- items that are no announcement ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "where", "reason"),
    [
        (">oai:arXiv.org:2602.90007v3<", "><", "Better Lofts", "not an arXiv identifier: ''"),
        ("oai:arXiv.org:2602.90007v3", "pigeon", "pigeon", "not an arXiv identifier: 'pigeon'"),
        ("oai:arXiv.org:2602.90007v3", "oai:arXiv.org:2602.90007", "oai:arXiv.org:2602.90007", "no version"),
        ("<title>Better Lofts</title>", "", "oai:arXiv.org:2602.90007v3", "no title"),
        ("Now with ventilation.", "", "oai:arXiv.org:2602.90007v3", "no abstract"),
        (">replace<", ">absonly<", "oai:arXiv.org:2602.90007v3", "unknown announce type absonly"),
        (">replace<", "><", "oai:arXiv.org:2602.90007v3", "no announce type"),
        ("announce_type>replace<", "announce_type a='b'>replace<", "oai:arXiv.org:2602.90007v3", "no announce type"),
    ],
)
def test_an_item_that_is_no_announcement_is_kept_as_unreadable(old: str, new: str, where: str, reason: str) -> None:
    mailing = feed.parse(_but(old, new), "cs.CV")
    assert len(mailing.entries) == 4
    assert [(item.where, item.reason) for item in mailing.unreadable] == [(where, reason)]


def test_an_item_without_anything_is_known_by_its_place() -> None:
    mailing = feed.parse(_but("</channel>", "<item></item></channel>"), "cs.CV")
    assert [item.where for item in mailing.unreadable] == ["item 6"]


# -- authors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("", ()),
        (" Plato, Bo", (Author("Plato"), Author("Bo"))),
        ("Ada (X (Y, Z), W), Bo", (Author("Ada", ("X (Y, Z)", "W")), Author("Bo"))),
        ("Ada, Fred Bloom, Jr, Bo", (Author("Ada"), Author("Fred Bloom, Jr"), Author("Bo"))),
        ("The Loft,  :, Ada", (Author("The Loft"), Author("Ada"))),
        ("Ada (ada@loft.example), Bo", (Author("Ada", ("ada@loft.example",)), Author("Bo"))),
        ("Ada</dc:creator>\n<dc:creator>Bo, Cy", (Author("Ada"), Author("Bo"), Author("Cy"))),
        ("Ada</dc:creator><author>desk@loft.example (Desk)</author><dc:creator>", (Author("Ada"),)),
    ],
)
@pytest.mark.parametrize("body", [RSS, ATOM], ids=["rss", "atom"])
def test_a_feeds_creators_are_its_authors(body: bytes, names: str, expected: tuple[Author, ...]) -> None:
    rendered = _but("<dc:creator>Dee Light<", f"<dc:creator>{names}<", of=body)
    assert feed.parse(rendered, "cs.CV").entries[3].paper.authors == expected


def test_an_item_that_feedparser_does_not_know_makes_no_mailing() -> None:
    with pytest.raises(ParseError, match="a feed with 5 items of which feedparser knows 6"):
        feed.parse(_but("</channel>", "<item xmlns='http://loft.example/ns'/></channel>"), "cs.CV")


def test_a_feed_nested_beyond_any_sense_is_refused() -> None:
    with pytest.raises(ParseError, match="the feed is nested more than 100 deep"):
        feed.parse(_but("<channel>", "<channel>" + "<a>" * 200 + "</a>" * 200), "cs.CV")


# -- arXiv's own feeds -----------------------------------------------------------------------------------------------

_shared = pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")

COUNTS = {
    "recorded/atom_cs.AI_2025-08-20_first86.xml": 86,
    "recorded/atom_cs_2025-11-23_empty.xml": 0,
    "recorded/rss_cs.AI_2026-04-27_first3.xml": 3,
    "recorded/rss_astro-ph.EP_2026-08-05_excerpt2_reserialised.xml": 2,
    "rendered/combined/rss_cs.CV+cs.CL+cs.AI+cs.IT+cs.CE+cs.GR+cs.GT_2026-04-21.xml": 644,
    **{
        f"rendered/cs.CV/rss_2026-04-{day}.xml": count
        for day, count in zip(range(17, 29), (186, 0, 0, 171, 501, 199, 171, 172, 0, 0, 113, 366), strict=True)
    },
    **{
        f"rendered/cs.CV/atom_2026-04-{day}.xml": count
        for day, count in ((18, 0), (19, 0), (21, 501), (24, 172), (25, 0), (26, 0))
    },
}


def _category_and_date(name: str) -> tuple[str, date]:
    folder, file = name.split("/")[-2:]
    found = re.search(r"_(\d{4}-\d\d-\d\d)", file)
    assert found
    return (folder if folder == "cs.CV" else file.split("_")[1]), date.fromisoformat(found[1])


@pytest.mark.shared
@_shared
@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_arxivs_feeds_are_read_whole(name: str, count: int) -> None:
    category, day = _category_and_date(name)
    mailing = feed.parse((SHARED / name).read_bytes(), category)
    assert (mailing.mailing_date, len(mailing.entries), mailing.unreadable) == (day, count, ())
    for entry in mailing.entries:
        assert entry.paper.authors
        assert entry.paper.categories
        assert "Announce Type" not in entry.paper.abstract


@pytest.mark.shared
@_shared
def test_rss_and_atom_of_one_day_are_one_mailing() -> None:
    folder = SHARED / "rendered" / "cs.CV"
    rss, atom = ((folder / f"{kind}_2026-04-21.xml").read_bytes() for kind in ("rss", "atom"))
    assert feed.parse(rss, "cs.CV") == feed.parse(atom, "cs.CV")


@pytest.mark.shared
@_shared
def test_arxivs_optional_elements_are_read() -> None:
    body = (SHARED / "recorded" / "atom_cs.AI_2025-08-20_first86.xml").read_bytes()
    papers = [entry.paper for entry in feed.parse(body, "cs.AI").entries]
    assert sum(paper.license is not None for paper in papers) == body.count(b"<dc:rights>")
    assert sum(paper.doi is not None for paper in papers) == body.count(b"<arxiv:DOI>") > 0
    assert sum(paper.journal_ref is not None for paper in papers) == body.count(b"<arxiv:journal_reference>") > 0


@pytest.mark.shared
@_shared
def test_creators_that_people_met_are_read_right() -> None:
    cases = json.loads((SHARED / "cases" / "05-names.json").read_text())["cases"]
    elements = [(f"<dc:creator>{case['dc:creator']}</dc:creator>", case) for case in cases if "dc:creator" in case]
    elements += [(case["two elements"], case) for case in cases if "two elements" in case]
    assert elements
    for element, case in elements:
        rendered = _but("<dc:creator>Dee Light</dc:creator>", element)
        assert [author.name for author in feed.parse(rendered, "cs.CV").entries[3].paper.authors] == case["right"]


def _all_others() -> list[str]:
    files = (path for path in SHARED.glob("re*ed/**/*") if path.is_file())
    return sorted(str(path.relative_to(SHARED)) for path in files if str(path.relative_to(SHARED)) not in COUNTS)


@pytest.mark.shared
@_shared
@pytest.mark.parametrize("name", _all_others())
def test_nothing_else_that_arxiv_sends_is_taken_for_a_mailing(name: str) -> None:
    with pytest.raises(ParseError):
        feed.parse((SHARED / name).read_bytes(), "cs.AI")
