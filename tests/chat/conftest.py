"""A chat over a fresh store: two topics that are offered, a channel of the YAML's, and two weeks of papers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from bot.channels.discord import DiscordSettings
from bot.channels.slack import SlackSettings
from bot.chat import sentences
from bot.chat.arguments import InvalidCommand
from bot.chat.asking import Asker, Request
from bot.chat.commands import COMMANDS
from bot.chat.parse import parse
from bot.chat.service import ChatService
from bot.clock import SimulatedClock
from bot.members.context import Context
from bot.members.store_thread import StoreThreads
from bot.model import AnnounceType, FeedItem, Mailing, MailingState, Topic
from bot.settings import (
    Address,
    ChatSettings,
    DiscordChat,
    Secret,
    Settings,
    SlackChat,
    Subscriber,
)
from bot.store.papers import Verdict
from tests.builders import paper
from tests.members.conftest import PlainMails
from tests.store.conftest import sqlite_url, store, url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bot.chat.answers import Answer
    from bot.store import Store
    from bot.store.members import Member

__all__ = ["sqlite_url", "store", "url"]

ON_SQLITE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
"""For what a store of the other kind would say again."""
NOW = datetime(2026, 4, 21, 6, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
CHANNEL, LAB = "C0BIRDS0001", "C0LAB000001"
ADA, BO = "U0ADA000001", "U0BO0000001"
MANAGERS = frozenset({ADA})
TITLES = {
    date(2026, 4, 9): ("Owls at Night",),
    date(2026, 4, 16): ("Pigeons Read Maps", "Visual Grounding for Gulls", "A Survey of Maps"),
    date(2026, 4, 20): ("Maps of Light", "Gulls Do Not", "Visual Grounding of Pigeons"),
}


def chat_settings(chat: ChatSettings | None = None) -> Settings:
    topics = {
        "birds": Topic("birds", "Birds & Maps", ("cs.CV",), keywords=("pigeon",)),
        "light": Topic("light", "Light", ("cs.CV", "cs.LG"), keywords=("light",), exclude=("lamp",)),
    }
    lab = Subscriber("lab", "slack", (Address(Secret(LAB), "channel", LAB),), ("birds",), BERLIN)
    return Settings(
        contact="us@example.net",
        store="",
        timezone=BERLIN,
        topics=topics,
        subscribers={"lab": lab},
        channels={"slack": SlackSettings(token=Secret("xoxb-1")), "discord": DiscordSettings(token=Secret("t"))},
        chat=chat or ChatSettings(SlackChat(Secret("xapp-1")), DiscordChat()),
    )


def fill(store: Store, papers: Mapping[date, Sequence[str]] = TITLES) -> None:
    """Papers with these titles, day by day; if nothing else is said, seven on three days."""
    number = 0
    for day, titles in papers.items():
        entries = []
        for title in titles:
            number += 1
            entries.append(FeedItem(paper(f"2604.0000{number}", title=title, abstract="Birds."), AnnounceType.NEW))
        store.papers.record(Mailing("cs.CV", day, tuple(entries)), Verdict(MailingState.COMPLETE, "whole"), NOW)


@dataclass
class Talk:
    """What people say to the bot, and what they are told."""

    service: ChatService
    woken: list[int]
    asked: int = field(default=0)

    def asker(self, person: str = ADA, destination: str = CHANNEL) -> Asker:
        is_direct = destination == "direct"
        return Asker(
            platform="slack",
            person=person,
            destination=person if is_direct else destination,
            is_direct=is_direct,
            timezone="Asia/Tokyo" if is_direct else None,
        )

    async def say(
        self, line: str, person: str = ADA, destination: str = CHANNEL, *, event: str = ""
    ) -> Answer | None:
        asker, typed = self.asker(person, destination), parse(line, COMMANDS)
        if isinstance(typed, InvalidCommand):
            return sentences.invalid_command(typed)
        self.asked += 1
        request = Request(event or f"event-{self.asked}", asker, typed.command.name, typed.values)
        return await self.service.answer(request, lambda: may_change(person))

    def member(self, destination: str = CHANNEL) -> Member | None:
        return self.asker(destination=destination).place.member(self.service.context)


async def may_change(person: str) -> bool:
    return person in MANAGERS


def context_over(store: Store, settings: Settings | None = None) -> Context:
    return Context.opened(store, settings or chat_settings(), PlainMails())


@pytest.fixture
def talk(store: Store) -> Iterator[Talk]:
    fill(store)
    threads, woken = StoreThreads("chat"), list[int]()
    service = ChatService(context_over(store), SimulatedClock(NOW), lambda: woken.append(1), threads)
    yield Talk(service, woken)
    threads.close()
