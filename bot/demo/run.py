"""Runs the demo: the four verbs on the sample mailings, with a new store and loopback servers.

    each sample day -> arXiv's feeds on loopback -> once -> once more -> what every channel received -> a folder

Only time is simulated; everything else is the real program.
"""

from __future__ import annotations

import json
import secrets
import shutil
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import yaml

from bot import text
from bot.app.web_service import WebService
from bot.channels.buttons import Click, Wish, encode
from bot.clock import SimulatedClock
from bot.config import load
from bot.demo import conversation, conversation_in_slack, samples
from bot.demo.reader import Reader, free_address
from bot.demo.runs import once, once_after_a_kill, seen
from bot.demo.servers.arxiv import ArxivServer, render_rss
from bot.demo.servers.discord import DiscordReceiver
from bot.demo.servers.slack import SlackReceiver
from bot.demo.servers.smtp import SmtpReceiver
from bot.demo.showcase import Day, Exchange, Figure, Page, ReaderStep, render_showcase
from bot.model import Mailing
from bot.settings import ChatSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from bot.app.run_result import RunResult
    from bot.settings import Settings

_LEFTOVERS = ("config.yaml", "paperboy.db", "paperboy.db-wal", "paperboy.db-shm", "index.html", "site", "received")
"""Files that an earlier demo left in the folder; nothing else in it is removed."""

_SLACK_CHANNEL, _DISCORD_CHANNEL, _DISCORD_FORUM = "C0123456789", "123456789012345678", "123456789012345679"
_NAMES = {
    _SLACK_CHANNEL: "vision-lab",
    _DISCORD_CHANNEL: "reading-group",
    _DISCORD_FORUM: "brain-forum",
    conversation.CHANNEL: "new-people",
    conversation_in_slack.CHANNEL: "night-owls",
}
"""The subscriber's name in the showcase, by channel; a webhook's name is in its URL."""

_OCTOPUS = "2603.90068"
"""A paper of the first day."""
_FIRST_DAY, _DAY_OF_THE_KILL, _LAST_DAY = date(2026, 3, 5), date(2026, 3, 6), date(2026, 3, 9)
_KILLED = "The run was killed while it was sending, and the next one went on:"
_HOUR = time(7, tzinfo=ZoneInfo("Europe/Berlin"))


@dataclass(frozen=True, slots=True)
class _Receivers:
    arxiv: ArxivServer
    slack: SlackReceiver
    discord: DiscordReceiver
    mail: SmtpReceiver

    @property
    def arrived(self) -> int:
        """The number of messages that all channels received."""
        return len(self.slack.messages) + len(self.discord.messages) + len(self.mail.messages)


async def show(
    folder: Path, *, tell: Callable[[str], None], print_result: Callable[[RunResult, Settings], None]
) -> bool:
    """Runs the demo and writes its folder: `index.html`, the site, and everything that was received.

    Args:
        folder: created if it does not exist; the files of an earlier demo are removed.
        tell: prints a line.
        print_result: prints the result of a run.

    Returns:
        Whether everything arrived, and every second run sent nothing.
    """
    _clear(folder)
    clock = SimulatedClock(datetime(2026, 3, 5, 6, tzinfo=UTC))
    async with AsyncExitStack() as stack:
        receivers = _Receivers(
            arxiv=await stack.enter_async_context(ArxivServer()),
            slack=await stack.enter_async_context(SlackReceiver(now=lambda: clock.now().timestamp())),
            discord=await stack.enter_async_context(DiscordReceiver(now=lambda: clock.now().timestamp())),
            mail=await stack.enter_async_context(SmtpReceiver()),
        )
        receivers.discord.make_forum(_DISCORD_FORUM)
        config = folder / "config.yaml"
        config.write_text(yaml.safe_dump(_config(receivers), sort_keys=False, allow_unicode=True), encoding="utf-8")
        demo = _Demo(config, load(config, {}), clock, receivers, tell, print_result)
        pages = WebService(clock, lambda: None)
        stack.push_async_callback(pages.aclose)
        await pages.follow(demo.settings)
        for day, mailings in _calendar():
            clock.set(datetime.combine(day, _HOUR))
            await demo.one_day(day, mailings)
    demo.write_to(folder)
    tell("")
    tell(f"Open {folder / 'index.html'} to see what every channel received, as its readers see it.")
    tell(f"The pages are in {folder / 'site'}, the raw messages in {folder / 'received'}.")
    arrived = not any(run.left_undone for run in (*demo.runs, *demo.answered, *demo.repeats))
    return arrived and not any(_sent(run) for run in demo.repeats)


