"""`paperboy deliveries`: lists, shows, retries and drops deliveries in the outbox.

A delivery can be named by the beginning of its id, like a commit in git.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.channels.mail import mime
from bot.cli.application import load_settings, opened, subscriber_names
from bot.cli.errors import ExitCode
from bot.cli.options import ConfigOption, JsonOption
from bot.cli.output import plural, say, say_json, say_on_stderr, table, when
from bot.deliver.addressing import Unreachable, find_address
from bot.model import DeliveryState
from bot.store.outbox.manual import RefusedError
from bot.store.outbox.policy import Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.app import App
    from bot.model import Limits
    from bot.settings import Settings
    from bot.store.outbox.queries import DeliveryDetail, DeliveryRecord, OutboxQueries

_RECENT = timedelta(days=7)
_STATES = "pending, sending, unknown, held, sent, dead, dropped, withdrawn"

IdsArgument = Annotated[list[str], typer.Argument(metavar="ID", help="The ids, or how they begin.")]


# -- list --------------------------------------------------------------------------------------------------------


def list_deliveries(
    config: ConfigOption = None,
    *,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", metavar="STATE", help=f"Only those in this state: {_STATES}; may be repeated."),
    ] = None,
    subscriber: Annotated[
        str | None,
        typer.Option("--subscriber", metavar="NAME", help="Only this one's.", autocompletion=subscriber_names),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what is over and done.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List what is open or was given up lately.

    Lately is in the last seven days.
    """
    settings = load_settings(config)
    states = _states(state or ())
    with opened(settings) as app:
        queries, short = app.store.queries, app.store.queries.id_length()
        wanted = states or everything
        records = queries.all(*states) if wanted else queries.current(app.clock.now() - _RECENT)
    chosen = [record for record in records if subscriber in (None, record.subscriber)]
    if as_json:
        say_json(chosen)
    elif chosen:
        rows = [_row(record, short, settings) for record in chosen]
        table(rows, heads=("id", "subscriber", "digest", "composed", "state"), state=4)
    else:
        say_on_stderr(
            "There is no such delivery." if state or subscriber or everything else "Nothing is left to deliver."
        )


def _states(names: Sequence[str]) -> tuple[DeliveryState, ...]:
    try:
        return tuple(DeliveryState(name) for name in names)
    except ValueError:
        raise typer.BadParameter(f"one of {_STATES} is expected", param_hint="'--state'") from None


def _row(record: DeliveryRecord, short: int, settings: Settings) -> list[str]:
    tries = f", {plural(record.tries, 'try', 'tries')}" if record.tries else ""
    return [
        record.id[:short],
        record.subscriber,
        f"{record.title} {record.part}/{record.parts}",
        when(record.created_at, settings.timezone),
        f"{record.state.value}{tries}{f': {record.reason}' if record.reason else ''}",
    ]


# -- show --------------------------------------------------------------------------------------------------------


