"""The gateway of the Discord server on loopback: the websocket over which a bot gets commands and clicks.

    HELLO -> IDENTIFY -> READY -> events, heartbeats and their acknowledgements
                            connection lost -> RESUME -> missed events -> RESUMED, or INVALID_SESSION

A session outlives its connection and keeps the events that were not delivered; a close with 1000 or 1001 ends it.
Rules: https://docs.discord.com/developers/events/gateway and
https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import zlib
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

PRIVILEGED_INTENTS = 1 << 1 | 1 << 8 | 1 << 15
"""Members, presences and the content of messages; Discord grants them on request only."""
_LAST_INTENT = 1 << 25
_ENDS = (1000, 1001)
"""Close codes with which a bot ends its session."""
_MISSED_MOST = 1.5
"""Heartbeat intervals without a message, after which a bot counts as dead."""


class Op(IntEnum):
    """The opcode of a message."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    RESUME = 6
    RECONNECT = 7
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Close(IntEnum):
    """The code with which the gateway closes a websocket."""

    UNKNOWN_OP = 4001
    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    INVALID_SEQUENCE = 4007
    SESSION_TIMED_OUT = 4009
    INVALID_SHARD = 4010
    SHARDING_REQUIRED = 4011
    INVALID_INTENTS = 4013
    DISALLOWED_INTENTS = 4014


class _Connection:
    """One websocket; compressed as one zlib stream if the bot asked for that."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.session: Session | None = None
        self._transport = request.transport
        self._stream = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def send(self, op: Op, data: object = None, event: str | None = None, number: int | None = None) -> None:
        text = json.dumps({"op": op, "d": data, "t": event, "s": number})
        if self._stream is None:
            await self.socket.send_str(text)
        else:
            await self.socket.send_bytes(self._stream.compress(text.encode()) + self._stream.flush(zlib.Z_SYNC_FLUSH))


@dataclass(slots=True)
class Session:
    """A session, which begins with IDENTIFY."""

    shard: tuple[int, int]
    """The shard's number, and the number of shards."""
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    events: list[tuple[str, object]] = field(default_factory=list)
    """All events of the session, READY first; after a RESUME the missed ones are sent again."""
    connection: _Connection | None = None

    async def say(self, event: str, data: object) -> None:
        """Sends an event, or keeps it for the next RESUME."""
        self.events.append((event, data))
        await self.repeat(len(self.events) - 1)

    async def repeat(self, after: int) -> None:
        """Sends the events after that sequence number."""
        for number, (event, data) in enumerate(self.events[after:], after + 1):
            if self.connection is not None and not self.connection.socket.closed:
                await self.connection.send(Op.DISPATCH, data, event, number)


