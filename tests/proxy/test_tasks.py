from __future__ import annotations

import asyncio
import gc

import pytest

from proxy.tasks import Tasks

pytestmark = pytest.mark.anyio


async def test_a_task_is_held_until_it_ends() -> None:
    tasks, go = Tasks(), asyncio.Event()

    async def work() -> str:
        await go.wait()
        return "done"

    started = tasks.start(work())
    gc.collect()
    assert tasks._running == {started}
    go.set()
    assert await started == "done"
    await asyncio.sleep(0)
    assert tasks._running == set()


async def test_closing_cancels_what_runs_and_waits_for_it_to_clean_up() -> None:
    tasks, cleaned = Tasks(), []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append("yes")

    running = tasks.start(work())
    await asyncio.sleep(0)
    await tasks.aclose()
    assert (cleaned, running.cancelled()) == (["yes"], True)


async def test_closing_outlives_a_task_that_fails() -> None:
    tasks = Tasks()

    async def fail() -> None:
        raise ValueError

    failed = tasks.start(fail())
    await asyncio.sleep(0)
    await tasks.aclose()
    assert isinstance(failed.exception(), ValueError)


async def test_what_is_finished_goes_on_to_its_end_although_its_waiter_was_cancelled() -> None:
    tasks, go, ended = Tasks(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await go.wait()
        ended.set()

    waiter = asyncio.get_running_loop().create_task(tasks.finish(work()))
    await asyncio.sleep(0)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert not ended.is_set()
    go.set()
    async with asyncio.timeout(5):
        await ended.wait()


async def test_what_is_finished_gives_its_result_and_its_error() -> None:
    async def work() -> int:
        return 5

    async def fail() -> None:
        raise ValueError("no")

    assert await Tasks().finish(work()) == 5
    with pytest.raises(ValueError, match="no"):
        await Tasks().finish(fail())
