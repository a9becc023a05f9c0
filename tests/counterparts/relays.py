"""Mail relays written by others: Postfix's smtp-sink with its fault switches, and a private Postfix before it.

Nothing of the machine's own mail system is read or touched; all listen on loopback, and nothing leaves it.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.channels.relays import certificate
from tests.counterparts.tools import program, running
from tests.ports import HOST, free_port, listens

if TYPE_CHECKING:
    from collections.abc import Iterator

_SINK_S_OWN = re.compile(rb"\A.*?\n\tby smtp-sink [^\n]*\n\t[^\n]*\n", re.DOTALL)

ANSWERS = {
    "nobody@example.org": "550 5.1.1 No such user",
    "grey@example.org": "450 4.2.0 Greylisted, come again",
    "full@example.org": "452 4.2.2 Mailbox full, come again",
    "overdrawn@example.org": "552 5.2.2 Mailbox full for good",
    "policy@example.org": "550 5.7.1 You may not send here",
    "blocked@example.org": "550 5.7.13 User disabled",
}
"""What the private Postfix says to RCPT for these; any other at example.org is taken, any elsewhere is relaying."""
MOST_BYTES = 3_000
"""What its second port takes at most."""


@dataclass(frozen=True, slots=True)
class Sink:
    """A relay that takes mails into a folder."""

    port: int
    folder: Path

    def mails(self) -> list[bytes]:
        """What it took, as it was written; in no order."""
        return [_as_sent(file.read_bytes()) for file in self.folder.glob("mail.*")]


def _as_sent(dumped: bytes) -> bytes:
    """Without what the sink puts before a mail and the line end it puts after, and with SMTP's line ends."""
    return _SINK_S_OWN.sub(b"", dumped).removesuffix(b"\n").replace(b"\n", b"\r\n")


@contextmanager
def sink(folder: Path, *switches: str, port: int = 0) -> Iterator[Sink]:
    """smtp-sink with these fault switches, at that port or a free one.

    -f X: 500 at X; -r X: 450 at X; -q X: the connection ends at X; -w N: N seconds before DATA; -A N: 550 after N.
    """
    port = port or free_port()
    taken = folder / f"taken-{port}-{len(list(folder.iterdir()))}"
    taken.mkdir()
    user = ["-u", "root"] if os.getuid() == 0 else []  # which it insists on there
    command = [program("smtp-sink"), *user, *switches, "-d", "mail.", f"{HOST}:{port}", "100"]
    with running(command, port, taken):
        yield Sink(port, taken)


@dataclass(frozen=True, slots=True)
class Postfix:
    """A real mail server: what it accepts for example.org it queues, and hands to a sink."""

    port: int
    small_port: int
    """Where it takes no more than MOST_BYTES."""
    authority: Path
    """Who vouches for its certificate."""
    sink: Sink


_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = relay.example.org
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks =
mydestination =
alias_maps =
local_recipient_maps =
relay_domains = example.org
relay_transport = smtp:[{host}]:{sink}
default_transport = error:nothing leaves this machine
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{{{answers}}}
smtpd_tls_security_level = may
smtpd_tls_cert_file = {folder}/cert.pem
smtpd_tls_key_file = {folder}/key.pem
"""

_MASTER = """
{host}:{port} inet n - n - - smtpd
{host}:{small_port} inet n - n - - smtpd -o message_size_limit={most}
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


_RETURNING = """
relay_domains = example.org, return.example.org
transport_maps = inline:{{{{return.example.org = lmtp:inet:{host}:{lmtp}}}}}
recipient_delimiter = +
maximal_queue_lifetime = 0
smtpd_recipient_restrictions =
"""
"""What comes back goes to a mailbox by LMTP, and at once: nothing is tried a second time."""


@contextmanager
def postfix(tests_folder: Path) -> Iterator[Postfix]:
    """The server, between start and end."""
    with sink(tests_folder) as behind, _running(behind.port) as (port, small_port, authority):
        yield Postfix(port, small_port, authority, behind)


@contextmanager
def returning_postfix(next_hop: int, lmtp: int) -> Iterator[int]:
    """A server that hands mails for example.org to a next hop, and what comes back to a mailbox; its port."""
    with _running(next_hop, _RETURNING, lmtp=lmtp) as (port, _, _):
        yield port


@contextmanager
def _running(next_hop: int, more: str = "", **also: int) -> Iterator[tuple[int, int, Path]]:
    """A Postfix of its own, with these settings beside ours: its two ports, and who vouches for its certificate."""
    program("postfix")
    port, small_port = free_port(), free_port()
    # Not in pytest's folder, which is closed to the user that Postfix runs as.
    with tempfile.TemporaryDirectory(prefix="paperboy-postfix-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        certificate(folder)
        answers = ", ".join(f"{{{recipient} = {answer}}}" for recipient, answer in ANSWERS.items())
        values = {"folder": folder, "host": HOST, "port": port, "small_port": small_port, "most": MOST_BYTES, **also}
        (folder / "main.cf").write_text((_MAIN + more).format(sink=next_hop, answers=answers, **values))
        (folder / "master.cf").write_text(_MASTER.format(**values))
        _as_root("install", "-d", "-o", "postfix", str(folder / "data"))
        _as_root("install", "-d", str(folder / "queue"))
        try:
            _as_root(program("postfix"), "-c", made, "start")
            assert listens(port), (folder / "mail.log").read_text()
            yield port, small_port, folder / "cert.pem"
        finally:
            _as_root(program("postfix"), "-c", made, "abort")
            _as_root("rm", "-r", str(folder / "data"), str(folder / "queue"))


def _as_root(*command: str) -> None:
    """Postfix starts as root only."""
    prefix = [] if os.getuid() == 0 else ["sudo", "-n"]
    done = subprocess.run([*prefix, *command], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
