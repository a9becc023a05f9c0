"""`channels.mail` of the configuration: how the relay is reached, and who the mails are from.

Knows nothing of connections or messages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ValidationInfo

from bot.channels.mail.mime import Mailbox, parse_mailbox
from bot.channels.mail.return_path import SAMPLE_TOKEN, TOKEN
from bot.settings import Secret, is_loopback

CONNECTIONS = 3
"""Several, so that a mail for which the relay takes minutes does not delay the others. Some relays allow no more."""
_MOST_CONNECTIONS = 100
_LAST_PORT = 65_535
_HELLO = re.compile(
    r"(?=.{1,255}$)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]{2,45}\]|\[IPv6:[0-9A-Fa-f:.]+\]"
)
"""A domain or an address literal: https://www.rfc-editor.org/rfc/rfc5321#section-4.1.3."""


def check_host(text: str) -> str:
    """A host name or IP address, without a port.

    Raises:
        ValueError: it is something else; the message says what is expected.
    """
    if "/" in text or (":" in text and not _is_address(text)):
        raise ValueError("a host's name alone is expected, like smtp.example.org: its port has its own setting")
    return text


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _in_folder(path: Path, info: ValidationInfo[Any]) -> Path:
    """The path, relative to the configuration's folder, as all paths in it."""
    return Path(info.context.folder, path.expanduser())


@dataclass(frozen=True, slots=True)
class MailSettings:
    """`channels.mail`: the relay and who the mails are from."""

    host: Annotated[str, AfterValidator(check_host)] = "localhost"
    port: int = 25
    security: Literal["tls", "starttls", "none"] = "none"
    username: str | None = None
    password: Secret | None = None
    sender: str = "Paperboy <paperboy@example.org>"
    hello: str | None = None
    """The name by which this machine greets the relay. Its own, or the sender's domain if that has no dot."""
    connections: int = CONNECTIONS
    """How many are open at once, at most."""
    return_path: str | None = None
    """Where mails come back to that cannot be delivered: an address, with `{token}` in it one for each mail. The
    sender's, if there is none."""
    bounces: Annotated[Path, AfterValidator(_in_folder)] | None = None
    """A Maildir that such mails are put into, to be read from there."""

    def __post_init__(self) -> None:
        """Checks the fields that depend on each other.

        Raises:
            ValueError: they do not fit together; the message names the setting.
        """
        if (self.username is None) != (self.password is None):
            given, absent = ("password", "username") if self.username is None else ("username", "password")
            raise ValueError(f"{given} is set but {absent} is not")
        if self.username is not None and self.security == "none" and not is_loopback(self.host):
            raise ValueError(f"security: none would send the password to {self.host} in clear; use starttls or tls")
        if not 0 < self.port <= _LAST_PORT:
            raise ValueError(f"port: {self.port} is not a port; mail uses 465 (tls), 587 (starttls) and 25")
        if not 0 < self.connections <= _MOST_CONNECTIONS:
            raise ValueError(f"connections: {self.connections} is not from 1 to {_MOST_CONNECTIONS}")
        if self.hello is not None and not _HELLO.fullmatch(self.hello):
            raise ValueError(
                f"hello: {self.hello!r} is not a machine's full name such as bot.example.org, nor [192.0.2.1]"
            )
        for name, text in (("sender", self.sender), ("return_path", self.return_path)):
            if text is not None:
                _check_own(name, text)

    @property
    def mailbox(self) -> Mailbox:
        """The parsed sender."""
        return parse_mailbox(self.sender)

    @property
    def has_tokens(self) -> bool:
        """Whether each mail has a return address of its own."""
        return self.return_path is not None and TOKEN in self.return_path

    def envelope_sender(self, token: str) -> str:
        """The return address of the mail with this token."""
        return self.mailbox.address if self.return_path is None else self.return_path.replace(TOKEN, token)


def _check_own(name: str, text: str) -> None:
    """Checks that it is an address that every relay takes as a sender.

    Raises:
        ValueError: it is not.
    """
    try:
        address = parse_mailbox(text.replace(TOKEN, SAMPLE_TOKEN)).address
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    if not address.isascii():
        raise ValueError(f"{name}: {address} has letters beyond ASCII before the @, which not every relay takes")
    if name == "return_path" and "<" in text:
        raise ValueError("return_path: an address alone is expected")
