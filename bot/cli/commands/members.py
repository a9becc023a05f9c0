"""`paperboy members`: lists, shows, exports and removes self-service subscribers; addresses only if asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.application import load_settings, opened
from bot.cli.options import ConfigOption, JsonOption
from bot.cli.output import say, say_json, say_on_stderr, table, when
from bot.members.commands import delete
from bot.members.export import known_of, self_service, titles
from bot.members.mailbox import mailbox_key

if TYPE_CHECKING:
    from bot.app import App
    from bot.settings import Settings
    from bot.store.members import Member

WhoArgument = Annotated[str, typer.Argument(metavar="WHO", help="Its key, or its mail address.")]


def list_members(config: ConfigOption = None, *, as_json: JsonOption = False) -> None:
    """List the self-service subscribers.

    Their keys, what they follow and how they stand; no address.
    """
    with opened(load_settings(config)) as app:
        roster = app.roster.whole(app.clock.now())
        with app.store.snapshot() as view:
            found = [(member, _state(member, roster)) for member in view.members.all()]
    if as_json:
        say_json([{"key": member.key, "state": state, "topics": titles(member.topics)} for member, state in found])
    elif found:
        rows = [[member.key, ", ".join(titles(member.topics)), _hour(member), state] for member, state in found]
        table(rows, heads=("key", "topics", "hour", "state"), state=3)
    else:
        say_on_stderr("Nobody subscribed by themselves.")


def _state(member: Member, roster: Settings) -> str:
    subscriber = roster.subscribers.get(member.key)
    if subscriber is None or not subscriber.is_self_service:
        return f"left out: {member.channel} is not set up"
    if subscriber.suppressed:
        return f"not written to: {subscriber.suppressed[0].why}"
    if subscriber.unconfirmed:
        return "not confirmed yet"
    return "paused" if subscriber.paused else "subscribed"


def _hour(member: Member) -> str:
    return f"{member.at:%H:%M} {member.timezone}" if member.at else "as soon as it is in"


def show(
    who: WhoArgument,
    config: ConfigOption = None,
    *,
    address: Annotated[bool, typer.Option("--address", help="Also the address.")] = False,
) -> None:
    """Show one self-service subscriber.

    What it follows, when it is served, and since when.
    """
    settings = load_settings(config)
    with opened(settings) as app:
        member = _find(app, who)
        state = _state(member, app.roster.of([member.key], app.clock.now()))
    zone = settings.timezone
    rows = [
        ("key", member.key),
        ("address", member.destination.reveal() if address else "not shown; --address shows it"),
        ("state", state),
        ("topics", ", ".join(titles(member.topics))),
        ("muted", ", ".join(member.muted)),
        ("hour", _hour(member)),
        ("asked for", f"{when(member.asked_at, zone)}, on {member.how}"),
        ("confirmed", when(member.confirmed_at, zone)),
        ("paused until", str(member.paused_until or "")),
    ]
    table([name, value] for name, value in rows if value)


def export(
    who: Annotated[
        str | None, typer.Argument(metavar="WHO", help="Its key, or its mail address; all if there is none.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Write all that is known of a reader as JSON.

    With the address and the feedback: what a reader may ask for. A line for each; without WHO, of all.
    """
    with opened(load_settings(config)) as app:
        if who is None:
            with app.store.snapshot() as view:
                members = list(view.members.all())
        else:
            members = [_find(app, who)]
        for member in members:
            known = known_of(app.context, member.mailbox) if member.mailbox else self_service(member)
            say_json(known)


def remove(who: WhoArgument, config: ConfigOption = None) -> None:
    """Forget a self-service subscriber.

    Its address, its topics and its feedback; what waits for it is not sent.
    """
    with opened(load_settings(config)) as app:
        member = _find(app, who)
        delete(app.context, member.key, app.clock.now())
        say(f"{member.key} is forgotten.")


def _find(app: App, who: str) -> Member:
    """The member with this key or address.

    Raises:
        BadParameter: there is none.
    """
    with app.store.snapshot() as view:
        member = view.members.get(who)
        if member is None and "@" in who:
            try:
                member = view.members.of_mailbox(mailbox_key(who))
            except ValueError as error:
                raise typer.BadParameter(str(error), param_hint="'WHO'") from error
    if member is None:
        raise typer.BadParameter("there is no such self-service subscriber", param_hint="'WHO'")
    return member
