"""Finds the client's address of a request, through trusted proxies only. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

IPAddress: TypeAlias = IPv4Address | IPv6Address

_V4_NETWORK, _V6_NETWORK = 24, 64
"""Prefix lengths in bits: a network that one household or machine usually gets."""
_MOST_HOPS = 20


@dataclass(frozen=True, slots=True)
class Client:
    """The client's address and network, if known."""

    address: str = "unknown"
    network: str = "unknown"


def client(peer: str | None, forwarded: Iterable[str], trusted: Sequence[str]) -> Client:
    """The client: the connection's peer or, if that is a trusted proxy, the one in its X-Forwarded-For.

    Args:
        peer: the peer's address; None for a unix socket, which only a local proxy can reach.
        forwarded: the X-Forwarded-For headers in order; each proxy appends its client.
        trusted: the networks of trusted proxies (CIDR).
    """
    networks = [ip_network(each) for each in trusted]
    found = _read(peer or "")
    hops = [hop for header in forwarded for hop in header.split(",")][-_MOST_HOPS:]
    while hops and (peer is None or (found is not None and any(found in network for network in networks))):
        peer, before = "", _read(hops.pop())
        if before is None:
            break  # no address: the rest of the header may be forged
        found = before
    return Client() if found is None else Client(str(found), str(_network(found)))


def _read(text: str) -> IPAddress | None:
    """Parses an address, also in brackets, with a port or a zone, as some proxies write it."""
    text = text.strip().partition("%")[0]
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _network(address: IPAddress) -> object:
    bits = _V4_NETWORK if address.version == 4 else _V6_NETWORK  # noqa: PLR2004 - the protocol's own name
    return ip_network(f"{address}/{bits}", strict=False)
