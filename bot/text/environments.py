"""Jinja environments, one per place that text goes to; every value is escaped for its place.

A template's folder decides the escape: what reaches Slack, Discord, HTML, Markdown or plain text passes through
the escape made for that place (`text`), unless a template marks it `safe`. Imported only to render.
"""

from __future__ import annotations

from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from bot import text
from bot.errors import RenderError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ESCAPES: dict[str, Callable[[str], str]] = {
    "slack": text.escape_mrkdwn,
    "discord": text.escape_discord,
    "html": text.escape_html,
    "plain": text.escape_plain,
    "markdown": text.escape_markdown,
}
"""Place -> its escape. `mail/*.html` and `site/*.html` are html, `mail/*.txt` plain, `site/*.md` markdown."""
FILTERS: dict[str, Callable[..., str]] = {
    "flat": text.flatten_tex,
    "cut": text.truncate,
    "names": text.names,
    "day": text.day,
}
"""What every template may use beside Jinja's own filters."""


class Environments:
    """Renders the templates of these folders; the first folder that has one wins."""

    def __init__(self, *folders: Path, may_change: bool) -> None:
        """Take the folders, and whether a file in them may change meanwhile: each use then looks at its time."""
        base = jinja2.Environment(
            loader=jinja2.FileSystemLoader(folders),
            auto_reload=may_change,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            autoescape=False,  # noqa: S701 - `finalize` below escapes, for HTML too
        )
        base.filters.update(FILTERS)
        self._by_place = {place: base.overlay(finalize=_finalizer(escape)) for place, escape in ESCAPES.items()}

    def render(self, name: str, values: Mapping[str, object]) -> str:
        """The template's text; see `Templates.render`."""
        try:
            return self._by_place[_place(name)].get_template(name).render(values).strip()
        except jinja2.TemplateNotFound as error:
            raise RenderError(str(error.name), "no such template") from error
        except jinja2.TemplateSyntaxError as error:
            raise RenderError(error.name or name, error.message or "syntax error", error.lineno) from error
        except Exception as error:
            # A template is a program of the operator's: whatever it raises is its own trouble, with its line.
            raise RenderError(name, f"{type(error).__name__}: {error}", _line_in(error, name)) from error


def _place(name: str) -> str:
    """The escape's key, from a template's folder and suffix: `mail/digest.html.j2` is html."""
    folder = name.split("/", 1)[0]
    if folder in ESCAPES:
        return folder
    suffix = Path(name.removesuffix(".j2")).suffix
    return {".html": "html", ".txt": "plain", ".md": "markdown"}[suffix]


_AS_THEY_ARE = (Markup, int, float, jinja2.Undefined)
"""Values that are not escaped: those marked safe, numbers, and undefined ones (which then complain)."""


def _finalizer(escape: Callable[[str], str]) -> Callable[[object], object]:
    return lambda value: value if isinstance(value, _AS_THEY_ARE) else escape(str(value))


def _line_in(error: BaseException, name: str) -> int | None:
    """The line of the template where the error came up, from its traceback (Jinja rewrites it)."""
    trace = walk_tb(error.__traceback__)
    lines = [line for frame, line in trace if frame.f_code.co_filename.endswith(name)]
    return lines[-1] if lines else None
