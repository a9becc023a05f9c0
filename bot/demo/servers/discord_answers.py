"""HTTP answers of the Discord server on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping


def json_answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """JSON as Discord sends it: its exact content type, and the `Via` header of its proxy, which clients check."""
    response = web.json_response(body, status=status, headers={"Via": "1.1 google", **(headers or {})})
    response.headers["Content-Type"] = "application/json"
    return response


def error_answer(status: int, code: int, message: str) -> web.Response:
    """An error: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json."""
    return json_answer({"message": message, "code": code}, status)
