"""The argument and the results of page functions, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from bot.web.client_address import Client
from bot.web.forms import Form

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bot.members.context import Context
    from bot.members.links import Purpose
    from bot.settings import WebSettings
    from bot.web.request_limits import Rates


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML answer: a template of `templates/web/` and its values."""

    template: str
    values: Mapping[str, object] = field(default_factory=dict)
    status: HTTPStatus = HTTPStatus.OK
    changed: bool = False
    """Whether something was changed, so that the daemon should run at once."""
    stopped: str | None = None
    """The hash (hex) of a mailbox that was unsubscribed: the answer waits for messages that are being sent to it."""


@dataclass(frozen=True, slots=True)
class Document:
    """An answer that is data, such as JSON."""

    content: bytes
    content_type: str
    name: str | None = None
    """Its file name when it is saved."""
    status: HTTPStatus = HTTPStatus.OK


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One HTTP request, as the argument of a page function."""

    readers: Context
    now: datetime
    token: str = ""
    """The verified token in the path."""
    payload: bytes = b""
    """The token's payload."""
    query: Mapping[str, str] = field(default_factory=dict)
    """What stands behind the path's question mark."""
    form: Form = field(default_factory=Form)
    client: Client = field(default_factory=Client)
    is_post: bool = False
    """Whether it may change anything."""

    @property
    def web(self) -> WebSettings:
        """The configuration's `web:`."""
        web = self.readers.settings.web
        if web is None:
            raise ValueError("without `web:` there are no pages")
        return web

    @property
    def mailbox(self) -> str:
        """The mailbox of the link, as a hash in hex."""
        return self.payload.hex()


@dataclass(frozen=True, slots=True)
class Route:
    """One path with its page functions."""

    path: str
    get: Callable[[PageRequest], Page | Document]
    """Reads only."""
    post: Callable[[PageRequest], Page | Document] | None = None
    preview: Callable[[PageRequest], Page | Document] | None = None
    """Called instead of `post` if the form's `do` says so; reads only."""
    purpose: Purpose | None = None
    """The purpose that its token must have; None if it has no token."""
    unknown: Callable[[PageRequest], Page] | None = None
    """Called for an invalid or expired token; without it the answer is "not found"."""
    rates: Rates | None = None
    """How often one address may send its form."""
    evenly: bool = False
    """Whether its form is always answered after the same time, so that the timing tells nothing."""
