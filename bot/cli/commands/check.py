"""`paperboy check`: reads the configuration, contacts every service, and names each setting that is wrong."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.application import load_settings, opened_online
from bot.cli.errors import ExitCode
from bot.cli.options import ConfigOption
from bot.cli.output import plural, say, table

if TYPE_CHECKING:
    from bot.channels.channel import CheckResult
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
    from bot.config import locate, notices  # noqa: PLC0415 - `--help` does not need all channels

    found = notices.notices(locate(config, os.environ), settings)
    noticed = [["ok", notice.path, notice.message] for notice in found]
    results = asyncio.run(_check(settings, send=send))
    counted = (plural(len(settings.topics), "topic"), plural(len(settings.subscribers), "subscriber"))
    say(", ".join((*counted, plural(len(settings.categories), "category", "categories"))))
    checked = (["ok" if result.ok else "WRONG", result.setting, result.message] for result in results)
    table([*noticed, *checked])
    sys.exit(ExitCode.DONE if all(result.ok for result in results) else ExitCode.LEFT_UNDONE)


async def _check(settings: Settings, *, send: bool) -> tuple[CheckResult, ...]:
    async with opened_online(settings) as app:
        return await app.check(send=send)
