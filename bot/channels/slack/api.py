"""Slack's API for one configuration: posts, looks messages up and checks, through slack_sdk.

Imported only to send; `SlackChannel` has the settings, addresses and rendering. Never retries, sleeps or logs:
slack_sdk's retries are off (it would post twice), and so is its log, which shows webhook URLs.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.channels.bounded_response import BoundedResponse
from bot.channels.buttons import addressed
from bot.channels.channel import CannotTellError
from bot.channels.slack.addresses import is_webhook
from bot.channels.slack.blocks import outside_thread
from bot.channels.slack.check import TOKEN, check_bot
from bot.channels.slack.errors import (
    connection_errors_as_failures,
    raise_for_compatible,
    raise_for_lookup,
    raise_for_method,
    raise_for_webhook,
)
from bot.channels.slack.lookup import direct_message, find_message, metadata, timestamp
from bot.channels.slack.reactions import read_reactions
from bot.channels.slack.secrets import check_webhook
from bot.errors import DeliveryError, FailureKind
from bot.model import Receipt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from bot.channels.channel import CheckResult
    from bot.channels.reactions import PostedMessage, Reacted, Turn
    from bot.model import Delivery, UnknownDelivery
    from bot.settings import Address, Secret

ANSWER_SECONDS = 30.0
"""From opening the connection to the end of the answer."""
CONNECT_SECONDS = 10.0
"""For opening the connection; if that fails, nothing was sent."""
_SILENT = logging.Logger("slack_sdk, silenced", level=logging.CRITICAL + 1)  # noqa: LOG001 - must hang under no parent


class SlackApi:
    """All requests of `SlackChannel` to Slack."""

    def __init__(self, token: Secret | None, api_url: str) -> None:
        self._token = token
        self._api_url = api_url
        self._sessions: dict[Callable[[aiohttp.ClientResponse], Awaitable[None]], aiohttp.ClientSession] = {}

    async def send(self, delivery: Delivery, address: Address) -> Receipt:
        """Posts the payload once. Slack has no idempotency key, so the delivery's id is added as metadata.

        https://docs.slack.dev/messaging/message-metadata. A webhook takes no metadata, has no threads and returns no
        id.

        Raises:
            DeliveryError: Slack did not say yes.
        """
        if is_webhook(address):
            return await self._post_to_webhook(delivery, address)
        client = self._client()
        payload = addressed(delivery.payload, delivery.subscriber)
        with connection_errors_as_failures():
            answer = await client.chat_postMessage(
                **(outside_thread(payload) if delivery.thread_gone else payload),
                channel=address.value.reveal(),
                metadata=metadata(delivery.id),
                thread_ts=delivery.parent if delivery.reply else None,
            )
        return Receipt(timestamp(answer.get("ts")))

    async def lookup(self, question: UnknownDelivery, address: Address) -> Receipt | None:
        """Look for the delivery's id in the channel's history, or in its thread.

        Raises:
            CannotTellError: it is a webhook, or Slack does not let us look.
            DeliveryError: the question failed.
        """
        if is_webhook(address):
            raise CannotTellError("Slack cannot be asked what became of a webhook's message")
        client = self._client(raise_for_lookup)
        with connection_errors_as_failures():
            channel = address.value.reveal()
            if address.kind == "person":
                channel = await direct_message(client, channel)
            return await find_message(client, channel, question.delivery)

    async def reactions(
        self, messages: Sequence[PostedMessage], address: Address, turn: Turn
    ) -> AsyncIterator[Reacted]:
        """Asks for the reactions under messages of ours; see `ReadsReactions`.

        Raises:
            CannotTellError: Slack does not let us look.
            DeliveryError: a request failed.
        """
        client = self._client(raise_for_lookup)
        ours = [message for message in messages if timestamp(message.id)]
        with connection_errors_as_failures():
            await turn()
            bot = (await client.auth_test()).get("user_id")
            channel = address.value.reveal()
            if address.kind == "person":
                await turn()
                channel = await direct_message(client, channel)
            async for reacted in read_reactions(client, channel, ours, turn, bot=str(bot)):
                yield reacted

    async def check(self, addresses: Sequence[Address]) -> tuple[CheckResult, ...]:
        """Whether Slack knows the token, and the channels as far as the token may look; a webhook is only named."""
        asked = [address for address in addresses if not is_webhook(address)]
        results = await check_bot(self._client, asked) if asked else []
        results.extend(check_webhook(address) for address in addresses if is_webhook(address))
        return tuple(results)

    async def aclose(self) -> None:
        """Close the connections' sessions."""
        while self._sessions:
            _, session = self._sessions.popitem()
            await session.close()

    async def _post_to_webhook(self, delivery: Delivery, address: Address) -> Receipt:
        is_slack = address.kind == "webhook"
        client = AsyncWebhookClient(
            address.value.reveal(),
            session=self._session(raise_for_webhook if is_slack else raise_for_compatible),
            retry_handlers=[],
            logger=_SILENT,
        )
        client.proxy = None  # the session uses the environment's proxies and NO_PROXY
        with connection_errors_as_failures():
            await client.send_dict(dict(delivery.payload) if is_slack else {"text": delivery.payload["text"]})
        return Receipt()

    def _client(
        self, raise_for_status: Callable[[aiohttp.ClientResponse], Awaitable[None]] = raise_for_method
    ) -> AsyncWebClient:
        if self._token is None:
            raise DeliveryError(FailureKind.CREDENTIAL, f"{TOKEN} is not set")
        client = AsyncWebClient(
            self._token.reveal(),
            base_url=self._api_url,
            session=self._session(raise_for_status),
            retry_handlers=[],
            logger=_SILENT,
        )
        client.proxy = None  # the session uses the environment's proxies and NO_PROXY
        return client

    def _session(
        self, raise_for_status: Callable[[aiohttp.ClientResponse], Awaitable[None]]
    ) -> aiohttp.ClientSession:
        """A session that passes every answer to that function before slack_sdk sees it."""
        if raise_for_status not in self._sessions:
            self._sessions[raise_for_status] = aiohttp.ClientSession(
                # A kept connection that the other side has closed meanwhile looks like a lost answer.
                connector=aiohttp.TCPConnector(force_close=True),
                timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS, connect=CONNECT_SECONDS),
                trust_env=True,
                response_class=BoundedResponse,
                raise_for_status=raise_for_status,
            )
        return self._sessions[raise_for_status]
