"""Mails as bytes: every header hazard that a title, a name or a setting can bring, and what any relay takes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.mail.links import OwnLinks
from bot.channels.mail.mime import Mailbox, build, entity, mailto, message_id, parse_mailbox, quoted_printable, texts
from bot.errors import DeliveryError, FailureKind
from bot.model import Delivery
from bot.text import clean

SENDER = Mailbox("paperboy@example.org", "Paperboy")
ALICE = Mailbox("alice@example.org")
NAMES = [
    "From", "To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe", "Auto-Submitted", "Precedence",
    "MIME-Version", "Content-Type",
]  # fmt: skip
HOSTILE = [
    "=?utf-8?q?hi=0ABcc=3A_evil=40x?=",
    "=?utf-8?b?aGkKQmNjOiBldmlsQHg=?=",
    "a\r\nBcc: evil@example.org\r\n\r\nbody",
    "line\u2028separator, next\u0085line, vertical\x0btab, \x1c\x1d\x1e, nul\x00",
    "lone \ud800 surrogate",
    "x" * 3000,
    "=?" * 400,
    "漢字" * 200,
    "🐦" * 60 + " \u202egnitirw",
    "trailing =?utf-8?q?",
    "?= =?",
    " ",
    "",
]


def delivery(subject: str = "Birds: 1 new paper", **changes: Any) -> Delivery:
    payload = {"subject": subject, "entity": entity("Hello\n", "<p>Hello</p>\n")}
    whole = Delivery(
        id="d-1", subscriber="alice", recipient="", payload=payload, part=1, parts=1,
        created_at=datetime(2026, 4, 21, 2, 30, tzinfo=timezone(timedelta(hours=2))), tries=1,
    )  # fmt: skip
    return replace(whole, **changes)


def built(subject: str = "Birds: 1 new paper", **changes: Any) -> tuple[bytes, EmailMessage]:
    data = build(delivery(subject, **changes), ALICE, SENDER)
    parsed = message_from_bytes(data, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", data)
    return data, parsed


def test_a_mail_has_exactly_the_headers_it_should_have() -> None:
    data, parsed = built()
    assert parsed.keys() == NAMES
    assert parsed["From"] == "Paperboy <paperboy@example.org>"
    assert parsed["To"] == "alice@example.org"
    assert parsed["Date"].datetime == datetime(2026, 4, 21, 0, 30, tzinfo=UTC)
    assert parsed["Message-ID"] == message_id("d-1", "example.org")
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.org>", parsed["Message-ID"])
    assert parsed["List-Id"] == "<alice.example.org>"
    assert parsed["List-Unsubscribe"] == "<mailto:paperboy@example.org?subject=unsubscribe%20alice>"
    assert (parsed["Auto-Submitted"], parsed["Precedence"]) == ("auto-generated", "bulk")
    assert b"\r\nDate: Tue, 21 Apr 2026 00:30:00 +0000\r\n" in data


def test_text_comes_first_then_html() -> None:
    _, parsed = built()
    assert parsed.get_content_type() == "multipart/alternative"
    kinds = [(part.get_content_type(), part.get_content_charset()) for part in parsed.iter_parts()]
    assert kinds == [("text/plain", "utf-8"), ("text/html", "utf-8")]


def test_the_plain_form_is_a_single_text() -> None:
    _, parsed = built(payload={"subject": "Birds", "entity": entity("Hello\n")})
    assert parsed.keys() == [*NAMES, "Content-Transfer-Encoding"]
    assert parsed.get_content_type() == "text/plain"
    assert parsed.get_content() == "Hello\r\n"


@pytest.mark.parametrize("html", [None, "<p>Hello</p>\n"])
def test_what_was_composed_as_texts_by_a_version_before_is_sent_as_well(html: str | None) -> None:
    texts = {"text": "Hello\n"} | ({"html": html} if html else {})
    old = build(delivery(payload={"subject": "Birds", **texts}), ALICE, SENDER)
    assert old == build(delivery(payload={"subject": "Birds", "entity": entity("Hello\n", html)}), ALICE, SENDER)


def test_the_same_delivery_gives_the_same_bytes() -> None:
    assert built()[0] == built(tries=5)[0]


def test_another_delivery_gives_another_message_id() -> None:
    assert built()[1]["Message-ID"] != built(id="d-2")[1]["Message-ID"]


@settings(deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8")), st.none() | st.text(alphabet=st.characters(codec="utf-8")))
def test_an_entity_is_read_back_as_its_texts_whatever_they_hold(text: str, html: str | None) -> None:
    whole = entity(text, html)
    assert whole.isascii()
    assert max(map(len, whole.split("\r\n"))) <= 998
    assert not re.search(r"(?<!\r)\n|\r(?!\n)", whole)
    expected = {"plain": text} if html is None else {"plain": text, "html": html}
    assert texts(whole) == {kind: re.sub(r"\r\n?", "\n", each.rstrip()) + "\n" for kind, each in expected.items()}


def test_a_later_part_answers_the_first() -> None:
    first = message_id("d-1", "example.org")
    _, parsed = built(id="d-2", part=2, parts=2, parent=first)
    assert parsed["In-Reply-To"] == parsed["References"] == first
    assert sorted(parsed.keys()) == sorted([*NAMES, "In-Reply-To", "References"])


@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_subject_is_read_as_it_is_written_and_makes_no_header(title: str) -> None:
    data, parsed = built(title)
    assert sorted(parsed.keys()) == sorted(NAMES)
    assert parsed["Subject"] == clean(title)
    assert b"\nBcc" not in data


@settings(deadline=None)
@given(st.text(alphabet=st.characters(), max_size=300))
def test_any_title_survives_in_subject_text_and_html(title: str) -> None:
    line = clean(title)
    payload = {"subject": title, "entity": entity(f"{line}\n", f"<p>{line}</p>\n")}
    _, parsed = built(payload=payload)
    assert sorted(parsed.keys()) == sorted(NAMES)
    assert parsed["Subject"] == line
    plain, rich = (part.get_payload(decode=True) for part in parsed.iter_parts())
    assert plain == f"{line}".rstrip().encode() + b"\r\n"
    assert rich == f"<p>{line}</p>\r\n".encode()


@settings(deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_quoted_printable_keeps_any_text_in_short_ascii_lines(text: str) -> None:
    import quopri  # noqa: PLC0415 - another's decoder

    encoded = quoted_printable(text)
    assert encoded.isascii()
    assert b"=_" not in encoded
    assert max(map(len, encoded.split(b"\r\n"))) <= 76
    assert encoded.endswith(b"\r\n")
    expected = re.sub(r"\r\n?|\n", "\r\n", text.rstrip() + "\n")
    assert quopri.decodestring(encoded).decode() == expected


def test_a_line_with_a_lone_dot_cannot_end_the_mail() -> None:
    assert b"\r\n.\r\n" not in quoted_printable("a\n.\nb")


@pytest.mark.parametrize("name", ["a" * 30, "x" * 64, "ä b" * 20, "vision_lab-2"])
def test_a_long_unsubscribe_link_stays_literal_and_on_one_line(name: str) -> None:
    data, parsed = built(subscriber=name)
    link = mailto("paperboy@example.org", f"unsubscribe {name}")
    assert f"\r\nList-Unsubscribe: <{link}>\r\n".encode() in data
    assert re.fullmatch(r"<[A-Za-z0-9_-]+\.example\.org>", parsed["List-Id"])


def test_names_that_look_alike_in_a_domain_have_different_list_ids() -> None:
    assert built(subscriber="a b")[1]["List-Id"] != built(subscriber="a.b")[1]["List-Id"]


def test_a_name_that_no_line_can_hold_is_refused() -> None:
    with pytest.raises(DeliveryError, match="more than 998 octets") as refused:
        build(delivery(subscriber="x" * 1000), ALICE, SENDER)
    assert refused.value.kind is FailureKind.REJECTED


def test_a_header_that_reads_back_as_another_is_refused() -> None:
    with pytest.raises(DeliveryError, match=r"the headers read back as .*Bcc") as refused:
        build(delivery(parent="<a@b>\r\nBcc: evil@example.org"), ALICE, SENDER)
    assert refused.value.kind is FailureKind.REJECTED


def test_a_subject_that_reads_back_as_another_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.channels.mail.mime._encoded", lambda _text, _name: "Something else")
    with pytest.raises(DeliveryError, match="reads back as another") as refused:
        build(delivery(), ALICE, SENDER)
    assert refused.value.kind is FailureKind.REJECTED


def test_a_subject_that_does_not_read_back_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.channels.mail.mime._encoded", lambda _text, _name: "=?no-such-charset?q?x?=")
    with pytest.raises(DeliveryError, match="does not read back") as refused:
        build(delivery(), ALICE, SENDER)
    assert refused.value.kind is FailureKind.REJECTED


@pytest.mark.parametrize(
    ("text", "address", "name"),
    [
        ("alice@example.org", "alice@example.org", ""),
        ("  alice@EXAMPLE.org ", "alice@example.org", ""),
        ("Alice <alice+arxiv@example.org>", "alice+arxiv@example.org", "Alice"),
        ('"Lab, Vision" <lab@example.org>', "lab@example.org", "Lab, Vision"),
        ("<lab@example.org>", "lab@example.org", ""),
        ("root@localhost", "root@localhost", ""),
        ("Žofie <z@bücher.example>", "z@xn--bcher-kva.example", "Žofie"),
        ("z@bu\u0308cher.example", "z@xn--bcher-kva.example", ""),
        ("z@xn--strae-oqa.example", "z@xn--strae-oqa.example", ""),
        ("z@straße.example", "z@xn--strae-oqa.example", ""),
        ("z@STRASSE.example", "z@strasse.example", ""),
        ("z@例え。テスト", "z@xn--r8jz45g.xn--zckzah", ""),
        ("Jürgen <jürgen@example.org>", "jürgen@example.org", "Jürgen"),
        ("ju\u0308rgen@example.org", "jürgen@example.org", ""),
        ("A\nBcc: e <a@example.org>", "a@example.org", "A Bcc: e"),
    ],
)
def test_a_mailbox_is_read(text: str, address: str, name: str) -> None:
    assert parse_mailbox(text) == Mailbox(address, name)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not a mail address"),
        ("alice", "is not a mail address"),
        ("@example.org", "is not a mail address"),
        ("alice@", "is not a mail address"),
        ("a@example.org, b@example.org", "is not a mail address"),
        ("alice smith@example.org", "is not a mail address"),
        ("jür\u00a0gen@example.org", "is not a mail address"),
        ("jür\ue000gen@example.org", "not a valid mailbox name"),
        ("jür(gen)@example.org", "not a valid mailbox name"),
        (f"{'ü' * 33}@example.org", "not a valid mailbox name"),
        ("a@☃.example", "not a valid domain name"),
        ("a@\u0301.example", "not a valid domain name"),
        ("a@b@example.org", "not a valid mailbox name"),
        ("a..b@example.org", "not a valid mailbox name"),
        (f"{'a' * 65}@example.org", "not a valid mailbox name"),
        ("a@example..org", "not a valid domain name"),
        ("a@-example.org", "not a valid domain name"),
        ("a@ü..org", "not a valid domain name"),
        ("a@[127.0.0.1]", "not a valid domain name"),
        (f"a@{'.'.join(['x' * 60] * 5)}", "longer than the 254 characters"),
    ],
)
def test_what_is_no_mailbox_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        parse_mailbox(text)


@pytest.mark.parametrize(
    "name", ["Paperboy", "Lab, Vision", 'the "boy"', "back\\slash", "Žofie", "=?utf-8?q?x=0ABcc=3A?=", "A Bcc: e", ""]
)
def test_a_sender_name_is_read_as_it_is_written(name: str) -> None:
    data = build(delivery(), ALICE, Mailbox("paperboy@example.org", name))
    parsed = message_from_bytes(data, policy=policy.default)
    assert parsed["From"].addresses[0].display_name == name
    assert parsed["From"].addresses[0].addr_spec == "paperboy@example.org"


# -- a reader's own links ----------------------------------------------------------------------------------------

PAGES = OwnLinks(
    *(f"https://papers.example.org/{page}" for page in ("unsubscribe/AbC-_1", "preferences/dEf-_2", "x"))
)


def with_links(links: OwnLinks | None, **changes: Any) -> tuple[bytes, EmailMessage]:
    data = build(delivery(**changes), ALICE, SENDER, links)
    parsed = message_from_bytes(data, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    return data, parsed


def test_with_a_page_a_mail_program_can_unsubscribe_by_one_click_and_by_mail() -> None:
    data, parsed = with_links(PAGES)
    unsubscribe = f"<{PAGES.unsubscribe}>, <mailto:paperboy@example.org?subject=unsubscribe%20alice>"
    assert f"\r\nList-Unsubscribe: {unsubscribe}\r\n".encode() in data
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in data
    assert parsed.keys() == [*NAMES[:7], "List-Unsubscribe-Post", *NAMES[7:]]


def test_a_page_that_is_not_https_is_linked_but_not_for_one_click() -> None:
    _, parsed = with_links(
        OwnLinks("http://127.0.0.1/unsubscribe/x", "http://127.0.0.1/preferences/x", "http://127.0.0.1/x")
    )
    assert parsed["List-Unsubscribe"].startswith("<http://127.0.0.1/unsubscribe/x>, <mailto:")
    assert "List-Unsubscribe-Post" not in parsed


def test_without_a_page_the_headers_are_as_before() -> None:
    assert with_links(OwnLinks("mailto:p@example.org", "mailto:p@example.org", ""))[1].keys() == NAMES


def test_an_address_beyond_ascii_stands_in_the_header_as_it_is() -> None:
    data = build(delivery(), Mailbox("jürgen@example.org"), SENDER)
    assert "\r\nTo: jürgen@example.org\r\n".encode() in data


@settings(deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=400))
def test_no_address_that_is_taken_makes_a_header(text: str) -> None:
    try:
        recipient = parse_mailbox(f"{text}@example.org")
    except ValueError:
        return
    parsed = message_from_bytes(build(delivery(), recipient, SENDER), policy=policy.default)
    assert parsed.keys() == NAMES
    assert str(parsed["To"]) == recipient.header


def test_a_mailto_link_is_encoded() -> None:
    assert mailto("a+b/c@example.org", "x&cc=e@x") == "mailto:a+b%2Fc@example.org?subject=x%26cc%3De%40x"
