"""Runs a demo server on a free port of the loopback interface, which no other machine can reach."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def listening(app: web.Application) -> AsyncIterator[int]:
    """Serves the application until the end of the block; yields the port."""
    # no access log: its lines show webhooks' tokens, and the tests look for those in what is logged
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
