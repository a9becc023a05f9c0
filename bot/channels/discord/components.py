"""What stands below a message of Discord: buttons for one paper, or menus to choose one of its papers from. Pure.

https://docs.discord.com/developers/components/reference: 5 rows, of 5 buttons or of one menu of 25 options.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot import text
from bot.channels.buttons import LABELS, MENU, Click, Wish, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_OPTIONS = 25
OPTION_LABEL = 100
"""Characters: of an option's label. Of a button's 80, of a menu's placeholder 150; ours are shorter."""
_IN_MENUS = {Wish.MORE: "More like …", Wish.LESS: "Less like …", Wish.SAVED: "Save …"}
"""What each menu is for and says. Why a paper is here `/paperboy why` tells: a fourth menu would be one too many."""
_ROW, _BUTTON, _MENU = 1, 2, 3
_GREY = 2
"""A button's style: beside coloured ones the papers would be overlooked."""


@dataclass(frozen=True, slots=True)
class ShownPaper:
    """A paper that a message shows."""

    identifier: str
    topic: str
    """In whose section it stands; empty where sections were merged."""
    name: str
    """Its title, without markup."""


def components(papers: Sequence[ShownPaper]) -> list[dict[str, Any]]:
    """The rows below a message that shows these papers, of which there is at least one."""
    if len(papers) == 1:
        return [_row([_button(wish, papers[0]) for wish in Wish])]
    return [_row([_menu(wish, papers)]) for wish in _IN_MENUS]


def _row(inside: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": _ROW, "components": inside}


def _button(wish: Wish, paper: ShownPaper) -> dict[str, Any]:
    return {"type": _BUTTON, "style": _GREY, "label": LABELS[wish], "custom_id": _said(wish, paper)}


def _menu(wish: Wish, papers: Sequence[ShownPaper]) -> dict[str, Any]:
    """A menu of the papers; where they are more than it holds, it says so."""
    cut = f" (the first {MOST_OPTIONS} of {len(papers)})" if len(papers) > MOST_OPTIONS else ""
    return {
        "type": _MENU,
        "custom_id": f"{MENU}-{wish}",
        "placeholder": f"{_IN_MENUS[wish]}{cut}",
        "options": [
            {"label": text.truncate(paper.name, OPTION_LABEL, text.utf16), "value": _said(wish, paper)}
            for paper in papers[:MOST_OPTIONS]
        ],
    }


def _said(wish: Wish, paper: ShownPaper) -> str:
    return encode(Click(wish, paper.identifier, paper.topic or None))
