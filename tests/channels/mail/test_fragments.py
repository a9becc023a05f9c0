"""The pieces of a mail: made once for all digests of a round, and the same as if made for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.channels.mail.fragments import Fragments
from bot.model import Hit
from bot.text.templates import Templates
from tests.builders import entry, paper

if TYPE_CHECKING:
    from pathlib import Path

    from bot.model import DigestEntry

MAPS = paper("2604.00001", title="Pigeons Read Maps")


class Counting(Templates):
    """Counts what is rendered."""

    count = 0

    def render(self, name: str, **values: object) -> str:
        self.count += name == "mail/paper.html.j2"
        return super().render(name, **values)


def test_what_the_same_terms_show_of_a_paper_is_rendered_once_whatever_the_topic_and_the_number() -> None:
    templates = Counting()
    fragments = Fragments(templates)
    first = fragments.paper(entry(MAPS, topic="birds"), 1, brief=False)
    again = fragments.paper(entry(MAPS, topic="maps"), 12, brief=False)
    assert templates.count == 1
    assert (first.html, first.size) == (again.html, again.size)
    assert first.text.startswith("1. Pigeons Read Maps\n")
    assert again.text.startswith("12. Pigeons Read Maps\n")
    assert "[12.1] https://arxiv.org/abs/2604.00001" in again.text
    assert "\0" not in again.text


@pytest.mark.parametrize(
    ("other", "brief"),
    [
        pytest.param(entry(MAPS, hits=[Hit("maps", "title")]), False, id="other terms"),
        pytest.param(entry(MAPS, also_in=["Maps"]), False, id="another topic named"),
        pytest.param(entry(paper("2604.00001", title="Pigeons Draw Maps")), False, id="another text"),
        pytest.param(entry(MAPS), True, id="one line"),
    ],
)
def test_what_looks_different_is_rendered_anew(other: DigestEntry, brief: bool) -> None:  # noqa: FBT001 - a parameter
    templates = Counting()
    fragments = Fragments(templates)
    block = fragments.paper(entry(MAPS), 1, brief=False)
    assert fragments.paper(other, 1, brief=brief) != block
    assert templates.count == 2


def test_a_text_cannot_smuggle_in_what_stands_for_the_number() -> None:
    piece = Fragments(Templates()).paper(entry(paper(title="Pigeons\0and\0Maps")), 7, brief=False)
    assert piece.text.startswith("7. Pigeons and Maps\n")


def test_a_template_of_the_user_s_may_name_the_topic_and_the_number(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    for form in ("html", "txt"):
        (tmp_path / "mail" / f"paper.{form}.j2").write_text(
            "{{ entry.match.topic }} {{ number + 1 }}", encoding="utf-8"
        )
    fragments = Fragments(Templates(tmp_path))
    assert fragments.paper(entry(MAPS, topic="birds"), 1, brief=False).html == "birds 2"
    assert fragments.paper(entry(MAPS, topic="maps"), 12, brief=False).text == "maps 13"


def test_a_folder_of_the_user_s_without_mail_changes_nothing(tmp_path: Path) -> None:
    ours, theirs = (
        Fragments(templates).paper(entry(MAPS), 3, brief=False) for templates in (Templates(), Templates(tmp_path))
    )
    assert ours == theirs
