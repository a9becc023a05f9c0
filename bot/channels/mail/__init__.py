"""The mail channel: sends digests to mailboxes through an SMTP relay.

`digest` renders them, `mime` makes their bytes, `smtp` talks to the relay, `errors` says what its answers mean, and
`check` what is wrong with the settings.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from bot.channels.channel import CannotTellError
from bot.channels.mail.digest import render_digest, render_note
from bot.channels.mail.fragments import Fragments
from bot.channels.mail.links import OwnLinks, fill
from bot.channels.mail.mime import Mailbox, build, mailto, message_id, parse_mailbox
from bot.channels.mail.return_path import SAMPLE_TOKEN
from bot.channels.mail.settings import MailSettings
from bot.model import Delivery, Limit, Limits, Receipt
from bot.settings import Address, Secret, fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.channels.channel import CheckResult, ReaderLinks
    from bot.channels.mail.smtp import SmtpPool
    from bot.model import Digest, Message, Note, UnknownDelivery
    from bot.text.templates import Templates


_SAMPLE_READER, _SAMPLE_ID = "reader@example.org", "0" * 32
_ANY_MAILBOX = "0" * 32
_NO_PAGE = "https://arxiv.org/"
"""Where a feedback link leads if `web:` was taken out of the configuration after the mail was composed."""


@dataclass(frozen=True, slots=True)
class MailOptions:
    """A subscriber's options for mail."""

    buttons: bool = True
    """Whether papers have buttons (in mails: links) if readers can answer: more like this, less like this, save."""