class Gateway:
    """All websockets and sessions of one bot."""

    def __init__(self, bot: Mapping[str, Any], known: Callable[[str], bool], url: Callable[[], str]) -> None:
        self.shards = 1
        """The number of shards that Discord asks for; with more than one, a bot must name its shard."""
        self.starts_left = 1000
        """The number of sessions that may still be started today; after that the token is refused."""
        self.heartbeat_interval = 41.25
        """Seconds."""
        self.is_silent = False
        """Whether nothing is sent any more on open connections, not even acknowledgements."""
        self.reads_nothing = False
        """Whether nothing is read from open connections any more, not even that a bot closes them."""
        self.guilds: list[str] = []
        """Ids of the guilds that the bot is in."""
        self.sessions: list[Session] = []
        """The sessions that can be resumed, the oldest first."""
        self.identified: list[Mapping[str, Any]] = []
        """The data of each IDENTIFY, without the token."""
        self.resumed: list[str] = []
        """The session id of each successful RESUME."""
        self.heartbeats = 0
        self._bot = bot
        self._known = known
        self._url = url
        self._connections: set[_Connection] = set()

    def as_told(self) -> dict[str, Any]:
        """The answer to `GET /gateway/bot`."""
        limit = {"total": 1000, "remaining": self.starts_left, "reset_after": 86_400_000, "max_concurrency": 1}
        return {"url": self._url(), "shards": self.shards, "session_start_limit": limit}

    @property
    def connected(self) -> list[Session]:
        """The sessions with a connection."""
        return [each for each in self.sessions if each.connection is not None]

    async def dispatch(self, event: str, data: Mapping[str, Any], guild: str | None = None) -> None:
        """Sends an event to all sessions of the guild's shard; direct messages belong to the first shard."""
        for session in list(self.sessions):
            number, count = session.shard
            if (int(guild or 0) >> 22) % count == number and not self.is_silent:
                await session.say(event, data)

    async def reconnect(self) -> None:
        """Asks every bot to reconnect and resume."""
        for connection in list(self._connections):
            await connection.send(Op.RECONNECT)

    async def invalidate(self, *, resumable: bool = False) -> None:
        """Tells every bot that its session is invalid; or, if `resumable`, that it has to resume."""
        if not resumable:
            self.sessions.clear()
        for connection in list(self._connections):
            await connection.send(Op.INVALID_SESSION, resumable)

    async def close(self, code: int) -> None:
        """Closes every websocket with that code."""
        for connection in list(self._connections):
            await connection.socket.close(code=code)

    def drop(self) -> None:
        """Breaks every connection without a close message."""
        for session in self.sessions:
            session.connection = None
        for connection in self._connections:
            connection.abort()

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """Serves one websocket until either side closes it."""
        socket = web.WebSocketResponse(autoclose=False)
        await socket.prepare(request)
        connection = _Connection(request, socket)
        self._connections.add(connection)
        await connection.send(Op.HELLO, {"heartbeat_interval": round(self.heartbeat_interval * 1000)})
        try:
            await self._listen(connection)
        finally:
            self._connections.discard(connection)
            if connection.session is not None:
                connection.session.connection = None
        return socket

    async def _listen(self, connection: _Connection) -> None:
        socket = connection.socket
        while not socket.closed:
            try:
                message = await socket.receive(self.heartbeat_interval * _MISSED_MOST)
            except TimeoutError:
                await socket.close(code=Close.SESSION_TIMED_OUT)
                return
            while self.reads_nothing:  # noqa: ASYNC110 - a flag that tests set
                await asyncio.sleep(0.01)
            if message.type is WSMsgType.CLOSE:
                if message.data in _ENDS:
                    self._forget(connection.session)
                await socket.close()
            if message.type is not WSMsgType.TEXT:
                return
            try:
                said = json.loads(message.data)
                op, data = Op(said["op"]), said.get("d")
            except (ValueError, KeyError, TypeError) as error:
                is_json = isinstance(error, ValueError) and not isinstance(error, json.JSONDecodeError)
                await socket.close(code=Close.UNKNOWN_OP if is_json else Close.DECODE_ERROR)
                return
            if code := await self._handle(connection, op, data):
                await socket.close(code=code)
                return

    def _forget(self, session: Session | None) -> None:
        if session in self.sessions:
            self.sessions.remove(session)

    async def _handle(self, connection: _Connection, op: Op, data: Any) -> Close | None:  # noqa: ANN401 - as it came
        """Handles a message of a bot; returns the code to close with, if it is refused."""
        if op is Op.HEARTBEAT:
            self.heartbeats += 1
            if not self.is_silent:
                await connection.send(Op.HEARTBEAT_ACK)
            return None
        if op in (Op.IDENTIFY, Op.RESUME):
            if connection.session is not None:
                return Close.ALREADY_AUTHENTICATED
            if not self._known(str(data["token"])):
                return Close.AUTHENTICATION_FAILED
            return await (self._identify if op is Op.IDENTIFY else self._resume)(connection, data)
        return Close.UNKNOWN_OP if connection.session else Close.NOT_AUTHENTICATED

    async def _identify(self, connection: _Connection, data: Mapping[str, Any]) -> Close | None:
        self.identified.append({key: value for key, value in data.items() if key != "token"})
        if self.starts_left < 1:
            return Close.AUTHENTICATION_FAILED
        number, count = data.get("shard") or (0, 1)
        intents = int(data["intents"])
        if not 0 <= number < count:
            return Close.INVALID_SHARD
        if count == 1 < self.shards:
            return Close.SHARDING_REQUIRED
        if not 0 <= intents < _LAST_INTENT << 1:
            return Close.INVALID_INTENTS
        if intents & PRIVILEGED_INTENTS:
            return Close.DISALLOWED_INTENTS
        self.starts_left -= 1
        session = connection.session = Session((number, count), connection=connection)
        self.sessions.append(session)
        await session.say("READY", self._ready(session))
        return None

    def _ready(self, session: Session) -> dict[str, Any]:
        return {
            "v": 10,
            "user": self._bot,
            "guilds": [{"id": each, "unavailable": True} for each in self._guilds_of(session.shard)],
            "session_id": session.id,
            "resume_gateway_url": self._url(),
            "shard": session.shard,
            "application": {"id": self._bot["id"], "flags": 0},
        }

    def _guilds_of(self, shard: tuple[int, int]) -> Iterable[str]:
        return (each for each in self.guilds if (int(each) >> 22) % shard[1] == shard[0])

    async def _resume(self, connection: _Connection, data: Mapping[str, Any]) -> Close | None:
        session = next((each for each in self.sessions if each.id == data["session_id"]), None)
        if session is None:
            await connection.send(Op.INVALID_SESSION, data=False)
            return None
        last = int(data["seq"] or 0)
        if last > len(session.events):
            return Close.INVALID_SEQUENCE
        if session.connection is not None:
            session.connection.session = None
        connection.session, session.connection = session, connection
        self.resumed.append(session.id)
        await session.repeat(last)
        await session.say("RESUMED", {})
        return None
