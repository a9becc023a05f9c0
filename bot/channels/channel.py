"""The interface of a channel: it renders digests into messages, sends a message to an address, and has rate limits.

A channel never uses the store, never retries, never sleeps, and knows no other channel: `deliver` decides what to do
after a failure, from its `FailureKind`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from bot.errors import PaperboyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Delivery, Digest, Limits, Message, Note, Receipt, UnknownDelivery
    from bot.settings import Address
    from bot.text.templates import Templates


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One result of `check`."""

    setting: str
    """The setting it is about: `channels.slack.token`, or the address's label."""
    ok: bool
    message: str
    """What was found; or what is wrong, and what to do about it."""


CLOCK_SKEW = timedelta(minutes=5)
"""How much the clocks of two of our machines, or of one and a platform, may differ when a message is looked up."""


class CannotTellError(PaperboyError):
    """The platform cannot be asked about a delivery, or cannot tell; asking again would not help."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """The reason, for people; without secrets."""


class ReaderLinks(Protocol):
    """Interface to signed links and tokens in a message, with which its reader or a mail server can answer."""

    @property
    def has_pages(self) -> bool:
        """Whether there are pages to link to (`web:` is configured)."""
        ...

    def unsubscribe(self, mailbox: str) -> str:
        """The URL to unsubscribe a mailbox, named by its hash: a page, and one-click by POST (RFC 8058)."""
        ...

    def preferences(self, mailbox: str) -> str:
        """The URL of the preferences of a mailbox, named by its hash."""
        ...

    def feedback(self, mailbox: str, subscriber: str) -> str:
        """The URL for a mailbox's feedback on a subscriber's papers; the query of `buttons.as_query` names the paper.

        It has the same length for all mailboxes and subscribers.
        """
        ...

    def bounce_token(self, delivery: str) -> str:
        """The token for a delivery in its return address: 36 letters and digits."""
        ...


class Channel(Protocol):
    """A way to deliver messages.

    The constructor takes its settings, the templates, the contact and the links, and opens no connection.
    """

    Settings: type[Any]
    """Frozen dataclass of `channels.<name>` in the YAML. Secrets are of type `Secret`."""
    Options: type[Any]
    """Frozen dataclass of a subscriber's options for this channel; every field has a default."""

    @property
    def max_concurrent_sends(self) -> int:
        """How many messages may be sent at the same time. After a crash the outcome of this many is unknown."""
        ...

    def __init__(
        self,
        settings: Any,  # noqa: ANN401 - each its own
        templates: Templates,
        *,
        contact: str,
        links: ReaderLinks | None = None,
    ) -> None: ...

    @staticmethod
    def addresses(value: object, options: Any) -> tuple[Address, ...]:  # noqa: ANN401 - each its own
        """Parses the value of the channel's key in the YAML into addresses.

        Raises:
            ValueError: it is invalid; the message says why and shows no secret.
        """
        ...

    def render(
        self,
        digest: Digest,
        *,
        max_messages: int,
        options: Any,  # noqa: ANN401 - each its own
        full: int | None = None,
    ) -> tuple[Message, ...]:
        """Renders the digest as at most `max_messages` messages within the platform's limits.

        With `full`, at most so many papers are shown in full. The others are one line each, and those that do not fit
        are counted. Every topic gets a part of the space.

        Pure, except that it reads templates. The same digest gives the same messages, byte for byte.

        Raises:
            RenderError: a template is broken.
        """
        ...

    def render_note(self, note: Note) -> Message:
        """Renders a short message other than a digest.

        Raises:
            RenderError: a template is broken.
        """
        ...

    def limits(self, address: Address) -> Limits:
        """The two limits of an address: its own, and that of its credential."""
        ...

    async def send(self, delivery: Delivery, address: Address) -> Receipt:
        """Sends the stored payload once, with the delivery's idempotency key if the platform supports one.

        Returns only after the platform confirmed that it has the message.

        Raises:
            DeliveryError: with its `FailureKind`; the reason shows no secret.
        """
        ...

    async def lookup(self, question: UnknownDelivery, address: Address) -> Receipt | None:
        """Asks the platform whether it has a delivery whose outcome is unknown; sends no message.

        Returns:
            The receipt if the platform has it. None if sending again is safe: the platform certainly does not have
            it, or ignores a repeat.

        Raises:
            CannotTellError: it cannot be asked, or does not show enough to tell.
            DeliveryError: the lookup failed (RATE_LIMITED, TRANSIENT, UNKNOWN or CREDENTIAL) and can be repeated.
        """
        ...

    async def check(self, addresses: Sequence[Address]) -> tuple[CheckResult, ...]:
        """Contacts the service without sending a message, and names each setting that is wrong."""
        ...

    async def aclose(self) -> None:
        """Closes connections that `send` and `check` opened."""
        ...
