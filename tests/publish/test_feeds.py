from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import AnnounceType, Topic
from bot.publish.feeds import Feed, atom, json_feed
from tests.builders import MONDAY, entry, paper

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

ATOM = "{http://www.w3.org/2005/Atom}"
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")
ABSOLUTE = re.compile(r"(https?://[^/\s]+/|urn:uuid:)\S+")
BIRDS = Topic("birds", "Birds & Maps", ("cs.CV",), keywords=("pigeon",))
TUESDAY = date(2026, 4, 21)
URL = "https://lab.example.org/papers"
FEED = Feed(
    BIRDS,
    (
        entry(paper("2604.00001", title=r"On $\alpha$ & <b>", authors=(r"J. M\"uller", "Bo Chen"))),
        entry(paper("2604.00002", version=3), type=AnnounceType.REPLACE, mailing_date=TUESDAY),
        replace(entry(paper("2604.00003", authors=()), mailing_date=TUESDAY), reconstructed=True),
    ),
    TUESDAY,
    URL,
)


def read(xml: str) -> Any:
    parsed = feedparser.parse(xml.encode())
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.version == "atom10"
    return parsed


def assert_rfc_4287(xml: str) -> None:
    """What https://www.rfc-editor.org/rfc/rfc4287 requires of the elements that we use, and that we use no other."""
    feed = ET.fromstring(xml)
    assert feed.tag == f"{ATOM}feed"
    assert_children(
        feed, once={"id", "title", "updated"}, most_once={"generator"}, any_number={"author", "link", "entry"}
    )
    entries = feed.findall(f"{ATOM}entry")
    assert feed.find(f"{ATOM}author") is not None or all(e.find(f"{ATOM}author") is not None for e in entries)
    for each in entries:
        assert_children(each, once={"id", "title", "updated", "summary"}, any_number={"author", "link", "category"})
        assert "alternate" in [link.get("rel") for link in each.findall(f"{ATOM}link")]  # as it has no content
    for each in (feed, *entries):
        alternates = [link.get("type") for link in each.findall(f"{ATOM}link") if link.get("rel") == "alternate"]
        assert len(set(alternates)) == len(alternates)
        assert RFC_3339.fullmatch(each.findtext(f"{ATOM}updated", ""))
    identifiers = [each.findtext(f"{ATOM}id", "") for each in (feed, *entries)]
    assert len(set(identifiers)) == len(identifiers)
    assert all(ABSOLUTE.fullmatch(each) for each in identifiers)
    assert all(ABSOLUTE.fullmatch(link.get("href", "")) for link in feed.iter(f"{ATOM}link"))
    assert all(category.get("term") for category in feed.iter(f"{ATOM}category"))
    for author in feed.iter(f"{ATOM}author"):
        assert_children(author, once={"name"})


def assert_children(
    parent: ET.Element,
    *,
    once: AbstractSet[str],
    most_once: AbstractSet[str] = frozenset(),
    any_number: AbstractSet[str] = frozenset(),
) -> None:
    counts = Counter(child.tag.removeprefix(ATOM) for child in parent)
    assert {name for name, count in counts.items() if count > 1} <= any_number
    assert once <= set(counts) <= once | most_once | any_number


def assert_json_feed(document: str, *, items: int) -> None:
    """What https://www.jsonfeed.org/version/1.1/ requires: keys, their types, and no key of our own making."""
    feed = json.loads(document.encode())
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert set(feed) - {"home_page_url", "feed_url"} == {"version", "title", "language", "items"}
    assert isinstance(feed["title"], str)
    assert all(ABSOLUTE.fullmatch(feed[name]) for name in ("home_page_url", "feed_url") if name in feed)
    assert len({item["id"] for item in feed["items"]}) == len(feed["items"]) == items
    for item in feed["items"]:
        assert set(item) == {"id", "url", "title", "content_text", "date_published", "authors", "tags"}
        assert all(isinstance(item[name], str) for name in ("id", "title", "content_text"))
        assert ABSOLUTE.fullmatch(item["url"])
        assert RFC_3339.fullmatch(item["date_published"])
        assert all(set(author) == {"name"} and isinstance(author["name"], str) for author in item["authors"])
        assert all(isinstance(tag, str) for tag in item["tags"])


