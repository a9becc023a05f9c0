"""The options of every command: the configuration file, and how to log."""

from __future__ import annotations

import functools
import inspect
import logging
import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from collections.abc import Callable


_LIBRARIES = (
    "aiohttp",
    "aiosmtplib",
    "asyncio",
    "discord",
    "flufl.bounce",
    "mail.log",
    "procrastinate",
    "psycopg",
    "psycopg_pool",
    "slack_sdk",
)


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """The format of log lines: for people or for programs."""

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
    """A command that takes what begins with one dash, or with two and has a space, as its query, not as an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer has a Click of its own
        """Moves such arguments behind `--`."""
        end = args.index("--") if "--" in args else len(args)
        mine = [arg for arg in args[:end] if re.match(r"-[^-]|--.*\s", arg, re.DOTALL)]
        options = [arg for arg in args[:end] if arg not in mine]
        return super().parse_args(ctx, [*options, "--", *mine, *args[end + 1 :]])


def logging_as_asked(command: Callable[..., None], level: LogLevel = LogLevel.WARNING) -> Callable[..., None]:
    """The command with the options `--log-level` and `--log-format`, which configure logging before it begins.

    Typer reads a command's options from its signature, so these two are added to it.

    Args:
        command: the command's function.
        level: its default log level.
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
    """Writes our logs to stderr. Those of client libraries are left out: they contain webhook URLs and tokens."""
    import structlog  # noqa: PLC0415 - not needed for --help

    for library in _LIBRARIES:
        logging.getLogger(library).addHandler(logging.NullHandler())
        logging.getLogger(library).propagate = False
    if form is LogFormat.JSON:
        renderers: list[structlog.types.Processor] = [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ]
    else:
        # Not its default where Rich is there, which shows the variables of each frame: tokens are among them.
        plain = structlog.dev.plain_traceback
        renderers = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *renderers,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.name)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
