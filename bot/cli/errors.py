"""Turns exceptions into a sentence with advice on stderr, and an exit code. Nothing else in the CLI does."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from bot import __version__
from bot.errors import (
    WHOLE_FILE,
    ConfigError,
    ListenError,
    NewerStoreError,
    NoStoreError,
    PaperboyError,
    RenderError,
    StoreError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.errors import Problem


_NAMES_STORE = "`store:` in the configuration names it."


class ExitCode(IntEnum):
    """The exit code of the process."""

    DONE = 0
    LEFT_UNDONE = 1
    CONFIG = 2
    STORE = 3
    TRY_AGAIN = 75
    """EX_TEMPFAIL of sysexits(3): a mail server keeps the mail and runs the command again."""


@contextmanager
def giving_advice() -> Iterator[None]:
    """Ends the process with advice on a `PaperboyError`; any other exception shows its traceback."""
    try:
        yield
    except ConfigError as error:
        problems = (f"  {_place(error.source, problem)}{problem.message}" for problem in error.problems)
        _leave(ExitCode.CONFIG, f"The configuration {error.source} cannot be used:", *problems)
    except NoStoreError as error:
        _leave(ExitCode.STORE, f"The store {error.store}: {error.reason}")
    except NewerStoreError as error:
        written = f"Its schema is {error.found}; Paperboy {__version__} knows {error.known}."
        advice = f"Upgrade Paperboy (pip install --upgrade paperboy-digest), or name another store. {_NAMES_STORE}"
        _leave(ExitCode.STORE, f"The store {error.store} is from a newer Paperboy. {written}", advice)
    except StoreError as error:
        _leave(ExitCode.STORE, f"The store {error.store} cannot be used: {error.reason}", *_remedy(error))
    except ListenError as error:
        advice = "`web.listen` or `metrics` in the configuration names the address: does another program use it?"
        _leave(ExitCode.LEFT_UNDONE, f"Nothing can be served on {error}", advice)
    except RenderError as error:
        advice = "`templates:` in the configuration names the folder whose files replace the built-in ones."
        _leave(ExitCode.LEFT_UNDONE, f"A template failed: {error}", advice)
    except PaperboyError as error:
        _leave(ExitCode.LEFT_UNDONE, str(error))


def _remedy(error: StoreError) -> tuple[str, ...]:
    """The advice for an error of the store, by its reason."""
    if "pip install" in error.reason:
        return ()  # it says what to do
    if "not a database" in error.reason or "not made by Paperboy" in error.reason:
        return (f"Something else is there, and is left unchanged: name another file or database. {_NAMES_STORE}",)
    _, sqlite, file = error.store.partition("sqlite:///")
    if not sqlite:
        return (f"Is the server up, and may this user use that database? {_NAMES_STORE}",)
    folder = Path(file).parent
    try:
        is_there = folder.is_dir()
        may_enter = "Permission denied" not in error.reason
    except OSError:  # as where the folder around it is another user's
        is_there, may_enter = True, False
    if not is_there:
        return (f"There is no folder {folder}: make it, or name another place. {_NAMES_STORE}",)
    if not may_enter:
        return (f"May this user enter {folder}? {_NAMES_STORE}",)
    return (f"Is it on a disk that is full, read-only or shared? {_NAMES_STORE}",)


def _place(source: str, problem: Problem) -> str:
    """The place in the file, as compilers write it (FILE:LINE), so that editors can open it; then the path."""
    if problem.line is None:
        return "" if problem.path in ("", WHOLE_FILE) else f"{problem.path}: "
    path = "" if problem.path.startswith("line ") else f"{problem.path}: "
    return f"{source}:{problem.line}: {path}"


def _leave(code: ExitCode, *lines: str) -> None:
    sys.stderr.write("\n".join(lines) + "\n")
    sys.exit(code)
