"""Publish: the site is a projection of the store; a rerun changes no byte, a late arrival rewrites its page."""

from __future__ import annotations

import asyncio
import shutil
from datetime import date
from typing import TYPE_CHECKING

import pytest

from bot.model import FeedItem, Mailing, MailingState
from bot.publish import write_atomically
from bot.publish.markdown import render_page
from bot.store.papers import Verdict
from tests.builders import paper
from tests.world import CROSS, MONDAY, REPLACE, TUESDAY, WEDNESDAY, Environment, morning

if TYPE_CHECKING:
    from pathlib import Path

    from bot.app.run_result import RunResult
    from bot.publish.markdown import TopicPage
    from bot.text.templates import Templates


OF_TUESDAY = {
    "birds/2026-04-21.md",
    "birds/2026-04-21.html",
    "birds/2026-04-21.bib",
    "birds/feed.xml",
    "birds/feed.json",
    "birds/mailings.js",
    "data/2026-04.js",
    "data/2026-04.abstracts.js",
    "README.md",
    "index.html",
}
"""What a mailing of Tuesday writes."""


@pytest.fixture
def sited(environment: Environment) -> Environment:
    environment.config["subscribers"] = {}
    environment.config["site"] = {"dir": "site", "topics": ["birds"]}
    return environment


def files(environment: Environment) -> dict[str, bytes]:
    site = environment.folder / "site"
    return {str(path.relative_to(site)): path.read_bytes() for path in sorted(site.rglob("*")) if path.is_file()}


def written(run: RunResult) -> list[str]:
    return [page.path.name for page in run.published]


async def test_each_mailing_is_a_page_per_topic_and_the_index_names_it(sited: Environment) -> None:
    sited.announce(TUESDAY, paper(), paper("2604.00002", title="Fish", abstract="No birds."))
    run = await sited.once(morning(TUESDAY))
    assert [(page.path.name, page.papers) for page in run.published] == [("2026-04-21.md", 1), ("index.html", 0)]
    found = files(sited)
    assert {name for name in found if not name.startswith("assets/")} == {*OF_TUESDAY, ".nojekyll"}
    assert b"Pigeons Read Maps" in found["birds/2026-04-21.md"]
    assert b"birds/2026-04-21.md" in found["README.md"]


async def test_a_rerun_changes_no_byte_and_writes_nothing(sited: Environment) -> None:
    sited.announce(TUESDAY, paper())
    await sited.once(morning(TUESDAY))
    before = files(sited)
    assert written(await sited.once()) == []
    assert files(sited) == before


async def test_a_late_arrival_rewrites_the_page_with_the_union(sited: Environment) -> None:
    sited.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    sited.announce(TUESDAY, paper("2604.00001"))
    await sited.once(morning(TUESDAY))
    sited.announce(TUESDAY, paper("2604.00002", title="Late pigeons"), category="cs.CL")
    assert written(await sited.once()) == ["2026-04-21.md", "index.html"]
    page = files(sited)["birds/2026-04-21.md"]
    assert b"2604.00001" in page
    assert b"2604.00002" in page


async def test_a_file_that_somebody_deleted_comes_back_as_it_was(sited: Environment) -> None:
    sited.announce(MONDAY, paper())
    await sited.once(morning(MONDAY))
    sited.announce(TUESDAY, paper("2604.00002"))
    await sited.once(morning(TUESDAY))
    before = files(sited)
    async with sited.app() as app:
        for name in before:
            if name != ".nojekyll" and "/fonts/" not in name:  # the one may be somebody's wish, the others are many
                (sited.folder / "site" / name).unlink()
                await app.runner.publish()
                assert files(sited) == before, name


async def test_a_folder_that_is_gone_is_written_anew(sited: Environment) -> None:
    sited.announce(TUESDAY, paper())
    await sited.once(morning(TUESDAY))
    before = files(sited)
    shutil.rmtree(sited.folder / "site")
    await sited.once()
    assert files(sited) == before


async def test_markdown_of_an_earlier_program_stays_and_gets_its_html(sited: Environment) -> None:
    sited.announce(TUESDAY, paper())
    await sited.once(morning(TUESDAY))
    site = sited.folder / "site"
    (site / "birds" / "2026-04-21.md").write_text("as it was written then", encoding="utf-8")
    for path in [*site.rglob("*.html"), *site.rglob("*.js"), *site.rglob("*.bib")]:
        path.unlink()
    await sited.once()
    found = files(sited)
    assert found["birds/2026-04-21.md"] == b"as it was written then"
    assert b"Pigeons Read Maps" in found["birds/2026-04-21.html"]


async def test_a_day_writes_its_own_files_and_leaves_all_others(sited: Environment) -> None:
    march, before = date(2026, 3, 31), files(sited)
    sited.clock._now = morning(march)
    for day, number in ((march, 1), (MONDAY, 2), (TUESDAY, 3)):
        before = files(sited)
        sited.announce(day, paper(f"2604.{number:05d}"))
        await sited.once(morning(day))
    found = files(sited)
    assert {name for name in found if found[name] != before.get(name)} == OF_TUESDAY
    assert found["data/2026-04.js"].count(b"paperboy.add(") == 2
    assert found["data/2026-03.js"].count(b"paperboy.add(") == 1


