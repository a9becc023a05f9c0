"""`paperboy init`: asks a few questions and writes a commented configuration.

The file is loaded once to check it, and removed if that fails. No secret is in it: it names the environment variable
to read it from.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.commands.init_questions import CHANNEL_CHOICES, for_template, questions
from bot.cli.errors import ExitCode
from bot.cli.interview import Interview
from bot.cli.output import say, say_on_stderr, table

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENDED = "The answers ended before the questions did: nothing was written."


def init(
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="Where to write it; never over a file that is there.")
    ] = Path("config.yaml"),
) -> None:
    """Ask a few questions, write config.yaml.

    The file is commented, and ready to run once the environment has the secrets that it names.
    """
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
    """Write the file and read it back; one that cannot be used is taken away again.

    Raises:
        ConfigError: the answers do not go together.
    """
    from bot.config import load  # noqa: PLC0415 - pydantic, not needed for --help

    content = configuration(answers)
    samples = {choice.variable: choice.sample for choice in CHANNEL_CHOICES.values()}
    try:
        file = output.open("x", encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{output} cannot be written: {error.strerror}", param_hint="'--output'") from error
    try:
        with file:
            file.write(content)
        load(output, {**os.environ, **samples})
    except BaseException:  # also Ctrl-C, and a disk that is full
        output.unlink()
        raise


def configuration(answers: Mapping[str, Any]) -> str:
    """The file's text; every answer as a YAML value of its own, whatever is in it."""
    import jinja2  # noqa: PLC0415 - 60 ms, not needed for --help
    import yaml  # noqa: PLC0415 - as above

    from bot import config  # noqa: PLC0415 - as above

    def value(answer: object) -> object:
        """Texts and lists of texts as YAML in one line, inside of which nothing ends early."""
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
    """Which secrets to set, and a test if there are none left."""
    say(f"{output} is written.")
    choices = [CHANNEL_CHOICES[name] for name in answers["choices"]]
    needed = [choice for choice in choices if choice.channel != "mail" or answers["mail"]["username"]]
    missing = [choice for choice in needed if not os.environ.get(choice.variable)]
    if missing:
        say("Set in the environment, before the first run:")
        table([choice.variable, choice.what] for choice in missing)
    elif choices and _agrees("Post a test to every subscriber now (`check --send`)?"):
        from bot.cli.commands.check import check  # noqa: PLC0415 - of this moment

        check(output, send=True)
    option = "" if output == Path("config.yaml") else f" --config {output}"
    say(f"`paperboy check{option}{' --send' if choices else ''}` tries it out, `paperboy once{option}` runs it.")


def _agrees(question: str) -> bool:
    """Whether somebody is there and says yes."""
    try:
        return typer.confirm(question, default=False)
    except typer.Abort:
        say()
        return False
