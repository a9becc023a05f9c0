"""Mail: personalised digests through the durable outbox, beside bare aiosmtplib and Postfix's own smtp-source.

`python -m tests.bench.mail [--quick]`. Each relay gets the same bytes over as many connections from both, by turns in
the same run, so that whatever else the machine does falls on both. What is timed for us is the verb: from the
outbox's lanes to the last delivery settled, on disk, one commit away from every claim. What is timed for aiosmtplib
is `sendmail` alone, over mails that lie ready.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from aiosmtplib import SMTP

from bot.channels.mail import MailChannel
from bot.channels.mail.links import OwnLinks
from bot.channels.mail.mime import Mailbox, build, entity, texts
from bot.clock import SystemClock
from bot.deliver import deliver
from bot.members.links import SignedLinks
from bot.members.mailbox import mailbox_key
from bot.model import AnnounceType, Digest, DigestEntry, Match, Message, Section
from bot.settings import Address, Secret, WebSettings
from bot.store import Store
from bot.store.database.tables import deliveries
from bot.store.keys import ReaderKeys
from bot.store.outbox import RenderedDigest
from bot.store.outbox.policy import load
from bot.store.subscribers import SubscriberState
from bot.text.templates import Templates
from tests.bench import corpus
from tests.bench.measure import machine, say, table
from tests.counterparts.relays import postfix
from tests.counterparts.tools import program, running
from tests.ports import HOST, free_port
from tests.world import TUESDAY, opened_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.channels.mail.settings import MailSettings
    from bot.settings import Settings

CONNECTIONS = 10
LINKS = SignedLinks(WebSettings("https://papers.example.org", (Secret("coo" * 20),)), lambda: ReaderKeys(()))
_PAPERS = 26
"""They make a mail of about 60 KB."""
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class _Took:
    """Seconds of one round, by who sent."""

    outbox: float
    bare: float


def run(size: int = 10_000, *, connections: int = CONNECTIONS) -> str:
    """The table; the target is 0.9 of bare aiosmtplib."""
    with TemporaryDirectory() as made:
        folder = Path(made)
        for name in ("sink", "postfix"):
            (folder / name).mkdir()
        with _smtp_sink(folder) as port:
            sink = asyncio.run(_rounds(folder / "sink", size, port, connections, lambda _: None))
            rows = [_row("smtp-sink", size, connections, sink, _smtp_source(size, port, connections))]
        with postfix(folder) as relay:

            def drain(sent: int) -> None:
                """Wait until Postfix has handed on all that it took: its queue is not the next one's burden."""
                while len(list(relay.sink.folder.glob("mail.*"))) < sent:
                    time.sleep(0.2)

            behind = asyncio.run(_rounds(folder / "postfix", size, relay.port, connections, drain))
            source = _smtp_source(size, relay.port, connections)
            rows.append(_row("Postfix", size, connections, behind, source))
    heads = ["relay", "mails", "connections", "outbox /s", "aiosmtplib /s", "smtp-source /s", "outbox : aiosmtplib"]
    return table("Personalised digests by mail", [*heads, "by round"], rows)


def _row(name: str, size: int, connections: int, took: Sequence[_Took], source: float) -> list[object]:
    outbox, bare = (sum(getattr(each, who) for each in took) for who in ("outbox", "bare"))
    ratios = sorted(each.bare / each.outbox for each in took)
    spread = f"{ratios[0]:.2f} - {ratios[-1]:.2f}"
    return [name, size, connections, size / outbox, size / bare, size / source, bare / outbox, spread]


@contextmanager
def _smtp_sink(folder: Path) -> Iterator[int]:
    port = free_port()
    user = ["-u", "root"] if os.getuid() == 0 else []  # which it insists on there
    command = [program("smtp-sink"), *user, f"{HOST}:{port}", "200"]
    with running(command, port, folder):
        yield port


def _smtp_source(size: int, port: int, connections: int) -> float:
    """Seconds that C takes for as many mails of 60 KB, each connection kept."""
    sender = ["-f", "paperboy@example.org", "-t", "reader@example.org"]
    counts = ["-d", "-l", "60000", "-m", str(size), "-s", str(connections)]
    start = time.perf_counter()
    subprocess.run([program("smtp-source"), *counts, *sender, f"{HOST}:{port}"], check=True, capture_output=True)
    return time.perf_counter() - start


