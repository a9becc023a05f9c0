"""The counterparts as fixtures: a Slack by emulate, a Discord by simcord, relays by Postfix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.counterparts.emulate import Emulate, emulated
from tests.counterparts.relays import Postfix, postfix

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "counterparts: runs against programs written by others, which tests/counterparts/setup.sh installs"
    )


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="session")
def slack_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulate]:
    with emulated(tmp_path_factory.mktemp("emulate")) as server:
        yield server


@pytest.fixture(scope="session")
def postfix_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postfix]:
    with postfix(tmp_path_factory.mktemp("postfix")) as server:
        yield server
