"""Watches the whole suite for the secrets that it plants: in output, logs, warnings and the stores that tests leave.

A pytest plugin, loaded by `tests/conftest.py`. A test after which a secret is found fails, whatever it asserted. What
a test reads with `capsys` is seen too. Configurations are not looked at: they are where secrets belong.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers import discord, slack

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

PLANTED = {
    "Slack's token": re.escape(slack.TOKEN),
    "Discord's token": re.escape(discord.TOKEN),
    "a Slack webhook": r"/services/T00000001/B[0-9A-F]{8}/[0-9a-f]{24}",
    "a Discord webhook": r"hook-[0-9a-f]{40}",
    "the relay's password": "correct-horse-battery",
    "the relay's password as AUTH PLAIN": "AG1lAGNvcnJlY3QtaG9yc2UtYmF0dGVyeQ==",
    "another password": "hunter2|s3cret",
}
"""The secrets that tests use all over the suite, and those of the receivers, whose webhooks differ by name only."""

_PATTERNS = [(name, re.compile(one.encode())) for name, secret in PLANTED.items() for one in secret.split("|")]
"""One by one: what begins with a letter that is known is found ten times as fast as one of several."""
_WRITTEN = ("*.db", "*.db-wal", "*.log")
_read: list[str] = []


def leaks(text: bytes) -> Iterator[str]:
    """Which secrets stand in it, by name, each with what is before it, but never the secret itself."""
    for name, pattern in _PATTERNS:
        for found in pattern.finditer(text):
            yield f"{name}, after {text[max(0, found.start() - 60) : found.start()]!r}"


@pytest.fixture(autouse=True, scope="session")
def _what_is_read_is_remembered() -> Iterator[None]:
    """What `readouterr` gives to a test is in no report of it."""
    with pytest.MonkeyPatch.context() as patches:
        read = pytest.CaptureFixture.readouterr

        def remember(self: pytest.CaptureFixture[Any]) -> Any:
            result = read(self)
            _read.extend(map(str, result))
            return result

        patches.setattr(pytest.CaptureFixture, "readouterr", remember)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test after which a secret is found."""
    report = yield
    if call.when == "teardown":
        said = [*(text for _, text in report.sections), *_read]
        _read.clear()
        found = [*leaks("\n".join(said).encode()), *_in_stores(getattr(item, "funcargs", {}).get("tmp_path"))]
        if found and report.passed:
            report.outcome = "failed"
            report.longrepr = "secrets were seen:\n" + "\n".join(dict.fromkeys(found))
    return report


def _in_stores(folder: Path | None) -> Iterator[str]:
    for kind in _WRITTEN if folder else ():
        for path in sorted((folder or Path()).rglob(kind)):
            yield from (f"{path.name}: {leak}" for leak in leaks(path.read_bytes()))