def show(
    delivery: Annotated[str, typer.Argument(metavar="ID", help="Its id, or how it begins.")],
    config: ConfigOption = None,
    *,
    payload: Annotated[bool, typer.Option("--payload", help="Also the message itself, as it was composed.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show everything that is stored of a delivery.

    Addresses and secrets are not stored.
    """
    settings = load_settings(config)
    with opened(settings) as app:
        (delivery_id,) = _identified([delivery], app.store.queries)
        detail = app.store.queries.detail(delivery_id, texts=payload)
        place = _place(detail, app.roster.of([detail.record.subscriber], app.clock.now()))
    if as_json:
        say_json(detail)
    else:
        _print(detail, place, settings)
        if payload:
            _print_texts(detail)


def _print(detail: DeliveryDetail, place: str, settings: Settings) -> None:
    record, zone = detail.record, settings.timezone
    rows = [
        ("id", record.id),
        ("subscriber", record.subscriber),
        ("channel", record.channel),
        ("address", place),
        ("digest", f"{record.title} ({detail.digest})"),
        ("part", f"{record.part} of {record.parts}"),
        ("state", record.state.value),
        ("reason", record.reason),
        ("tries", str(record.tries)),
        ("senders died", str(detail.deaths) if detail.deaths else None),
        ("form", "plain, for the rich one was refused" if detail.plain else "as composed"),
        ("composed", when(record.created_at, zone)),
        ("not before", when(record.not_before, zone) if record.not_before else None),
        ("settled", when(record.settled_at, zone) if record.settled_at else None),
        ("being sent by", detail.owner),
        ("until at most", when(detail.lease_until, zone) if detail.lease_until else None),
        ("their id", detail.platform_id),
        *(("" if index else "papers", paper) for index, paper in enumerate(detail.papers)),
        ("text", "pruned, it is older than `keep_days`" if detail.pruned else None),
    ]
    table([name, value] for name, value in rows if value)


def _place(detail: DeliveryDetail, settings: Settings) -> str:
    """Which of the subscriber's addresses it goes to, by number; the address is not shown."""
    subscriber = settings.subscribers.get(detail.record.subscriber)
    recipients = subscriber.recipients if subscriber else ()
    suppressed = subscriber.suppressed if subscriber else ()
    why = next((each.why for each in suppressed if each.address.key == detail.recipient), None)
    if why is not None:
        return f"not written to: {why}"
    if detail.recipient not in recipients:
        return "no longer in the configuration"
    if subscriber and subscriber.is_self_service:
        return "its reader's own"
    return f"number {recipients.index(detail.recipient) + 1} of {len(recipients)} in the configuration"


def _print_texts(detail: DeliveryDetail) -> None:
    for name, body in (("As composed", detail.payload), ("Plain", detail.plain_payload)):
        if body is not None:
            say(name)
            sys.stdout.write(json.dumps(_readable(body), indent=2) + "\n")


def _readable(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The payload for people: a mail's texts instead of its encoded form."""
    if "entity" not in body:
        return body
    return {"subject": body["subject"], **mime.texts(body["entity"])}


# -- retry and drop ----------------------------------------------------------------------------------------------


def retry(
    ids: IdsArgument,
    config: ConfigOption = None,
    *,
    sent: Annotated[
        bool, typer.Option("--sent", help="Also what is sent already: its readers see it a second time.")
    ] = False,
) -> None:
    """Have the next run send them after all.

    For deliveries that are dead, held, unknown, dropped or waiting; with --sent also for one that is sent. Each keeps
    its text and its id; its address is tried again even if it refused messages. If the first attempt arrived after
    all, the reader may see the message twice.
    """
    settings = load_settings(config)

    def again(app: App, record: DeliveryRecord) -> str:
        if record.state is DeliveryState.SENT and not sent:
            raise RefusedError(record.id, "is sent; --sent sends it a second time")
        detail = app.store.queries.detail(record.id)
        app.store.manual.retry(record.id, _limits(app, detail), sent_too=sent)
        return f"was {record.state.value}, goes out with the next run"

    _decide(settings, ids, again)


def drop(
    ids: IdsArgument,
    config: ConfigOption = None,
) -> None:
    """Give them up: they are never sent.

    What they tell of counts as told.
    """
    settings = load_settings(config)

    def never(app: App, record: DeliveryRecord) -> str:
        app.store.manual.drop(record.id, app.clock.now())
        return f"was {record.state.value}, is given up"

    _decide(settings, ids, never)


def _decide(settings: Settings, ids: Sequence[str], decision: Callable[[App, DeliveryRecord], str]) -> None:
    """Does the action to each delivery and prints the result; one that is refused does not stop the others."""
    code = ExitCode.DONE
    with opened(settings) as app:
        queries = app.store.queries
        short = queries.id_length()
        for delivery_id in _identified(ids, queries):
            record = queries.detail(delivery_id).record
            what = f"{record.id[:short]} ({record.subscriber}, {record.title} {record.part}/{record.parts})"
            try:
                say(f"{what} {decision(app, record)}")
            except RefusedError as error:
                say_on_stderr(f"{what} {error.reason}.")
                code = ExitCode.LEFT_UNDONE
    sys.exit(code)


def _identified(prefixes: Sequence[str], queries: OutboxQueries) -> tuple[str, ...]:
    """The ids of the deliveries with these prefixes, each once.

    Raises:
        BadParameter: one of them is unknown or ambiguous.
    """
    found: dict[str, None] = {}
    for prefix in prefixes:
        ids = queries.ids_beginning_with(prefix) if prefix else ()
        if len(ids) != 1:
            why = f"several begin with {prefix}: give more of it" if ids else f"there is no delivery {prefix!r}"
            raise typer.BadParameter(why, param_hint="'ID'")
        found[ids[0]] = None
    return tuple(found)


def _limits(app: App, detail: DeliveryDetail) -> Limits | None:
    """The limits of its address in today's configuration; None if it goes to a new address.

    Raises:
        RefusedError: it has no address any more; the next run will withdraw or drop it.
    """
    record = detail.record
    roster = app.roster.of([record.subscriber], app.clock.now())
    found = find_address(Lane(record.subscriber, detail.recipient), record.channel, app.store, roster)
    if isinstance(found, Unreachable):
        raise RefusedError(record.id, f"cannot be sent: {found.reason}")
    return None if found.moved else app.channels[record.channel].limits(found.address)
