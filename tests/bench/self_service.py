"""Rows of self-service subscribers by mail, as the store keeps them, each with one topic of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.settings import fingerprint

CATEGORIES = ["cs.CV", "cs.CL"]


def row(number: int, topic: dict[str, Any], **more: object) -> dict[str, Any]:
    """The subscriber of that number; `topic` is the rest of its topic, `more` are columns."""
    key, address = f"m-{number:016x}", f"reader{number}@example.org"
    return {
        "key": key,
        "channel": "mail",
        "destination": address,
        "recipient": fingerprint(address),
        "mailbox": fingerprint(address),
        "topics": [{"name": f"{key}/1", "title": f"Topic {number}", "categories": CATEGORIES, **topic}],
        "muted": [],
        "own_topics_made": 1,
        "reads": " ".join(sorted(CATEGORIES)),
        "weekdays": 127,
        "timezone": "UTC",
        "paused": False,
        "confirmed_at": datetime(2026, 4, 1, tzinfo=UTC),
        "how": "web",
        "revision": 1,
        **more,
    }
