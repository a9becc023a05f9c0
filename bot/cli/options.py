"""What every command takes: where the configuration is, and how to log."""

from __future__ import annotations

import functools
import inspect
import logging
import os
import re
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.settings import Settings


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """For people or for programs."""

    TEXT = "text"
    JSON = "json"


ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The configuration; else $PAPERBOY_CONFIG, else config.yaml."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]
LogLevelOption = Annotated[
    LogLevel,
    typer.Option("--log-level", metavar="LEVEL", help=f"Log this and worse to stderr: {', '.join(LogLevel)}."),
]
LogFormatOption = Annotated[
    LogFormat, typer.Option("--log-format", metavar="FORMAT", help=f"Log lines as {' or '.join(LogFormat)}.")
]


class TakesQuery(TyperCommand):
    """A command that takes what begins with one dash, or has a blank, for its query, which says what is wrong."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer has a Click of its own
        """Put the query behind all options, where no dash makes it one."""
        end = args.index("--") if "--" in args else len(args)
        mine = [arg for arg in args[:end] if re.match(r"-[^-]|--.*\s", arg, re.DOTALL)]
        options = [arg for arg in args[:end] if arg not in mine]
        return super().parse_args(ctx, [*options, "--", *mine, *args[end + 1 :]])


def logging_as_asked(command: Callable[..., None], level: LogLevel = LogLevel.WARNING) -> Callable[..., None]:
    """The command with two more options, `--log-level` and `--log-format`, which are obeyed before it begins.

    Typer learns a command's options from its signature, so these two are added to it.

    Args:
        command: what Typer is to call.
        level: how much it logs where nobody says.
    """

    @functools.wraps(command)
    def logging_command(*, log_level: LogLevel, log_format: LogFormat, **asked: object) -> None:
        _configure_logging(log_level, log_format)
        command(**asked)

    named = functools.partial(inspect.Parameter, kind=inspect.Parameter.KEYWORD_ONLY)
    signature = inspect.signature(command, eval_str=True)
    added = (
        named("log_level", default=level, annotation=LogLevelOption),
        named("log_format", default=LogFormat.TEXT, annotation=LogFormatOption),
    )
    whole = signature.replace(parameters=(*signature.parameters.values(), *added))
    logging_command.__signature__ = whole  # type: ignore[attr-defined]  # `inspect` looks there first
    return logging_command


def _configure_logging(level: LogLevel, form: LogFormat) -> None:
    """Logs go to stderr, ours alone: the client libraries quote webhook URLs and tokens in theirs."""
    import structlog  # noqa: PLC0415 - not needed for --help

    for library in ("aiohttp", "asyncio", "discord", "slack_sdk", "aiosmtplib", "mail.log"):
        logging.getLogger(library).addHandler(logging.NullHandler())
        logging.getLogger(library).propagate = False
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if form is LogFormat.JSON
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.name)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def load_settings(config: Path | None) -> Settings:
    """The configuration that this command is to use.

    Raises:
        ConfigError: with every problem in it.
    """
    from bot.config import load, locate  # noqa: PLC0415 - pydantic, not needed for --help

    return load(locate(config, os.environ), os.environ)


def load_for_arxiv(config: Path | None) -> Settings:
    """The configuration, fit for asking live arXiv.

    Raises:
        ConfigError: also where the example's contact would be shown to arXiv.
    """
    from bot.config import locate, yaml_file  # noqa: PLC0415 - as above
    from bot.errors import ConfigError  # noqa: PLC0415 - as above
    from bot.settings import refuse_live  # noqa: PLC0415 - as above

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
    from bot.config import locate  # noqa: PLC0415 - only where a shell asks
    from bot.config.yaml_file import read  # noqa: PLC0415 - as above
    from bot.errors import ConfigError  # noqa: PLC0415 - as above

    try:
        document = read(locate(ctx.params.get("config"), os.environ)).values
    except ConfigError:
        return []
    names = document.get("subscribers") if isinstance(document, dict) else None
    return [name for name in names if name.startswith(incomplete)] if isinstance(names, dict) else []
