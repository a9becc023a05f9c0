"""The context of every command: the store, the configuration, the keys, and the mails to a reader."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bot.members.links import confirm_url, preferences_url
from bot.model import Note
from bot.store.outbox import RenderedDigest
from bot.store.outbox.policy import Lane

if TYPE_CHECKING:
    from datetime import datetime

    from bot.channels.channel import Channel
    from bot.settings import Settings, WebSettings
    from bot.store import Store
    from bot.store.keys import ReaderKeys
    from bot.store.members import Member


class NoteMails:
    """Writes the two mails of signing up as notes of the mail channel.

    Neither contains text of whoever typed the address.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def confirmation(self, url: str) -> RenderedDigest:
        """Asks the reader to confirm, at `url`."""
        text = "Your address was given to get new arXiv papers by mail. If that was you, say so within 48 hours here:"
        return self._rendered("Confirm your subscription", f"{text}\n{url}\nElse do nothing: nothing more will come.")

    def already_subscribed(self, url: str) -> RenderedDigest:
        """Tells a subscriber that their address was typed again; `url` leads to their preferences."""
        text = "Your address was given again, but you are subscribed already. What you get can be changed here:"
        return self._rendered("You are subscribed already", f"{text}\n{url}")

    def _rendered(self, title: str, text: str) -> RenderedDigest:
        return RenderedDigest("mail", title, (self._channel.render_note(Note(title, text)),))


@dataclass(frozen=True)
class Context:
    """The first argument of every command."""

    store: Store
    settings: Settings
    """The settings of the YAML, without self-service subscribers."""
    keys: ReaderKeys
    mails: NoteMails

    @classmethod
    def opened(cls, store: Store, settings: Settings, mails: NoteMails) -> Context:
        """The context over an open store.

        Raises:
            StoreError: the store cannot be used.
        """
        return cls(store, settings, store.reader_keys(settings.web.secret if settings.web else ()), mails)

    def confirmation(self, mailbox: str, now: datetime) -> RenderedDigest:
        """The confirmation mail to a mailbox, named by its hash."""
        return self.mails.confirmation(confirm_url(self._web, mailbox, now))

    def reminder(self, mailbox: str) -> RenderedDigest:
        """The mail to a subscribed mailbox, that it was typed again."""
        return self.mails.already_subscribed(preferences_url(self._web, mailbox))

    def lanes(self, mailbox: str, member: Member | None) -> tuple[Lane, ...]:
        """All lanes of a mailbox: of the YAML's subscribers, and of its own self-service subscriber."""
        own = () if member is None else (Lane(member.key, member.recipient),)
        return (*self._yaml_lanes.get(mailbox, ()), *own)

    def subscriber_of(self, mailbox: str) -> str | None:
        """The YAML's subscriber with this mailbox, the first if several have it; None if none has."""
        lanes = self._yaml_lanes.get(mailbox, ())
        return lanes[0].subscriber if lanes else None

    @property
    def _web(self) -> WebSettings:
        if self.settings.web is None:
            raise ValueError("without `web:` there are no links")
        return self.settings.web

    @cached_property
    def _yaml_lanes(self) -> dict[str, tuple[Lane, ...]]:
        found: dict[str, tuple[Lane, ...]] = {}
        for subscriber in self.settings.subscribers.values():
            for address in subscriber.addresses:
                if address.mailbox is not None:
                    lane = Lane(subscriber.name, address.key)
                    found[address.mailbox] = (*found.get(address.mailbox, ()), lane)
        return found
