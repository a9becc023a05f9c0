"""Law 11: a mail scanner that opens every link of every mail, and then all of them again, changes nothing."""

from __future__ import annotations

import email
import email.policy
import re
from html import unescape
from typing import TYPE_CHECKING

import pytest

from bot.channels.mail import MailChannel
from bot.channels.mail.mime import texts
from bot.members.commands import confirm, subscribe
from bot.members.context import NoteMails
from bot.members.links import SignedLinks, confirm_url
from bot.members.mailbox import mailbox_key
from bot.model import Delivery
from bot.text.templates import Templates
from tests.channels.mail.test_digest import everything
from tests.members.conftest import WEB, mailbox
from tests.members.driver import NOW
from tests.servers.smtp import SmtpReceiver
from tests.web.conftest import opened
from tests.web.test_app import dump

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import Message
    from bot.store import Store
    from tests.servers.smtp import ReceivedMail
    from tests.web.conftest import Pages

_URL = re.compile(rf"{re.escape(WEB.url)}/[^\s\"'<>]+")


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(12, marks=pytest.mark.slow),
        pytest.param(1000, marks=[pytest.mark.on_request, pytest.mark.timeout(1800)]),
    ],
)
async def test_law_11_a_scanner_opens_every_link_of_every_mail_twice_and_nothing_changes(
    store: Store, size: int
) -> None:
    async with opened(store) as pages:
        mails = await _mails(pages, size)
        links = sorted({_path(link) for each in mails for link in _links(each)})
        assert len(links) >= 2.5 * size  # no and preferences in each, and a request's yes
        assert sum("/feedback/" in link for link in links) >= 3 * (size // 2)
        before, asked = dump(pages), 0
        for _ in range(2):
            for method in ("GET", "HEAD"):
                for link in links:
                    assert (await pages.ask(method, link)).status == 200
                    asked += 1
        assert dump(pages) == before
        assert pages.woken == []
    print(f"\n{len(mails)} mails, {len(links)} links, opened {asked} times: nothing changed")  # noqa: T201 - its figures


async def _mails(pages: Pages, size: int) -> list[ReceivedMail]:
    """What so many readers got: every second one a digest, the others the mail that asks them."""
    async with SmtpReceiver() as relay:
        links = SignedLinks(WEB, lambda: pages.readers.keys)
        where = MailChannel.Settings(host=relay.host, port=relay.port)
        channel = MailChannel(where, Templates(), contact="us@example.net", links=links)
        (digest, *_) = channel.render(everything(), max_messages=10, options=MailChannel.Options())
        for number in range(size):
            address = f"reader{number}@example.edu"
            assert subscribe(pages.readers, address, ["birds"], "UTC", NOW) is None
            if number % 2:
                confirm(pages.readers, mailbox_key(address), NOW)
            url = confirm_url(WEB, mailbox_key(address), NOW)
            (asking,) = NoteMails(channel).confirmation(url).messages
            await channel.send(_delivery(number, digest if number % 2 else asking), mailbox(address))
        await channel.aclose()
        return relay.messages


def _delivery(number: int, message: Message) -> Delivery:
    return Delivery(f"{number:032x}", "reader", "", message.payload, part=1, parts=1, created_at=NOW, tries=1)


def _path(link: str) -> str:
    """The link's path and query."""
    return unescape(link).removeprefix(WEB.url)


def _links(mail: ReceivedMail) -> Iterable[str]:
    """Those that lead to our pages, of its headers and its texts."""
    parsed = email.message_from_bytes(mail.data, policy=email.policy.default)
    said = [str(parsed["List-Unsubscribe"]), *texts(mail.data.decode()).values()]
    return (link for text in said for link in _URL.findall(text))
