"""What a page function is given, and what it returns. Values only."""

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
    from bot.text.templates import Templates
    from bot.web.request_limits import Rates


@dataclass(frozen=True, slots=True)
class Page:
    """An answer as HTML: a template of `templates/web/` and what it is given."""

    template: str
    values: Mapping[str, object] = field(default_factory=dict)
    status: HTTPStatus = HTTPStatus.OK
    changed: bool = False
    """Whether something was changed that the verbs should look at now."""
    stopped: str | None = None
    """The mailbox, as a hash in hex, of which nothing may be on its way any more when the answer is given."""


@dataclass(frozen=True, slots=True)
class Document:
    """An answer that is data."""

    content: bytes
    content_type: str
    name: str | None = None
    """What it is called when it is kept."""
    status: HTTPStatus = HTTPStatus.OK


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, as a page function is given it."""

    readers: Context
    templates: Templates
    now: datetime
    token: str = ""
    """The path's, verified."""
    payload: bytes = b""
    """What the token says."""
    form: Form = field(default_factory=Form)
    client: Client = field(default_factory=Client)
    is_post: bool = False
    """Whether it may change anything."""

    @property
    def web(self) -> WebSettings:
        """The configuration's `web:`, without which no page is served."""
        web = self.readers.settings.web
        if web is None:
            raise ValueError("without `web:` there are no pages")
        return web

    @property
    def mailbox(self) -> str:
        """Whose link it is, as a hash in hex."""
        return self.payload.hex()


@dataclass(frozen=True, slots=True)
class Route:
    """One path, and what is done there."""

    path: str
    get: Callable[[Visit], Page | Document]
    """Reads only."""
    post: Callable[[Visit], Page | Document] | None = None
    preview: Callable[[Visit], Page | Document] | None = None
    """Answers its form in place of `post`, and reads only, where the form's `do` says so."""
    purpose: Purpose | None = None
    """What its token must be for; None if it has none."""
    unknown: Callable[[Visit], Page] | None = None
    """What is shown for a token that is not ours or too old, in place of "not found"."""
    rates: Rates | None = None
    """How often its form may be sent by one address."""
    evenly: bool = False
    """Whether its form is answered after the same time, whatever there was to do: who measures learns nothing."""
