"""The checks of `paperboy check`: arXiv, every channel's credentials and addresses, and test messages.

Changes nothing, except that `send_tests` sends messages, and one that arrives closes the circuits of its address.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from bot.arxiv import feed
from bot.channels.channel import CheckResult
from bot.compose.learned import NEEDS_NUMPY
from bot.errors import DeliveryError, FetchError, ParseError
from bot.model import Delivery, Note, Order
from bot.report.liked import liked_notices
from bot.report.readers import readers
from bot.report.renamed import renamed
from bot.topics.name_errors import perhaps_no_name
from bot.topics.query_errors import only_in_a_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bot.arxiv.client import ArxivClient
    from bot.channels.channel import Channel
    from bot.clock import Clock
    from bot.settings import Address, Settings, Subscriber
    from bot.store import Store
    from bot.store.outbox import Outbox

_TEST = Note(
    title="Paperboy: a test",
    text="This is a test. Digests of new papers will arrive here; nothing else is needed.",
)


_TO_BE_SIGNED = (
    "one-click unsubscribing works only where your relay's DKIM signature covers List-Unsubscribe and "
    "List-Unsubscribe-Post: OpenDKIM and dkimpy leave the second out by default; look at h= of a mail that arrived"
)
"""Advice about one-click unsubscribing: https://www.rfc-editor.org/rfc/rfc8058#section-4."""


def notices(settings: Settings) -> Iterator[CheckResult]:
    """Warnings about settings that are valid but perhaps not intended."""
    for subscriber in settings.subscribers.values():
        if subscriber.at is not None:
            hour = f"{subscriber.at:%H:%M} {subscriber.timezone}"
            advice = f"served at {hour}: `paperboy run` keeps the hour, a daily cron for `once` must come after it"
            yield CheckResult(f"subscribers.{subscriber.name}.at", ok=True, message=advice)
        if subscriber.paused:
            yield CheckResult(f"subscribers.{subscriber.name}.paused", ok=True, message="paused: gets nothing")
    for topic in settings.topics.values():
        yield from _written_as_queries(f"topics.{topic.name}.keywords", topic.keywords)
        yield from _written_as_queries(f"topics.{topic.name}.exclude", topic.exclude)
        yield from _written_as_queries(f"topics.{topic.name}.authors", topic.authors, authors=True)
        for author in topic.authors:
            if doubt := perhaps_no_name(author):
                yield CheckResult(f"topics.{topic.name}.authors", ok=True, message=f"{author!r}: {doubt}")
    yield from _learning(settings)
    yield from liked_notices(settings)
    if settings.web is not None and "mail" in settings.channels:
        yield CheckResult("channels.mail", ok=True, message=_TO_BE_SIGNED)
    if not settings.categories:
        yield CheckResult(
            "subscribers", ok=True, message="no subscriber and no site reads a topic: nothing will happen"
        )


def _learning(settings: Settings) -> Iterator[CheckResult]:
    """What keeps an order from being learned, or a library from being learned from."""
    learned = [name for name, topic in settings.topics.items() if topic.order is Order.LEARNED]
    if learned and find_spec("numpy") is None:
        message = f"{NEEDS_NUMPY}; until then it is relevance"
        yield CheckResult(f"topics.{learned[0]}.order", ok=True, message=message)
    for subscriber in settings.subscribers.values():
        if subscriber.interest and not set(learned) & set(subscriber.topics):
            message = "none of its topics has `order: learned`: nothing is learned from the library"
            yield CheckResult(f"subscribers.{subscriber.name}.interest", ok=True, message=message)