def test_atom_is_read_back_by_a_parser_written_by_others() -> None:
    feed = read(atom(FEED))
    assert feed.feed.title == "Birds & Maps: papers"
    assert feed.feed.id == f"{URL}/birds/feed.xml"
    assert {link.rel: link.href for link in feed.feed.links} == {
        "self": f"{URL}/birds/feed.xml",
        "alternate": f"{URL}/index.html#topic-birds",
    }
    assert [item.id for item in feed.entries] == [
        "https://arxiv.org/abs/2604.00003",
        "https://arxiv.org/abs/2604.00002v3",
        "https://arxiv.org/abs/2604.00001",
    ]
    last = feed.entries[-1]
    assert last.title == "On α & <b>"
    assert [author.name for author in last.authors] == ["J. Müller", "Bo Chen"]
    assert last.updated == "2026-04-20T00:00:00-04:00"
    assert [tag.term for tag in feed.entries[0].tags] == ["cs.CV", "cs.LG", "reconstructed"]


def test_a_feed_s_time_is_its_newest_mailing_s_also_where_that_had_nothing() -> None:
    assert read(atom(Feed(BIRDS, (), TUESDAY))).feed.updated == "2026-04-21T00:00:00-04:00"


@pytest.mark.parametrize("feed", [FEED, replace(FEED, url=None), replace(FEED, entries=())])
def test_feeds_follow_their_rules(feed: Feed) -> None:
    assert_rfc_4287(atom(feed))
    assert_json_feed(json_feed(feed), items=len(feed.entries))


def test_json_feed_says_what_it_is_and_where() -> None:
    feed = json.loads(json_feed(FEED))
    assert feed["title"] == "Birds & Maps: papers"
    assert feed["feed_url"] == f"{URL}/birds/feed.json"
    assert feed["home_page_url"] == f"{URL}/index.html#topic-birds"
    assert all(item["content_text"] for item in feed["items"])
    assert all(author["name"] for item in feed["items"] for author in item["authors"])


def test_a_feed_that_is_published_nowhere_names_no_address_but_has_an_id_that_stays() -> None:
    unpublished = replace(FEED, url=None)
    feed = read(atom(unpublished))
    assert feed.feed.id.startswith("urn:uuid:")
    assert feed.feed.id == read(atom(unpublished)).feed.id
    assert "links" not in feed.feed
    assert "feed_url" not in json.loads(json_feed(unpublished))


def test_a_withdrawn_paper_is_tagged_and_has_no_forms_in_both_feeds() -> None:
    feed = replace(FEED, entries=(entry(paper(abstract="This paper has been withdrawn by the author.")),))
    (item,) = read(atom(feed)).entries
    (told,) = json.loads(json_feed(feed))["items"]
    assert [tag.term for tag in item.tags] == told["tags"] == ["cs.CV", "cs.LG", "withdrawn"]
    assert [link["rel"] for link in item.links] == ["alternate"]
    assert "/pdf/" not in json_feed(feed)


def test_the_paper_s_forms_and_its_authors_links_stand_in_both_feeds() -> None:
    crows = paper("2604.00001", abstract="Code: https://github.com/lab/crows.")
    feed = replace(FEED, entries=(entry(crows),))
    (item,) = read(atom(feed)).entries
    beside = {link["title"]: link["href"] for link in item.links if link["rel"] == "related"}
    assert beside == {
        "PDF": "https://arxiv.org/pdf/2604.00001",
        "HTML": "https://arxiv.org/html/2604.00001",
        "code": "https://github.com/lab/crows",
    }
    (told,) = json.loads(json_feed(feed))["items"]
    assert told["content_text"].splitlines()[2:] == [f"{label}: {url}" for label, url in beside.items()]


def test_a_paper_whose_title_shows_nothing_is_named_by_its_identifier() -> None:
    feed = replace(FEED, entries=(entry(paper("2604.00001", title="\u3164")),))
    assert read(atom(feed)).entries[0].title == "2604.00001"
    assert json.loads(json_feed(feed))["items"][0]["title"] == "2604.00001"


def test_a_later_cross_list_of_a_paper_is_not_news() -> None:
    both = (entry(paper()), entry(paper(), type=AnnounceType.CROSS, mailing_date=TUESDAY))
    items = json.loads(json_feed(Feed(BIRDS, both, TUESDAY)))["items"]
    assert [item["date_published"] for item in items] == ["2026-04-20T00:00:00-04:00"]
    assert len(read(atom(Feed(BIRDS, both, TUESDAY))).entries) == 1


@given(title=st.text(), author=st.text(), category=st.text())
def test_any_text_gives_well_formed_feeds(title: str, author: str, category: str) -> None:
    strange = entry(paper(title=title, abstract=title, authors=(author,), categories=(category,)))
    feed = Feed(replace(BIRDS, title=title), (strange,), MONDAY, URL)
    assert len(read(atom(feed)).entries) == 1
    assert_rfc_4287(atom(feed))
    assert_json_feed(json_feed(feed), items=1)