async def _rounds(folder: Path, size: int, port: int, connections: int, drain: Callable[[int], None]) -> list[_Took]:
    async with opened_environment(folder) as environment:
        environment.config["subscribers"] = {"r0": {"mail": "r0@example.org", "topics": ["birds"]}}
        environment.config["channels"]["mail"] |= {"host": HOST, "port": port, "connections": connections}
        store, took, sent = Store(f"sqlite:///{folder / 'bench.db'}"), [], 0
        each = max(1, size // _ROUNDS)
        for number in range(_ROUNDS):
            settings = _many(environment.settings, range(number * each, (number + 1) * each))
            _enqueue(store, settings)
            ways: dict[str, _Bare | _Outbox] = {"bare": _Bare(store, settings), "outbox": _Outbox(store, settings)}
            both = {}
            for name in sorted(ways, reverse=bool(number % 2)):  # who comes first is not always the same
                both[name] = await ways[name].seconds()
                sent += each
                drain(sent)
            took.append(_Took(**both))
        store.close()
        return took


def _many(settings: Settings, numbers: range) -> Settings:
    (first,) = settings.subscribers.values()
    return replace(
        settings,
        subscribers={
            f"r{number}": replace(
                first,
                name=f"r{number}",
                addresses=(Address(Secret(f"r{number}@example.org"), "mailbox", f"r{number}@example.org"),),
            )
            for number in numbers
        },
    )


def _enqueue(store: Store, settings: Settings) -> None:
    """For each its own digest: the name stands in every form of it; the subject is the day's."""
    channel = _channel(settings)
    (message,) = channel.render(_digest(), max_messages=1, options=channel.Options())
    told = texts(message.payload["entity"])
    for name, subscriber in settings.subscribers.items():
        own = entity(f"Good morning, {name}.\n\n{told['plain']}", f"<!-- {name} -->\n{told['html']}")
        rendered = RenderedDigest("mail", name, (Message({**message.payload, "entity": own}),))
        store.outbox.enqueue(SubscriberState(name), rendered, subscriber.recipients, SystemClock().now())


def _channel(settings: Settings) -> MailChannel:
    """With links that are each reader's own, as they are where there are pages."""
    return MailChannel(settings.channels["mail"], Templates(), contact="bench@example.org", links=LINKS)


def _digest() -> Digest:
    entries = tuple(
        DigestEntry(paper, AnnounceType.NEW, TUESDAY, Match("birds")) for paper in corpus.invented(_PAPERS)
    )
    return Digest((Section("birds", "Birds", entries),), (TUESDAY,), announced=300)


@dataclass(frozen=True, slots=True)
class _Outbox:
    """The third verb."""

    store: Store
    settings: Settings

    async def seconds(self) -> float:
        channel = _channel(self.settings)
        start = time.perf_counter()
        reports = await deliver(self.store, self.settings, {"mail": channel}, SystemClock(), ignore_backoff=False)
        took = time.perf_counter() - start
        await channel.aclose()
        assert sum(report.sent for report in reports) == len(self.settings.subscribers)
        assert not self.store.outbox.backlog()
        return took


@dataclass(frozen=True, slots=True)
class _Bare:
    """The library that we send with, its `sendmail` in as many tasks as there are connections."""

    store: Store
    settings: Settings

    async def seconds(self) -> float:
        options: MailSettings = self.settings.channels["mail"]
        mails = iter(self._mails(options))
        lines = [
            SMTP(hostname=options.host, port=options.port, use_tls=False, start_tls=False)
            for _ in range(options.connections)
        ]
        start = time.perf_counter()

        async def send(line: SMTP) -> None:
            await line.connect()
            for recipient, data in mails:
                await line.sendmail(options.mailbox.address, [recipient], data)
            await line.quit()

        await asyncio.gather(*map(send, lines))
        return time.perf_counter() - start

    def _mails(self, options: MailSettings) -> list[tuple[str, bytes]]:
        """The very bytes that the outbox will send."""
        addresses = {
            name: Mailbox(each.addresses[0].value.reveal()) for name, each in self.settings.subscribers.items()
        }
        statement = deliveries.select().where(deliveries.c.subscriber.in_(list(addresses)))
        with self.store._database.reading() as connection:
            found = load(connection, connection.execute(statement).all()).values()
        boxes = [(each, addresses[each.subscriber]) for each in found]
        return [
            (box.address, build(each, box, options.mailbox, _own_links(box.address, each.subscriber)))
            for each, box in boxes
        ]


def _own_links(address: str, subscriber: str) -> OwnLinks:
    mailbox = mailbox_key(address)
    return OwnLinks(LINKS.unsubscribe(mailbox), LINKS.preferences(mailbox), LINKS.feedback(mailbox, subscriber))


if __name__ == "__main__":
    say(machine())
    say(run(1_000) if "--quick" in sys.argv else run())
