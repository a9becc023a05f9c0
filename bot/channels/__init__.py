"""All channels. A new channel is a module or folder, its templates, and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.channels.discord import DiscordChannel
from bot.channels.mail import MailChannel
from bot.channels.slack import SlackChannel

if TYPE_CHECKING:
    from bot.channels.channel import Channel

CHANNELS: dict[str, type[Channel]] = {
    "slack": SlackChannel,
    "discord": DiscordChannel,
    "mail": MailChannel,
}
