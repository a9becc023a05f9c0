"""Whole days with readers: who signs up, who says no, and who got what. Commands run as web and mail run them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING, Any

import pytest

from bot.members.commands import (
    bounced,
    complained,
    confirm,
    subscribe,
    unsubscribe,
)
from bot.members.context import Context, NoteMails
from bot.members.mailbox import mailbox_key
from bot.store.members import Member
from bot.store.suppressions import Via
from tests.builders import paper
from tests.members.conftest import SECRET
from tests.world import FRIDAY, MONDAY, TUESDAY, WEDNESDAY, Environment, morning

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import date, datetime

    from bot.app import App
    from bot.app.run_result import RunResult
    from bot.channels.channel import CheckResult
    from bot.report.status import Status
    from tests.servers.smtp import ReceivedMail

ALICE, BOB, DORA = (f"{name}@example.net" for name in ("alice", "bob", "Dora"))
DAYS = (FRIDAY, MONDAY, TUESDAY, WEDNESDAY)
OWN = {"title": "Maps", "categories": ["cs.CV"], "keywords": ["maps"]}


@pytest.fixture
def readers(environment: Environment) -> Environment:
    """Alice alone, alice and bob together, and whoever signs up."""
    environment.config["topics"]["fish"] = {"title": "Fish", "categories": ["cs.CV"], "keywords": ["fish"]}
    environment.config["subscribers"] = {
        "alone": {"mail": ALICE, "topics": ["birds"]},
        "both": {"mail": [ALICE.upper(), BOB], "topics": ["birds"]},
    }
    environment.config["web"] = {
        "url": "https://papers.example.edu",
        "secret": SECRET.reveal(),
        "signup": ["birds", "fish"],
    }
    return environment


def announce(environment: Environment, day: date) -> None:
    number = DAYS.index(day) + 1
    birds = paper(f"2604.0000{number}", title=f"Pigeon {number}", abstract="Pigeons.")
    fish = paper(f"2604.0001{number}", title=f"Fish {number}", abstract="Fish and maps.")
    environment.announce(day, birds, fish)


async def live(environment: Environment, day: date, hour: int = 6) -> RunResult:
    announce(environment, day)
    return await environment.once(morning(day, hour))


@asynccontextmanager
async def commanding(environment: Environment) -> AsyncIterator[Context]:
    """What web and mail do between two runs."""
    app: App
    async with environment.app() as app:
        yield Context.opened(app.store, app.settings, NoteMails(app.channel("mail")))


def got(environment: Environment, since: int = 0) -> list[tuple[str, str]]:
    """Who got what: mailbox and subject, in order."""
    return [(mail.rcpt[0], subject_of(mail)) for mail in environment.mail.messages[since:]]


def subject_of(mail: ReceivedMail) -> str:
    return str(message_from_bytes(mail.data, policy=default)["Subject"])


def to(environment: Environment, address: str, since: int = 0) -> list[str]:
    return [subject for recipient, subject in got(environment, since) if recipient == address]


async def sign_up(environment: Environment, *topics: Any, at: datetime, address: str = DORA) -> str:
    """Somebody who asks, gets the mail, and says yes: their key."""
    environment.clock.set(at)
    async with commanding(environment) as context:
        assert subscribe(context, address, topics or ["birds"], "Europe/Berlin", at) is None
    await environment.once()
    async with commanding(environment) as context:
        confirmed = confirm(context, mailbox_key(address), at)
    assert isinstance(confirmed, Member)
    return confirmed.key


async def status(environment: Environment) -> Status:
    app: App
    async with environment.app() as app:
        return app.reporter.status(environment.clock.now())


async def say_no(environment: Environment, address: str, how: str = "reader") -> None:
    async with commanding(environment) as context:
        key, now = mailbox_key(address), environment.clock.now()
        if how == "reader":
            unsubscribe(context, key, Via.ONE_CLICK, now)
        elif how == "complaint":
            complained(context, key, now)
        else:
            bounced(context, key, "d", "5.1.1", now=now)


async def checked(environment: Environment, *, send: bool = False) -> tuple[CheckResult, ...]:
    app: App
    async with environment.app() as app:
        return await app.check(send=send)
