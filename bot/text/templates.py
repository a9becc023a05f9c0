"""Jinja environments: the user's template folder first, then ours; every value is escaped for the target format.

A template's folder decides the escape: what reaches Slack, Discord, HTML, Markdown or plain text passes through
the escape made for that place (`text`), unless a template marks it `safe`. Templates are the operator's own and
trusted; what is put into them is not.
"""

from __future__ import annotations

from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot import text
from bot.errors import RenderError

if TYPE_CHECKING:
    from collections.abc import Callable

    import jinja2


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
            name: path below the template folder; `<place>/...`, see `ESCAPES`.
            values: what the template may use. Strings are escaped for the place.

        Raises:
            RenderError: no such template, a syntax error, an undefined name.
        """
        import jinja2  # noqa: PLC0415 - 60 ms that most commands do not need

        try:
            return self._environments[_place(name)].get_template(name).render(values).strip()
        except jinja2.TemplateNotFound as error:
            raise RenderError(str(error.name), "no such template") from error
        except jinja2.TemplateSyntaxError as error:
            raise RenderError(error.name or name, error.message or "syntax error", error.lineno) from error
        except Exception as error:
            # A template is a program of the operator's: whatever it raises is its own trouble, with its line.
            raise RenderError(name, f"{type(error).__name__}: {error}", _line_in(error, name)) from error

    @cached_property
    def _environments(self) -> dict[str, jinja2.Environment]:
        return _made(self.folder, built_in_folder()) if self.folder else _built_in()


@cache
def _built_in() -> dict[str, jinja2.Environment]:
    """Compiled once a process. A user's are compiled by each `Templates` anew: there a file may have been added."""
    return _made(built_in_folder())


def _made(*folders: Path) -> dict[str, jinja2.Environment]:
    """Place -> the environment whose values are escaped for it."""
    import jinja2  # noqa: PLC0415 - 60 ms that most commands do not need

    base = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        autoescape=False,  # noqa: S701 - `finalize` below escapes, for HTML too
    )
    base.filters.update(FILTERS)
    return {place: base.overlay(finalize=_finalizer(escape)) for place, escape in ESCAPES.items()}


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


def _place(name: str) -> str:
    """The escape's key, from a template's folder and suffix: `mail/digest.html.j2` is html."""
    folder = name.split("/", 1)[0]
    if folder in ESCAPES:
        return folder
    suffix = Path(name.removesuffix(".j2")).suffix
    return {".html": "html", ".txt": "plain", ".md": "markdown"}[suffix]


def _finalizer(escape: Callable[[str], str]) -> Callable[[object], object]:
    import jinja2  # noqa: PLC0415 - 60 ms that most commands do not need
    import markupsafe  # noqa: PLC0415 - comes with jinja2

    as_they_are = (markupsafe.Markup, int, float, jinja2.Undefined)

    def finalize(value: object) -> object:
        """Escape every value but those marked safe, numbers, and undefined ones (which then complain)."""
        return value if isinstance(value, as_they_are) else escape(str(value))

    return finalize


def _line_in(error: BaseException, name: str) -> int | None:
    """The line of the template where the error came up, from its traceback (Jinja rewrites it)."""
    line: int | None = None
    trace: Any = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith(name):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
