"""What became of a morning, read from the receivers' logs and held against what was composed."""

from __future__ import annotations

import json
from collections import Counter
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

from bot.channels.discord.api import _nonce
from bot.channels.mail.mime import message_id
from bot.model import DeliveryState
from bot.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.world import Environment

CHANNEL, ROOM = "C0123456789", "123456789012345678"
MAILBOXES = ("alice@example.org", "bob@example.org")
LANES = ("lab", "hook", "group", "room-hook", *MAILBOXES)
ASKABLE = ("lab", "group")
"""Slack by its history, Discord by the nonce or by reading: there nothing may be doubled."""


def write_config(environment: Environment, *, readers: int = 0) -> None:
    """A subscriber on every channel, so many more with one mailbox each, and a site."""
    environment.config["subscribers"] = {
        "lab": {"slack": CHANNEL, "topics": ["birds"], "thread": True},
        "hook": {"slack": environment.slack.webhook_url("hook"), "topics": ["birds"]},
        "group": {"discord": ROOM, "topics": ["birds"]},
        "room-hook": {"discord": environment.discord.webhook_url("room-hook"), "topics": ["birds"]},
        "duo": {"mail": list(MAILBOXES), "topics": ["birds"]},
        **{f"reader-{n}": {"mail": mailbox, "topics": ["birds"]} for n, mailbox in enumerate(_mailboxes(readers))},
    }
    environment.config["site"] = {"dir": "site", "topics": ["birds"]}


def _mailboxes(readers: int) -> tuple[str, ...]:
    return tuple(f"reader{n}@example.org" for n in range(readers))


class MorningCheck:
    """Judges each morning by itself, and counts what came twice."""

    def __init__(self, environment: Environment, *, readers: int = 0) -> None:
        self._environment = environment
        self.lanes = (*LANES, *_mailboxes(readers))
        self._judged = 0
        self._seen: Counter[str] = Counter()
        self.messages: Counter[str] = Counter()
        self.doubled: Counter[str] = Counter()
        """Copies beyond the first, by lane."""
        self.deaths = 0
        """How often a process died with a message under way."""

    def judge(self, kills: int, titles: Iterable[str]) -> None:
        """See that everything composed since the last time has come, in order, and none too often.

        Args:
            kills: how many processes were killed meanwhile, or how often anything else may have cost an answer.
            titles: the papers that everybody was to be told of.

        Raises:
            AssertionError: it was not so.
        """
        composed = self._composed()
        for lane in self.lanes:
            logged = log_of(self._environment, lane)[self._seen[lane] :]
            self._seen[lane] += len(logged)
            copies = Counter(key for key, _ in logged)
            assert list(dict.fromkeys(copies)) == composed[lane], f"{lane}: lost, strange or out of order"
            most = 1 if lane in ASKABLE else kills + 1
            assert max(copies.values()) <= most, f"{lane}: a message came {max(copies.values())} times"
            assert len(set(logged)) == len(copies), f"{lane}: the copies of a message differ"
            shown = "\n".join(text for _, text in logged)
            assert not {title for title in titles if title not in shown}, f"{lane}: papers were not told"
            self.messages[lane] += len(copies)
            self.doubled[lane] += len(logged) - len(copies)

    def _composed(self) -> dict[str, list[str]]:
        """By lane, each message composed since the last time, by its key."""
        settings = self._environment.settings
        mailboxes = {
            address.key: address.value.reveal()
            for subscriber in settings.subscribers.values()
            if subscriber.channel == "mail"
            for address in subscriber.addresses
        }
        composed: dict[str, list[str]] = {lane: [] for lane in self.lanes}
        store = Store(settings.store)
        try:
            for record in store.queries.all()[self._judged :]:
                assert record.state is DeliveryState.SENT, record
                detail = store.queries.detail(record.id, texts=True)
                lane = mailboxes[detail.recipient] if record.channel == "mail" else record.subscriber
                composed[lane].append(_composed_key(lane, record.id, detail.payload or {}))
                self._judged += 1
                self.deaths += detail.deaths
        finally:
            store.close()
        return composed


def _composed_key(lane: str, delivery: str, payload: Mapping[str, Any]) -> str:
    match lane:
        case "lab":
            return delivery
        case "group":
            return _nonce(delivery)
        case "hook":
            return _slack_text(payload)
        case "room-hook":
            return _discord_text(payload)
        case _:
            return message_id(delivery, "example.org")


def log_of(environment: Environment, lane: str) -> Sequence[tuple[str, str]]:
    """What has come to a lane, in order: the key that tells each message from all others, and all its text."""
    slack = [
        (each.metadata, _slack_text(each.payload))
        for each in environment.slack.messages
        if each.channel in (CHANNEL, "hook") and (each.channel == CHANNEL) == (lane == "lab")
    ]
    discord = [
        each.payload for each in environment.discord.messages if (each.destination == ROOM) == (lane == "group")
    ]
    match lane:
        case "lab":
            return [(metadata["event_payload"]["delivery_id"], text) for metadata, text in slack if metadata]
        case "hook":
            return [(text, text) for _, text in slack]
        case "group":
            return [(payload["nonce"], _discord_text(payload)) for payload in discord]
        case "room-hook":
            return [(text, text) for text in map(_discord_text, discord)]
        case _:
            return [_read_mail(mail.data) for mail in environment.mail.messages if mail.rcpt == (lane,)]


def _slack_text(payload: Mapping[str, Any]) -> str:
    return json.dumps({name: payload.get(name) for name in ("text", "blocks")}, sort_keys=True)


def _discord_text(payload: Mapping[str, Any]) -> str:
    embeds = [
        {name: each.get(name) for name in ("title", "description", "url")} for each in payload.get("embeds") or []
    ]
    return json.dumps([payload.get("content"), embeds], sort_keys=True)


def _read_mail(data: bytes) -> tuple[str, str]:
    mail = message_from_bytes(data, policy=policy.default)
    body = mail.get_body(("plain",))
    assert body is not None
    return mail["Message-ID"], body.get_content()
