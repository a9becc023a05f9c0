"""The host name that we give a mail relay in EHLO: https://www.rfc-editor.org/rfc/rfc5321#section-4.1.1.1."""

from __future__ import annotations

import asyncio
import re
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.channels.mail.settings import MailSettings

_FULL_NAME = re.compile(r"(?=.{4,255}$)(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z][A-Za-z0-9-]{1,62}")
_PLACEHOLDER_DOMAINS = ("localhost.localdomain", ".localdomain")


async def hello_name(settings: MailSettings) -> str:
    """`channels.mail.hello`, else this machine's full name, else the sender's domain."""
    if settings.hello is not None:
        return settings.hello
    return default_hello(await asyncio.to_thread(socket.getfqdn), settings.mailbox.domain)


def default_hello(host: str, sender_domain: str) -> str:
    """The machine's name if it is a full one and not a `localdomain`, which many relays refuse; else the sender's.

    Args:
        host: the machine's name.
        sender_domain: the domain to use instead.
    """
    return host if _FULL_NAME.fullmatch(host) and not host.endswith(_PLACEHOLDER_DOMAINS) else sender_domain
