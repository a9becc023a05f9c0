"""The checks of `paperboy check` for the chat in Discord: whether commands would arrive. Changes nothing."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from discord.http import Route

from bot.channels.channel import CheckResult
from bot.channels.discord.client import Bot
from bot.channels.discord.errors import platform_id, snowflake_in
from bot.channels.discord.request import ask
from bot.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping

    from bot.channels.discord import DiscordSettings
    from bot.settings import Address, Settings

    Get = Callable[..., Awaitable[Mapping[str, Any] | None]]

SETTING = "chat.discord"
PERMISSIONS = 1 << 10 | 1 << 11 | 1 << 14 | 1 << 16 | 1 << 38
"""View Channels, Send Messages, Embed Links, Read Message History, Send Messages in Threads."""
_MISSING_ACCESS = 50001


def invite_url(application: str) -> str:
    """The URL with which a server's manager adds the bot, with only the permissions that it needs."""
    wants = f"client_id={application}&scope=bot+applications.commands&permissions={PERMISSIONS}"
    return f"https://discord.com/oauth2/authorize?{wants}"


async def check_listening(settings: Settings) -> tuple[CheckResult, ...]:
    """Checks whether the gateway can be used, commands come through it, and each server allows them.

    A token that is not valid is reported by the channel's own check.
    """
    configured: DiscordSettings = settings.channels["discord"]
    api_url = configured.api_url.rstrip("/")
    bot = Bot(configured.token, api_url)
    try:
        return tuple([result async for result in _results(partial(_get, bot, api_url), settings)])
    except DeliveryError as error:
        return (CheckResult(SETTING, ok=False, message=error.reason),)
    finally:
        await bot.aclose()


async def _get(bot: Bot, api_url: str, path: str, *, refused: int = 0) -> Mapping[str, Any] | None:
    """The JSON object at a path; None if Discord refuses with the code `refused`; empty if it is no object.

    Raises:
        DeliveryError: any other refusal.
    """
    client = await bot.client()
    answer = await ask(api_url, lambda: client.http.request(Route("GET", path)))
    if refused and answer.code == refused:
        return None
    if answer.status != HTTPStatus.OK:
        platform_id(answer, webhook=False)
    return answer.body or {}


async def _results(get: Get, settings: Settings) -> AsyncIterator[CheckResult]:
    application = await get("/oauth2/applications/@me") or {}
    number = snowflake_in(application.get("id"))
    limit = (await get("/gateway/bot") or {}).get("session_start_limit") or {}
    left, total = limit.get("remaining", 0), limit.get("total", 0)
    found = f"the gateway is there, {left} of {total} connections are left today"
    yield CheckResult(SETTING, ok=bool(left), message=found)
    if application.get("interactions_endpoint_url"):
        advice = (
            "the app has an Interactions Endpoint URL, so no command comes here: empty it on the app's page, General"
        )
        yield CheckResult(SETTING, ok=False, message=advice)
    for address in _channels(settings):
        channel = await get(f"/channels/{address.value.reveal()}", refused=_MISSING_ACCESS)
        guild = snowflake_in((channel or {}).get("guild_id"))
        commands = f"/applications/{number}/guilds/{guild}/commands"
        if guild and await get(commands, refused=_MISSING_ACCESS) is None:
            advice = f"its server has not allowed commands: let who manages it open {invite_url(number)}"
            yield CheckResult(f"{SETTING} ({address.label})", ok=False, message=advice)
    yield CheckResult(SETTING, ok=True, message=f"to add the bot to a server: {invite_url(number)}")


def _channels(settings: Settings) -> Iterable[Address]:
    """The channels and forums of the YAML, each once."""
    mine = (each for each in settings.subscribers.values() if each.channel == "discord")
    addresses = (address for subscriber in mine for address in subscriber.addresses)
    return {each.key: each for each in addresses if not each.kind.endswith("webhook")}.values()
