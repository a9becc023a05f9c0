"""Answers from outside: read only so far, however they are packed, nested or numbered."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import http_answers
from bot.channels.bounded_response import BoundedResponse
from bot.channels.http_answers import (
    LARGEST_BODY,
    LONGEST_RETRY_AFTER,
    json_object,
    json_objects,
    parse_json,
    read_body,
    retry_after,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

DEEP = "[" * 50_000 + "]" * 50_000


class EndlessServer:
    """Answers every request with these headers and the same chunk without end, and counts what was taken off it."""

    def __init__(self, chunk: bytes = b" " * 65_536, status: int = 200, **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} So"] + [f"{name.replace('_', '-')}: {text}" for name, text in headers.items()]
        self._head = "\r\n".join([*lines, "", ""]).encode()
        self._chunk = chunk
        self.bytes_taken = 0
        self.requests = 0
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.requests += 1
        writer.write(self._head)
        try:
            while self.bytes_taken < 100 * LARGEST_BODY:
                writer.write(self._chunk)
                await writer.drain()
                self.bytes_taken += len(self._chunk)
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()


async def _read(url: str) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await read_body(response)


async def test_an_answer_without_an_end_is_given_up_after_a_few_megabytes() -> None:
    async with EndlessServer() as server:
        assert await _read(server.url) == b""
        assert server.bytes_taken < 3 * LARGEST_BODY


async def test_a_gzip_bomb_is_unpacked_only_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_answers, "LARGEST_BODY", 100_000)
    bomb = gzip.compress(b" " * 20_000_000)
    async with EndlessServer(bomb, Content_Encoding="gzip") as server:
        assert await _read(server.url) == b""


async def test_a_body_that_fits_is_read_whole_plain_or_packed() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = gzip.compress(b"x" * 300_000)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert await _read(url) == b"x" * 300_000
        async with aiohttp.ClientSession(response_class=BoundedResponse) as session, session.get(url) as response:
            assert await response.text() == "x" * 300_000
            assert await response.json() is None


@pytest.mark.parametrize(
    "raw", [DEEP, '{"a":' * 50_000, '{"ok": true, "x": ' + "[" * 200 + "]" * 200 + "}", "", "{", b"\xff"]
)
def test_what_is_nested_too_deep_or_no_json_is_not_understood(raw: Any) -> None:
    assert parse_json(raw) is None


def test_a_number_of_too_many_digits_is_no_json() -> None:
    assert parse_json('{"retry_after": ' + "9" * 5_000 + "}") is None


@pytest.mark.parametrize(
    ("named", "seconds"),
    [
        (7, 7.0),
        ("7", 7.0),
        (" 0.25 ", 0.25),
        (1e308, LONGEST_RETRY_AFTER),
        ("123456789012345", LONGEST_RETRY_AFTER),
        (10**400, None),
        ("9" * 400, None),
        (float("nan"), None),
        (float("inf"), None),
        ("-inf", None),
        (-1, None),
        (0, None),
        ("soon", None),
        (True, None),
        (None, None),
        ([7], None),
        ({}, None),
    ],
)
def test_seconds_to_wait_are_at_most_a_day_or_none(named: object, seconds: float | None) -> None:
    assert retry_after(named) == seconds


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.integers(-(10**400), 10**400) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(ANYTHING)
def test_whatever_an_answer_names_is_a_wait_that_can_be_kept(named: object) -> None:
    seconds = retry_after(named)
    assert seconds is None or 0 < seconds <= LONGEST_RETRY_AFTER


@given(ANYTHING)
def test_objects_are_found_in_anything(value: object) -> None:
    found: Mapping[str, Any] = json_object(value)
    assert isinstance(found, dict)
    assert all(isinstance(each, dict) for each in json_objects(value))
    assert json_objects(json.loads("[{}, 1]")) == [{}]
