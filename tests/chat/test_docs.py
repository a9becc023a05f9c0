"""The page of the chat says what the table says."""

from __future__ import annotations

from pathlib import Path

from bot.chat.commands import COMMANDS
from bot.chat.parse import usage

PAGE = Path(__file__).parents[2] / "bot/chat/README.md"


def test_every_command_stands_on_the_page_as_it_is() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert rows == [f"| `{usage(command)}` | {command.help} |" for command in COMMANDS.values()]
