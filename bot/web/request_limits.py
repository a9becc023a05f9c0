"""Limits on requests per client address and network, kept in the store, so that all machines count together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from bot.store.request_limits import Rate
from bot.web.forms import RequestError

if TYPE_CHECKING:
    from datetime import datetime

    from bot.members.context import Context
    from bot.web.client_address import Client


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates of one kind of request."""

    name: str
    address: Rate
    network: Rate
    """Higher than that of one address, because a network may be a whole institute."""


_HOUR, _MINUTES = timedelta(hours=1), timedelta(minutes=10)
SIGNUP = Rates("signup", Rate(20, _HOUR), Rate(60, _HOUR))
PREVIEW = Rates("preview", Rate(120, _MINUTES), Rate(360, _MINUTES))
CHANGE = Rates("change", Rate(120, _MINUTES), Rate(600, _MINUTES))


def take(readers: Context, rates: Rates, client: Client, now: datetime) -> None:
    """Counts one request.

    Args:
        readers: has the store, and the keys that hash an address.
        rates: the rates.
        client: the client.
        now: the moment, UTC.

    Raises:
        RequestError: there were too many; with the seconds to wait.
        StoreError: the store cannot be used.
    """
    with readers.store.transaction() as transaction:
        waits = [
            transaction.take(f"{rates.name}:{readers.keys.person('ip', where)[0]}", rate, now)
            for where, rate in ((client.network, rates.network), (client.address, rates.address))
        ]
    if any(waits):
        raise RequestError(HTTPStatus.TOO_MANY_REQUESTS, retry_after=max(waits))
