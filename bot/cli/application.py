"""Loads the configuration and opens the application for a command, and completes names in a shell.

Imports the other packages only when a command runs, so that `--help` stays fast.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from bot.app import App
    from bot.settings import Settings


def load_settings(config: Path | None, *, for_arxiv: bool = False) -> Settings:
    """Loads the configuration: `--config`, else $PAPERBOY_CONFIG, else config.yaml.

    Args:
        config: the option `--config`.
        for_arxiv: whether the command asks arXiv.

    Raises:
        ConfigError: it is invalid, with every problem; or `for_arxiv`, and `contact` is still the example's.
    """
    from bot.config import load, load_for_arxiv, locate  # noqa: PLC0415 - `--help` does not need all channels

    return (load_for_arxiv if for_arxiv else load)(locate(config, os.environ), os.environ)


def load_to_run(config: Path | None, *, fleet: bool = False) -> Settings:
    """Loads the configuration for a command that goes on running.

    Args:
        config: the option `--config`.
        fleet: whether it must have `fleet: true`.

    Raises:
        ConfigError: it is invalid, with every problem; or lacks what the command needs.
    """
    from bot.config import load_to_run, locate  # noqa: PLC0415 - `--help` does not need all channels

    return load_to_run(locate(config, os.environ), os.environ, fleet=fleet)


@contextmanager
def opened(settings: Settings, *, must_exist: bool = True) -> Iterator[App]:
    """Opens the application for a command that works with the store alone, and closes it at the end.

    Args:
        settings: the configuration.
        must_exist: whether a missing store is an error, not created.

    Raises:
        NoStoreError: there is no store, and `must_exist`.
        StoreError: the store cannot be used.
    """
    app = _app(settings, must_exist=must_exist)
    try:
        yield app
    finally:
        asyncio.run(app.aclose())


@asynccontextmanager
async def opened_online(settings: Settings) -> AsyncIterator[App]:
    """Opens the application for a command that asks arXiv or a channel; makes the store if there is none.

    Raises:
        StoreError: the store cannot be used.
    """
    app = _app(settings, must_exist=False)
    try:
        yield app
    finally:
        await app.aclose()


def _app(settings: Settings, *, must_exist: bool) -> App:
    from bot.app import App  # noqa: PLC0415 - takes a second, which `--help` does not need

    return App(settings, must_exist=must_exist)


def subscriber_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """The subscribers' names that complete the text in a shell; none if the configuration cannot be read.

    Parses the YAML without validating it, to be fast.
    """
    from bot.config import locate, yaml_file  # noqa: PLC0415 - `--help` does not need all channels

    try:
        document = yaml_file.read(locate(ctx.params.get("config"), os.environ)).values
    except ConfigError:
        return []
    names = document.get("subscribers") if isinstance(document, dict) else None
    return [name for name in names if name.startswith(incomplete)] if isinstance(names, dict) else []
