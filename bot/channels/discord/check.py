"""Checks the Discord token, channels and webhooks, and says which setting is probably wrong. Posts nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from discord.http import Route

from bot import text
from bot.channels.channel import CheckResult
from bot.channels.discord.errors import NO_FORUM, TAG_WANTED, platform_id
from bot.channels.discord.forum import FORUMS, tag_ids, wants_tag
from bot.channels.discord.request import ask
from bot.errors import DeliveryError, FailureKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    import discord

    from bot.channels.discord.request import Answer
    from bot.settings import Address

TOKEN = "channels.discord.token"  # noqa: S105 - the setting's name
_API_URL = "channels.discord.api_url"
_TOKEN_ADVICE = "copy the bot's token from the app's page, Bot (Reset Token gives a new one)"  # noqa: S105 - advice


async def check_bot(
    api_url: str, log_in: Callable[[], Awaitable[discord.Client]], channels: Sequence[Address]
) -> list[CheckResult]:
    """Checks the bot's token, and whether it sees each of these channels."""
    try:
        client = await log_in()
        me = await ask(api_url, lambda: client.http.request(Route("GET", "/users/@me")))
        platform_id(me, webhook=False)
    except DeliveryError as error:
        if error.kind is FailureKind.CREDENTIAL:
            return [CheckResult(TOKEN, ok=False, message=f"{error.reason}; {_TOKEN_ADVICE}")]
        return [CheckResult(_API_URL, ok=False, message=error.reason)]
    results = [CheckResult(TOKEN, ok=True, message=f"the bot is {_named(me)}")]
    for address in channels:
        request = partial(client.http.get_channel, int(address.value.reveal()))
        results.append(await check_place(api_url, address, request))
    return results


async def check_place(api_url: str, address: Address, request: Callable[[], Awaitable[object]]) -> CheckResult:
    """Checks by this request that a channel or webhook exists, is a forum exactly if set so, and has the tags."""
    try:
        answer = await ask(api_url, request)
        platform_id(answer, webhook=address.kind.endswith("webhook"))
    except DeliveryError as error:
        return CheckResult(address.label, ok=False, message=error.reason)
    is_forum = (answer.body or {}).get("type") in FORUMS
    if address.kind == "channel" and is_forum:
        advice = "is a forum: set `forum: true`, or name a thread of it"
        return CheckResult(address.label, ok=False, message=f"{_named(answer)} {advice}")
    if address.kind == "forum" and not is_forum:
        return CheckResult(address.label, ok=False, message=f"{_named(answer)}: {NO_FORUM}")
    if address.kind == "forum" and (problem := _about_tags(address, answer.body or {})):
        return CheckResult(address.label, ok=False, message=f"{_named(answer)}: {problem}")
    return CheckResult(address.label, ok=True, message=f"{_named(answer)} is there")


def _about_tags(address: Address, forum: Mapping[str, Any]) -> str:
    if wants_tag(forum) and not address.tags:
        return TAG_WANTED
    try:
        tag_ids(address.tags, forum)
    except DeliveryError as error:
        return error.reason
    return ""


def _named(answer: Answer) -> str:
    """The name of a bot, channel or webhook in an answer of Discord."""
    body = answer.body or {}
    return text.truncate(text.clean(str(body.get("username") or body.get("name") or "nameless")), 80)
