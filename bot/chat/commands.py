"""The commands of the chat, in one table: Slack, Discord, the help and the docs come from it.

Each calls a command of `members` or a report, and makes the answer; none has a rule of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.chat import changing, looking
from bot.chat.answers import Answer, Part
from bot.chat.arguments import Argument, ChatCommand, Kind
from bot.chat.parse import fields, filled_in, usage
from bot.chat.sentences import COMMAND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.chat.asking import Ask


def help_(ask: Ask, values: Mapping[str, Any]) -> Answer:  # noqa: ARG001 - a command
    """What can be said."""
    given = [command.example for command in COMMANDS.values() if command.example]
    if ask.asker.has_fields:
        lines = tuple(f"{COMMAND} {fields(command)} – {command.help}" for command in COMMANDS.values())
        given = [filled_in(example, COMMANDS) for example in given]
    else:
        lines = tuple(f"{COMMAND} {usage(command)}: {command.help}" for command in COMMANDS.values())
    examples = "\n".join(f"{COMMAND} {example}" for example in given)
    place = "you, by direct message" if ask.asker.is_direct else "this channel"
    return Answer(
        f"I bring new arXiv papers to {place}.", (Part("Commands", lines), Part("For example", code=examples))
    )


_WORDS = "words, and phrases in quotes"
_TABLE = (
    ChatCommand(
        "follow",
        (
            Argument("words", Kind.WHAT, 'A topic that is offered, or words: "visual grounding" VLM'),
            Argument("authors", Kind.WORDS, 'Or papers by: "Ada Lovelace"', "by"),
            Argument("query", Kind.QUERY, 'In place of words: ti:"visual grounding" ANDNOT abs:medical', "query"),
            Argument("exclude", Kind.WORDS, "But not papers with these words", "not"),
            Argument("categories", Kind.CATEGORIES, "Which mailings: cs.CV cs.CL", "in"),
            Argument("title", Kind.TITLE, "What it is called; one that is there already is changed", "as"),
        ),
        "Follow a topic that is offered, or make one of words, authors or a query.",
        changing.follow,
        changes=True,
        example='follow "visual grounding" in cs.CV cs.CL as grounding',
    ),
    ChatCommand(
        "unfollow",
        (Argument("topic", Kind.FOLLOWED, "its name; everything forgets the whole subscription", is_required=True),),
        "Follow a topic no more.",
        changing.unfollow,
        changes=True,
        example="unfollow grounding",
    ),
    ChatCommand("topics", (), "What is followed here, and what is offered.", looking.topics),
    ChatCommand(
        "mute",
        (Argument("words", Kind.WORDS, _WORDS, is_required=True),),
        "Show no papers with these words, in any topic.",
        changing.mute,
        changes=True,
        example="mute survey",
    ),
    ChatCommand(
        "unmute",
        (Argument("words", Kind.WORDS, _WORDS, is_required=True),),
        "Show papers with these words again.",
        changing.unmute,
        changes=True,
    ),
    ChatCommand(
        "hour",
        (
            Argument("hour", Kind.HOUR, "A time of day such as 08:30; any: as soon as the mailing is in"),
            Argument("weekdays", Kind.WEEKDAYS, "mon wed fri", "on"),
            Argument("zone", Kind.ZONE, "A time zone such as Europe/Berlin", "in"),
        ),
        "When digests come.",
        changing.hour,
        changes=True,
        example="hour 08:30 on mon wed fri in Europe/Berlin",
    ),
    ChatCommand(
        "pause",
        (Argument("until", Kind.DATE, "The first day that is not paused any more: 2026-12-24", "until"),),
        "Send nothing for a while.",
        changing.pause,
        changes=True,
    ),
    ChatCommand("resume", (), "Send digests again.", changing.resume, changes=True),
    ChatCommand("latest", (), "What the latest mailing has for what is followed here.", looking.latest, is_slow=True),
    ChatCommand(
        "search",
        (Argument("query", Kind.QUERY, 'ti:"visual grounding" ANDNOT abs:medical', is_required=True),),
        f"Search the papers of the last {looking.SEARCHED_DAYS} days.",
        looking.search,
        is_slow=True,
        example='search ti:"visual grounding" ANDNOT abs:medical',
    ),
    ChatCommand(
        "why",
        (Argument("identifier", Kind.IDENTIFIER, "2504.10757, or the paper's link", is_required=True),),
        "Why a paper came here, or why not.",
        looking.why,
        is_slow=True,
        example="why 2504.10757",
    ),
    ChatCommand("saved", (), "The papers that you saved, as BibTeX.", looking.saved),
    ChatCommand(
        "forget",
        (),
        "Forget what was said of papers shown here, saved ones too: their order is learned anew.",
        changing.forget,
        changes=True,
    ),
    ChatCommand("help", (), "What can be said.", help_),
)
COMMANDS: Mapping[str, ChatCommand] = {command.name: command for command in _TABLE}