@dataclass(slots=True)
class _Demo:
    """The program and its servers, and the results of all days so far."""

    config: Path
    settings: Settings
    clock: SimulatedClock
    receivers: _Receivers
    tell: Callable[[str], None]
    print_result: Callable[[RunResult, Settings], None]
    days: list[Day] = field(default_factory=list)
    answers: list[ReaderStep] = field(default_factory=list)
    """What the reader did in between, and the pages that she saw."""
    exchanges: list[Exchange] = field(default_factory=list)
    """What was said in Slack and in Discord, and answered."""
    answered: list[RunResult] = field(default_factory=list)
    """The runs after the readers' actions."""
    runs: list[RunResult] = field(default_factory=list)
    repeats: list[RunResult] = field(default_factory=list)

    async def one_day(self, day: date, mailings: Mapping[str, Mailing]) -> None:
        """Runs twice on the day's mailing; the second run has nothing to send."""
        slack, discord, mail = self.receivers.slack, self.receivers.discord, self.receivers.mail
        self.receivers.arxiv.feeds.update(
            {category: render_rss(mailing, self.clock.now()) for category, mailing in mailings.items()},
        )
        before = (len(slack.messages), len(discord.messages), len(mail.messages))
        self.tell("")
        self.tell(f"== {text.day(day)} ==")
        if day == _LAST_DAY:
            await self._unsubscribe()
        survived: tuple[str, ...] = ()
        if day == _DAY_OF_THE_KILL:
            run = await once_after_a_kill(self.settings, self.clock, self.config, slack)
            survived = (
                _KILLED,
                *seen((_NAMES.get(each.channel, each.channel), each) for each in slack.messages[before[0] :]),
            )
        else:
            run = await self._once()
        self.print_result(run, self.settings)
        for line in survived:
            self.tell(line)
        if day == _FIRST_DAY:
            await self._subscribe()
            await self._converse_in_slack()
            await self._converse_in_discord()
        repeat = await self._once()
        self.tell(f"And once more: {_sent(repeat)} sent.")
        self.runs.append(run)
        self.repeats.append(repeat)
        self.days.append(
            Day(
                date=day,
                title=text.day(day),
                account=(*_day_account(run, self.receivers.arrived - sum(before), repeat), *_hostile(mailings)),
                survived=survived,
                slack=_in_order(map(_slack, slack.messages[before[0] :])),
                discord=_in_order(map(_discord, discord.messages[before[1] :])),
                mail=tuple(message.data for message in mail.messages[before[2] :]),
            ),
        )

    async def _once(self) -> RunResult:
        return await once(self.settings, self.clock)

    async def _subscribe(self) -> None:
        """Makes the reader sign up and confirm; she gets the latest mailing at once."""
        reader = Reader(self.settings)
        form, asked = await reader.sign_up()
        self.answered.append(await self._once())
        confirmed = await reader.confirm(self.receivers.mail)
        self.answered.append(await self._once())
        self.answers += [
            ReaderStep("She finds the form", form),
            ReaderStep("She signs up, and hears what everybody hears", asked),
            ReaderStep("She confirms from the mail, and gets the latest mailing at once", confirmed),
        ]
        self.tell(f"A reader signs up on the page: {_sent(self.answered[0])} mail asks her whether it was she.")
        self.tell(f"She confirms: {_sent(self.answered[1])} mail brings her the latest mailing.")

    def _chat_settings(self, platform: str) -> Settings:
        """The settings with that platform alone to be listened to."""
        chat = ChatSettings(**{platform: getattr(self.settings.chat, platform)})
        return replace(self.settings, chat=chat)

    async def _converse_in_discord(self) -> None:
        """A channel of Discord subscribes itself, gets the latest mailing at once, and asks about it."""
        settings, discord = self._chat_settings("discord"), self.receivers.discord
        async with conversation.connected(settings, self.clock, discord) as talk:
            await talk.say(conversation.BO, "follow", words="brains")
            await talk.say(conversation.ADA, "follow", words="brains")
            run = await self._once()
            await talk.say(conversation.BO, "why", identifier=talk.first_paper())
            await talk.press(conversation.BO, "Save")
            await talk.say(conversation.BO, "saved")
        self.answered.append(run)
        self.exchanges += talk.exchanges
        self.tell(f"A channel in Discord follows a topic: {_sent(run)} message brings the latest mailing.")

    async def _converse_in_slack(self) -> None:
        """A channel of Slack makes a topic of its own, gets the latest mailing at once, and asks about it."""
        ada, bo = conversation_in_slack.ADA, conversation_in_slack.BO
        settings, slack = self._chat_settings("slack"), self.receivers.slack
        async with conversation_in_slack.connected(settings, self.clock, slack) as talk:
            await talk.say(bo, "follow sleep octopus in q-bio.NC as night-owls")
            await talk.say(ada, "follow sleep octopus in q-bio.NC as night-owls")
            run = await self._once()
            await talk.say(ada, "hour 8am")
            await talk.say(bo, f"why {_OCTOPUS}")
            key = run.composed[-1].subscriber
            await talk.choose(bo, "Save", encode(Click(Wish.SAVED, _OCTOPUS, None, key)))
            await talk.say(bo, "saved")
        self.answered.append(run)
        self.exchanges += talk.exchanges
        self.tell(f"A channel in Slack makes a topic of its own: {_sent(run)} message brings the latest mailing.")

    async def _unsubscribe(self) -> None:
        """Makes the reader unsubscribe with the button of her mail program."""
        page = await Reader(self.settings).unsubscribe(self.receivers.mail)
        self.answers.append(ReaderStep("She presses Unsubscribe: the next mailing leaves her out", page))
        self.tell("The reader presses Unsubscribe: this mailing leaves her out.")

    def write_to(self, folder: Path) -> None:
        """Writes everything that was received, the showcase, and the site into the folder."""
        receivers = self.receivers
        received = folder / "received"
        received.mkdir()
        for name, messages in (
            ("slack.json", [_slack(message) for message in receivers.slack.messages]),
            ("discord.json", [_discord(message) for message in receivers.discord.messages]),
        ):
            (received / name).write_text(json.dumps(messages, indent=2, ensure_ascii=False), encoding="utf-8")
        for number, mail in enumerate(receivers.mail.messages, start=1):
            (received / f"mail-{number:02d}.eml").write_bytes(mail.data)
        pages = [
            Page(str(path.relative_to(folder)), path.read_text(encoding="utf-8"))
            for path in sorted((folder / "site").rglob("*.md"))
        ]
        showcase = render_showcase(
            self._figures(),
            self.days,
            pages,
            self.answers,
            self.exchanges,
            front_page="site/index.html",
            hostile=samples.hostile(),
        )
        (folder / "index.html").write_text(showcase, encoding="utf-8")

    def _figures(self) -> list[Figure]:
        collected = [result for run in self.runs for result in run.collected]
        return [
            Figure(str(sum(1 for run in self.runs if run.collected)), "mailings"),
            Figure(str(sum(result.new for result in collected)), "announcements collected"),
            Figure(str(sum(result.matched for run in self.runs for result in run.composed)), "matches"),
            Figure(str(self.receivers.arrived), "messages"),
            Figure(str(sum(map(_sent, self.repeats))), "sent by the second runs"),
        ]


