"""The program in real processes that start at once: forks of one that has imported all of it.

A new Python imports Paperboy for a second of a core. What a process is asked for is the same here: its signals, its
exit code and what it writes. That a new Python can start it too is shown where a test starts one.
"""

from __future__ import annotations

import os
import sys
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from bot.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.context import ForkServerProcess
    from multiprocessing.queues import SimpleQueue
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

_forks = get_context("forkserver")
_forks.set_forkserver_preload(
    [
        "bot.app.fleet.worker",
        "bot.chat.discord.listener",
        "bot.chat.slack",
        "bot.cli.commands.run",
        "bot.cli.commands.worker",
        "bot.cli.daemon_process",
        "bot.config",
        "structlog",
        "tests.app.fleet.hurry",
        "tests.daemon_process",
    ]
)


def start(
    *command: str, prepare: Callable[[], object] | None = None, log: Path, environ: Mapping[str, str]
) -> ForkServerProcess:
    """Starts `paperboy COMMAND`; it ends with this process at the latest.

    Args:
        command: the words on its command line.
        prepare: called there before, to change constants; a function of a module, for only its name goes there.
        log: takes all that it writes.
        environ: all of its environment.
    """
    process = _forks.Process(target=_run, args=(command, prepare, log, dict(environ)), daemon=True)
    process.start()
    return process


def at_once(job: Callable[..., object], *arguments: object, times: int) -> list[Any]:
    """What the job returns in that many processes, which all begin it at the same moment.

    Args:
        job: a function of a module, for only its name goes there.
        arguments: of each.
    """
    start_line, answers = _forks.Barrier(times), _forks.SimpleQueue()
    of_each = (start_line, answers, job, arguments)
    processes = [_forks.Process(target=_answer, args=of_each, daemon=True) for _ in range(times)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * times
    return [answers.get() for _ in processes]


def _answer(start_line: Barrier, answers: SimpleQueue[object], job: Callable[..., object], arguments: Any) -> None:
    start_line.wait()
    answers.put(job(*arguments))


def _run(command: tuple[str, ...], prepare: Callable[[], object] | None, log: Path, environ: dict[str, str]) -> None:
    written = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(written, stream)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["paperboy", *command]
    if prepare is not None:
        prepare()
    main()
