"""The name in EHLO: the setting, the machine's own if it is a full one, else the sender's domain."""

from __future__ import annotations

import socket

import pytest

from bot.channels.mail.hello import default_hello, hello_name
from bot.channels.mail.settings import MailSettings


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("bot.example.net", "bot.example.net"),
        ("bot", "example.org"),
        ("", "example.org"),
        ("localhost.localdomain", "example.org"),
        ("bot.localdomain", "example.org"),
        ("192.0.2.1", "example.org"),
        ("bot.(none)", "example.org"),
        ("bot .example.net", "example.org"),
        ("a" * 64 + ".example.net", "example.org"),
    ],
)
def test_a_machine_without_a_full_name_greets_as_the_senders_domain(host: str, name: str) -> None:
    assert default_hello(host, "example.org") == name


async def test_the_setting_wins_over_the_machines_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: "bot.example.net")
    assert await hello_name(MailSettings()) == "bot.example.net"
    assert await hello_name(MailSettings(hello="mail.example.com")) == "mail.example.com"


@pytest.mark.parametrize("hello", ["mail.example.com", "bot", "[192.0.2.1]", "[IPv6:2001:db8::1]"])
def test_names_and_address_literals_are_taken(hello: str) -> None:
    assert MailSettings(hello=hello).hello == hello


@pytest.mark.parametrize("hello", ["", "two words", "a\r\nMAIL", "https://example.org", "mail..example", "x" * 256])
def test_what_is_no_name_is_refused(hello: str) -> None:
    with pytest.raises(ValueError, match="hello: "):
        MailSettings(hello=hello)
