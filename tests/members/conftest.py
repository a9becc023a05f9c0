"""A context for commands over a fresh store of either kind, and mails that say nothing but their link."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from bot.channels.mail.settings import MailSettings
from bot.members.context import Context, NoteMails
from bot.model import Message, Topic
from bot.settings import Address, Secret, Settings, Subscriber, WebSettings
from bot.store.outbox import RenderedDigest
from tests.store.conftest import sqlite_url, store, url

if TYPE_CHECKING:
    from bot.store import Store

__all__ = ["sqlite_url", "store", "url"]

BERLIN = ZoneInfo("Europe/Berlin")
SECRET, OLD_SECRET = Secret("coo" * 20), Secret("gru" * 20)
WEB = WebSettings(url="https://papers.example.edu", secret=(SECRET,), signup=("birds", "light"))


class PlainMails(NoteMails):
    """Mails whose payload is the link."""

    def __init__(self) -> None:
        """Without a channel."""

    def confirmation(self, url: str) -> RenderedDigest:
        return RenderedDigest("mail", "confirm", (Message({"url": url}),))

    def already_subscribed(self, url: str) -> RenderedDigest:
        return RenderedDigest("mail", "already", (Message({"url": url}),))


def mailbox(address: str) -> Address:
    return Address(Secret(address), "mailbox", address)


def topic(name: str, category: str = "cs.CV") -> Topic:
    return Topic(name, name.title(), (category,), keywords=("pigeon",))


def of_yaml(name: str, *addresses: str) -> Subscriber:
    return Subscriber(name, "mail", tuple(map(mailbox, addresses)), ("birds",), BERLIN)


def settings(web: WebSettings | None = WEB) -> Settings:
    """Three topics, two of which may be followed; alice in the YAML alone, bob and Eve together."""
    return Settings(
        contact="us@example.net",
        store="",
        timezone=BERLIN,
        topics={"birds": topic("birds"), "light": topic("light"), "hidden": topic("hidden", "cs.CL")},
        subscribers={
            each.name: each
            for each in (
                of_yaml("alice", "alice@example.edu"),
                of_yaml("seminar", "bob@example.edu", "Eve@example.edu"),
            )
        },
        channels={"mail": MailSettings()},
        web=web,
    )


def context_over(store: Store, web: WebSettings | None = WEB) -> Context:
    return Context.opened(store, settings(web), PlainMails())


@pytest.fixture
def context(store: Store) -> Context:
    return context_over(store)
