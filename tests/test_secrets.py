"""No secret is ever shown: worlds that go through every failure, and all that is said of it is searched.

What the whole suite says is watched too (`tests/leaks.py`); here every way of saying is gone through on purpose.
"""

from __future__ import annotations

import copy
import os
import subprocess
import sys
import traceback
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.app.runner import Runner
from bot.channels.slack import SlackChannel
from bot.errors import DeliveryError, StoreError
from bot.store import Store
from bot.store.outbox import Outbox
from tests.builders import paper
from tests.cli.conftest import Terminal, paperboy
from tests.leaks import leaks
from tests.servers.discord import FaultScript as DiscordSays
from tests.servers.slack import FaultScript as SlackSays
from tests.servers.smtp import DROP
from tests.world import TUESDAY, Environment, morning

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["paperboy"]

PASSWORD = "correct-horse-battery"


@pytest.fixture
def planted(environment: Environment) -> Environment:
    """A subscriber behind every kind of secret; the tokens stand in files."""
    (environment.folder / "slack-token").write_text(environment.slack.token, encoding="utf-8")
    (environment.folder / "password").write_text(PASSWORD, encoding="utf-8")
    environment.config["channels"]["slack"]["token"] = "${file:slack-token}"
    environment.config["channels"]["mail"] |= {"username": "me", "password": "${file:password}", "security": "none"}
    environment.config["health_url"] = "http://127.0.0.1:9/hunter2"
    environment.config["subscribers"] = {
        "lab": {"slack": "C0123456789", "topics": ["birds"]},
        "hook": {"slack": environment.slack.webhook_url("hook"), "topics": ["birds"]},
        "group": {"discord": "123456789012345678", "topics": ["birds"]},
        "their-hook": {"discord": environment.discord.webhook_url("theirs"), "topics": ["birds"]},
        "alice": {"mail": "alice@example.org", "topics": ["birds"]},
    }
    environment.config["operator"] = "lab"
    environment.announce(TUESDAY, paper())
    environment.clock.set(morning(TUESDAY))
    return environment


def tokens_revoked(environment: Environment) -> None:
    environment.slack.token = environment.discord.token = "another"


def every_answer_a_500_that_quotes_them(environment: Environment) -> None:
    quoted = (
        f"{environment.slack.token} {environment.slack.webhook_url('hook')} {environment.discord.token} {PASSWORD}"
    )
    environment.slack.script.extend([SlackSays(status=500, body=quoted)] * 3)
    environment.discord.script.extend([DiscordSays(method="POST", status=500, body=quoted)] * 3)
    environment.mail.script["MAIL"].append("451 4.3.0 try later")


def every_answer_lost(environment: Environment) -> None:
    environment.slack.script.extend([SlackSays(takes=True, drops=True)] * 2)
    environment.discord.script.extend([DiscordSays(method="POST", takes=True, drops=True)] * 2)
    environment.mail.script["."].append(DROP)


def every_answer_no_answer(environment: Environment) -> None:
    environment.slack.script.extend([SlackSays(status=200, body="<html>not Slack</html>")] * 2)
    environment.discord.script.extend([DiscordSays(method="POST", status=200, body="<html>not Discord</html>")] * 2)


def everything_malformed(environment: Environment) -> None:
    environment.slack.script.extend([SlackSays(body={"ok": False, "error": "invalid_blocks"})] * 4)
    environment.discord.script.extend(
        [DiscordSays(method="POST", status=400, body={"code": 50035, "message": "Invalid"})] * 4
    )


def every_door_shut(environment: Environment) -> None:
    environment.slack.channels["C0123456789"] = environment.slack.channels["hook"] = {"is_archived": True}
    environment.discord.closed = {"123456789012345678": (403, 50001), "theirs": (404, 10015)}
    environment.mail.bounces["alice@example.org"] = "550 5.1.1 no such user"


def nobody_listens(environment: Environment) -> None:
    for channel in ("slack", "discord"):
        environment.config["channels"][channel]["api_url"] = "http://127.0.0.1:9/api/"
    environment.config["channels"]["mail"]["port"] = 9
    environment.config["arxiv"]["rss_url"] = "http://127.0.0.1:9/{category}"


def a_template_broken(environment: Environment) -> None:
    folder = environment.folder / "templates" / "slack"
    folder.mkdir(parents=True)
    (folder / "paper.mrkdwn.j2").write_text("{{ nonsense }} {{ self }}", encoding="utf-8")
    environment.config["templates"] = "templates"


FAILURES = (
    tokens_revoked,
    every_answer_a_500_that_quotes_them,
    every_answer_lost,
    every_answer_no_answer,
    everything_malformed,
    every_door_shut,
    nobody_listens,
    a_template_broken,
)

