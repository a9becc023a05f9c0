"""Where the receivers listen: a free port of this machine, which nobody else can reach."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def listening(app: web.Application, *, cancel_on_disconnect: bool = False) -> AsyncIterator[int]:
    """Answer as the application says, until the end.

    Args:
        app: what answers.
        cancel_on_disconnect: whether nothing more is done for who hung up; else what was sent is taken all the same.

    Returns:
        The port.
    """
    # no access log: its lines show webhooks' tokens, and the tests look for those in what is logged
    runner = web.AppRunner(app, access_log=None, handler_cancellation=cancel_on_disconnect, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
