from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from typing import Any

import feedparser
from hypothesis import given
from hypothesis import strategies as st

from bot.model import AnnounceType, Topic
from bot.site.feeds import Feed, atom, json_feed
from tests.builders import MONDAY, entry, paper

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


def test_json_feed_follows_its_rules() -> None:
    # https://www.jsonfeed.org/version/1.1/: what is required, and of which type
    feed = json.loads(json_feed(FEED))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"] == "Birds & Maps: papers"
    assert feed["feed_url"] == f"{URL}/birds/feed.json"
    assert feed["home_page_url"] == f"{URL}/index.html#topic-birds"
    assert len({item["id"] for item in feed["items"]}) == len(feed["items"]) == 3
    for item in feed["items"]:
        assert isinstance(item["id"], str)
        assert item["content_text"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00-0[45]:00", item["date_published"])
        assert all(author["name"] for author in item["authors"])
        assert all(isinstance(tag, str) for tag in item["tags"])


def test_a_feed_that_is_published_nowhere_names_no_address_but_has_an_id_that_stays() -> None:
    unpublished = replace(FEED, url=None)
    feed = read(atom(unpublished))
    assert feed.feed.id.startswith("urn:uuid:")
    assert feed.feed.id == read(atom(unpublished)).feed.id
    assert "links" not in feed.feed
    assert "feed_url" not in json.loads(json_feed(unpublished))


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
    assert len(json.loads(json_feed(feed).encode())["items"]) == 1