def store_notices(store: Store, settings: Settings) -> Iterator[CheckResult]:
    """Notices about suppressed addresses, self-service subscribers, and those that seem to have been renamed."""
    for subscriber in settings.subscribers.values():
        for each in subscriber.suppressed:
            setting = f"subscribers.{subscriber.name}.{subscriber.channel} ({each.address.label})"
            advice = "take it out; or, if its reader wishes so, `paperboy suppressions lift"
            yield CheckResult(setting, ok=True, message=f"not written to: {each.why}. {advice} {each.key[:8]}`")
    found = readers(store, settings)
    if found.subscribed or found.unconfirmed:
        message = f"{found.subscribed} self-service subscribers, {found.unconfirmed} not confirmed yet"
        yield CheckResult("web.signup", ok=True, message=message)
    if found.former_secrets:
        dead = "links in mails that were signed with it do nothing; who said no is still not written to"
        advice = "to have the links work again, put it back as the second of the list"
        yield CheckResult("web.secret", ok=True, message=f"a former secret is not there any more: {dead}; {advice}")
    for name, sentence in renamed(store, settings).items():
        yield CheckResult(f"subscribers.{name}", ok=True, message=sentence)


def _written_as_queries(setting: str, words: Iterable[str], *, authors: bool = False) -> Iterator[CheckResult]:
    """Warnings about words that look like queries."""
    for word in words:
        if sign := only_in_a_query(word, author=authors):
            advice = "a phrase needs none" if sign == "quotes" else "only a topic's `query` reads it otherwise"
            yield CheckResult(
                setting, ok=True, message=f"{word!r} is looked for as it stands, {sign} and all: {advice}"
            )


async def check_arxiv(client: ArxivClient, settings: Settings) -> CheckResult:
    """Requests one feed; stores nothing."""
    if not settings.categories:
        return CheckResult("arxiv.rss_url", ok=True, message="not asked: no category is read")
    category = settings.categories[0]
    try:
        mailing = feed.parse(await client.fetch_rss(category), category)
    except (FetchError, ParseError) as error:
        return CheckResult("arxiv.rss_url", ok=False, message=f"{category}: {error.reason}")
    found = f"{category}: {len(mailing.entries)} announcements in the mailing of {mailing.mailing_date:%Y-%m-%d}"
    return CheckResult("arxiv.rss_url", ok=True, message=found)


async def check_channels(channels: Mapping[str, Channel], settings: Settings) -> list[CheckResult]:
    """Checks every channel that a subscriber uses, and all its addresses."""
    results: list[CheckResult] = []
    for name, channel in channels.items():
        mine = [subscriber for subscriber in settings.subscribers.values() if subscriber.channel == name]
        addresses = {address.key: address for subscriber in mine for address in subscriber.addresses}
        # A channel knows an address by its label; the reader looks for the setting that has it.
        named = {a.label: f"subscribers.{s.name}.{name} ({a.label})" for s in reversed(mine) for a in s.addresses}
        found = await channel.check(tuple(addresses.values()))
        results.extend(replace(result, setting=named.get(result.setting, result.setting)) for result in found)
    return results


async def send_tests(
    channels: Mapping[str, Channel],
    settings: Settings,
    outbox: Outbox,
    clock: Clock,
) -> list[CheckResult]:
    """Sends a test message to every address of every subscriber that is not paused."""
    return [
        await _send_test(channels[subscriber.channel], subscriber, address, outbox, clock)
        for subscriber in settings.subscribers.values()
        if not subscriber.paused
        for address in subscriber.addresses
    ]


async def _send_test(
    channel: Channel,
    subscriber: Subscriber,
    address: Address,
    outbox: Outbox,
    clock: Clock,
) -> CheckResult:
    setting = f"subscribers.{subscriber.name} ({address.label})"
    limits = channel.limits(address)
    delivery = Delivery(
        id=secrets.token_hex(16),  # a new id, so that it is no repeat of an earlier test
        subscriber=subscriber.name,
        recipient="",
        payload=channel.render_note(_TEST).payload,
        part=1,
        parts=1,
        created_at=clock.now(),
        tries=1,
    )
    try:
        await channel.send(delivery, address)
    except DeliveryError as error:
        return CheckResult(setting, ok=False, message=f"the test was not taken: {error.reason}")
    outbox.close_circuits(limits)
    await clock.sleep(max(limits.destination.min_interval, limits.credential.min_interval))
    return CheckResult(setting, ok=True, message="the test was taken")
