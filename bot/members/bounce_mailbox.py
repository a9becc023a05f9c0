"""Processes bounces that a mail server delivered into a Maildir: https://cr.yp.to/proto/maildir.html.

    new/ -> process -> cur/, marked as seen unless it was ignored

A message that is read twice, after a crash in between, changes nothing. An ignored message stays unseen, for a person
to read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import structlog

from bot.errors import PaperboyError, UnreadableReportError
from bot.members.bounces import process_file
from bot.members.values import Suppressed

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from bot.members.bounces import Ignored, MailboxOutcome
    from bot.members.context import Context

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 500
"""The most messages in one go; the others are left for the next run, so that digests do not wait."""


class BounceMailboxError(PaperboyError):
    """The Maildir of `channels.mail.bounces` cannot be read, or a message in it cannot be moved."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{folder}: {reason}")
        self.folder = folder
        self.reason = reason


def read_bounces(context: Context, folder: Path, now: datetime) -> int:
    """Processes new messages, oldest first, at most `MOST_AT_ONCE`. Returns how many.

    Raises:
        BounceMailboxError: it is no Maildir, or we may not read and write it.
        StoreError: the store cannot be used; messages that were not processed stay new.
    """
    try:
        waiting = sorted(file for file in (folder / "new").iterdir() if not file.name.startswith("."))
        for file in waiting[:MOST_AT_ONCE]:
            with file.open("rb") as message:
                flags = "S" if _process(context, message, now) else ""
            file.rename(folder / "cur" / f"{file.name.partition(':')[0]}:2,{flags}")
    except OSError as error:
        raise BounceMailboxError(folder, error.strerror or type(error).__name__) from error
    return len(waiting[:MOST_AT_ONCE])


def _process(context: Context, message: BinaryIO, now: datetime) -> bool:
    """Processes one message. Returns whether it was not ignored."""
    try:
        found = process_file(context, message, now)
    except UnreadableReportError as error:
        log.warning("a message among the bounces was not understood", reason=error.reason)
        return False
    tell(found)
    return isinstance(found, tuple)


def tell(found: tuple[MailboxOutcome, ...] | Ignored) -> None:
    """Logs the result for a message, without an address."""
    if not isinstance(found, tuple):
        log.info("nothing is done about a message among the bounces", reason=found.value)
        return
    for each in found:
        if isinstance(each.outcome, Suppressed):
            log.warning(
                "a mailbox is not written to any more", subscriber=each.subscriber, why=each.outcome.reason.value
            )
        else:
            log.info("a mail came back", subscriber=each.subscriber, counted=each.outcome.bounces)
