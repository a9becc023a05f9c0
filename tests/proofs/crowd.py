"""Very many self-service subscribers with a digest that waits for each, and a configuration that serves them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import yaml

from bot.config import load
from bot.demo.reader import free_address
from bot.members.links import unsubscribe_url
from bot.members.mailbox import mailbox_key
from bot.model import Message
from bot.settings import Address, Secret
from bot.store import Store
from bot.store.database.tables import members
from bot.store.outbox import RenderedDigest
from bot.store.outbox.policy import Lane

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bot.settings import Settings

ONE_CLICK = {"Content-Type": "application/x-www-form-urlencoded"}, b"List-Unsubscribe=One-Click"
"""The header and the body that mail providers post: https://www.rfc-editor.org/rfc/rfc8058#section-3.2."""


@dataclass(frozen=True)
class Crowd:
    """The configuration, and its readers' addresses in order."""

    config: Path
    addresses: tuple[str, ...]

    @property
    def settings(self) -> Settings:
        return load(self.config, {})

    def link(self, address: str) -> str:
        """Where a mail program says no."""
        web = self.settings.web
        assert web
        return unsubscribe_url(web, mailbox_key(address))

    def links(self) -> dict[str, str]:
        """All of them, by address."""
        web = self.settings.web
        assert web
        return {address: unsubscribe_url(web, mailbox_key(address)) for address in self.addresses}

    def key(self, address: str) -> str:
        return f"m-{self.addresses.index(address):016x}"


def gather(
    folder: Path, size: int, *, mail_port: int, store: str = "sqlite:///paperboy.db", waiting: int = 1
) -> Crowd:
    """Write the configuration, and have so many digests wait for each of so many readers."""
    listen = free_address()
    written = {
        "contact": "us@example.net",
        "store": store,
        "timezone": "UTC",
        "arxiv": {
            "rss_url": "http://127.0.0.1:9/{category}",
            "oai_url": "http://127.0.0.1:9/oai",
            "seconds_between_requests": 0,
        },
        "topics": {"birds": {"categories": ["cs.CV"], "keywords": ["pigeon"]}},
        "channels": {"mail": {"host": "127.0.0.1", "port": mail_port, "sender": "us@example.net", "connections": 8}},
        "web": {"url": f"http://{listen}", "listen": listen, "secret": "coo" * 20, "signup": ["birds"]},
    }
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(written), encoding="utf-8")
    crowd = Crowd(config, tuple(f"reader{number}@example.org" for number in range(size)))
    opened = Store(crowd.settings.store)
    with opened._database.writing() as connection:
        connection.execute(members.insert(), [_row(number, each) for number, each in enumerate(crowd.addresses)])
    send_to(opened, crowd, crowd.addresses * waiting)
    opened.close()
    return crowd


def send_to(store: Store, crowd: Crowd, addresses: Sequence[str]) -> None:
    """Have one more digest wait for each of these, in one transaction."""
    digest = RenderedDigest("mail", "Birds", (Message({"subject": "Birds", "text": "Pigeons."}),))
    with store.transaction() as transaction:
        for address in addresses:
            transaction.enqueue(digest, Lane(crowd.key(address), _address(address).key), datetime.now(UTC))


def _row(number: int, address: str) -> dict[str, Any]:
    return {
        "key": f"m-{number:016x}",
        "channel": "mail",
        "destination": address,
        "recipient": _address(address).key,
        "mailbox": mailbox_key(address),
        "topics": ["birds"],
        "muted": [],
        "own_topics_made": 0,
        "reads": "@birds",
        "weekdays": 127,
        "timezone": "UTC",
        "paused": False,
        "confirmed_at": datetime(2026, 4, 1, tzinfo=UTC),
        "how": "web",
        "revision": 1,
    }


def _address(address: str) -> Address:
    return Address(Secret(address), "mailbox", address)
