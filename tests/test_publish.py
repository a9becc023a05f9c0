"""Publish: the site is a projection of the store; a rerun changes no byte, a late arrival rewrites its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.model import Entry
from bot.publish import write_whole
from tests.builders import paper
from tests.world import CROSS, MONDAY, REPLACE, TUESDAY, WEDNESDAY, World, morning

if TYPE_CHECKING:
    from pathlib import Path

    from bot.app import Run


@pytest.fixture
def sited(world: World) -> World:
    world.config["subscribers"] = {}
    world.config["site"] = {"dir": "site", "topics": ["birds"]}
    return world


def files(world: World) -> dict[str, bytes]:
    site = world.folder / "site"
    return {str(path.relative_to(site)): path.read_bytes() for path in sorted(site.rglob("*")) if path.is_file()}


def written(run: Run) -> list[str]:
    return [page.path.name for page in run.published]


async def test_each_mailing_is_a_page_per_topic_and_the_index_names_it(sited: World) -> None:
    sited.announce(TUESDAY, paper(), paper("2604.00002", title="Fish", abstract="No birds."))
    run = await sited.once(morning(TUESDAY))
    assert [(page.path.name, page.papers) for page in run.published] == [("2026-04-21.md", 1), ("README.md", 0)]
    found = files(sited)
    assert set(found) == {"birds/2026-04-21.md", "README.md"}
    assert b"Pigeons Read Maps" in found["birds/2026-04-21.md"]
    assert b"birds/2026-04-21.md" in found["README.md"]


async def test_a_rerun_changes_no_byte_and_writes_nothing(sited: World) -> None:
    sited.announce(TUESDAY, paper())
    await sited.once(morning(TUESDAY))
    before = files(sited)
    assert written(await sited.once()) == []
    assert files(sited) == before


async def test_a_late_arrival_rewrites_the_page_with_the_union(sited: World) -> None:
    sited.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    sited.announce(TUESDAY, paper("2604.00001"))
    await sited.once(morning(TUESDAY))
    sited.announce(TUESDAY, paper("2604.00002", title="Late pigeons"), category="cs.CL")
    assert written(await sited.once()) == ["2026-04-21.md", "README.md"]
    page = files(sited)["birds/2026-04-21.md"]
    assert b"2604.00001" in page
    assert b"2604.00002" in page


async def test_a_page_that_somebody_deleted_comes_back_as_it_was(sited: World) -> None:
    sited.announce(TUESDAY, paper())
    await sited.once(morning(TUESDAY))
    before = files(sited)
    (sited.folder / "site" / "birds" / "2026-04-21.md").unlink()
    await sited.once()
    assert files(sited) == before


async def test_editing_a_topic_leaves_the_pages_that_are_written(sited: World) -> None:
    sited.announce(MONDAY, paper())
    await sited.once(morning(MONDAY))
    before = files(sited)["birds/2026-04-20.md"]
    sited.config["topics"]["birds"]["keywords"] = ["fish"]
    sited.announce(TUESDAY, paper("2604.00002", title="Fish"))
    await sited.once(morning(TUESDAY))
    assert files(sited)["birds/2026-04-20.md"] == before
    assert b"2604.00002" in files(sited)["birds/2026-04-21.md"]


async def test_a_new_topic_of_the_site_starts_with_the_latest_mailing(sited: World) -> None:
    for day, number in ((MONDAY, 1), (TUESDAY, 2)):
        sited.announce(day, paper(f"2604.{number:05d}"))
        await sited.once(morning(day))
    sited.config["topics"]["maps"] = {"title": "Maps", "categories": ["cs.CV"], "keywords": ["map"]}
    sited.config["site"]["topics"] = ["birds", "maps"]
    await sited.once()
    assert [name for name in files(sited) if name.startswith("maps/")] == ["maps/2026-04-21.md"]


async def test_an_earlier_mailing_that_came_in_late_gets_its_page(sited: World) -> None:
    sited.announce(MONDAY, paper("2604.00001"))
    await sited.once(morning(MONDAY))
    sited.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    sited.announce(WEDNESDAY, paper("2604.00003"))
    sited.announce(TUESDAY, paper("2604.00002"), category="cs.CL")
    await sited.once(morning(WEDNESDAY))
    assert {"birds/2026-04-21.md", "birds/2026-04-22.md"} <= set(files(sited))


async def test_a_publish_that_stops_half_way_is_finished_by_the_next(
    sited: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sited.config["topics"]["birds"]["categories"] = ["cs.CV", "cs.CL"]
    sited.announce(MONDAY, paper("2604.00001"))
    await sited.once(morning(MONDAY))
    sited.announce(TUESDAY, paper("2604.00002"))
    sited.announce(MONDAY, paper("2604.00003"), category="cs.CL")  # late, and stored after Tuesday's
    with monkeypatch.context() as failing:
        failing.setattr("bot.publish.write_whole", _no_space)
        assert (await sited.once(morning(TUESDAY))).site_trouble
    await sited.once()
    found = files(sited)
    assert b"2604.00003" in found["birds/2026-04-20.md"]
    assert b"2604.00002" in found["birds/2026-04-21.md"]


def _no_space(_path: Path, _content: str) -> bool:
    raise OSError(28, "No space left on device")


async def test_replacements_and_cross_lists_are_marked_where_the_topic_asks_for_them(sited: World) -> None:
    sited.config["topics"]["birds"]["announce"] = ["new", "cross", "replace"]
    sited.announce(
        TUESDAY,
        Entry(paper("2604.00001"), CROSS),
        Entry(paper("2511.00002", version=3), REPLACE),
        paper("2604.00003"),
    )
    await sited.once(morning(TUESDAY))
    page = files(sited)["birds/2026-04-21.md"].decode()
    assert "`cross-listed`" in page
    assert "https://arxiv.org/abs/2511.00002v3" in page
    assert page.count("- **[") == 3


async def test_the_site_is_never_cut(sited: World) -> None:
    sited.config["topics"]["birds"]["limit"] = 1
    sited.announce(TUESDAY, *(paper(f"2604.{n:05d}") for n in range(1, 400)))
    await sited.once(morning(TUESDAY))
    assert files(sited)["birds/2026-04-21.md"].count(b"- **[") == 399


async def test_a_folder_that_cannot_be_written_is_said_and_costs_no_digest(world: World) -> None:
    world.config["site"] = {"dir": "site", "topics": ["birds"]}
    (world.folder / "site").write_text("a file is in the way", encoding="utf-8")
    world.announce(TUESDAY, paper())
    run = await world.once(morning(TUESDAY))
    assert run.left_undone
    assert "site" in run.site_trouble
    assert world.received()["slack"] == 1


async def test_without_site_there_is_no_site(world: World) -> None:
    world.announce(TUESDAY, paper())
    assert (await world.once(morning(TUESDAY))).published == ()
    assert not (world.folder / "site").exists()


def test_a_file_is_replaced_whole_and_leaves_no_scraps(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "page.md"
    assert write_whole(path, "one")
    assert not write_whole(path, "one")
    assert write_whole(path, "two")
    assert path.read_text(encoding="utf-8") == "two"
    assert [child.name for child in path.parent.iterdir()] == ["page.md"]


def test_a_failed_write_leaves_the_old_file_and_no_scraps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "page.md"
    write_whole(path, "old")

    def no_space(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert [child.name for child in tmp_path.iterdir()] == ["page.md"]
