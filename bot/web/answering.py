"""Answers requests: reads the client, the form and the link, calls a page function in a thread, renders its page.

The only module that knows both HTTP and the page functions. It never logs a path with a token, or an address.
"""

from __future__ import annotations

import asyncio
from http import HTTPMethod, HTTPStatus
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from bot.errors import StoreError
from bot.members.commands import count_being_sent
from bot.members.links import verify
from bot.members.store_thread import BusyError
from bot.web.client_address import client
from bot.web.forms import Form, RequestError, read_form
from bot.web.headers import headers
from bot.web.page import Document, Page, PageRequest
from bot.web.request_limits import PREVIEW, take
from bot.web.sentences import FormMessage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.web.page import Route
    from bot.web.served import Served

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger(__name__)

BODY_SECONDS = 10.0
"""The longest time in which a request's body has to arrive."""
EVEN_SECONDS = 0.6
"""The time after which a form is answered whose answer's timing must tell nothing; longer than any way through it."""
LONGEST_WAIT_SECONDS = 5.0
"""The longest wait of an unsubscription's answer for messages that are being sent."""
_LOOK_AGAIN_SECONDS = 0.05


class Answering:
    """Answers the requests of all routes."""

    def __init__(
        self,
        served: Callable[[], Served],
        *,
        even_seconds: float = EVEN_SECONDS,
        longest_wait_seconds: float = LONGEST_WAIT_SECONDS,
    ) -> None:
        """Take a function that returns the current configuration's pages; called for each request."""
        self._served = served
        self._even_seconds = even_seconds
        self._longest_wait_seconds = longest_wait_seconds
        self._failures: dict[tuple[HTTPStatus, bool], str] = {}
        """Pages of failures that were drawn already, by status and by whether they stand one folder deeper."""
        self._failures_of: Served | None = None
        """Whose they are."""

    @web.middleware
    async def errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Middleware that turns every failure into a page, and adds the headers of all answers."""
        served, loop = self._served(), asyncio.get_running_loop()
        started = loop.time()
        try:
            response = await handler(request)
        except web.HTTPException as error:  # no such path, a method that it does not have, a body that is too large
            response = await self._failed(served, request, HTTPStatus(error.status))
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
        except BusyError as error:
            response = await self._failed(
                served, request, HTTPStatus.SERVICE_UNAVAILABLE, retry_after=error.retry_after
            )
        except RequestError as error:
            response = await self._failed(served, request, error.status, retry_after=error.retry_after)
        except StoreError as error:
            log.warning("the store cannot be used", store=error.store, reason=error.reason)
            response = await self._failed(served, request, HTTPStatus.SERVICE_UNAVAILABLE, retry_after=5.0)
        except Exception:
            log.exception("a page failed", route=_name(request))
            response = await self._failed(served, request, HTTPStatus.INTERNAL_SERVER_ERROR)
        took = round(1000 * (loop.time() - started))
        log.debug("answered", route=_name(request), method=request.method, status=response.status, ms=took)
        return response

    # -- one request ---------------------------------------------------------------------------------------------

    async def answer(self, route: Route, request: web.Request) -> web.StreamResponse:
        """Answers a request of any method of the route."""
        served, loop = self._served(), asyncio.get_running_loop()
        started = loop.time()
        is_post = request.method == HTTPMethod.POST
        form = await _form(request) if is_post else Form()
        now = served.clock.now()
        token = request.match_info.get("token", "")
        payload = verify(served.web.secret, route.purpose, token, now) if route.purpose else b""
        page_request = PageRequest(
            readers=served.readers,
            now=now,
            token=token,
            payload=payload or b"",
            query=request.query,
            form=form,
            client=client(_peer(request), request.headers.getall("X-Forwarded-For", ()), served.web.trusted_proxies),
            is_post=is_post,
        )
        function = _unknown(route) if payload is None else _function(route, page_request)
        page = await self._run(served, route, page_request, function)
        if isinstance(page, Document):
            return _document(served, page, has_token=bool(token))
        if page.changed:
            served.wake()
        if page.stopped is not None:
            await self._wait_until_nothing_is_sent(served, page.stopped)
        text = await asyncio.to_thread(served.render, page, root="../" if token else "")
        if is_post and route.evenly:
            await asyncio.sleep(max(0.0, started + self._even_seconds - loop.time()))
        return _html(served, text, page.status, has_token=bool(token))

    @staticmethod
    async def _run(
        served: Served, route: Route, page_request: PageRequest, function: Callable[[PageRequest], Page | Document]
    ) -> Page | Document:
        """Counts the request against its limits, then calls the page function, both in a thread."""
        is_preview = function is route.preview
        rates = None if not page_request.is_post else PREVIEW if is_preview else route.rates

        def count_and_run() -> Page | Document:
            if rates is not None:
                take(page_request.readers, rates, page_request.client, page_request.now)
            return function(page_request)

        threads = served.threads
        thread = threads.previews if is_preview else threads.commands if page_request.is_post else threads.reading
        return await thread.run(page_request.readers.store, count_and_run)

    async def _wait_until_nothing_is_sent(self, served: Served, mailbox: str) -> None:
        """Waits for messages that were being sent when the reader unsubscribed, at most `LONGEST_WAIT_SECONDS`."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._longest_wait_seconds
        while loop.time() < until:
            if not await served.threads.reading.run(
                served.readers.store, lambda: count_being_sent(served.readers, mailbox)
            ):
                return
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def _failed(
        self, served: Served, request: web.Request, status: HTTPStatus, *, retry_after: float | None = None
    ) -> web.Response:
        has_token = "token" in request.match_info
        response = _html(served, await self._failure(served, status, has_token), status, has_token=has_token)
        if retry_after is not None:
            response.headers["Retry-After"] = str(int(retry_after) + 1)
        return response

    async def _failure(self, served: Served, status: HTTPStatus, has_token: bool) -> str:  # noqa: FBT001 - a key
        """The page, drawn once: where there is too much to do, none is drawn for whoever is to come again."""
        if self._failures_of is not served:
            self._failures_of, self._failures = served, {}
        if (status, has_token) not in self._failures:
            said = FormMessage(*_SAID.get(status, _NOT_FOUND), good=False)
            page = Page("message", {"title": status.phrase, "said": said})
            drawn = await asyncio.to_thread(served.render, page, root="../" if has_token else "")
            self._failures[status, has_token] = drawn
            return drawn
        return self._failures[status, has_token]


