"""Bounces that others write: a Postfix, at whose next hop mailboxes are unknown or full; flufl.bounce's samples."""

from __future__ import annotations

import asyncio
import tarfile
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.lmtp import LMTP

from bot.channels.mail.bounce import guess_failures, read_report
from bot.members.bounces import MailboxOutcome, process_report
from bot.members.mailbox import mailbox_key
from bot.members.values import Counted, Suppressed
from bot.store.suppressions import SuppressionReason
from tests.builders import paper
from tests.counterparts.relays import returning_postfix
from tests.counterparts.tools import FOLDER, absent
from tests.ports import HOST
from tests.world import TUESDAY, Environment, morning

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.counterparts

NOBODY, FULL, ALICE = "nobody@example.org", "full@example.org", "alice@example.org"


class Mailbox:
    """Keeps what LMTP brings, with the two lines that a mail server puts before it."""

    def __init__(self) -> None:
        self.mails: asyncio.Queue[bytes] = asyncio.Queue()
        self.port = 0

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's hook
        (recipient,) = envelope.rcpt_tos
        sender = (envelope.mail_from or "").strip("<>")
        head = f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n"
        await self.mails.put(head.encode() + envelope.content)
        return "250 2.0.0 OK"


@asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    taken, loop = Mailbox(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: LMTP(taken, hostname="localhost", loop=loop), HOST, 0)
    taken.port = server.sockets[0].getsockname()[1]
    try:
        yield taken
    finally:
        server.close()


async def test_what_postfix_sends_back_stops_mails_to_who_is_unknown_and_to_nobody_else(
    environment: Environment,
) -> None:
    environment.config["subscribers"] = {"seminar": {"mail": [NOBODY, FULL, ALICE], "topics": ["birds"]}}
    environment.mail.bounces = {NOBODY: "550 5.1.1 No such user", FULL: "452 4.2.2 Mailbox full"}
    async with mailbox() as returned:
        with returning_postfix(environment.mail.port, returned.port) as port:
            mail = {"host": HOST, "port": port, "return_path": "bounces+{token}@return.example.org"}
            environment.config["channels"]["mail"] |= mail
            environment.announce(TUESDAY, paper())
            await environment.once(morning(TUESDAY))
            reports = [await asyncio.wait_for(returned.mails.get(), 60) for _ in range(2)]
        async with environment.app() as app:
            found = [process_report(app.context, data, morning(TUESDAY)) for data in (*reports, *reports)]
            with app.store.snapshot() as view:
                keys = {each: app.context.keys.suppression(mailbox_key(each)) for each in (NOBODY, FULL, ALICE)}
                suppressed = {each for each, key in keys.items() if view.suppressions.find(key)}
    assert suppressed == {NOBODY}
    assert (MailboxOutcome("seminar", Suppressed(SuppressionReason.BOUNCED, morning(TUESDAY))),) in found[:2]
    assert (MailboxOutcome("seminar", Counted()),) in found[:2]
    for data in reports:
        report = message_from_bytes(data, policy=policy.default)
        assert (report["Return-Path"], report["To"]) == ("<>", report["Delivered-To"])
        assert len(report["To"].partition("@")[0]) <= 64


# -- flufl.bounce's own samples ----------------------------------------------------------------------------------

NOT_FOR_GOOD = {"dsn_05", "dsn_06", "dsn_07", "dsn_08"}
"""Delivery statuses that say that it is tried again."""


def samples() -> dict[str, bytes]:
    """By name; they are in its source distribution, which `make counterparts-setup` fetches."""
    archives = [*(FOLDER / "flufl").glob("*.tar.gz")] or absent("flufl.bounce's source distribution")
    with tarfile.open(archives[0]) as archive:
        files = {
            Path(member.name).stem: archive.extractfile(member) for member in archive if member.name.endswith(".txt")
        }
        return {name: file.read() for name, file in files.items() if file is not None}


def test_what_flufl_finds_in_its_samples_is_found_in_the_fields_or_in_the_words() -> None:
    found = samples()
    assert len(found) > 100
    by_fields = {name: report.failures for name, data in found.items() if (report := read_report(data))}
    for name, failures in by_fields.items():
        words = {failure.address for failure in guess_failures(found[name])}
        assert failures is None or {failure.address for failure in failures} == words, name
    assert {name for name, failures in by_fields.items() if failures == ()} == NOT_FOR_GOOD
    assert sum(bool(guess_failures(data)) for data in found.values()) > 95
