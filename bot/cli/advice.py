"""Errors as a sentence with advice on stderr, and the exit code that goes with it. The only place that does so."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING

from bot.errors import ConfigError, NoStoreError, PaperboyError, RenderError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator


class ExitCode(IntEnum):
    """What the process ends with."""

    DONE = 0
    LEFT_UNDONE = 1
    CONFIG = 2
    STORE = 3


@contextmanager
def giving_advice() -> Iterator[None]:
    """End the process with advice on an error of ours; let everything else show its traceback."""
    try:
        yield
    except ConfigError as error:
        _leave(ExitCode.CONFIG, f"The configuration {error.source} cannot be used:", *_problems(error))
    except NoStoreError as error:
        _leave(ExitCode.STORE, f"The store {error.store}: {error.reason}")
    except StoreError as error:
        advice = "Is it on a disk that is full, read-only or shared? `store:` in the configuration names it."
        _leave(ExitCode.STORE, f"The store {error.store} cannot be used: {error.reason}", advice)
    except RenderError as error:
        advice = "`templates:` in the configuration names the folder whose files win over the built-in ones."
        _leave(ExitCode.LEFT_UNDONE, f"A template failed: {error}", advice)
    except PaperboyError as error:
        _leave(ExitCode.LEFT_UNDONE, str(error))


def _problems(error: ConfigError) -> list[str]:
    return [
        f"  {problem.path}: {problem.message}" if problem.path else f"  {problem.message}"
        for problem in error.problems
    ]


def _leave(code: ExitCode, *lines: str) -> None:
    sys.stderr.write("\n".join(lines) + "\n")
    sys.exit(code)
