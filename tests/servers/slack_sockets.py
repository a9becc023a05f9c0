"""The demo's Socket Mode with home pages, dialogs, shortcuts and events, and with what can happen to sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.demo.servers import slack_sockets
from bot.demo.servers.slack_limits import blocks_refusal
from bot.demo.servers.slack_sockets import TEAM, Envelope

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Envelope", "SlackSockets", "view_refusal"]

_MOST_IN_A_VIEW = 100
_MOST_TITLE = 24


def view_refusal(view: Mapping[str, Any], kind: str) -> str:
    """The code with which a view is refused; empty if it is accepted: https://docs.slack.dev/reference/views."""
    title = view.get("title") or {}
    titled = kind != "modal" or (title.get("type") == "plain_text" and 1 <= len(title["text"]) <= _MOST_TITLE)
    if view.get("type") != kind or not titled or not view.get("blocks") or len(view["blocks"]) > _MOST_IN_A_VIEW:
        return "invalid_arguments"
    return blocks_refusal([block for block in view["blocks"] if block.get("type") != "input"], "x")


class SlackSockets(slack_sockets.SlackSockets):
    """Sockets that can break, and people who also use the app's home page, dialogs and shortcuts."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals: list[str] = []
        """Error codes for the next calls of apps.connections.open, used up one by one."""
        self.homes: dict[str, Mapping[str, Any]] = {}
        """By person, the home page."""
        self.dialogs: dict[str, Mapping[str, Any]] = {}
        """By id, the dialog's view."""

    def add_routes(self, router: web.UrlDispatcher) -> None:
        super().add_routes(router)
        router.add_route("*", "/api/views.publish", self._views_publish)
        router.add_route("*", "/api/views.open", self._views_open)
        router.add_route("*", "/api/views.update", self._views_update)

    # -- what people do ----------------------------------------------------------------------------------------------

    async def choose_shortcut(
        self, person: str, channel: str | None, message: Mapping[str, Any] | None, callback_id: str
    ) -> Envelope:
        """A person chooses a shortcut, on a message or anywhere."""
        payload: dict[str, Any] = {
            "type": "shortcut" if message is None else "message_action",
            "callback_id": callback_id,
            "user": {"id": person},
            "trigger_id": f"trigger.{next(self._numbers)}",
        }
        if message is not None:
            payload |= {"channel": {"id": channel, "name": "papers"}, "message": dict(message)}
        return await self._send("interactive", payload, answerable=message is not None)

    async def submit(self, person: str, view_id: str, text: str) -> Envelope:
        """A person submits a dialog with one field."""
        view = self.dialogs[view_id]
        (block,) = (block for block in view["blocks"] if block["type"] == "input")
        values = {block["block_id"]: {block["element"]["action_id"]: {"type": "plain_text_input", "value": text}}}
        sent = {"id": view_id, "callback_id": view.get("callback_id"), "state": {"values": values}}
        payload = {"type": "view_submission", "user": {"id": person}, "view": sent}
        return await self._send("interactive", payload, answerable=False)

    async def open_home(self, person: str, *, event_id: str = "") -> Envelope:
        """A person opens the app's home page: https://docs.slack.dev/reference/events/app_home_opened."""
        event = {"type": "app_home_opened", "user": person, "channel": "D0HOME00001", "tab": "home"}
        return await self.event(event, event_id=event_id)

    async def event(self, event: Mapping[str, Any], *, event_id: str = "", retry: int = 0) -> Envelope:
        """Sends an event of the Events API; `retry` is the number of earlier attempts."""
        payload = {
            "type": "event_callback",
            "team_id": TEAM,
            "event": dict(event),
            "event_id": event_id or f"Ev{next(self._numbers):08d}",
        }
        retried = {"retry_attempt": retry, "retry_reason": "timeout" if retry else ""}
        return await self._send("events_api", payload, answerable=False, **retried)

    # -- what happens to sockets -----------------------------------------------------------------------------------

    async def refresh(self, reason: str = "refresh_requested") -> None:
        """Asks the app to replace every socket; they stay open for now."""
        for socket in list(self._sockets):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "demo"}})

    def drop(self) -> None:
        """Breaks every connection without a close message; from then on none of them counts as open."""
        broken, self._sockets = self._sockets, []
        for socket in broken:
            transport = socket._req.transport if socket._req else None
            if transport:
                transport.abort()

    async def close(self) -> None:
        """Closes every socket with a close message."""
        for socket in list(self._sockets):
            await socket.close()

    async def send_again(self, envelope: Envelope, **more: object) -> None:
        """Sends the same envelope once more."""
        said = {"envelope_id": envelope.id, "type": envelope.kind, "accepts_response_payload": False, **more}
        await self.spread.choice(self._sockets).send_json({**said, "payload": envelope.payload})

    # -- methods -----------------------------------------------------------------------------------------------------

    async def _connections_open(self, request: web.Request) -> web.StreamResponse:
        if not self.refusals:
            return await super()._connections_open(request)
        error = self.refusals.pop(0)
        needed = {"needed": "connections:write"} if error == "missing_scope" else {}
        return web.json_response({"ok": False, "error": error, **needed})

    async def _views_publish(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        if error := view_refusal(asked.get("view") or {}, "home"):
            return self._refuse(error)
        self.homes[str(asked.get("user_id"))] = asked["view"]
        return web.json_response({"ok": True, "view": asked["view"]})

    async def _views_open(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        if error := view_refusal(asked.get("view") or {}, "modal"):
            return self._refuse(error)
        name = f"V{next(self._numbers):08d}"
        self.dialogs[name] = asked["view"]
        return web.json_response({"ok": True, "view": {**asked["view"], "id": name}})

    async def _views_update(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        name = str(asked.get("view_id"))
        error = "not_found" if name not in self.dialogs else view_refusal(asked.get("view") or {}, "modal")
        if error:
            return self._refuse(error)
        self.dialogs[name] = asked["view"]
        return web.json_response({"ok": True, "view": {**asked["view"], "id": name}})

    def _refuse(self, error: str) -> web.StreamResponse:
        self.refused.append(error)
        return web.json_response({"ok": False, "error": error})