def _config(receivers: _Receivers) -> dict[str, Any]:
    """The demo's configuration, as a user would write it, except for the loopback addresses."""
    listen = free_address()
    return {
        "contact": "demo@example.org",
        "store": "sqlite:///paperboy.db",
        "timezone": "Europe/Berlin",
        "arxiv": {
            "rss_url": receivers.arxiv.url,
            "oai_url": receivers.arxiv.url.replace("/rss/{category}", "/oai"),
        },
        "topics": samples.topics(),
        "channels": {
            "slack": {"token": receivers.slack.token, "api_url": receivers.slack.api_url},
            "discord": {"token": receivers.discord.token, "api_url": receivers.discord.api_url},
            "mail": {
                "host": receivers.mail.host,
                "port": receivers.mail.port,
                "sender": "Paperboy <paperboy@example.org>",
            },
        },
        "subscribers": {
            "vision-lab": {"slack": _SLACK_CHANNEL, "topics": ["vision-language"], "thread": True},
            "brain-hook": {"slack": receivers.slack.webhook_url("brain-hook"), "topics": ["brains"]},
            "reading-group": {"discord": _DISCORD_CHANNEL, "topics": ["vision-language", "second-thoughts"]},
            "brain-forum": {"discord": _DISCORD_FORUM, "topics": ["brains"], "forum": True},
            "their-hook": {"discord": receivers.discord.webhook_url("their-hook"), "topics": ["brains"]},
            "alice": {"mail": "alice@example.org", "topics": ["vision-language", "brains"]},
            "seminar": {"mail": ["bob@example.org", "eve@example.org"], "topics": ["brains"], "when_empty": "say"},
        },
        "site": {"dir": "site", "topics": list(samples.topics())},
        "chat": {
            "slack": {"app_token": receivers.slack.sockets.app_token, "who": "managers"},
            "discord": {"who": "managers"},
        },
        "web": {
            "url": f"http://{listen}",
            "listen": listen,
            "secret": secrets.token_hex(32),
            "signup": ["brains", "second-thoughts"],
        },
    }


