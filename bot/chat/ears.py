"""What listens to one platform, as the service that runs it next to the verbs sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.chat.service import ChatService
    from bot.text.templates import Templates


class Ears(Protocol):
    """Listens to one platform."""

    @property
    def hears(self) -> bool:
        """Whether this machine has a working connection; where another one listens it has none, and is not deaf."""
        ...

    @property
    def deaf(self) -> str:
        """Why commands do not reach us, for the operator; empty if all is well, or if another machine listens."""
        ...

    def exchange(self, service: ChatService, templates: Templates) -> None:
        """Answer by another configuration from now on; connections stay."""
        ...

    async def run(self) -> None:
        """Listen until cancelled; then hang up, within some seconds."""
        ...