async def test_a_feed_holds_the_last_five_mailings_and_a_mailing_made_up_for_leaves_it(sited: Environment) -> None:
    sited.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    days = [date(2026, 4, day) for day in (13, 14, 15, 16, 17, 20, 21)]
    for number, day in enumerate(days, 1):
        sited.announce(day, paper(f"2604.{number:05d}"))
        await sited.once(morning(day))
    feed = files(sited)["birds/feed.json"]
    assert [f"2604.0000{number}".encode() in feed for number in range(1, 8)] == [False, False, *[True] * 5]
    async with sited.app() as app:
        app.store.papers.record(
            Mailing("cs.CL", days[0], (FeedItem(paper("2604.00099"), CROSS),)),
            Verdict(MailingState.COMPLETE, "1 announced"),
            sited.clock.now(),
        )
    await sited.once()
    found = files(sited)
    assert b"2604.00099" in found["birds/2026-04-13.html"]
    assert found["birds/feed.json"] == feed


async def test_a_topic_that_the_site_no_longer_has_leaves_the_indexes_and_keeps_its_pages(sited: Environment) -> None:
    sited.config["topics"]["maps"] = {"title": "Maps", "categories": ["cs.CV"], "keywords": ["map"]}
    sited.config["site"]["topics"] = ["birds", "maps"]
    sited.announce(TUESDAY, paper())
    await sited.once(morning(TUESDAY))
    sited.config["site"]["topics"] = ["birds"]
    await sited.once()
    found = files(sited)
    assert b"maps/" not in found["index.html"]
    assert b"maps/" not in found["README.md"]
    assert "maps/2026-04-21.html" in found


async def test_a_topic_without_a_mailing_yet_is_no_part_of_the_calendar(sited: Environment) -> None:
    sited.config["topics"]["maps"] = {"title": "Maps", "categories": ["cs.CL"]}
    sited.config["site"]["topics"] = ["birds", "maps"]
    sited.announce(TUESDAY, paper())
    await sited.once(morning(TUESDAY))
    found = files(sited)
    assert b"topic-maps" not in found["index.html"]
    assert not [name for name in found if name.startswith("maps/")]


async def test_a_changed_title_or_address_is_seen_without_a_new_mailing(sited: Environment) -> None:
    sited.announce(TUESDAY, paper())
    await sited.once(morning(TUESDAY))
    sited.config["topics"]["birds"]["title"] = "Birds & More"
    sited.config["site"]["url"] = "https://lab.example.org/papers"
    assert written(await sited.once()) == ["index.html"]
    found = files(sited)["index.html"]
    assert b"Birds &amp; More" in found
    assert b'rel="canonical" href="https://lab.example.org/papers/index.html"' in found


async def test_editing_a_topic_leaves_the_pages_that_are_written(sited: Environment) -> None:
    sited.announce(MONDAY, paper())
    await sited.once(morning(MONDAY))
    before = files(sited)["birds/2026-04-20.md"]
    sited.config["topics"]["birds"]["keywords"] = ["fish"]
    sited.announce(TUESDAY, paper("2604.00002", title="Fish"))
    await sited.once(morning(TUESDAY))
    assert files(sited)["birds/2026-04-20.md"] == before
    assert b"2604.00002" in files(sited)["birds/2026-04-21.md"]


async def test_a_new_topic_of_the_site_starts_with_the_latest_mailing(sited: Environment) -> None:
    for day, number in ((MONDAY, 1), (TUESDAY, 2)):
        sited.announce(day, paper(f"2604.{number:05d}"))
        await sited.once(morning(day))
    sited.config["topics"]["maps"] = {"title": "Maps", "categories": ["cs.CV"], "keywords": ["map"]}
    sited.config["site"]["topics"] = ["birds", "maps"]
    await sited.once()
    assert [name for name in files(sited) if name.startswith("maps/") and name.endswith(".md")] == [
        "maps/2026-04-21.md"
    ]


async def test_an_earlier_mailing_that_came_in_late_gets_its_page(sited: Environment) -> None:
    sited.announce(MONDAY, paper("2604.00001"))
    await sited.once(morning(MONDAY))
    sited.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    sited.announce(WEDNESDAY, paper("2604.00003"))
    sited.announce(TUESDAY, paper("2604.00002"), category="cs.CL")
    await sited.once(morning(WEDNESDAY))
    assert {"birds/2026-04-21.md", "birds/2026-04-22.md"} <= set(files(sited))


