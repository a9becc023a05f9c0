"""The web application: its routes."""

from __future__ import annotations

import asyncio
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from aiohttp import ETag, web
from aiohttp.helpers import ETAG_ANY

from bot.members.links import Purpose
from bot.web import feedback, health, own_data, preferences, signup, unsubscribe
from bot.web.answering import EVEN_SECONDS, LONGEST_WAIT_SECONDS, Answering
from bot.web.forms import MOST_BYTES, RequestError
from bot.web.headers import CACHE_IMMUTABLE, CACHE_REVALIDATE, SITE_POLICY, headers
from bot.web.page import Route
from bot.web.request_limits import CHANGE, SIGNUP

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.web.answering import Handler
    from bot.web.served import Served

log = structlog.get_logger(__name__)

_TOKEN = "{token:[A-Za-z0-9_-]{1,400}}"  # noqa: S105 - a path's pattern

ROUTES = (
    Route("/", signup.form, signup.send, signup.preview, rates=SIGNUP, evenly=True),
    Route(
        f"/confirm/{_TOKEN}",
        signup.confirmation,
        signup.confirmed,
        purpose=Purpose.CONFIRM,
        unknown=signup.expired,
        rates=CHANGE,
    ),
    Route(
        f"/preferences/{_TOKEN}",
        preferences.page,
        preferences.send,
        preferences.preview,
        purpose=Purpose.PREFERENCES,
        rates=CHANGE,
    ),
    Route(
        f"/unsubscribe/{_TOKEN}",
        unsubscribe.question,
        unsubscribe.send,
        purpose=Purpose.UNSUBSCRIBE,
        unknown=unsubscribe.unknown,
    ),
    Route(f"/undo/{_TOKEN}", unsubscribe.undo_question, unsubscribe.undo, purpose=Purpose.UNSUBSCRIBE, rates=CHANGE),
    Route(f"/feedback/{_TOKEN}", feedback.question, feedback.send, purpose=Purpose.FEEDBACK, rates=CHANGE),
    Route(f"/export/{_TOKEN}", own_data.export, purpose=Purpose.PREFERENCES),
    Route(f"/saved/{_TOKEN}", own_data.saved_as_bibtex, purpose=Purpose.PREFERENCES),
    Route(f"/delete/{_TOKEN}", own_data.question, own_data.forget, purpose=Purpose.PREFERENCES, rates=CHANGE),
    Route("/healthz", health.health),
)


def make_app(
    served: Callable[[], Served],
    *,
    even_seconds: float = EVEN_SECONDS,
    longest_wait_seconds: float = LONGEST_WAIT_SECONDS,
) -> web.Application:
    """Makes the application.

    Args:
        served: returns the current configuration's pages; called for each request, so that it can be changed.
        even_seconds: the time after which the sign-up form is answered, whatever there was to do.
        longest_wait_seconds: the longest wait of an unsubscription's answer for messages that are being sent.
    """
    answering = Answering(served, even_seconds=even_seconds, longest_wait_seconds=longest_wait_seconds)
    app = web.Application(middlewares=[answering.errors], client_max_size=MOST_BYTES)
    for route in ROUTES:
        handler = partial(answering.answer, route)
        get = _or_front_page(served, handler) if route.path == "/" else handler
        app.router.add_get(route.path, get)
        if route.post is not None:
            app.router.add_post(route.path, handler)
    app.router.add_get("/{path:.+}", partial(_file, served))
    return app


def _or_front_page(served: Callable[[], Served], handler: Handler) -> Handler:
    """The handler of `/`: the sign-up form; or the site's front page, if it is served and nobody may sign up."""

    async def handle(request: web.Request) -> web.StreamResponse:
        settings = served().web
        return await (_file(served, request) if settings.site and not settings.signup else handler(request))

    return handle


async def _file(served: Callable[[], Served], request: web.Request) -> web.StreamResponse:
    """Answers with a file: assets of the pages, or of the site if it is served; 304 if the browser has it already."""
    present = served()
    try:
        found = await asyncio.to_thread(present.files.read, request.match_info.get("path", "index.html"))
    except OSError as error:
        log.warning("a file cannot be read", reason=error.strerror)
        raise RequestError(HTTPStatus.NOT_FOUND) from None
    if found is None:
        raise RequestError(HTTPStatus.NOT_FOUND)
    cache = CACHE_IMMUTABLE if found.is_kept else CACHE_REVALIDATE
    response = web.Response(headers=headers(present.web, policy=SITE_POLICY, cache=cache))
    response.etag = ETag(found.mark, is_weak=True)  # weak, for it is the same whether or not it is compressed
    response.headers["Vary"] = "Accept-Encoding"
    if any(known.value in (found.mark, ETAG_ANY) for known in request.if_none_match or ()):
        response.set_status(HTTPStatus.NOT_MODIFIED)
        return response
    response.body = found.content
    response.content_type, response.charset = found.content_type, "utf-8"
    if found.can_be_compressed:
        response.enable_compression()
    return response
