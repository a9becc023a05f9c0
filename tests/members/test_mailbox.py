"""Mailboxes as people type them: one hash however they are written, and nothing that could become a header."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.members.mailbox import domain_of, mailbox_key, read_address, reader_key
from bot.settings import Secret


@pytest.mark.parametrize("written", ["Dora@bücher.example", "DORA@BÜCHER.EXAMPLE", " dora@xn--bcher-kva.example "])
def test_a_mailbox_has_one_hash_however_it_is_written(written: str) -> None:
    assert mailbox_key(written) == mailbox_key("dora@xn--bcher-kva.example")
    assert read_address(written).mailbox == mailbox_key(written)


def test_another_mailbox_has_another() -> None:
    assert mailbox_key("dora+papers@example.edu") != mailbox_key("dora@example.edu")


@pytest.mark.parametrize(
    "written",
    ["Dora.Day@gmail.com", "doraday+papers@gmail.com", "d.o.r.a.day+a+b@GoogleMail.com", "DoraDay@gmail.com"],
)
def test_one_reader_s_addresses_count_as_one(written: str) -> None:
    assert reader_key(read_address(written).value) == reader_key(Secret("doraday@gmail.com"))


def test_another_reader_s_address_does_not() -> None:
    others = ["dora@example.edu", "dora@example.org", "cora@example.edu", "+@example.edu", "+a@example.edu"]
    assert len({reader_key(read_address(other).value) for other in others}) == len(others)


def test_the_domain_is_what_dns_knows() -> None:
    assert domain_of(read_address("Dora@Bücher.Example")) == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "dora",
        "dora@",
        "@example.edu",
        "dora@example.edu\nBcc: eve@example.edu",
        "dora@example.edu, eve@example.edu",
        "Dora <dora@example.edu>",
        "dora@exa mple.edu",
        "dora@example.edu" + "x" * 400,
        '"a b"@example.edu',
        "do ra@example.edu",
    ],
)
def test_what_is_no_single_mailbox_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_address(typed)


_LOCAL = st.text(min_size=1, max_size=8)
_TYPED = st.text() | st.builds(
    "{}@{}".format, _LOCAL, st.sampled_from(["example.edu", "bücher.example", "0"]) | _LOCAL
)


@given(_TYPED)
@example("¡@0")
def test_whatever_is_typed_is_one_safe_address_or_refused(typed: str) -> None:
    try:
        address = read_address(typed).value.reveal()
    except ValueError:
        return
    # Before the @ other letters may stand, which RFC 6531 sends to relays that take them.
    assert address.rpartition("@")[2].isascii()
    assert address.isprintable()
    assert " " not in address
    assert len(address) <= 254
    assert address.count("@") == 1