COMMANDS = (
    ("once",),
    ("status",),
    ("status", "--json"),
    ("deliveries", "list"),
    ("explain", "2604.00001"),
    ("check", "--send"),
    ("preview", "--latest", "lab"),
    ("once",),
)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.__name__)
async def test_whatever_fails_no_command_shows_a_secret_at_any_level(
    failure: Callable[[Environment], None],
    planted: Environment,
    paperboy: Terminal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    errors: list[BaseException] = []
    settle = Outbox.settle_failed

    def keep(self: Outbox, delivery: Any, error: DeliveryError, *rest: Any, **more: Any) -> Any:
        errors.append(error)
        return settle(self, delivery, error, *rest, **more)

    monkeypatch.setattr(Outbox, "settle_failed", keep)
    failure(planted)
    said = []
    for command, form in zip(COMMANDS, cycle(("text", "json", "json")), strict=False):
        answer = await paperboy(*command, "--log-level", "debug", "--log-format", form)
        said += [answer.out, answer.err]
    said += [text for error in errors for text in _all_forms(error)]
    said += [path.read_bytes().decode("latin-1") for path in planted.folder.glob("paperboy.db*")]
    assert "delivered" in "".join(said) or "not" in "".join(said)
    assert list(leaks("\n".join(said).encode())) == []


def _all_forms(error: BaseException) -> list[str]:
    """An error as a log, a debugger or a crash shows it, with all that it was made of."""
    said = ["".join(traceback.format_exception(error))]
    cause: BaseException | None = error
    while cause is not None:
        said += [str(cause), repr(cause), repr(cause.args)]
        if isinstance(cause, DeliveryError):
            said.append(repr(vars(cause)))
        cause = cause.__cause__ or cause.__context__
    return said


async def test_no_repr_of_what_the_program_is_made_of_shows_a_secret(planted: Environment) -> None:
    settings = planted.settings
    async with planted.app() as app:
        parts: list[Any] = [
            settings,
            app,
            app.store,
            app.store._database,
            app.store._database._engines,
            app.templates,
        ]
        parts += [*app.channels.values(), *settings.channels.values(), *settings.subscribers.values()]
        said = [form(part) for part in parts for form in (repr, str)]
        said += [repr(vars(part)) for part in (app, *app.channels.values()) if hasattr(part, "__dict__")]
        said.append(repr(copy.copy(settings)))
    assert "Secret(***)" in "".join(said)
    assert list(leaks("".join(said).encode())) == []


@pytest.mark.usefixtures("planted")
async def test_a_crash_in_the_midst_of_a_run_leaves_a_traceback_without_secrets(
    paperboy: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(runner: Runner, **_: object) -> None:
        raise RuntimeError(f"a fault of ours with {len(runner._settings.subscribers)} subscribers")

    monkeypatch.setattr(Runner, "deliver", crash)
    with pytest.raises(RuntimeError, match="a fault of ours") as caught:
        await paperboy("once", "--log-level", "debug")
    assert list(leaks("".join(traceback.format_exception(caught.value)).encode())) == []


def test_typer_prints_no_local_variables_of_a_crash() -> None:
    """With them it would print secrets: tokens are in the clear where they are sent."""
    program = "from bot.cli import app; print(app.pretty_exceptions_enable)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


def test_the_database_s_password_is_in_no_error_and_none_of_its_causes() -> None:
    with pytest.raises(StoreError) as caught:
        Store(f"postgresql+psycopg://me:{PASSWORD}@127.0.0.1:9/papers?connect_timeout=1")
    assert list(leaks("\n".join(_all_forms(caught.value)).encode())) == []


@pytest.mark.usefixtures("planted")
async def test_a_fault_of_ours_that_quotes_a_secret_is_not_quoted(
    paperboy: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(_self: SlackChannel, _delivery: object, address: Any) -> None:
        raise RuntimeError(f"cannot post to {address.value.reveal()}")

    monkeypatch.setattr(SlackChannel, "send", crash)
    answer = await paperboy("once", "--log-level", "debug")
    assert "internal error in the SlackChannel: RuntimeError" in answer.err
    assert list(leaks((answer.out + answer.err).encode())) == []


SHOWS = """
import logging, sqlite3, sys
SECRET = "xoxb-" + "demo-token"
def test_prints(): print(SECRET)
def test_reads_what_it_prints(capsys): print(SECRET); capsys.readouterr()
def test_writes_to_stderr(): sys.stderr.write(SECRET)
def test_logs(): logging.getLogger("any").warning("posting with %s", SECRET)
def test_stores(tmp_path):
    with sqlite3.connect(tmp_path / "paperboy.db") as store:
        store.execute("create table t (a)"); store.execute("insert into t values (?)", [SECRET])
    store.close()
def test_is_silent(): assert SECRET
"""


def test_a_test_that_shows_a_secret_in_any_way_fails(tmp_path: Path) -> None:
    (tmp_path / "test_shows.py").write_text(SHOWS, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.leaks",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "-q",
    ]
    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path), "-c", "/dev/null", "--basetemp", str(tmp_path / "t"), str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
        # In CI pytest tells every reason a second time, in its summary.
        env={name: value for name, value in os.environ.items() if name != "CI"},
    )
    (tmp_path / "t").rename(tmp_path / "kept")
    for path in (tmp_path / "kept").rglob("*.db"):
        path.unlink()  # else this test would be caught itself
    assert "6 passed" in done.stdout
    assert "5 errors" in done.stdout
    assert done.stdout.count("secrets were seen") == 5