_NOT_FOUND = ("There is no such page.", ("A link may have lost its end on the way: copy all of it.",))
_FAULT = ("Something went wrong here.", ("Nothing was changed. Please try again later.",))
_SAID = {
    HTTPStatus.NOT_FOUND: _NOT_FOUND,
    HTTPStatus.BAD_REQUEST: ("This form cannot be read.", ("Nothing was changed.",)),
    HTTPStatus.METHOD_NOT_ALLOWED: ("This cannot be done here.", ("Nothing was changed.",)),
    HTTPStatus.REQUEST_TIMEOUT: ("The form took too long to arrive.", ("Nothing was changed.",)),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("This is too much at once.", ("Nothing was changed.",)),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("This is no form.", ("Nothing was changed.",)),
    HTTPStatus.TOO_MANY_REQUESTS: ("That was a bit often.", ("Please try again later. Nothing was changed.",)),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Busy just now.", ("Please try again in a moment.",)),
    HTTPStatus.INTERNAL_SERVER_ERROR: _FAULT,
}


def _function(route: Route, page_request: PageRequest) -> Callable[[PageRequest], Page | Document]:
    """The page function for the request."""
    if not page_request.is_post or route.post is None:
        return route.get
    return route.preview if route.preview and page_request.form.one("do") == "preview" else route.post


def _unknown(route: Route) -> Callable[[PageRequest], Page]:
    """The page function for an invalid link."""
    if route.unknown is None:
        raise RequestError(HTTPStatus.NOT_FOUND)
    return route.unknown


async def _form(request: web.Request) -> Form:
    """Reads the form in the body."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await request.read()
    except TimeoutError:
        raise RequestError(HTTPStatus.REQUEST_TIMEOUT) from None
    return read_form(request.headers.get("Content-Type", ""), body)


def _peer(request: web.Request) -> str | None:
    """The address of the connection's other end; None for a unix socket."""
    name = request.transport.get_extra_info("peername") if request.transport else None
    return str(name[0]) if isinstance(name, tuple) else None


def _html(served: Served, text: str, status: HTTPStatus, *, has_token: bool) -> web.Response:
    found = headers(served.web, has_token=has_token)
    return web.Response(text=text + "\n", status=status, content_type="text/html", charset="utf-8", headers=found)


def _document(served: Served, page: Document, *, has_token: bool) -> web.Response:
    found = headers(served.web, has_token=has_token)
    if page.name is not None:
        found["Content-Disposition"] = f'attachment; filename="{page.name}"'
    content_type, status = page.content_type, page.status
    return web.Response(body=page.content, status=status, content_type=content_type, charset="utf-8", headers=found)


def _name(request: web.Request) -> str:
    """The route's pattern, for the log; never the path, which may contain a token."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"
