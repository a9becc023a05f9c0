"""Paperboy's mails as others see them: read by a parser that is not Python's, and judged by spamassassin."""

from __future__ import annotations

import base64
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from bot.channels.mail import MailChannel
from bot.text import clean
from bot.text.templates import Templates
from tests.channels.reading import html_of, text_of
from tests.counterparts.relays import sink
from tests.counterparts.shapes import DIGESTS, NOTES, delivery
from tests.counterparts.tools import ask_node, package, program
from tests.ports import HOST

if TYPE_CHECKING:
    from pathlib import Path

    from bot.model import Message

pytestmark = pytest.mark.counterparts

HEADERS = [
    "from", "to", "subject", "date", "message-id", "list-id", "list-unsubscribe", "auto-submitted", "precedence",
    "mime-version", "content-type",
]  # fmt: skip


def channel(port: int = 25) -> MailChannel:
    settings = MailChannel.Settings(host=HOST, port=port, sender="Die Zeitungsträgerin <paperboy@example.org>")
    return MailChannel(settings, Templates(), contact="ops@example.org")


def rendered(shape: str) -> list[Message]:
    if shape in NOTES:
        return [channel().render_note(NOTES[shape])]
    return list(channel().render(DIGESTS[shape], max_messages=10, options=MailChannel.Options()))


async def through_a_sink(folder: Path, *messages: Message, parent: str = "") -> list[bytes]:
    """The mails' bytes as a relay written by others took them."""
    with sink(folder) as relay:
        sending = channel(relay.port)
        (alice,) = sending.addresses("alice@example.org", sending.Options())
        sent = [
            (await sending.send(delivery(message.payload, f"d-{number}", parent=parent), alice)).platform_id
            for number, message in enumerate(messages)
        ]
        await sending.aclose()
        taken = relay.mails()
    return [next(mail for mail in taken if each.encode() in mail) for each in sent]


def read(*mails: bytes) -> list[dict[str, Any]]:
    package("postal-mime")
    found: list[dict[str, Any]] = ask_node("read_mail.mjs", [base64.b64encode(mail).decode() for mail in mails])
    return found


def lines(text: str) -> str:
    return text.replace("\r\n", "\n").rstrip()


@pytest.mark.parametrize("shape", [*DIGESTS, *NOTES])
async def test_another_parser_reads_what_was_meant(tmp_path: Path, shape: str) -> None:
    messages = rendered(shape)
    mails = await through_a_sink(tmp_path, *messages)
    for message, mail in zip(messages, read(*mails), strict=True):
        assert mail["subject"] == clean(message.payload["subject"])
        assert lines(mail["text"]) == lines(text_of(message))
        assert lines(mail["html"]) == lines(html_of(message))
        assert mail["from"] == {"name": "Die Zeitungsträgerin", "address": "paperboy@example.org"}
        assert mail["to"] == [{"name": "", "address": "alice@example.org"}]
        assert (mail.get("cc"), mail.get("bcc"), mail["attachments"]) == (None, None, 0)


@pytest.mark.parametrize("shape", ["one paper", "hostile text"])
async def test_another_parser_finds_our_headers_and_no_others(tmp_path: Path, shape: str) -> None:
    (mail,) = read(*await through_a_sink(tmp_path, rendered(shape)[0], parent="<the-first@example.org>"))
    headers = {header["key"]: header["value"] for header in mail["headers"]}
    assert len(headers) == len(mail["headers"])
    assert sorted(headers) == sorted([*HEADERS, "in-reply-to", "references"])
    assert headers["list-id"] == "<lab.example.org>"
    assert headers["list-unsubscribe"] == "<mailto:paperboy@example.org?subject=unsubscribe%20lab>"
    assert headers["auto-submitted"] == "auto-generated"
    assert headers["in-reply-to"] == headers["references"] == "<the-first@example.org>"
    assert mail["messageId"].endswith("@example.org>")


@pytest.mark.parametrize(
    "shape",
    [
        "31 papers",
        *(pytest.param(each, marks=pytest.mark.on_request) for each in ("one paper", "hostile text", "note")),
    ],
)
async def test_spamassassin_takes_it_for_no_spam_and_misses_nothing(tmp_path: Path, shape: str) -> None:
    (mail,) = await through_a_sink(tmp_path, rendered(shape)[0])
    score, rules = spam(mail, tmp_path)
    assert score < 1.0, rules
    assert not [rule for rule in rules if rule.startswith("MISSING_")]


def test_spamassassin_misses_what_is_missing(tmp_path: Path) -> None:
    score, rules = spam(b"Subject: BUY NOW\r\n\r\nhttp://127.0.0.1/\r\n", tmp_path)
    assert score > 1.0
    assert {"MISSING_DATE", "MISSING_MID", "MISSING_FROM"} <= set(rules)


def spam(mail: bytes, home: Path) -> tuple[float, list[str]]:
    """Its score by local rules alone, and the rules that it met."""
    judged = subprocess.run(
        [program("spamassassin"), "--test-mode", "--local", "--cf=use_bayes 0"],
        input=mail,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home)},
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout.decode(errors="replace")
    status = re.search(r"^X-Spam-Status: \w+, score=(-?[\d.]+) .*?tests=([\w,\s]*?)\s\w+=", judged, re.MULTILINE)
    assert status, judged
    return float(status[1]), re.findall(r"\w+", status[2])
