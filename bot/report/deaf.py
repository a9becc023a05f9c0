"""Chat platforms that readers write to and nobody listens to, as values. Only reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.settings import Settings
    from bot.store import Store

SOON = timedelta(minutes=5)
"""A connection that is lost and made anew takes less."""
_NO_MACHINE = "no machine says that it listens; does `paperboy run` run?"


@dataclass(frozen=True, slots=True)
class DeafPlatform:
    """A platform to which nobody listens."""

    platform: str
    since: datetime
    reason: str

    @property
    def sentence(self) -> str:
        """What is so, for the operator."""
        return f"{self.platform} is not listened to since {self.since:%Y-%m-%d %H:%M} UTC: {self.reason}"


def deaf(
    store: Store, settings: Settings, now: datetime, *, after: timedelta | None = None
) -> tuple[DeafPlatform, ...]:
    """The configured platforms that were not heard for so long; by none of the machines that share the store.

    Args:
        store: where machines note what they hear.
        settings: which platforms are to be listened to.
        now: the moment, UTC.
        after: for how long; `alert_after` if nothing is said.

    Raises:
        StoreError: the store cannot be read.
    """
    wanted = settings.chat.platforms if settings.chat else ()
    since = now - (settings.arxiv.alert_after if after is None else after)
    records = store.listening.all() if wanted else ()
    return tuple(
        DeafPlatform(each.platform, each.heard_at, each.reason or _NO_MACHINE)
        for each in records
        if each.platform in wanted and each.heard_at <= since
    )
