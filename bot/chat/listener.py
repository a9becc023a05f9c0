"""The protocol of a listener: what receives one platform's commands and clicks while `paperboy run` runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.chat.service import ChatService
    from bot.text.templates import Templates


class Listener(Protocol):
    """Receives the commands and clicks of one platform, and answers them."""

    @property
    def is_connected(self) -> bool:
        """Whether this machine has a working connection; it has none while another machine listens."""
        ...

    @property
    def outage(self) -> str:
        """Why commands do not arrive, for the operator; empty if they do, or if another machine listens."""
        ...

    def exchange(self, service: ChatService, templates: Templates) -> None:
        """Uses another configuration from now on; connections stay open."""
        ...

    async def run(self) -> None:
        """Listens until cancelled; then closes its connections within some seconds."""
        ...
