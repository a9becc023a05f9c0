"""The Slack methods that the chat needs: a socket's URL, facts about people, answers, the home page, dialogs.

Uses slack_sdk with its retries and log off. Every failed request is a `DeliveryError`, as for digests.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.bounded_response import BoundedResponse
from bot.channels.http_answers import json_object
from bot.channels.slack.errors import connection_errors_as_failures, raise_for_method
from bot.channels.slack.secrets import HOSTS
from bot.errors import DeliveryError, FailureKind
from bot.settings import is_loopback

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from slack_sdk.web.async_slack_response import AsyncSlackResponse

    from bot.settings import Secret

SILENT = logging.Logger("slack_sdk, silenced", level=logging.CRITICAL + 1)  # noqa: LOG001 - must hang under no parent
_SECONDS = 10.0
_CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class SlackUser:
    """Facts about a person."""

    is_manager: bool
    """Whether they are an admin or an owner of this workspace."""
    timezone: str | None
    """By its IANA name."""


class SlackChatApi:
    """The methods that the chat needs. Opens its session when it is first needed.

    Each method raises a `DeliveryError` if its request failed.
    """

    def __init__(self, token: Secret, app_token: Secret, api_url: str) -> None:
        """Takes the bot token, the app-level token, and the base URL of Slack's methods."""
        self._token = token
        self.app_token = app_token
        self._api_url = api_url
        self._open: aiohttp.ClientSession | None = None

    async def socket_url(self) -> str:
        """A one-time address for a socket: https://docs.slack.dev/reference/methods/apps.connections.open."""
        answer = await _answer(self.client().apps_connections_open(app_token=self.app_token.reveal()))
        return str(answer.get("url", ""))

    async def team(self) -> str:
        """The workspace's id: https://docs.slack.dev/reference/methods/auth.test."""
        answer = await _answer(self.client().auth_test())
        return str(answer.get("team_id", ""))

    async def scopes(self) -> frozenset[str]:
        """The scopes of the bot token; empty if Slack does not tell.

        Raises:
            DeliveryError: the request failed, or the token is not valid.
        """
        answer = await _answer(self.client().auth_test())
        listed = str(answer.headers.get("x-oauth-scopes", ""))
        return frozenset(scope.strip() for scope in listed.split(",") if scope.strip())

    async def user(self, person: str, team: str) -> SlackUser:
        """Facts about a person: https://docs.slack.dev/reference/methods/users.info. Needs the scope users:read.

        In a shared channel, an admin of the other workspace does not count as one.
        """
        answer = await _answer(self.client().users_info(user=person))
        found = json_object(answer.get("user"))
        is_ours = not found.get("is_stranger") and found.get("team_id", team) == team
        is_manager = is_ours and not found.get("deleted") and bool(found.get("is_admin") or found.get("is_owner"))
        zone = found.get("tz")
        return SlackUser(is_manager, zone if isinstance(zone, str) else None)

    async def is_member(self, channel: str) -> bool:
        """Whether the app is a member of a channel; True if it may not ask."""
        try:
            answer = await _answer(self.client().conversations_info(channel=channel))
        except DeliveryError as error:
            if error.kind is FailureKind.DESTINATION_GONE:  # a private channel of which it is not a member
                return False
            if error.kind is FailureKind.CREDENTIAL:  # it may not ask
                return True
            raise
        return bool(json_object(answer.get("channel")).get("is_member", True))

    async def channel_name(self, channel: str) -> str:
        """The name of a channel, without `#`: https://docs.slack.dev/reference/methods/conversations.info."""
        answer = await _answer(self.client().conversations_info(channel=channel))
        return str(json_object(answer.get("channel")).get("name", ""))

    async def publish_home(self, person: str, view: Mapping[str, Any]) -> None:
        """Publishes a person's home page: https://docs.slack.dev/reference/methods/views.publish."""
        await _answer(self.client().views_publish(user_id=person, view=dict(view)))

    async def open_dialog(self, trigger: str, view: Mapping[str, Any]) -> None:
        """Opens a dialog for the person who clicked: https://docs.slack.dev/reference/methods/views.open."""
        await _answer(self.client().views_open(trigger_id=trigger, view=dict(view)))

    async def update_dialog(self, view_id: str, view: Mapping[str, Any]) -> None:
        """Replaces the content of a dialog: https://docs.slack.dev/reference/methods/views.update."""
        await _answer(self.client().views_update(view_id=view_id, view=dict(view)))

    async def respond(self, url: str, payload: Mapping[str, Any]) -> None:
        """Posts an answer to a `response_url`, which takes five answers within 30 minutes.

        https://docs.slack.dev/interactivity/handling-user-interaction#message_responses

        Raises:
            DeliveryError: the request failed, or the URL is not Slack's.
        """
        host = urlsplit(url).hostname or ""
        if host not in HOSTS and not is_loopback(host):
            raise DeliveryError(FailureKind.REJECTED, "the address for the answer is not Slack's")
        with connection_errors_as_failures():
            async with self._session.post(url, json=payload, raise_for_status=False) as answer:
                if not answer.ok:
                    reason = f"Slack answered with status {answer.status}"
                    raise DeliveryError(FailureKind.REJECTED, reason)

    def client(self) -> AsyncWebClient:
        """slack_sdk's client with the bot's token."""
        client = AsyncWebClient(
            self._token.reveal(), base_url=self._api_url, session=self._session, retry_handlers=[], logger=SILENT
        )
        client.proxy = None  # the session heeds the environment's proxies, and its exceptions too
        return client

    async def aclose(self) -> None:
        """Close the session."""
        if self._open is not None:
            await self._open.close()
            self._open = None

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._open is None:
            self._open = aiohttp.ClientSession(
                # A kept connection that the other side has closed meanwhile looks like a lost answer.
                connector=aiohttp.TCPConnector(force_close=True),
                timeout=aiohttp.ClientTimeout(total=_SECONDS, connect=_CONNECT_SECONDS),
                trust_env=True,
                response_class=BoundedResponse,
                raise_for_status=raise_for_method,
            )
        return self._open


async def _answer(request: Awaitable[AsyncSlackResponse]) -> AsyncSlackResponse:
    with connection_errors_as_failures():
        return await request