class MailChannel:
    """The `Channel` for mailboxes."""

    Settings = MailSettings
    Options = MailOptions
    MESSAGES = 1
    """One mail by default, however large the digest."""

    def __init__(
        self, settings: MailSettings, templates: Templates, *, contact: str, links: ReaderLinks | None = None
    ) -> None:
        del contact  # a mail names its sender
        self._settings = settings
        self._links = links
        self._sender = settings.mailbox
        self._templates = templates
        self._fragments = cache(self._new_fragments)
        self._pool: SmtpPool | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def max_concurrent_sends(self) -> int:
        """One per connection."""
        return self._settings.connections

    @staticmethod
    def addresses(value: object, options: MailOptions) -> tuple[Address, ...]:  # noqa: ARG004 - of the protocol
        """Parses one mailbox or a list of them; a name before `<...>` is ignored.

        Raises:
            ValueError: one is invalid; the message says which and why.
        """
        found: dict[str, Address] = {}
        for text in value if isinstance(value, list) and value else [value]:
            if not isinstance(text, str):
                sentence = "give a mail address such as alice@example.org, or a list of them"
                raise ValueError(sentence)  # noqa: TRY004 - the one error that the configuration understands
            address = parse_mailbox(text).address
            if address.casefold() in found:
                raise ValueError(f"{address} is there twice")
            found[address.casefold()] = Address(Secret(address), "mailbox", address)
        return tuple(found.values())

    def render(
        self,
        digest: Digest,
        *,
        max_messages: int,
        options: MailOptions,
        full: int | None = None,
    ) -> tuple[Message, ...]:
        """Renders the digest as mails with `subject`, text and HTML; the plain form has no HTML.

        Raises:
            RenderError: a template is broken.
        """
        return render_digest(
            digest,
            self._templates,
            sender=self._sender.address,
            max_messages=max_messages,
            fragments=self._fragments(options.buttons),
            full=full,
        )

    def render_note(self, note: Note) -> Message:
        """Renders a short mail other than a digest.

        Raises:
            RenderError: a template is broken.
        """
        return render_note(note, self._templates, sender=self._sender.address, pages=self._has_pages)

    def limits(self, address: Address) -> Limits:
        """Limits without pacing; a relay that wants us to slow down answers 4yz."""
        relay = fingerprint(f"{self._settings.host}:{self._settings.port}:{self._settings.username}")
        return Limits(Limit(f"mail:{address.key}", 0.0), Limit(f"mail-relay:{relay}", 0.0))

    async def send(self, delivery: Delivery, address: Address) -> Receipt:
        """Sends the mail to the relay. The receipt is its Message-ID, the same on every attempt.

        Raises:
            DeliveryError: UNKNOWN only if the whole mail was sent and the relay's answer was lost.
        """
        links = self._own_links(address.mailbox, delivery.subscriber)
        data = build(delivery, Mailbox(address.value.reveal()), self._sender, links)
        sender = self._envelope_sender(delivery.id)
        await self._running_pool().send(sender, address.value.reveal(), data)
        return Receipt(message_id(delivery.id, self._sender.domain))

    def sample(self, message: Message, subscriber: str, now: datetime) -> tuple[str, Message]:
        """A message as an invented reader would get it: its headers, and the message with that reader's links.

        Args:
            message: rendered by this channel.
            subscriber: the subscriber's name, for the headers.
            now: the moment, UTC.
        """
        (reader,) = self.addresses(_SAMPLE_READER, MailOptions())
        links = self._own_links(reader.mailbox, subscriber)
        delivery = Delivery(
            _SAMPLE_ID, subscriber, reader.key, message.payload, part=1, parts=1, created_at=now, tries=1
        )
        head, _, _ = build(delivery, Mailbox(_SAMPLE_READER), self._sender, links).partition(b"\r\n\r\n")
        payload, plain = (
            body and {**body, "entity": fill(body["entity"], links)} for body in (message.payload, message.plain)
        )
        return head.decode().replace("\r\n", "\n"), replace(message, payload=payload or {}, plain=plain)

    async def lookup(self, question: UnknownDelivery, address: Address) -> Receipt | None:
        """A relay cannot be asked.

        Raises:
            CannotTellError: always.
        """
        del question, address
        raise CannotTellError("a mail relay cannot be asked what became of a mail")

    async def check(self, addresses: Sequence[Address]) -> tuple[CheckResult, ...]:
        """Connects, logs in, and asks for each address whether the relay would take a mail; sends none."""
        from bot.channels.mail.check import check_relay  # noqa: PLC0415 - aiosmtplib: 50 ms that only a check needs

        return tuple([result async for result in check_relay(self._settings, addresses)])

    async def aclose(self) -> None:
        """Closes the connections of the running event loop."""
        if self._pool is not None and self._loop is asyncio.get_running_loop():
            await self._pool.aclose()
        self._pool = None

    def _new_fragments(self, feedback: bool) -> Fragments:  # noqa: FBT001 - a key
        """Fragments for all digests of this run, by whether they have links for feedback."""
        links = self._own_links(_ANY_MAILBOX, "any") if self._has_pages else None
        return Fragments(self._templates, links, feedback=feedback)

    @property
    def _has_pages(self) -> bool:
        return self._links is not None and self._links.has_pages

    def _own_links(self, mailbox: str | None, subscriber: str) -> OwnLinks:
        """The links of one reader of a subscriber's mail; `mailto:` links if there are no pages."""
        links = self._links
        if links is None or not links.has_pages or mailbox is None:
            by_mail = mailto(self._sender.address, "unsubscribe")
            return OwnLinks(by_mail, by_mail, _NO_PAGE)
        return OwnLinks(links.unsubscribe(mailbox), links.preferences(mailbox), links.feedback(mailbox, subscriber))

    def _envelope_sender(self, delivery: str) -> str:
        """The return address (MAIL FROM) for bounces of a delivery."""
        tokens = self._links if self._settings.has_tokens else None
        return self._settings.envelope_sender(tokens.bounce_token(delivery) if tokens else SAMPLE_TOKEN)

    def _running_pool(self) -> SmtpPool:
        """The pool of the running event loop, because connections cannot be used in another loop."""
        from bot.channels.mail.smtp import SmtpPool  # noqa: PLC0415 - aiosmtplib: 50 ms that only who sends needs

        loop = asyncio.get_running_loop()
        if self._pool is None or self._loop is not loop:
            self._pool, self._loop = SmtpPool(self._settings), loop
        return self._pool
