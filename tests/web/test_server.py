"""The server as `run` has it: real sockets, exchanged under way, ended in time, slow clients cut off."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import aiohttp

from bot.clock import SimulatedClock
from bot.web import server as server_module
from bot.web.server import Server
from tests.members.conftest import WEB
from tests.members.driver import NOW
from tests.web.conftest import served_over

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from bot.store import Store
    from bot.web.served import Served


def served(store: Store, listen: str = "127.0.0.1:0", **rest: object) -> Served:
    return served_over(store, SimulatedClock(NOW), replace(WEB, listen=listen, **rest))[0]  # type: ignore[arg-type]


def url_of(server: Server) -> str:
    (address,) = server.addresses
    assert isinstance(address, tuple)
    return f"http://{address[0]}:{address[1]}/"


async def test_what_is_served_is_exchanged_without_a_moment_of_silence(store: Store) -> None:
    server = Server(served(store))
    await server.start({})
    async with aiohttp.ClientSession() as session:
        async with session.get(url_of(server)) as answer:
            assert answer.status == 200
        server.exchange(served(store, signup=()))
        async with session.get(url_of(server)) as answer:
            assert answer.status == 404
    await server.stop()


async def test_a_unix_socket_is_served_and_its_proxy_is_believed(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "web.sock"
    server = Server(served(store, f"unix:{path}"), even_seconds=0.0)
    await server.start({})
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session:
        for number in range(25):
            fields = {"address": f"r{number}@example.edu", "topic": "birds"}
            forwarded = {"X-Forwarded-For": f"198.51.{number}.7"}
            async with session.post("http://papers/", data=fields, headers=forwarded) as answer:
                assert answer.status == 200
    await server.stop()
    assert not path.exists()


async def test_a_client_that_is_slow_to_say_what_it_wants_is_cut_off(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(server_module.HANDLING, "keepalive_timeout", 0.2)
    server = Server(served(store))
    await server.start({})
    host, port = url_of(server).removeprefix("http://").rstrip("/").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
    assert await asyncio.wait_for(reader.read(), timeout=10) == b""
    writer.close()
    await server.stop()


async def test_stopping_does_not_wait_for_connections_that_are_idle(store: Store) -> None:
    server = Server(served(store))
    await server.start({})
    async with aiohttp.ClientSession() as session:
        async with session.get(url_of(server)):
            pass
        await asyncio.wait_for(server.stop(), timeout=5)
