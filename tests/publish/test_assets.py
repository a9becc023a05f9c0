from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.publish.assets import KATEX, Assets, fingerprint
from bot.text.templates import Templates, built_in_folder

if TYPE_CHECKING:
    from pathlib import Path

OURS = built_in_folder() / "site" / "assets"


def test_a_file_is_named_by_what_is_in_it(tmp_path: Path) -> None:
    ours = Assets.find(Templates())
    assert re.fullmatch(r"assets/paperboy-[0-9a-f]{8}\.css", ours.names["paperboy.css"])
    own = tmp_path / "site" / "assets"
    own.mkdir(parents=True)
    (own / "paperboy.css").write_text("body { color: teal }", encoding="utf-8")
    theirs = Assets.find(Templates(tmp_path))
    assert theirs.names["paperboy.css"] != ours.names["paperboy.css"]
    assert theirs.files[theirs.names["paperboy.css"]] == own / "paperboy.css"
    assert theirs.names["page.js"] == ours.names["page.js"]


def test_katex_comes_whole_with_its_licence_and_every_font_that_it_names() -> None:
    files = Assets.find(Templates()).files
    assert "MIT" in files[f"{KATEX}/LICENSE"].read_text(encoding="utf-8")
    style = files[f"{KATEX}/katex.min.css"].read_text(encoding="utf-8")
    named = set(re.findall(r"url\(([^)]*)\)", style))
    assert named == {path.removeprefix(f"{KATEX}/") for path in files if path.endswith(".woff2")}
    assert len(named) == 20
    assert f'"{KATEX.rpartition("-")[2]}"' in files[f"{KATEX}/katex.min.js"].read_text(encoding="utf-8")


def test_our_own_scripts_and_style_are_small() -> None:
    assert sum(path.stat().st_size for path in OURS.iterdir() if path.is_file()) < 30_000


def test_nothing_is_asked_for_from_elsewhere() -> None:
    for path in OURS.iterdir():
        if path.is_file():
            addresses = set(re.findall(r"https?://[^\s\"'`)/]+", path.read_text(encoding="utf-8")))
            assert addresses <= {"https://arxiv.org", "http://www.w3.org"}, path.name


def test_a_mark_changes_with_what_is_shown_and_with_a_template(tmp_path: Path) -> None:
    mark = fingerprint(Templates(tmp_path), ["birds", 1])
    assert mark == fingerprint(Templates(tmp_path), ["birds", 1])
    assert mark != fingerprint(Templates(tmp_path), ["birds", 2])
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html.j2").write_text("mine", encoding="utf-8")
    assert mark != fingerprint(Templates(tmp_path), ["birds", 1])
