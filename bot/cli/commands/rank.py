"""`paperboy rank`: what the learned order knows of each subscriber, and whether it helps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.application import load_settings, opened
from bot.cli.options import ConfigOption
from bot.cli.output import plural, say, table
from bot.model import Order
from bot.topics.matched_papers import MatchedPapers

if TYPE_CHECKING:
    from bot.report.evaluation import Evaluation
    from bot.settings import Settings


def rank(
    config: ConfigOption = None,
    *,
    evaluated: Annotated[
        bool, typer.Option("--evaluate", help="Try it on the later likes, beside relevance.")
    ] = False,
) -> None:
    """Say what the learned order knows.

    Shows, for each topic with `order: learned`, what there is to learn from. With --evaluate it learns from a topic's
    earlier likes, ranks the mailings of the later ones, and says how well: 1.00 if the liked papers come first, 0.00
    if none is among the first ten.
    """
    rows = _rows(load_settings(config), evaluated=evaluated)
    if not rows:
        say("No topic of a subscriber has `order: learned`.")
        return
    heads = ("learned from", "tried on", "learned", "relevance") if evaluated else ("likes", "dislikes", "order")
    table(rows, heads=("subscriber", "topic", *heads))


def _rows(settings: Settings, *, evaluated: bool) -> list[list[str]]:
    with opened(settings) as app:
        roster = app.roster.whole(app.clock.now())
        learned = app.planner(roster).learned
        if evaluated:
            from bot.report.evaluation import NotInstalledError, evaluate  # noqa: PLC0415 - SQLAlchemy, not for `--help`

            matched = MatchedPapers(lambda: app.matcher_of(roster))
            try:
                return [_evaluation(each) for each in evaluate(app.store, roster, matched, learned)]
            except NotInstalledError as error:
                raise typer.BadParameter(str(error), param_hint="'--evaluate'") from error
        return [
            [subscriber.name, name, *learned.known(subscriber, roster.topics[name])]
            for subscriber in roster.subscribers.values()
            for name in subscriber.topics
            if roster.topics[name].order is Order.LEARNED and not subscriber.liked
        ]


def _evaluation(found: Evaluation) -> list[str]:
    learned_from = [found.subscriber, found.topic, f"{found.likes} likes"]
    if not found.mailings:
        return [*learned_from, f"too little: {found.likes_needed} likes are needed", "", ""]
    return [*learned_from, plural(found.mailings, "mailing"), f"{found.learned:.2f}", f"{found.relevance:.2f}"]
