"""The monitor's listener beside the verbs: made, exchanged and ended as the configuration says."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import aiohttp
import pytest

from bot.app.monitoring_service import MonitoringService
from bot.errors import ListenError
from bot.store.jobs import Job, Verb
from tests.app.fleet.rows import opened
from tests.builders import paper
from tests.ports import free_port
from tests.world import TUESDAY, Environment, morning

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def service(environment: Environment) -> AsyncIterator[MonitoringService]:
    service = MonitoringService(environment.clock)
    yield service
    await service.aclose()


async def text_at(listen: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"http://{listen}/metrics") as answer:
        assert answer.status == 200
        return await answer.text()


async def test_a_morning_is_counted(environment: Environment, service: MonitoringService) -> None:
    environment.announce(TUESDAY, paper())
    await environment.once(morning(TUESDAY))
    listen = environment.config["metrics"] = f"127.0.0.1:{free_port()}"
    await service.follow(environment.settings)
    text = await text_at(listen)
    assert 'paperboy_deliveries_total{channel="slack",outcome="sent"} 1.0' in text
    assert 'paperboy_subscribers{origin="configuration"} 1.0' in text
    assert "lab" not in text
    assert "C0123456789" not in text


async def test_how_long_this_process_s_sends_and_requests_took_is_shown(environment: Environment) -> None:
    environment.announce(TUESDAY, paper())
    environment.clock.set(morning(TUESDAY))
    listen = environment.config["metrics"] = f"127.0.0.1:{free_port()}"
    async with environment.app() as app:
        service = MonitoringService(environment.clock, timings=app.timings)
        await service.follow(environment.settings)
        await app.runner.once()
        text = await text_at(listen)
        await service.aclose()
    assert 'paperboy_send_seconds_count{channel="slack"} 1.0' in text
    assert 'paperboy_poll_seconds_count{service="rss"} 1.0' in text


async def test_with_a_fleet_its_jobs_are_counted(
    environment: Environment, service: MonitoringService, postgres_url: str
) -> None:
    environment.config |= {"store": postgres_url, "fleet": True}
    with opened(postgres_url) as store:
        store.job_queue.ask(Job(Verb.COLLECT))
    listen = environment.config["metrics"] = f"127.0.0.1:{free_port()}"
    await service.follow(environment.settings)
    text = await text_at(listen)
    assert "paperboy_workers 0.0" in text
    assert 'paperboy_jobs{queue="collect",state="waiting"} 1.0' in text


async def test_it_follows_the_configuration(environment: Environment, service: MonitoringService) -> None:
    first = environment.config["metrics"] = f"127.0.0.1:{free_port()}"
    await service.follow(environment.settings)
    environment.config["subscribers"]["other"] = {"slack": "C0123456780", "topics": ["birds"]}
    await service.follow(environment.settings)
    assert 'paperboy_subscribers{origin="configuration"} 2.0' in await text_at(first)
    second = environment.config["metrics"] = f"127.0.0.1:{free_port()}"
    await service.follow(environment.settings)
    await text_at(second)
    with pytest.raises(aiohttp.ClientConnectorError):
        await text_at(first)
    del environment.config["metrics"]
    await service.follow(environment.settings)
    with pytest.raises(aiohttp.ClientConnectorError):
        await text_at(second)


async def test_an_address_that_is_taken_leaves_the_old_listener(
    environment: Environment, service: MonitoringService
) -> None:
    first = environment.config["metrics"] = f"127.0.0.1:{free_port()}"
    await service.follow(environment.settings)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        environment.config["metrics"] = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ListenError):
            await service.follow(environment.settings)
    service.beat()
    await text_at(first)