async def test_a_publish_that_stops_half_way_is_finished_by_the_next(
    sited: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    sited.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    sited.announce(MONDAY, paper("2604.00001"))
    await sited.once(morning(MONDAY))
    sited.announce(TUESDAY, paper("2604.00002"))
    sited.announce(MONDAY, paper("2604.00003"), category="cs.CL")  # late, and stored after Tuesday's
    with monkeypatch.context() as failing:
        failing.setattr("bot.publish.write_atomically", _no_space)
        assert (await sited.once(morning(TUESDAY))).site_error
    await sited.once()
    found = files(sited)
    assert b"2604.00003" in found["birds/2026-04-20.md"]
    assert b"2604.00002" in found["birds/2026-04-21.md"]


def _no_space(_path: Path, _content: str | bytes) -> bool:
    raise OSError(28, "No space left on device")


async def test_replacements_and_cross_lists_are_marked_where_the_topic_asks_for_them(sited: Environment) -> None:
    sited.config["topics"]["birds"]["announce"] = ["new", "cross", "replace"]
    sited.announce(
        TUESDAY,
        FeedItem(paper("2604.00001"), CROSS),
        FeedItem(paper("2511.00002", version=3), REPLACE),
        paper("2604.00003"),
    )
    await sited.once(morning(TUESDAY))
    page = files(sited)["birds/2026-04-21.md"].decode()
    assert "`cross-listed`" in page
    assert "https://arxiv.org/abs/2511.00002v3" in page
    assert page.count("- **[") == 3


async def test_the_site_is_never_cut(sited: Environment) -> None:
    sited.config["topics"]["birds"]["limit"] = 1
    sited.announce(TUESDAY, *(paper(f"2604.{n:05d}") for n in range(1, 400)))
    await sited.once(morning(TUESDAY))
    assert files(sited)["birds/2026-04-21.md"].count(b"- **[") == 399


async def test_a_folder_that_cannot_be_written_is_said_and_costs_no_digest(environment: Environment) -> None:
    environment.config["site"] = {"dir": "site", "topics": ["birds"]}
    (environment.folder / "site").write_text("a file is in the way", encoding="utf-8")
    environment.announce(TUESDAY, paper())
    run = await environment.once(morning(TUESDAY))
    assert run.left_undone
    assert "site" in run.site_error
    assert environment.received()["slack"] == 1


async def test_without_site_there_is_no_site(environment: Environment) -> None:
    environment.announce(TUESDAY, paper())
    assert (await environment.once(morning(TUESDAY))).published == ()
    assert not (environment.folder / "site").exists()


def test_a_file_is_replaced_whole_and_leaves_no_scraps(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "page.md"
    assert write_atomically(path, "one")
    assert not write_atomically(path, "one")
    assert write_atomically(path, "two")
    assert path.read_text(encoding="utf-8") == "two"
    assert [child.name for child in path.parent.iterdir()] == ["page.md"]


def test_a_failed_write_leaves_the_old_file_and_no_scraps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "page.md"
    write_atomically(path, "old")

    def no_space(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert [child.name for child in tmp_path.iterdir()] == ["page.md"]


# -- stopped half-way ----------------------------------------------------------------------------------------------


class Rendering:
    """Notes the pages as they are rendered; two are put on record together."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, stop_at: int = 0) -> None:
        self.begun: list[str] = []
        self._stop_at = stop_at
        monkeypatch.setattr("bot.publish._PAGES_PER_BATCH", 2)
        monkeypatch.setattr("bot.publish.render_page", self._render)

    def _render(self, page: TopicPage, templates: Templates) -> str:
        self.begun.append(page.topic.name)
        task = asyncio.current_task()
        if len(self.begun) == self._stop_at and task is not None:
            task.cancel()
        return render_page(page, templates)


def _with_topics(environment: Environment) -> list[str]:
    names = [f"birds{number}" for number in range(5)]
    environment.config["topics"] = {name: {"categories": ["cs.CV"], "keywords": ["pigeon"]} for name in names}
    environment.config["site"]["topics"] = names
    environment.announce(TUESDAY, paper())
    environment.clock.set(morning(TUESDAY))
    return names


async def test_a_stop_ends_publish_at_the_next_page_and_the_next_run_goes_on_after_the_last_batch(
    sited: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = _with_topics(sited)
    stopped = Rendering(monkeypatch, stop_at=3)
    async with sited.app() as app:
        await app.runner.collect()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(app.runner.publish())
    assert stopped.begun == names[:3]
    next_run = Rendering(monkeypatch)
    await sited.once()
    assert next_run.begun == names[2:], "the first two were on record"
    found = files(sited)
    shutil.rmtree(sited.folder / "site")
    await sited.once()
    assert files(sited) == found


async def test_others_have_their_turn_between_any_two_pages(
    sited: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = _with_topics(sited)
    rendering = Rendering(monkeypatch)
    seen: set[int] = set()
    async with sited.app() as app:
        await app.runner.collect()
        publishing = asyncio.create_task(app.runner.publish())
        for _ in range(100):
            seen.add(len(rendering.begun))
            await asyncio.sleep(0)
        assert publishing.done()
    assert seen == set(range(len(names) + 1))
