"""`paperboy check`: reads the configuration, contacts every service, and names each setting that is wrong."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.application import opened
from bot.cli.configuration import load_settings
from bot.cli.errors import ExitCode
from bot.cli.options import ConfigOption
from bot.cli.output import plural, say, table

if TYPE_CHECKING:
    from bot.channels.channel import CheckResult
    from bot.errors import Problem
    from bot.settings import Settings


def check(
    config: ConfigOption = None,
    *,
    send: Annotated[bool, typer.Option("--send", help="Post a short test to every subscriber.")] = False,
) -> None:
    """Name what is wrong in the configuration.

    Reads it, reaches arXiv and every channel, and names the setting that is wrong.
    """
    settings = load_settings(config)
    noticed = [["ok", notice.path, notice.message] for notice in _of_the_file(config, settings)]
    results = asyncio.run(_check(settings, send=send))
    counted = (plural(len(settings.topics), "topic"), plural(len(settings.subscribers), "subscriber"))
    say(", ".join((*counted, plural(len(settings.categories), "category", "categories"))))
    checked = (["ok" if result.ok else "WRONG", result.setting, result.message] for result in results)
    table([*noticed, *checked])
    sys.exit(ExitCode.DONE if all(result.ok for result in results) else ExitCode.LEFT_UNDONE)


def _of_the_file(config: Path | None, settings: Settings) -> tuple[Problem, ...]:
    from bot.config import locate, notices  # noqa: PLC0415 - `--help` goes without all channels

    return notices.notices(locate(config, os.environ), settings)


async def _check(settings: Settings, *, send: bool) -> tuple[CheckResult, ...]:
    async with opened(settings) as app:
        return await app.check(send=send)
