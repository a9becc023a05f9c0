"""A small world for whole days: a loopback arXiv, receivers for every channel, one simulated clock, one config."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import yaml

from bot.app import App, opened
from bot.clock import SimulatedClock
from bot.config import load
from bot.model import AnnounceType, FeedItem, Mailing, Paper
from tests.servers.arxiv import ArxivServer, render_rss
from tests.servers.discord import DiscordReceiver
from tests.servers.slack import SlackReceiver
from tests.servers.smtp import SmtpReceiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from bot.app.run_result import RunResult
    from bot.settings import Settings

FRIDAY, SATURDAY, MONDAY, TUESDAY, WEDNESDAY = (date(2026, 4, day) for day in (17, 18, 20, 21, 22))
NEW, CROSS, REPLACE, REPLACE_CROSS = AnnounceType


def morning(day: date, hour: int = 6, minute: int = 0) -> datetime:
    """06:00 UTC: two hours after arXiv's midnight, 08:00 in Berlin."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


class Environment:
    """Everything outside the program, and the program's configuration."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: SimulatedClock,
        arxiv: ArxivServer,
        slack: SlackReceiver,
        discord: DiscordReceiver,
        mail: SmtpReceiver,
    ) -> None:
        self.folder = folder
        self.clock = clock
        self.arxiv = arxiv
        self.slack = slack
        self.discord = discord
        self.mail = mail
        self.config: dict[str, Any] = {
            "contact": "us@example.net",
            "store": "sqlite:///paperboy.db",
            "timezone": "Europe/Berlin",
            "arxiv": {
                "rss_url": arxiv.url,
                "oai_url": arxiv.url.replace("/rss/{category}", "/oai"),
                "seconds_between_requests": 0,
            },
            "topics": {"birds": {"title": "Birds", "categories": ["cs.CV"], "keywords": ["pigeon"]}},
            "channels": {
                "slack": {"token": slack.token, "api_url": slack.api_url},
                "discord": {"token": discord.token, "api_url": discord.api_url},
                "mail": {"host": mail.host, "port": mail.port, "sender": "Paperboy <paperboy@example.org>"},
            },
            "subscribers": {"lab": {"slack": "C0123456789", "topics": ["birds"]}},
        }

    @property
    def settings(self) -> Settings:
        path = self.folder / "config.yaml"
        self.write(path)
        return load(path, {})

    def write(self, path: Path) -> None:
        """The configuration as a file."""
        text = yaml.dump(self.config, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
        path.write_text(text, encoding="utf-8")

    def announce(self, day: date, *entries: FeedItem | Paper, category: str = "cs.CV") -> None:
        """What the category's feed shows from now on; a bare paper is new."""
        mailing = Mailing(category, day, tuple(e if isinstance(e, FeedItem) else FeedItem(e, NEW) for e in entries))
        self.arxiv.feeds[category] = render_rss(mailing, morning(day))

    def app(self) -> Any:
        return opened(self.settings, self.clock)

    async def once(
        self, at: datetime | None = None, *, any_hour: bool = False, no_deliver: bool = False
    ) -> RunResult:
        """One run of the four verbs, as a process of its own would do it."""
        if at is not None:
            self.clock.set(at)
        app: App
        async with self.app() as app:
            return await app.runner.once(any_hour=any_hour, no_deliver=no_deliver)

    def received(self) -> Mapping[str, int]:
        """How many messages each side has taken."""
        return {
            "slack": len(self.slack.messages),
            "discord": len(self.discord.messages),
            "mail": len(self.mail.messages),
        }

    def slack_text(self, start: int = 0) -> str:
        """All that Slack was shown, as one text."""
        return "\n".join(str(message.blocks) for message in self.slack.messages[start:])


@asynccontextmanager
async def opened_environment(folder: Path) -> AsyncIterator[Environment]:
    """A world whose Tuesday is just beginning."""
    clock = SimulatedClock(morning(FRIDAY, 0))
    async with AsyncExitStack() as stack:
        yield Environment(
            folder,
            clock=clock,
            arxiv=await stack.enter_async_context(ArxivServer(clock)),
            slack=await stack.enter_async_context(SlackReceiver()),
            discord=await stack.enter_async_context(DiscordReceiver()),
            mail=await stack.enter_async_context(SmtpReceiver()),
        )
