"""Opens the application for a command. All rooms are imported only then, so that `--help` stays fast."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.app import App
    from bot.settings import Settings


@asynccontextmanager
async def opened(settings: Settings, *, must_exist: bool = False) -> AsyncIterator[App]:
    """Opens the application, and closes it at the end; see `bot.app.opened`.

    Args:
        settings: the configuration.
        must_exist: whether a missing store is an error, not created; for commands that only read.

    Raises:
        NoStoreError: there is no store, and `must_exist`.
        StoreError: the store cannot be used.
    """
    from bot import app as application  # noqa: PLC0415 - a second for all rooms, which `--help` does not need

    async with application.opened(settings, must_exist=must_exist) as app:
        yield app
