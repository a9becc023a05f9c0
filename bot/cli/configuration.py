"""The configuration that a command is to use, and what a shell can propose from it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.config import load, locate, yaml_file
from bot.errors import ConfigError
from bot.settings import refuse_live

if TYPE_CHECKING:
    from bot.settings import Settings


def load_settings(config: Path | None) -> Settings:
    """The configuration that this command is to use.

    Raises:
        ConfigError: with every problem in it.
    """
    return load(locate(config, os.environ), os.environ)


def load_for_arxiv(config: Path | None) -> Settings:
    """The configuration, fit for asking live arXiv.

    Raises:
        ConfigError: also where the example's contact would be shown to arXiv.
    """
    settings = load_settings(config)
    problem = refuse_live(settings)
    if problem is not None:
        file = locate(config, os.environ)
        raise ConfigError(str(file), (replace(problem, line=yaml_file.read(file).line((problem.path,))),))
    return settings


def subscriber_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """What a shell proposes for a subscriber: the names that begin so, as far as the configuration can be read.

    Only parses the YAML, without validating it, to be fast.
    """
    try:
        document = yaml_file.read(locate(ctx.params.get("config"), os.environ)).values
    except ConfigError:
        return []
    names = document.get("subscribers") if isinstance(document, dict) else None
    return [name for name in names if name.startswith(incomplete)] if isinstance(names, dict) else []
