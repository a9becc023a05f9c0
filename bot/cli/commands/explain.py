"""`paperboy explain ID`: what became of one paper, and why."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from bot.arxiv import identifier as identifiers
from bot.cli.options import ConfigOption, JsonOption, load_settings, subscriber_names
from bot.cli.output import heading, say, table, to_json, when

if TYPE_CHECKING:
    from bot.report.explain import Explanation, SubscriberExplanation
    from bot.settings import Settings


def explain(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="2504.10757, hep-th/9901001, or an arXiv URL.")],
    config: ConfigOption = None,
    *,
    subscriber: Annotated[
        str | None,
        typer.Option(
            "--subscriber",
            metavar="NAME",
            help="This one alone; a self-service subscriber is asked about by its key.",
            autocompletion=subscriber_names,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what became of one paper, and why.

    Where and when it was announced, and for every subscriber: which term claimed it or which exclusion stopped it,
    which digest told it, and how that was delivered.
    """
    try:
        wanted, _ = identifiers.parse(identifier)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="'ID'") from error
    settings = load_settings(config)
    found, roster = asyncio.run(_explain(settings, wanted, subscriber))
    if as_json:
        sys.stdout.write(to_json(found) + "\n")
    else:
        _show(found, roster)


async def _explain(settings: Settings, identifier: str, name: str | None) -> tuple[Explanation, Settings]:
    """The story, and the roster that it is about."""
    from bot.app import opened  # noqa: PLC0415 - the store and the channels, not needed for --help

    async with opened(settings, must_exist=True) as app:
        roster = app.roster.of([name] if name else (), app.clock.now())
        if name is not None:
            if name not in roster.subscribers:
                raise typer.BadParameter(f"there is no subscriber {name!r}", param_hint="'--subscriber'")
            roster = replace(roster, subscribers={name: roster.subscribers[name]})
        return app.reporter_of(roster).explain(identifier, app.matcher_of(roster)), roster


def _show(found: Explanation, settings: Settings) -> None:
    if not found.announcements:
        say(f"arXiv:{found.identifier}: never seen in a mailing that was collected here")
        return
    from bot import text  # noqa: PLC0415 - not needed for --help

    heading(f"arXiv:{found.identifier}: {text.flatten_tex(found.title)}")
    heading("Announced")
    rows = [[f"{a.mailing_date:%Y-%m-%d}", a.category, f"{a.type.value} v{a.version}"] for a in found.announcements]
    table(rows, heads=("mailing", "category", "as"))
    for explanation in found.subscribers:
        heading(explanation.subscriber)
        _show_explanation(explanation, settings)
    if found.site:
        heading("The site")
        table([topic.topic, topic.sentence] for topic in found.site)


def _show_explanation(explanation: SubscriberExplanation, settings: Settings) -> None:
    table([topic.topic, topic.sentence] for topic in explanation.topics)
    for record in explanation.told:
        told = "told as new" if record.version == 0 else f"told as replaced, now v{record.version}"
        reasons = ", ".join(f"{hit.term!r} in {hit.field}" for hit in record.hits)
        shown = "" if record.shown else ", counted and linked"
        states = ", ".join(sorted({state.value for state in record.states}))
        at = when(record.created_at, settings.subscribers[explanation.subscriber].timezone)
        table([["->", f"{told}{f' by {reasons}' if reasons else ''}{shown}, in the digest of {at}: {states}"]])
    if explanation.why_not or not explanation.told:
        table([["->", f"not told: {explanation.why_not}" if explanation.why_not else "not told"]])
