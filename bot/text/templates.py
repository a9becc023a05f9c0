"""The templates of everything that readers see: the user's folder first, then ours.

Templates are the operator's own and trusted; what is put into them is not, and is escaped (see `environments`).
"""

from __future__ import annotations

from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.text.environments import Environments


def built_in_folder() -> Path:
    """Where our own templates are: inside the package when installed, at the top of a source checkout."""
    package = Path(__file__).parents[1]
    installed = package / "templates"
    return installed if installed.is_dir() else package.parent / "templates"


class Templates:
    """Renders a named template with values; opens files lazily and keeps the compiled ones."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    def render(self, name: str, **values: object) -> str:
        """The template's text, its outer white space removed.

        Args:
            name: path below the template folder; `<place>/...`, see `environments.ESCAPES`.
            values: what the template may use. Strings are escaped for the place.

        Raises:
            RenderError: no such template, a syntax error, an undefined name.
        """
        return self._environments.render(name, values)

    @cached_property
    def _environments(self) -> Environments:
        return _opened(self.folder, built_in_folder(), may_change=True) if self.folder else _built_in()


@cache
def _built_in() -> Environments:
    """Compiled once a process. A user's are compiled by each `Templates` anew: there a file may have been added."""
    return _opened(built_in_folder(), may_change=False)


def _opened(*folders: Path, may_change: bool) -> Environments:
    from bot.text.environments import Environments  # noqa: PLC0415 - jinja2: 50 ms that most commands do not need

    return Environments(*folders, may_change=may_change)
