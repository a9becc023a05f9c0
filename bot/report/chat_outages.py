"""Chat platforms that no machine is connected to, so that commands there are not answered, as values. Only reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.settings import Settings
    from bot.store import Store

SOON = timedelta(minutes=5)
"""Longer than a lost connection takes to be made anew."""
_NO_MACHINE = "no machine says that it listens; does `paperboy run` run?"


@dataclass(frozen=True, slots=True)
class ChatOutage:
    """A platform that no machine is connected to."""

    platform: str
    since: datetime
    reason: str

    @property
    def sentence(self) -> str:
        """A sentence for the operator."""
        return f"{self.platform} is not listened to since {self.since:%Y-%m-%d %H:%M} UTC: {self.reason}"


def chat_outages(
    store: Store, settings: Settings, now: datetime, *, after: timedelta | None = None
) -> tuple[ChatOutage, ...]:
    """The configured platforms that no machine on this store was connected to for some time.

    Args:
        store: where machines record when they were last connected.
        settings: say which platforms are to be listened to.
        now: the moment, UTC.
        after: for how long at least; `alert_after` if None.

    Raises:
        StoreError: the store cannot be read.
    """
    wanted = settings.chat.platforms if settings.chat else ()
    since = now - (settings.arxiv.alert_after if after is None else after)
    records = store.listening.all() if wanted else ()
    return tuple(
        ChatOutage(each.platform, each.heard_at, each.reason or _NO_MACHINE)
        for each in records
        if each.platform in wanted and each.heard_at <= since
    )