def _calendar() -> list[tuple[date, Mapping[str, Mailing]]]:
    """Every day from the first mailing to the last, with its mailings; empty on weekends."""
    known = dict(samples.mailings())
    first, last = min(known), max(known)
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    return [(day, known.get(day) or {c: Mailing(c, day, ()) for c in samples.CATEGORIES}) for day in days]


def _sent(run: RunResult) -> int:
    return sum(lane.sent for lane in run.delivered)


def _day_account(run: RunResult, arrived: int, repeat: RunResult) -> tuple[str, ...]:
    if not run.collected:
        return ("No mailing: a weekend. Nothing was asked, nothing was sent.",)
    new = sum(result.new for result in run.collected)
    matched = sum(result.matched for result in run.composed)
    return (
        f"{new} announcements collected from {len(run.collected)} categories",
        f"{matched} matches composed for {sum(1 for result in run.composed if result.matched)} subscribers",
        f"{arrived} messages received; sent by one more run, {_sent(repeat)}",
    )


def _hostile(mailings: Mapping[str, Mailing]) -> tuple[str, ...]:
    titles = {entry.paper.title for mailing in mailings.values() for entry in mailing.entries}
    found = len(titles & samples.hostile().keys())
    return (f"titles that are hostile on purpose: {found} (see the end of the page)",) if found else ()


def _slack(message: Any) -> dict[str, Any]:  # noqa: ANN401 - what the receiver recorded
    return {
        "channel": _NAMES.get(message.channel, message.channel),
        "text": message.text,
        "blocks": message.blocks,
        "thread_ts": message.thread_ts,
    }


def _discord(message: Any) -> dict[str, Any]:  # noqa: ANN401 - what the receiver recorded
    channel = _NAMES.get(message.destination, message.destination)
    return {"channel": channel, "thread": message.thread_name, "content": message.content, "embeds": message.embeds}


def _in_order(messages: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Messages to channels before those to webhooks; each in the order of arrival."""
    return tuple(sorted(messages, key=lambda message: message["channel"] not in _NAMES.values()))


# -- files of an earlier demo --------------------------------------------------------------------------------------


def _clear(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in _LEFTOVERS:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
