"""Law 10 under load: mail programs say no for their readers while `run` delivers, and no mail follows a 200."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from bot.members.mailbox import mailbox_key
from bot.store import Store
from tests.proofs.crowd import ONE_CLICK, gather
from tests.servers.smtp import SmtpReceiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.proofs.crowd import Crowd


_AGAIN_AFTER = 10.0
"""Seconds, and each time twice as many, as mail providers do."""


class _Relay(SmtpReceiver):
    """Notes when it had the whole of a mail."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: dict[str, float] = {}
        """By address, the last moment."""
        self.first = asyncio.Event()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's hook
        answer = await super().handle_DATA(server, session, envelope)
        self.taken[envelope.rcpt_tos[0]] = time.monotonic()
        self.first.set()
        return answer


@dataclass
class _Clicks:
    """What came of them."""

    answered: dict[str, float] = field(default_factory=dict)
    """By address, when the first 200 was read."""
    seconds: list[float] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    """The answers that were no 200, 0 for none at all: mail providers try these again, and so do we."""

    def __str__(self) -> str:
        each = sorted(self.seconds)
        p50, p99 = (each[int(len(each) * part)] for part in (0.5, 0.99))
        others = f"{len(self.others)} answered otherwise at first"
        return f"p50 {p50:.3f} s, p99 {p99:.3f} s, slowest {each[-1]:.3f} s, {others}"


@asynccontextmanager
async def _running(crowd: Crowd) -> AsyncIterator[None]:
    """`paperboy run`, ended by SIGTERM."""
    command = [sys.executable, "-m", "bot", "run", "--config", str(crowd.config), "--log-level", "error"]
    process = await asyncio.create_subprocess_exec(*command)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0


async def _click(session: aiohttp.ClientSession, address: str, url: str, clicks: _Clicks) -> None:
    """One POST exactly as Gmail's, until it is answered with 200; the time that counts is the answered one's."""
    headers, body = ONE_CLICK
    for tries in count():
        start = time.monotonic()
        try:
            async with session.post(url, headers=headers, data=body, allow_redirects=False) as answer:
                await answer.read()
        except (aiohttp.ClientConnectionError, TimeoutError):
            clicks.others.append(0)
            await asyncio.sleep(_AGAIN_AFTER * 2**tries)
            continue
        if answer.status == HTTPStatus.OK:
            now = time.monotonic()
            clicks.answered.setdefault(address, now)
            clicks.seconds.append(now - start)
            return
        clicks.others.append(answer.status)
        await asyncio.sleep(_AGAIN_AFTER * 2**tries)


@pytest.mark.parametrize(
    ("size", "rate", "seconds"),
    [
        pytest.param(150, 60, 2, marks=pytest.mark.slow),
        pytest.param(5000, 200, 60, marks=[pytest.mark.on_request, pytest.mark.timeout(900)]),
    ],
)
async def test_law_10_no_mail_follows_an_answered_click_while_mails_go_out(
    tmp_path: Path, size: int, rate: int, seconds: int
) -> None:
    chance, clicks = random.Random(14), _Clicks()
    async with _Relay() as relay:
        crowd = gather(tmp_path, size, mail_port=relay.port)
        links = list(crowd.links().items())
        chance.shuffle(links)
        connector = aiohttp.TCPConnector(limit=0)
        async with (
            _running(crowd),
            aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session,
            asyncio.timeout(840),
        ):
            await relay.first.wait()
            began, sent_before = time.monotonic(), len(relay.taken)
            async with asyncio.TaskGroup() as tasks:
                for number in range(rate * seconds):  # who says no twice is answered twice
                    await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
                    address, url = links[number % len(links)]
                    tasks.create_task(_click(session, address, url, clicks))
            took = time.monotonic() - began
            sent_meanwhile = len(relay.taken) - sent_before
            await asyncio.sleep(1)
        mails = f"{sent_before} mails before, {sent_meanwhile} meanwhile, {len(relay.taken)} of {size} in all"
        print(f"\n{rate * seconds} clicks in {took:.0f} s: {clicks}; {mails}")  # noqa: T201 - its figures
        assert not {address for address, at in clicks.answered.items() if relay.taken.get(address, 0.0) > at}
        assert set(clicks.others) <= {0, HTTPStatus.SERVICE_UNAVAILABLE}
    _all_withdrawn(crowd, clicks, relay)


def _all_withdrawn(crowd: Crowd, clicks: _Clicks, relay: _Relay) -> None:
    """Whoever said no is suppressed; what waited for them is dropped, unless it had arrived before."""
    store = Store(crowd.settings.store)
    keys = store.reader_keys(crowd.settings.secrets)
    of = {record.subscriber: record for record in store.queries.all()}
    with store.snapshot() as view:
        suppressed = {found.key for found in view.suppressions.all()}
    for address in clicks.answered:
        assert suppressed.intersection(keys.suppression(mailbox_key(address)))
        assert of[crowd.key(address)].state == ("sent" if address in relay.taken else "dropped")
    store.close()
