"""`paperboy worker`: one of many processes that share the work through one PostgreSQL database."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from bot.cli.application import load_to_run
from bot.cli.options import ConfigOption

VERBS = ("collect", "compose", "deliver", "publish", "prune")


def worker(
    config: ConfigOption = None,
    *,
    concurrency: Annotated[int, typer.Option(min=1, help="How many collect and deliver jobs it does at once.")] = 8,
    verbs: Annotated[str, typer.Option(metavar="LIST", help="The verbs whose jobs it takes.")] = ",".join(VERBS),
) -> None:
    """Run as one of many, on PostgreSQL.

    Takes jobs until it is stopped: asks arXiv, composes and delivers for a part of the subscribers, writes pages.
    Start as many as you like, on as many machines; `paperboy status` shows them. Needs `fleet: true` in the
    configuration. SIGHUP or a changed file reloads it, SIGTERM ends within seconds.
    """
    taken = tuple(verb.strip() for verb in verbs.split(","))
    unknown = [verb for verb in taken if verb not in VERBS]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(VERBS)}", param_hint="'--verbs'")
    settings = load_to_run(config, fleet=True)
    from bot.cli.daemon_process import work  # noqa: PLC0415 - takes a second, which `--help` does not need

    asyncio.run(work(settings, config, taken, concurrency))
