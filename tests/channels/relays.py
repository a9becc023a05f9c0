"""A mail relay that says what it is told to say, right or wrong, and a certificate of our own for real ones."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections import defaultdict
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

EOF = ""
"""An answer that is none: the connection ends."""
SILENCE = "silence"
"""An answer that never comes."""


class ScriptedSmtp:
    """Answers each verb with the given text, `{line}` in it being what was asked; DOT is the end of the mail."""

    def __init__(self, greeting: str = "220 ready", **replies: str) -> None:
        self.replies = {"EHLO": "250 hello", "DATA": "354 go on", "QUIT": "221 bye", "GREETING": greeting} | replies
        self.encoding = "utf-8"
        self.asked: list[str] = []
        self.heard: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.connections = 0
        self.host, self.port = "127.0.0.1", 0
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._talk, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()
        await asyncio.sleep(0)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        verb, line = "GREETING", ""
        while await self._answer(writer, verb, line):
            if verb == "DATA":
                await reader.readuntil(b"\r\n.\r\n")
                verb, line = "DOT", ""
                self.heard[verb].set()
                continue
            line = (await reader.readline()).decode().strip()
            if not line:
                break
            self.asked.append(line)
            verb = line.split(" ")[0].upper()
            self.heard[verb].set()
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, verb: str, line: str) -> bool:
        reply = self.replies.get(verb, "250 fine")
        if reply == SILENCE:
            return True
        if reply == EOF:
            return False
        writer.write(reply.replace("{line}", line).encode(self.encoding) + b"\r\n")
        return True


def certificate(folder: Path, name: str = "DNS:localhost,IP:127.0.0.1") -> tuple[Path, ssl.SSLContext]:
    """A certificate that vouches for itself, made now, and a server's context that shows it."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=Paperboy's test relay", "-addext", f"subjectAltName={name}"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return cert, context
