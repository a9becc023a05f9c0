"""What can go wrong, one class per stage, each carrying data rather than prose.

Only `cli` turns these into a sentence with advice and an exit code. No secret ever enters one: whoever raises
names a setting or a host, never a token, a webhook URL or a password.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PaperboyError(Exception):
    """Base class of all our errors."""


WHOLE_FILE = "(the file)"
"""The path of a problem with the configuration file as a whole."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the configuration."""

    path: str
    """Where: `topics.mllm.categories[1]`."""
    message: str
    """What is wrong, and what was probably meant."""
    line: int | None = None
    """Line of the YAML file, counted from 1; None where the problem is in no certain line."""

    def __str__(self) -> str:
        line = "" if self.line is None or self.path.startswith("line ") else f"line {self.line}, "
        return f"{line}{self.path}: {self.message}"


class ConfigError(PaperboyError):
    """The configuration is wrong; every problem at once."""

    def __init__(self, source: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(f"{source}: " + "; ".join(map(str, problems)))
        self.source = source
        self.problems = problems


class FetchError(PaperboyError):
    """arXiv gave no usable answer to one request."""

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        asked: bool = True,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.retry_after = retry_after
        """Seconds the other side asked us to wait, if it said so; where it was not asked, seconds until it may be."""
        self.asked = asked
        """Whether a request was sent; if not, an earlier answer still forbids it, or no URL is configured."""


class ParseError(PaperboyError):
    """arXiv answered, but its answer is malformed or not of the kind that was asked for."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class QueryError(PaperboyError):
    """A query that does not parse."""

    def __init__(self, message: str, *, query: str, column: int) -> None:
        super().__init__(f"{message} (column {column})")
        self.message = message
        self.query = query
        self.column = column
        """Counted from 1."""


class RenderError(PaperboyError):
    """A template failed."""

    def __init__(self, template: str, reason: str, line: int | None = None) -> None:
        super().__init__(f"{template}{'' if line is None else f', line {line}'}: {reason}")
        self.template = template
        self.reason = reason
        self.line = line


class FailureKind(StrEnum):
    """What kind of failure a send ended with.

    It decides what happens to this delivery, and to others behind the same limits.
    """

    RATE_LIMITED = "busy"
    """Rate limited (429, Retry-After): nothing was sent, the limit holds, and the attempt does not count."""
    TRANSIENT = "transient"
    """Certainly not delivered; retried with backoff."""
    UNKNOWN = "unknown"
    """Perhaps delivered: the answer was lost."""
    THREAD_GONE = "thread gone"
    """The thread takes no replies any more: the rest of its digest goes to the destination itself."""
    REJECTED = "malformed"
    """Rejected for good, because of its content. Sent once more in plain form, then dead."""
    DESTINATION_GONE = "closed"
    """The destination accepts nothing: archived, deleted or closed to us. Its deliveries wait."""
    CREDENTIAL = "credential"
    """The credential is refused. All deliveries that use it wait."""


class DeliveryError(PaperboyError):
    """One attempt to send one message failed."""

    def __init__(
        self,
        kind: FailureKind,
        reason: str,
        *,
        retry_after: float | None = None,
        affects_credential: bool = False,
        about_message: bool | None = None,
    ) -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind = kind
        self.reason = reason
        self.retry_after = retry_after
        """Seconds, where the other side named them."""
        self.affects_credential = affects_credential
        """For RATE_LIMITED and TRANSIENT: whether all behind the same credential wait, not this destination alone."""
        waits = kind in (FailureKind.DESTINATION_GONE, FailureKind.CREDENTIAL)
        self.about_message = not waits if about_message is None else about_message
        """Whether the message itself may be the cause: then it is given up after about a day of such failures. False
        where the platform was not reached, or would refuse any message: then no message is given up."""


class UnreadableReportError(PaperboyError):
    """An incoming mail is larger or more deeply nested than any report, or cannot be parsed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ListenError(PaperboyError):
    """`web.listen` cannot be listened on: the port is taken, or the address is not ours."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"{address}: {reason}")
        self.address = address
        self.reason = reason


class StoreError(PaperboyError):
    """The store cannot be used."""

    def __init__(self, store: str, reason: str) -> None:
        super().__init__(f"{store}: {reason}")
        self.store = store
        self.reason = reason


class NoStoreError(StoreError):
    """There is no store, and this command does not create one."""

    def __init__(self, store: str) -> None:
        super().__init__(store, "there is none yet: `paperboy once` makes it")


class NewerStoreError(StoreError):
    """The store was written by a newer version of this program."""

    def __init__(self, store: str, found: str, known: str) -> None:
        super().__init__(store, f"its schema is {found}, this program knows {known}")
        self.found = found
        """The store's version of the schema."""
        self.known = known
        """The newest that this program knows."""
