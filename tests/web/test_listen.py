from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bot.errors import ListenError
from bot.web.listen import Listening, open_sockets

if TYPE_CHECKING:
    from pathlib import Path


def port_of(found: Listening) -> int:
    return int(found.sockets[0].getsockname()[1])


def test_a_host_and_a_port_are_listened_on() -> None:
    found = open_sockets("127.0.0.1:0", {})
    with socket.create_connection(("127.0.0.1", port_of(found)), timeout=5):
        pass
    found.close()


def test_an_address_that_is_taken_is_said() -> None:
    found = open_sockets("127.0.0.1:0", {})
    taken = f"127.0.0.1:{port_of(found)}"
    with pytest.raises(ListenError) as error:
        open_sockets(taken, {})
    assert (error.value.address, "in use" in error.value.reason) == (taken, True)
    found.close()


def test_a_unix_socket_is_for_its_owner_and_its_group_and_goes_when_we_go(tmp_path: Path) -> None:
    path = tmp_path / "web.sock"
    found = open_sockets(f"unix:{path}", {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    with pytest.raises(ListenError, match="another process listens there"):
        open_sockets(f"unix:{path}", {})
    found.close()
    assert not path.exists()


def test_a_unix_socket_that_a_killed_process_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "web.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    open_sockets(f"unix:{path}", {}).close()


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "web.sock"
    path.write_text("precious")
    with pytest.raises(ListenError):
        open_sockets(f"unix:{path}", {})
    assert path.read_text() == "precious"
    with pytest.raises(ListenError):
        open_sockets(f"unix:{tmp_path / 'nowhere' / 'web.sock'}", {})


def test_what_systemd_hands_over_is_taken_and_stays_open_for_the_next_configuration() -> None:
    """As systemd does it: descriptor 3 and two variables, in a process of its own."""
    program = (
        "import os, sys\n"
        "from bot.web.listen import Listening, open_sockets\n"
        "os.environ['LISTEN_PID'] = str(os.getpid())\n"
        "for _ in range(2):\n"
        "    found = open_sockets('127.0.0.1:1', os.environ)\n"
        "    port = found.sockets[0].getsockname()[1]\n"
        "    found.close()\n"
        "print(port)\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        os.set_inheritable(listening.fileno(), True)  # noqa: FBT003 - the standard library's own
        command = f'exec 3<&{listening.fileno()}; exec "$@"'
        done = subprocess.run(
            ["bash", "-c", command, "bash", sys.executable, "-c", program],
            env={**os.environ, "LISTEN_FDS": "1"},
            pass_fds=[listening.fileno()],
            check=True,
            capture_output=True,
            text=True,
        )
        assert int(done.stdout) == listening.getsockname()[1]


def test_what_was_meant_for_another_process_is_not_taken() -> None:
    found = open_sockets("127.0.0.1:0", {"LISTEN_PID": "1", "LISTEN_FDS": "1"})
    assert port_of(found) > 0
    found.close()
