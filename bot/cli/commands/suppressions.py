"""`paperboy suppressions`: lists, adds, lifts and exports suppressions; the store has only hashes of mailboxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.application import load_settings, opened
from bot.cli.options import ConfigOption, JsonOption
from bot.cli.output import plural, say, say_json, say_on_stderr, table
from bot.members.commands import lift as lift_one
from bot.members.commands import unsubscribe
from bot.members.mailbox import mailbox_key
from bot.store.suppressions import Via

if TYPE_CHECKING:
    from bot.app import App
    from bot.settings import Settings
    from bot.store.suppressions import Suppression

_SHORT = 8
"""The number of characters of a key that are shown."""


def list_suppressions(config: ConfigOption = None, *, as_json: JsonOption = False) -> None:
    """List who is not written to, and why.

    The key of each mailbox, the reason, how and when it was heard, and whose mail it was.
    """
    found = _all(load_settings(config))
    if as_json:
        say_json(found)
    elif found:
        rows = [
            [each.key[:_SHORT], each.reason, each.how, f"{each.since:%Y-%m-%d}", each.subscriber or "not known"]
            for each in found
        ]
        table(rows, heads=("key", "reason", "heard by", "since", "subscriber"))
    else:
        say_on_stderr("Everybody may be written to.")


def _all(settings: Settings) -> tuple[Suppression, ...]:
    with opened(settings) as app, app.store.snapshot() as view:
        return view.suppressions.all()


def add(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Whose reader said no, by mail or by word.")],
    config: ConfigOption = None,
) -> None:
    """Write to a mailbox no more.

    For a reader who told you, rather than Paperboy. What waits for the mailbox is not sent.
    """
    with opened(load_settings(config), must_exist=False) as app:
        found = unsubscribe(app.context, _mailbox(address), Via.COMMAND, app.clock.now())
    waited = f"; {plural(found.dropped, 'message')} that waited for it will not be sent" if found.dropped else ""
    say(f"It is not written to any more{waited}.")


def lift(
    which: Annotated[str, typer.Argument(metavar="KEY", help="Its key or how it begins, or the mail address.")],
    config: ConfigOption = None,
) -> None:
    """Lift a suppression, because its reader wishes so.

    The subscriber begins with the latest mailing.
    """
    with opened(load_settings(config)) as app:
        found = _find(app, which)
        lift_one(app.context, found.key)
        say(f"{found.key[:_SHORT]} ({found.reason}) is lifted.")


def _find(app: App, which: str) -> Suppression:
    """The suppression with this key, prefix of a key, or address.

    Raises:
        BadParameter: there is none, or there are several.
    """
    with app.store.snapshot() as view:
        if "@" in which:
            by_address = view.suppressions.find(app.context.keys.suppression(_mailbox(which)))
            found = [] if by_address is None else [by_address]
        else:
            found = list(view.suppressions.beginning_with(which)) if which else []
    if len(found) != 1:
        why = f"several begin with {which}: give more of it" if found else "there is no such suppression"
        raise typer.BadParameter(why, param_hint="'KEY'")
    return found[0]


def _mailbox(address: str) -> str:
    try:
        return mailbox_key(address)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="'ADDRESS'") from error


def export(config: ConfigOption = None) -> None:
    """Write all suppressions as JSON, a line for each.

    Of use with the same `web.secret` alone: the keys are hashes under it.
    """
    for each in _all(load_settings(config)):
        say_json(each)
