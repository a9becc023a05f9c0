"""What a channel is: it owns its limits, turns a digest into messages, and sends one message to one address.

A channel never touches the store, never retries, never sleeps, and knows no other channel: what to do about a
failure is decided by `deliver` from its `FailureKind` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from bot.errors import PaperboyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Delivery, Digest, Limits, Message, Note, Receipt, UnknownDelivery
    from bot.settings import Address
    from bot.text.templates import Templates


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One thing that `check` found out about a service."""

    setting: str
    """The setting it speaks of: `channels.slack.token`, or the address's label."""
    ok: bool
    message: str
    """What was found, or what is wrong and what to do about it."""


class CannotTellError(PaperboyError):
    """The other side cannot be asked about a delivery, or cannot tell; asking again would change nothing."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """For people; it shows no secret."""


class ReaderLinks(Protocol):
    """What a message carries so that its reader, or a mail server, can answer it: signed, and one reader's own."""

    @property
    def has_pages(self) -> bool:
        """Whether there are pages to link to: `web:` is set."""
        ...

    def unsubscribe(self, mailbox: str) -> str:
        """The URL where a mailbox, named by its hash, says no: by a page, or by one POST."""
        ...

    def preferences(self, mailbox: str) -> str:
        """The URL where a mailbox, named by its hash, says what it wants."""
        ...

    def bounce_token(self, delivery: str) -> str:
        """What names a delivery in the address that its bounce comes back to: 36 letters and digits."""
        ...


class Channel(Protocol):
    """A way to deliver messages.

    The constructor takes its settings, the templates, the contact and the links, and opens no connection.
    """

    Settings: type[Any]
    """Frozen dataclass of `channels.<name>` in the YAML. Secrets are of type `Secret`."""
    Options: type[Any]
    """Frozen dataclass of what a subscriber may set for this channel alone; every field has a default."""

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
        """What the YAML gives under the channel's key, as addresses.

        Raises:
            ValueError: with a sentence that says what is wrong; it shows no secret.
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
        """The digest as at most `max_messages` messages within the platform's limits; a cut is always said.

        At most `full` papers are shown in full where it is said, the others as lines, and counted where those are
        too many; the topics share the room.

        Pure but for reading templates. The same digest gives the same messages, byte for byte.

        Raises:
            RenderError: a template is broken.
        """
        ...

    def render_note(self, note: Note) -> Message:
        """A short message that is no digest.

        Raises:
            RenderError: a template is broken.
        """
        ...

    def limits(self, address: Address) -> Limits:
        """The two limits of an address: its own, and that of its credential."""
        ...

    async def send(self, delivery: Delivery, address: Address) -> Receipt:
        """Send the frozen payload once, under the delivery's idempotency key where the platform has one.

        Returns only when the other side said that it has the message.

        Raises:
            DeliveryError: with its `FailureKind`; the reason shows no secret.
        """
        ...

    async def lookup(self, question: UnknownDelivery, address: Address) -> Receipt | None:
        """Ask the other side whether it has a delivery whose outcome is unknown; posts nothing.

        Returns:
            The receipt if it has it. None if it surely has it not, or would itself drop a repetition: to send the
            same again is safe.

        Raises:
            CannotTellError: it cannot be asked, or does not show us enough to tell.
            DeliveryError: the question failed: BUSY, TRANSIENT, UNKNOWN or CREDENTIAL. It can be asked again.
        """
        ...

    async def check(self, addresses: Sequence[Address]) -> tuple[CheckResult, ...]:
        """Reach the service without posting anything, and name the setting that is wrong."""
        ...

    async def aclose(self) -> None:
        """Close what `send` and `check` opened."""
        ...
