"""What `paperboy init` does: asks a few questions and writes a commented configuration.

The written file is loaded once to check it, and removed if that fails. It contains no secret, only the name of the
environment variable to read it from.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import typer
import yaml

from bot import config
from bot.cli.commands.check import check
from bot.cli.commands.init_questions import CHANNEL_CHOICES, for_template, questions
from bot.cli.errors import ExitCode
from bot.cli.interview import Interview
from bot.cli.output import say, say_on_stderr, table

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENDED = "The answers ended before the questions did: nothing was written."


def ask_and_write(output: Path) -> None:
    """Asks the questions, writes the file, and says what is to be done next."""
    if output.exists():
        raise typer.BadParameter(f"{output} is there already, and is not touched", param_hint="'--output'")
    if not output.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {output.parent}", param_hint="'--output'")
    try:
        answers = for_template(Interview(partial(questions, output.absolute().parent)).answers())
    except typer.Abort:
        say_on_stderr("")
        say_on_stderr(_ENDED)
        sys.exit(ExitCode.CONFIG)
    _write(output, answers)
    _tell_the_rest(output, answers)


# -- writing -----------------------------------------------------------------------------------------------------


def _write(output: Path, answers: Mapping[str, Any]) -> None:
    """Writes the file and loads it; a file that cannot be loaded is removed again.

    Raises:
        ConfigError: the answers do not go together.
    """
    content = configuration(answers)
    samples = {choice.variable: choice.sample for choice in CHANNEL_CHOICES.values()}
    try:
        file = output.open("x", encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{output} cannot be written: {error.strerror}", param_hint="'--output'") from error
    try:
        with file:
            file.write(content)
        config.load(output, {**os.environ, **samples})
    except BaseException:  # also on Ctrl-C or a full disk
        output.unlink()
        raise


def configuration(answers: Mapping[str, Any]) -> str:
    """The file's text; every answer is written as a quoted YAML value."""

    def value(answer: object) -> object:
        """Texts and lists of texts as YAML on one line, quoted so that no character ends them early."""
        if not isinstance(answer, (str, list)) or not answer:
            return answer
        flow: str = yaml.safe_dump([answer], default_flow_style=True, allow_unicode=True, width=sys.maxsize)
        return flow.strip()[1:-1]

    environment = jinja2.Environment(
        finalize=value,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - YAML, not HTML: `finalize` quotes
    )
    source = Path(__file__).with_name("config.yaml.j2").read_text(encoding="utf-8")
    schema = Path(config.__file__).absolute().with_name("schema.json")
    return environment.from_string(source).render(answers, schema=schema)


def _tell_the_rest(output: Path, answers: Mapping[str, Any]) -> None:
    """Prints which secrets to set; if none is missing, offers to run `check`."""
    say(f"{output} is written.")
    choices = [CHANNEL_CHOICES[name] for name in answers["choices"]]
    needed = [choice for choice in choices if choice.channel != "mail" or answers["username"]]
    missing = [choice for choice in needed if not os.environ.get(choice.variable)]
    if missing:
        say("Set in the environment, before the first run:")
        table([choice.variable, choice.what] for choice in missing)
    elif choices and _agrees("Post a test to every subscriber now (`check --send`)?"):
        check(output, send=True)
    option = "" if output == Path("config.yaml") else f" --config {output}"
    say(f"`paperboy check{option}{' --send' if choices else ''}` tries it out, `paperboy once{option}` runs it.")


def _agrees(question: str) -> bool:
    """Whether the user says yes; False if there is no input."""
    try:
        return typer.confirm(question, default=False)
    except typer.Abort:
        say()
        return False
