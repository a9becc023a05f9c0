"""A page is replaced in one step: whoever reads it meanwhile sees the old one, and a failed write leaves that."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from bot.publish import write_atomically

OLD, NEW = "the old page\n" * 1000, "the new page\n" * 1000


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "birds" / "2026-04-20.md"
    assert write_atomically(path, OLD)
    return path


def test_who_reads_a_page_while_it_is_written_sees_the_old_one_whole(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    replace = Path.replace

    def read_then_replace(self: Path, target: Path) -> Path:
        seen.append(page.read_text(encoding="utf-8"))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", read_then_replace)
    assert write_atomically(page, NEW)
    assert seen == [OLD]
    assert page.read_text(encoding="utf-8") == NEW


def test_where_the_new_page_cannot_be_put_in_place_the_old_one_stays_and_nothing_is_left_beside_it(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(page, NEW)
    assert page.read_text(encoding="utf-8") == OLD
    assert list(page.parent.iterdir()) == [page]


def test_an_equal_page_is_not_written_again(page: Path) -> None:
    before = page.stat()
    assert not write_atomically(page, OLD.encode())
    after = page.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_web_server_of_another_user_may_read_a_page(page: Path) -> None:
    assert stat.S_IMODE(page.stat().st_mode) == 0o644
