"""A reader in the demo, who signs up on the page, confirms by mail, and unsubscribes with her mail program's button.

Sends HTTP requests to the pages as a browser and a mail program do; does not use the program's code.
"""

from __future__ import annotations

import email
import email.policy
import re
import socket
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import aiohttp

if TYPE_CHECKING:
    from email.message import EmailMessage

    from bot.demo.servers.smtp import SmtpReceiver
    from bot.settings import Settings

ADDRESS = "carol@example.org"
_STYLE = re.compile(r'<link rel="stylesheet" href="([^"]+)">')
_LINK = re.compile(r"<(?:link|script)[^>]*>(?:</script>)?")


def free_address() -> str:
    """A free HOST:PORT on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return f"127.0.0.1:{found.getsockname()[1]}"


def _newest(mail: SmtpReceiver) -> EmailMessage:
    """The newest mail to her."""
    letters = [message.data for message in mail.messages if ADDRESS in message.rcpt]
    return email.message_from_bytes(letters[-1], policy=email.policy.default)


class Reader:
    """The reader's steps, one per method; each returns the page that she sees, with its style inlined."""

    def __init__(self, settings: Settings) -> None:
        """Take the configuration, for the URL of the pages and the topics to subscribe to."""
        if settings.web is None:
            raise ValueError("without `web:` there is no page")
        self._web = settings.web
        self._url = settings.web.url

    async def sign_up(self) -> tuple[str, str]:
        """Fills in the sign-up form. Returns the form, and the page after it."""
        fields = [("address", ADDRESS), *(("topic", topic) for topic in self._web.signup)]
        return await self._open("GET", f"{self._url}/"), await self._open("POST", f"{self._url}/", fields)

    async def confirm(self, mail: SmtpReceiver) -> str:
        """Follows the link in the newest mail to her, and presses the button there."""
        return await self._open("POST", self._link(mail, "confirm"))

    async def unsubscribe(self, mail: SmtpReceiver) -> str:
        """Presses her mail program's unsubscribe button, which the headers of the newest mail define (RFC 8058)."""
        headers = _newest(mail)
        found = re.match(r"<(https?://[^>]+)>", headers["List-Unsubscribe"])
        if found is None:
            raise LookupError("her mail names no page to unsubscribe")
        # Mail programs show the button for https only; on loopback she sends the same request.
        said = headers["List-Unsubscribe-Post"] or "List-Unsubscribe=One-Click"
        return await self._open("POST", found[1], parse_qsl(said))

    def _link(self, mail: SmtpReceiver, what: str) -> str:
        body = _newest(mail).get_body(("plain",))
        found = re.search(rf"{re.escape(self._url)}/{what}/[\w-]+", body.get_content() if body else "")
        if found is None:
            raise LookupError(f"her mail has no link to {what}")
        return found[0]

    async def _open(self, method: str, url: str, fields: list[tuple[str, str]] | None = None) -> str:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            async with session.request(method, url, data=fields, allow_redirects=False) as answer:
                answer.raise_for_status()
                page = await answer.text()
            root = "" if url == f"{self._url}/" else "../"
            style = ""
            for name in _STYLE.findall(page):
                async with session.get(f"{self._url}/{name.removeprefix(root)}") as found:
                    style += await found.text()
        return _LINK.sub("", page).replace("</head>", f"<style>{style}</style></head>")
