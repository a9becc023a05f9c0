"""`paperboy catchup`: collects missed mailings from a given date on and sends them as one digest."""

from __future__ import annotations

import asyncio
import sys
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from bot.arxiv import calendar
from bot.cli.application import load_settings, opened_online
from bot.cli.commands.once import account
from bot.cli.errors import ExitCode
from bot.cli.options import ConfigOption
from bot.cli.output import progress

if TYPE_CHECKING:
    from bot.app.run_result import RunResult
    from bot.settings import Settings


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise typer.BadParameter("a date is expected, like 2026-04-21") from None


def catchup(
    since: Annotated[
        date, typer.Option("--since", metavar="DATE", parser=_day, help="The first mailing date to catch up on.")
    ],
    config: ConfigOption = None,
    *,
    now: Annotated[bool, typer.Option("--now", help="Do not wait for the subscribers' hours.")] = False,
) -> None:
    """Catch up on missed mailings.

    Reads every mailing since DATE that is not stored, also from before the first run, then does what `once` does, and
    sends them as one digest. Mailings that `once` and `run` know to have missed they catch up on by themselves.
    """
    settings = load_settings(config, for_arxiv=True)
    run = asyncio.run(_catchup(settings, since, any_hour=now))
    account(run, settings)
    sys.exit(ExitCode.LEFT_UNDONE if run.left_undone else ExitCode.DONE)


async def _catchup(settings: Settings, since: date, *, any_hour: bool) -> RunResult:
    async with opened_online(settings) as app:
        today = calendar.mailing_date(app.clock.now())
        if since > today:
            raise typer.BadParameter(f"{since} is still to come, today is {today}", param_hint="'--since'")
        with progress("collected") as step:
            return await app.runner.once(any_hour=any_hour, since=since, progress=step)
