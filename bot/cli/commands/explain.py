"""`paperboy explain ID`: tells what became of one paper, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from bot import text
from bot.arxiv import identifier as identifiers
from bot.cli.application import load_settings, opened, subscriber_names
from bot.cli.options import ConfigOption, JsonOption
from bot.cli.output import heading, say, say_json, table, when
from bot.report.hits import hits_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.report.explain import Explanation, SubscriberExplanation
    from bot.settings import Settings
    from bot.store.outbox.queries import ToldRecord


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
    with opened(load_settings(config)) as app:
        roster = app.roster.of([subscriber] if subscriber else (), app.clock.now())
        if subscriber is not None:
            if subscriber not in roster.subscribers:
                raise typer.BadParameter(f"there is no subscriber {subscriber!r}", param_hint="'--subscriber'")
            roster = replace(roster, subscribers={subscriber: roster.subscribers[subscriber]})
        found = app.reporter_of(roster).explain(wanted, app.matcher_of(roster))
    if as_json:
        say_json(found)
    else:
        _show(found, roster)


def _show(found: Explanation, settings: Settings) -> None:
    if not found.announcements:
        say(f"arXiv:{found.identifier}: never seen in a mailing that was collected here")
        return

    heading(f"arXiv:{found.identifier}: {text.flatten_tex(found.title)}")
    heading("Announced")
    rows = [[f"{a.mailing_date:%Y-%m-%d}", a.category, f"{a.type.value} v{a.version}"] for a in found.announcements]
    table(rows, heads=("mailing", "category", "as"))
    heading("Topics")
    table(_topics(found))
    if found.subscribers:
        heading("Subscribers")
        table(row for explanation in found.subscribers for row in _told(explanation, settings))
    if found.site:
        heading("The site")
        table([topic.topic, "on its page" if topic.claimed else "not on its page"] for topic in found.site)


def _topics(found: Explanation) -> Iterator[list[str]]:
    """A line for each topic and sentence, each once; with the subscribers, if it is not the same for all."""
    readers: dict[str, dict[str, list[str]]] = {}
    for name, topics in [*((each.subscriber, each.topics) for each in found.subscribers), ("the site", found.site)]:
        for topic in topics:
            readers.setdefault(topic.topic, {}).setdefault(topic.sentence, []).append(name)
    for name, sentences in readers.items():
        everybody = dict.fromkeys(reader for some in sentences.values() for reader in some)
        for number, (sentence, some) in enumerate(sentences.items()):
            for_whom = "" if len(set(some)) == len(everybody) else f"for {', '.join(dict.fromkeys(some))}: "
            yield ["" if number else name, f"{for_whom}{sentence}"]


def _told(explanation: SubscriberExplanation, settings: Settings) -> Iterator[list[str]]:
    """A line for each time that the subscriber was told, or one that says why it was not."""
    name = explanation.subscriber
    for record in explanation.told:
        told = "told as new" if record.version == 0 else f"told as replaced, now v{record.version}"
        shown = "" if record.shown else ", counted and linked"
        states = ", ".join(sorted({state.value for state in record.states}))
        at = when(record.created_at, settings.subscribers[name].timezone)
        yield [name, f"{told}{_reasons(record, explanation)}{shown}, in the digest of {at}: {states}"]
    if explanation.why_not or not explanation.told:
        yield [name, f"not told: {explanation.why_not}" if explanation.why_not else "not told"]


def _reasons(record: ToldRecord, explanation: SubscriberExplanation) -> str:
    """By which terms it was told, unless the topic's sentence has the same; the topic may have been edited since."""
    reasons = hits_in_words(record.hits)
    said = any(reasons in topic.sentence for topic in explanation.topics if topic.topic == record.topic)
    return f" by {reasons}" if reasons and not said else f" for {record.topic}"
