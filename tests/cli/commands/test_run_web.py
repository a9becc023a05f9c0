"""`paperboy run` as a real process with `web:`: a reader's whole way by HTTP and mail, reloads, and its end."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import re
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.builders import paper
from tests.daemon_process import Daemon, rewrite, with_the_last_mailing
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.world import Environment

SECRET = "coo" * 20


@pytest.fixture
async def daemon(environment: Environment, tmp_path: Path) -> AsyncIterator[Daemon]:
    """The process, with Monday's papers in its store and nobody in its YAML."""
    where = f"127.0.0.1:{free_port()}"
    environment.config |= {
        "subscribers": {},
        "web": {"url": f"http://{where}", "listen": where, "secret": SECRET, "signup": ["birds"]},
    }
    async with with_the_last_mailing(environment, tmp_path) as daemon:
        yield daemon


def mail(environment: Environment, number: int) -> str:
    """The text of a mail that was received."""
    message = email.message_from_bytes(environment.mail.messages[number].data, policy=email.policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def test_a_reader_signs_up_confirms_and_gets_the_latest_mailing_at_once(
    daemon: Daemon, environment: Environment
) -> None:
    base = environment.config["web"]["url"]
    await daemon.wait_for(lambda: '"event": "round done"' in daemon.log, "the first round")
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{base}/", data={"address": "dora@example.edu", "topic": "birds"}) as answer:
            assert answer.status == 200
        await daemon.wait_for(lambda: len(environment.mail.messages) == 1, "the confirmation mail")
        (link,) = re.findall(rf"{base}/confirm/\S+", mail(environment, 0).replace("=\n", ""))
        async with session.post(link) as answer:
            assert answer.status == 200
        await daemon.wait_for(lambda: len(environment.mail.messages) == 2, "the latest mailing")
        assert paper().title in mail(environment, 1)

        async with session.get(f"{base}/healthz") as answer:
            assert answer.status in (200, 503)
            assert json.loads(await answer.text())["mailing"]
    assert link not in daemon.log
    assert "dora" not in daemon.log
    code, seconds = await daemon.stop()
    assert (code, seconds < 10) == (0, True)


async def test_the_pages_follow_the_configuration(daemon: Daemon, environment: Environment) -> None:
    old = environment.config["web"]
    await daemon.wait_for(lambda: '"event": "pages served"' in daemon.log, "the pages")
    async with aiohttp.ClientSession() as session:
        rewrite(environment, web={**old, "signup": []})
        await daemon.wait_for(lambda: "configuration reloaded" in daemon.log, "a reload")
        async with session.get(old["url"]) as answer:
            assert answer.status == 404

        with socket.create_server(("127.0.0.1", 0)) as taken:
            there = f"127.0.0.1:{taken.getsockname()[1]}"
            rewrite(environment, web={**old, "listen": there})
            await daemon.wait_for(lambda: "is refused, the old one stays" in daemon.log, "a refusal")
        async with session.get(old["url"]) as answer:
            assert answer.status == 404  # still the one before

        moved = f"127.0.0.1:{free_port()}"
        rewrite(environment, web={**old, "listen": moved})
        await daemon.wait_for(lambda: daemon.log.count('"event": "pages served"') == 2, "a move")
        async with session.get(f"http://{moved}/") as answer:
            assert answer.status == 200
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(old["url"])

        rewrite(environment, web=None)
        await daemon.wait_for(lambda: daemon.log.count("configuration reloaded") == 3, "a reload without web")
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"http://{moved}/")


async def test_it_ends_in_time_while_clients_hold_on(daemon: Daemon, environment: Environment) -> None:
    await daemon.wait_for(lambda: '"event": "pages served"' in daemon.log, "the pages")
    where = urlsplit(environment.config["web"]["url"])
    held = [await asyncio.open_connection(where.hostname, where.port) for _ in range(3)]
    held[0][1].write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n")
    held[1][1].write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    code, seconds = await daemon.stop()
    assert (code, seconds < 10) == (0, True)
    for _, writer in held:
        writer.close()


async def test_an_address_that_is_taken_ends_it_with_advice(environment: Environment, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        there = f"127.0.0.1:{taken.getsockname()[1]}"
        environment.config["web"] = {"url": f"http://{there}", "listen": there, "secret": SECRET, "signup": ["birds"]}
        daemon = Daemon(environment, tmp_path / "notify")
        await daemon.start()
        assert await daemon.ended() == 1
        await daemon.close()
    assert f"Nothing can be served on {there}" in daemon.log
    assert "`web.listen`" in daemon.log
