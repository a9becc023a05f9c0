from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.client_address import Client, client

PROXY = "10.0.0.1"
TRUSTED = ("10.0.0.0/8", "fd00::/8")


def test_without_a_trusted_proxy_the_peer_counts_whatever_it_says() -> None:
    assert client("203.0.113.7", ["198.51.100.1"], ()) == Client("203.0.113.7", "203.0.113.0/24")
    assert client("203.0.113.7", ["198.51.100.1"], TRUSTED).address == "203.0.113.7"


def test_behind_a_trusted_proxy_the_last_address_that_is_no_proxy_counts() -> None:
    assert client(PROXY, ["198.51.100.1"], TRUSTED).address == "198.51.100.1"
    assert client(PROXY, ["198.51.100.1, 10.9.9.9"], TRUSTED).address == "198.51.100.1"
    assert client(PROXY, ["6.6.6.6, 198.51.100.1"], TRUSTED).address == "198.51.100.1"
    assert client(PROXY, ["6.6.6.6", "198.51.100.1"], TRUSTED).address == "198.51.100.1"


def test_a_proxy_that_says_nothing_or_nonsense_counts_itself() -> None:
    assert client(PROXY, [], TRUSTED).address == PROXY
    assert client(PROXY, ["6.6.6.6, unknown"], TRUSTED).address == PROXY


def test_a_unix_socket_s_other_end_is_a_proxy() -> None:
    assert client(None, ["6.6.6.6, 198.51.100.1"], ()).address == "198.51.100.1"
    assert client(None, [], ()) == Client()


@pytest.mark.parametrize(
    ("written", "address", "network"),
    [
        ("2001:db8:1:2:3::4", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("[2001:db8::4]:443", "2001:db8::4", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::1", "fe80::/64"),
        ("198.51.100.1:4711", "198.51.100.1", "198.51.100.0/24"),
        ("::ffff:198.51.100.1", "198.51.100.1", "198.51.100.0/24"),
    ],
)
def test_addresses_are_read_as_proxies_write_them(written: str, address: str, network: str) -> None:
    assert client(PROXY, [written], TRUSTED) == Client(address, network)


@given(st.one_of(st.none(), st.text()), st.lists(st.text()))
def test_whatever_a_header_says_there_is_an_answer(peer: str | None, forwarded: list[str]) -> None:
    assert client(peer, forwarded, TRUSTED).address
