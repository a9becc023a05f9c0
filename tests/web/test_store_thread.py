from __future__ import annotations

import asyncio
import threading

import pytest

from bot.web.forms import RequestError
from bot.web.store_thread import StoreThread


async def test_what_takes_too_long_is_not_waited_for_and_holds_up_no_event() -> None:
    thread, release = StoreThread("t", seconds=0.05), threading.Event()
    with pytest.raises(RequestError) as error:
        await thread.run(release.wait)
    assert (error.value.status, error.value.retry_after) == (503, 5.0)
    release.set()
    assert await thread.run(lambda: 1) == 1
    thread.close()


async def test_what_waits_behind_it_is_not_begun_once_nobody_waits() -> None:
    thread, release, begun = StoreThread("t", seconds=0.05), threading.Event(), []
    first = asyncio.create_task(thread.run(release.wait))
    second = asyncio.create_task(thread.run(lambda: begun.append(1)))
    await asyncio.wait([first, second])
    release.set()
    assert isinstance(first.exception(), RequestError)
    assert isinstance(second.exception(), RequestError)
    assert await StoreThread("t").run(lambda: 1) == 1
    assert begun == []
    thread.close()


async def test_too_many_are_told_to_come_again() -> None:
    thread, release = StoreThread("t", most_waiting=2), threading.Event()
    waiting = [asyncio.create_task(thread.run(release.wait)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(RequestError):
        await thread.run(lambda: 1)
    release.set()
    assert await asyncio.gather(*waiting) == [True, True]
    thread.close()


async def test_a_fault_reaches_who_waits() -> None:
    thread = StoreThread("t")
    with pytest.raises(ZeroDivisionError):
        await thread.run(lambda: 1 // 0)
    thread.close()
