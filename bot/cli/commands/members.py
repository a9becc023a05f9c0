"""`paperboy members`: lists, shows, exports and removes self-service subscribers; addresses only if asked for."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.application import opened
from bot.cli.configuration import load_settings
from bot.cli.options import ConfigOption, JsonOption
from bot.cli.output import say, say_on_stderr, table, to_json, when
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
    settings = load_settings(config)
    found = asyncio.run(_list(settings))
    if as_json:
        listed = [{"key": member.key, "state": state, "topics": _titles(member)} for member, state in found]
        sys.stdout.write(to_json(listed) + "\n")
    elif found:
        rows = [[member.key, ", ".join(_titles(member)), _hour(member), state] for member, state in found]
        table(rows, heads=("key", "topics", "hour", "state"), state=3)
    else:
        say_on_stderr("Nobody subscribed by themselves.")


async def _list(settings: Settings) -> list[tuple[Member, str]]:
    async with opened(settings, must_exist=True) as app:
        roster = app.roster.whole(app.clock.now())
        with app.store.snapshot() as view:
            return [(member, _state(member, roster)) for member in view.members.all()]


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


def _titles(member: Member) -> tuple[str, ...]:
    return titles(member.topics)


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
    member, state = asyncio.run(_show(settings, who))
    zone = settings.timezone
    rows = [
        ("key", member.key),
        ("address", member.destination.reveal() if address else "not shown; --address shows it"),
        ("state", state),
        ("topics", ", ".join(_titles(member))),
        ("muted", ", ".join(member.muted)),
        ("hour", _hour(member)),
        ("asked for", f"{when(member.asked_at, zone)}, on {member.how}"),
        ("confirmed", when(member.confirmed_at, zone)),
        ("paused until", str(member.paused_until or "")),
    ]
    table([name, value] for name, value in rows if value)


async def _show(settings: Settings, who: str) -> tuple[Member, str]:
    async with opened(settings, must_exist=True) as app:
        member = _find(app, who)
        return member, _state(member, app.roster.of([member.key], app.clock.now()))


def export(
    who: Annotated[
        str | None, typer.Argument(metavar="WHO", help="Its key, or its mail address; all if there is none.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Write all that is known of a reader as JSON.

    With the address and the feedback: what a reader may ask for. A line for each; without WHO, of all.
    """
    settings = load_settings(config)
    asyncio.run(_export(settings, who))


async def _export(settings: Settings, who: str | None) -> None:
    async with opened(settings, must_exist=True) as app:
        if who is None:
            with app.store.snapshot() as view:
                members = list(view.members.all())
        else:
            members = [_find(app, who)]
        for member in members:
            known = known_of(app.context, member.mailbox) if member.mailbox else self_service(member)
            sys.stdout.write(to_json(known) + "\n")


def remove(who: WhoArgument, config: ConfigOption = None) -> None:
    """Forget a self-service subscriber.

    Its address, its topics and its feedback; what waits for it is not sent.
    """
    settings = load_settings(config)
    asyncio.run(_remove(settings, who))


async def _remove(settings: Settings, who: str) -> None:
    async with opened(settings, must_exist=True) as app:
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
