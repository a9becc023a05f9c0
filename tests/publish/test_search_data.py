from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from bot.model import AnnounceType, Hit, Topic
from bot.publish import search_data
from bot.publish.markdown import TopicPage
from tests.builders import MONDAY, entry, paper

BIRDS = Topic("birds", "Birds", ("cs.CV",))
MAPS = Topic("maps", "Maps", ("cs.CV",))
FRIDAY = date(2026, 4, 17)


def page(topic: Topic = BIRDS, day: date = MONDAY, title: str = "Pigeons") -> TopicPage:
    return TopicPage(topic, day, (entry(paper(title=title), mailing_date=day),))


def read(line: str) -> list[object]:
    """What a browser's `add` is handed: the argument is JSON too, which JavaScript reads as its own."""
    values: list[object] = json.loads(line.removeprefix("paperboy.add(").removesuffix(");"))
    return values


def test_a_line_hands_over_a_page() -> None:
    hits = (Hit("pigeon", "title"), Hit("map", "title"), Hit("pigeon", "abstract"))
    shown = replace(entry(paper(version=2), hits=hits, replaced_to=2, type=AnnounceType.CROSS), reconstructed=True)
    (line,) = search_data.month("", [TopicPage(BIRDS, MONDAY, (shown,))]).splitlines()
    assert read(line) == [
        "birds",
        "2026-04-20",
        [["2604.00001", 2, "Pigeons Read Maps", "Ada Byron, Bo Chen", "cs.CV cs.LG", 1, 2, 1, ["pigeon", "map"], 0]],
    ]


def test_a_withdrawn_paper_is_known_by_its_line() -> None:
    (line,) = search_data.month("", [page(title="Pigeons (withdrawn)"), page(MAPS)]).splitlines()[:1]
    assert read(line)[2] == [
        ["2604.00001", 1, "Pigeons (withdrawn)", "Ada Byron, Bo Chen", "cs.CV cs.LG", 0, 0, 0, ["pigeon"], 1]
    ]


def test_a_month_is_newest_first_and_the_same_however_it_came_about() -> None:
    at_once = search_data.month("", [page(), page(MAPS), page(day=FRIDAY)])
    step_by_step = search_data.month(search_data.month("", [page(day=FRIDAY)]), [page(MAPS)])
    assert search_data.month(step_by_step, [page()]) == at_once
    assert [read(line)[:2] for line in at_once.splitlines()] == [
        ["birds", "2026-04-20"],
        ["maps", "2026-04-20"],
        ["birds", "2026-04-17"],
    ]


def test_a_page_takes_the_place_of_its_own_older_line_only() -> None:
    before = search_data.month("", [page(title="Old"), page(MAPS, title="Other")])
    after = search_data.month(before, [page(title="New")])
    assert "Old" not in after
    assert "New" in after
    assert "Other" in after


def test_what_is_no_line_of_ours_is_left_out() -> None:
    before = search_data.month("", [page()])
    assert search_data.month(f"<<<<<<< HEAD\nalert(1)\n{before}>>>>>>>\n", []) == before


def test_a_file_is_named_by_its_month() -> None:
    assert search_data.file_name(MONDAY) == "data/2026-04.js"


@given(st.text(), st.text(min_size=1))
def test_any_text_stays_on_its_line_and_is_found_again(title: str, name: str) -> None:
    shown = TopicPage(BIRDS, MONDAY, (entry(paper(title=title, authors=(name,), categories=(name,))),))
    month = search_data.month("", [shown])
    assert month.count("\n") == 1
    assert search_data.month(month, []) == month
    read(month.rstrip("\n"))
    month.encode()
