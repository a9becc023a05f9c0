"""`paperboy healthcheck`: what a container's HEALTHCHECK is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.app.monitoring_service import MonitoringService
from bot.web import monitoring
from tests.ports import free_port

if TYPE_CHECKING:
    import pytest

    from tests.cli.conftest import Terminal
    from tests.world import Environment


async def test_a_daemon_that_is_well(paperboy: Terminal, environment: Environment) -> None:
    environment.config["metrics"] = f"0.0.0.0:{free_port()}"
    service = MonitoringService(environment.clock)
    await service.follow(environment.settings)
    answer = await paperboy("healthcheck")
    await service.aclose()
    assert (answer.code, answer.out, answer.err) == (0, "ok\n", "")


async def test_a_daemon_on_a_unix_socket(paperboy: Terminal, environment: Environment) -> None:
    environment.config["metrics"] = "unix:monitor.sock"
    service = MonitoringService(environment.clock)
    await service.follow(environment.settings)
    answer = await paperboy("healthcheck")
    await service.aclose()
    assert (answer.code, answer.out) == (0, "ok\n")


async def test_a_daemon_that_hangs(
    paperboy: Terminal, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitoring, "ALIVE_SECONDS", 0.0)
    environment.config["metrics"] = f"127.0.0.1:{free_port()}"
    service = MonitoringService(environment.clock)
    await service.follow(environment.settings)
    answer = await paperboy("healthcheck")
    await service.aclose()
    assert (answer.code, answer.out) == (1, "/livez: no tick for 0 s\n")


async def test_no_daemon(paperboy: Terminal, environment: Environment) -> None:
    listen = environment.config["metrics"] = f"127.0.0.1:{free_port()}"
    answer = await paperboy("healthcheck")
    assert answer.code == 1
    assert answer.out.startswith(f"/livez: no answer from {listen}: ")


async def test_without_metrics_it_says_what_to_add(paperboy: Terminal, environment: Environment) -> None:  # noqa: ARG001 - writes the file
    answer = await paperboy("healthcheck")
    assert answer.code == 2
    assert "add `metrics: 127.0.0.1:9464`" in answer.err
