"""Loads the configuration for a command, and completes names of it in a shell."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.errors import ConfigError
from bot.settings import refuse_live

if TYPE_CHECKING:
    from bot.settings import Settings


def load_settings(config: Path | None) -> Settings:
    """Loads the configuration: `--config`, else $PAPERBOY_CONFIG, else config.yaml.

    Raises:
        ConfigError: it is wrong; with every problem.
    """
    from bot.config import load, locate  # noqa: PLC0415 - `--help` goes without all channels

    return load(locate(config, os.environ), os.environ)


def load_for_arxiv(config: Path | None) -> Settings:
    """Loads the configuration for a command that asks arXiv.

    Raises:
        ConfigError: it is wrong, or arXiv would get the example's contact.
    """
    settings = load_settings(config)
    problem = refuse_live(settings)
    if problem is not None:
        from bot.config import locate, yaml_file  # noqa: PLC0415 - `--help` goes without all channels

        file = locate(config, os.environ)
        line = yaml_file.read(file).line((problem.path,))
        raise ConfigError(str(file), (replace(problem, line=line),))
    return settings


def subscriber_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Completes a subscriber's name for a shell; no names if the configuration cannot be read.

    Parses the YAML without validating it, to be fast.
    """
    from bot.config import locate, yaml_file  # noqa: PLC0415 - `--help` goes without all channels

    try:
        document = yaml_file.read(locate(ctx.params.get("config"), os.environ)).values
    except ConfigError:
        return []
    names = document.get("subscribers") if isinstance(document, dict) else None
    return [name for name in names if name.startswith(incomplete)] if isinstance(names, dict) else []
