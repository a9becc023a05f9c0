"""`paperboy run`: runs the daemon."""

from __future__ import annotations

import asyncio

from bot.cli.application import load_to_run
from bot.cli.options import ConfigOption


def run(
    config: ConfigOption = None,
) -> None:
    """Run as a daemon that keeps every hour.

    Asks arXiv around the mailing until it is in, and serves each subscriber at its hour. SIGHUP or a changed file
    reloads the configuration, SIGTERM ends within seconds. With `fleet: true` it is also a worker: see `worker`.
    """
    settings = load_to_run(config)
    from bot.cli.daemon_process import serve  # noqa: PLC0415 - takes a second, which `--help` does not need

    asyncio.run(serve(settings, config))
