"""The components below a Discord message: buttons for one paper, or menus to choose one of several papers. Pure.

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
"""The most characters of an option's label. (80 of a button's, 150 of a menu's placeholder; ours are shorter.)"""
_IN_MENUS = {Wish.MORE: "More like …", Wish.LESS: "Less like …", Wish.SAVED: "Save …"}
"""Each menu's wish and placeholder. There is no fourth menu for "why is this here": `/paperboy why` answers that."""
_ROW, _BUTTON, _MENU = 1, 2, 3
_GREY = 2
"""The buttons' style; coloured buttons would distract from the papers."""


@dataclass(frozen=True, slots=True)
class ShownPaper:
    """A paper that a message shows."""

    identifier: str
    topic: str
    """The topic in whose section it is shown; empty if sections were merged."""
    name: str
    """Its title, without markup."""


def components(papers: Sequence[ShownPaper]) -> list[dict[str, Any]]:
    """The rows below a message that shows these papers; `papers` must not be empty. A menu lists the first 25."""
    if len(papers) == 1:
        return [_row([_button(wish, papers[0]) for wish in Wish])]
    return [_row([_menu(wish, papers)]) for wish in _IN_MENUS]


def _row(inside: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": _ROW, "components": inside}


def _button(wish: Wish, paper: ShownPaper) -> dict[str, Any]:
    return {"type": _BUTTON, "style": _GREY, "label": LABELS[wish], "custom_id": _said(wish, paper)}


def _menu(wish: Wish, papers: Sequence[ShownPaper]) -> dict[str, Any]:
    """A menu of the papers; its placeholder says so if they are more than it can hold."""
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
