"""The composition root: the only place that opens the store, channels and arXiv, and picks the clock.

Everything below gets what it needs as arguments. `runner` runs the verbs in order, `daemon` decides when.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from bot.app.collecting import LEASE_TERM, TODAY_LEASE
from bot.app.composing import Composing
from bot.app.reaction_reader import ReactionReader
from bot.app.runner import Runner
from bot.arxiv.client import ArxivClient
from bot.arxiv.rate_limit import ARXIV_MAX_WAIT, ARXIV_TIMEOUT
from bot.channels import CHANNELS
from bot.clock import SystemClock, Timings
from bot.compose import Composer
from bot.compose.digests import DigestPlanner
from bot.members.bounce_mailbox import read_bounces
from bot.members.context import Context, NoteMails
from bot.members.links import SignedLinks
from bot.members.roster import RosterReader
from bot.store import Store
from bot.text.templates import Templates
from bot.topics.matcher import Matcher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from bot.channels.channel import Channel, CheckResult
    from bot.channels.mail.settings import MailSettings
    from bot.clock import Clock
    from bot.model import Shard
    from bot.publish import Publisher
    from bot.report.status import Reporter
    from bot.settings import Settings

LOCK_TIMEOUT_MS = 4_000
"""How long a reader's page or command waits while another process writes; SIGTERM leaves 10 s for all."""


class App:
    """Everything opened, for one process. Use `opened`."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        *,
        must_exist: bool = False,
        timings: Timings | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.timings = timings or Timings()
        self.store = Store(settings.store, must_exist=must_exist, fleet=settings.fleet)
        self.roster = RosterReader(self.store, settings)
        self.templates = Templates(settings.templates)
        self._links = SignedLinks(settings.web, lambda: self.context.keys)
        self.channels = self._build_channels(self.templates)
        self._users = 0
        self._unused = asyncio.Event()
        self._unused.set()

    @cached_property
    def runner(self) -> Runner:
        """Runs the four verbs with this application's store and channels."""
        return Runner(
            self.store,
            self.settings,
            self.roster,
            self.channels,
            self.clock,
            open_arxiv=self.arxiv,
            composing=self.composing,
            open_publisher=self.publisher,
            read_bounces=self.read_bounces,
            read_reactions=ReactionReader(self.settings, self.channels, self.clock, lambda: self.context).read,
            sends=self.timings.sends,
        )

    @cached_property
    def composing(self) -> Composing:
        """Runs the compose verb."""
        return Composing(self.settings, self.roster, self.composer)

    @cached_property
    def context(self) -> Context:
        """What readers' commands need."""
        return Context.opened(self.store, self.settings, NoteMails(self.channel("mail")))

    @cached_property
    def matcher(self) -> Matcher:
        """The matcher of all topics of the YAML, built once."""
        return Matcher(self.settings.topics.values())

    @property
    def reporter(self) -> Reporter:
        """Status and explain, of the YAML's subscribers, and of the self-service ones for whom something waits."""
        return self.reporter_of(self.roster.waited_for(self.clock.now()))

    def reporter_of(self, roster: Settings) -> Reporter:
        """Reports status and explanations for the roster's subscribers."""
        from bot.report.status import Reporter  # noqa: PLC0415 - 15 ms, with the next, that `once` can spare

        return Reporter(self.store, roster, self.channels, self.planner(roster))

    def planner(self, roster: Settings, shard: Shard | None = None) -> DigestPlanner:
        """Plans the digests of a roster, or of a shard's, from the store as it is now."""
        return DigestPlanner(self.store, roster, lambda names: self.matcher_of(roster, names), shard)

    def matcher_of(self, roster: Settings, names: Iterable[str] | None = None) -> Matcher:
        """A roster's topics compiled; at least those of these names, if there are any."""
        if roster.topics is self.settings.topics:
            return self.matcher
        return Matcher(map(roster.topics.__getitem__, roster.topics if names is None else names))

    def composer(self, roster: Settings, shard: Shard | None = None) -> Composer:
        """A composer over the store as it is now, with its own channels, so that their render caches end with it."""
        built_in = self._build_channels(Templates()) if self.settings.templates else {}
        channels = self._build_channels(self.templates)
        return Composer(self.store, roster, channels, self.planner(roster, shard), fallbacks=built_in)

    def publisher(self) -> Publisher | None:
        """A publisher of the site; None without `site:`."""
        site = self.settings.site
        if site is None:
            return None
        from bot.publish import Publisher  # noqa: PLC0415 - pages and feeds, only where there is a site

        topics = tuple(self.settings.topics[name] for name in site.topics)
        return Publisher(self.store, site, topics, self.matcher, self.templates)

    def read_bounces(self) -> None:
        """Processes new bounces in the Maildir of `channels.mail.bounces`, if there is one.

        Raises:
            BounceMailboxError: it cannot be read.
        """
        mail: MailSettings | None = self.settings.channels.get("mail")
        if mail is not None and mail.bounces is not None:
            read_bounces(self.context, mail.bounces, self.clock.now())

    def channel(self, name: str) -> Channel:
        """A channel to render with, even if no subscriber uses it."""
        return self.channels.get(name) or CHANNELS[name](
            CHANNELS[name].Settings(), self.templates, contact=self.settings.contact, links=self._links
        )

    def _build_channels(self, templates: Templates) -> dict[str, Channel]:
        """The configured channels; they open no connection before they send."""
        return {
            name: CHANNELS[name](options, templates, contact=self.settings.contact, links=self._links)
            for name, options in self.settings.channels.items()
        }

    @asynccontextmanager
    async def arxiv(
        self, lease: str = TODAY_LEASE, *, max_wait: float = ARXIV_MAX_WAIT, answer_within: float = ARXIV_TIMEOUT
    ) -> AsyncIterator[ArxivClient]:
        """A client of arXiv, while no other process has the lease; see `collecting.OpenArxiv`."""
        self.store.leases.acquire(lease, self.clock.now(), LEASE_TERM)
        client = ArxivClient(
            self.settings.arxiv,
            contact=self.settings.contact,
            limits=self.store.arxiv_limits,
            clock=self.clock,
            max_wait=max_wait,
            timeout=answer_within,
            polls=self.timings.polls,
        )
        try:
            yield client
        finally:
            await client.aclose()
            self.store.leases.release(lease)

    async def check(self, *, send: bool) -> tuple[CheckResult, ...]:
        """Checks that arXiv and every channel can be reached; with `send`, sends a test message to every address."""
        from bot.app.checking import check  # noqa: PLC0415 - discord.py and slack_sdk, which only a check needs

        roster = self.roster.of_yaml(self.clock.now())
        return await check(roster, self.store, self.channels, self.clock, self.arxiv, send=send)

    @asynccontextmanager
    async def in_use(self) -> AsyncIterator[App]:
        """Itself, not closed meanwhile: a worker's job goes on with the configuration that it began with."""
        self._users += 1
        self._unused.clear()
        try:
            yield self
        finally:
            self._users -= 1
            if not self._users:
                self._unused.set()

    async def aclose(self) -> None:
        """Closes the channels and the store, once nothing uses them any more."""
        await self._unused.wait()
        for channel in self.channels.values():
            await channel.aclose()
        self.store.close()


def opened_context(settings: Settings, templates: Templates) -> Context:
    """What readers' commands need, over a store of its own, which the caller closes.

    Raises:
        StoreError: the store cannot be used.
    """
    options = settings.channels.get("mail") or CHANNELS["mail"].Settings()
    mail = CHANNELS["mail"](options, templates, contact=settings.contact)
    store = Store(settings.store, lock_timeout_ms=LOCK_TIMEOUT_MS, fleet=settings.fleet)
    try:
        return Context.opened(store, settings, NoteMails(mail))
    except BaseException:
        store.close()
        raise


@asynccontextmanager
async def opened(settings: Settings, clock: Clock | None = None, *, must_exist: bool = False) -> AsyncIterator[App]:
    """Opens the application, and closes it at the end.

    Args:
        settings: the configuration.
        clock: the clock; the machine's if there is none.
        must_exist: whether a missing store is an error, not created; for commands that only read.

    Raises:
        NoStoreError: there is no store, and `must_exist`.
        StoreError: the store cannot be used.
    """
    app = App(settings, clock, must_exist=must_exist)
    try:
        yield app
    finally:
        await app.aclose()
