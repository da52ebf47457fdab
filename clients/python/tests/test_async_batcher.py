"""Tests that the asynchronous batcher keeps the promises of `Batcher`, and that its task ends with its block."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx
import pytest
from scripted import answer
from test_batcher import Body, FakeService, event

import tidemark

T = TypeVar("T")


def run(service: FakeService, work: Callable[[tidemark.AsyncClient], Awaitable[T]]) -> T:
    """Runs work with a client of the fake service."""

    async def run_async() -> T:
        async with (
            httpx.AsyncClient(transport=httpx.MockTransport(service)) as http,
            tidemark.AsyncClient("http://tidemark.test", first_delay=0.001, http=http) as client,
        ):
            return await work(client)

    return asyncio.run(asyncio.wait_for(run_async(), 60))


async def outcome(pending: tidemark.PendingVerdict) -> str:
    """Returns the status of a verdict, or the outcome of an error and its code."""
    try:
        return (await pending).status
    except tidemark.PublishError as error:
        return f"{error.outcome}: {error.code}"


def test_events_are_sent_together_and_each_has_its_own_outcome() -> None:
    service = FakeService()

    async def work(client: tidemark.AsyncClient) -> list[str]:
        async with client.batcher(linger=60, max_bytes=1_000) as batcher:
            pending = [await batcher.add(event(str(index), topic)) for index, topic in enumerate(["a", "", "c"])]
            await batcher.flush()
            assert batcher.pending == 0
            pending.append(await batcher.add({**event("x"), "payload": {"x": object()}}))
            pending.append(await batcher.add(event("0", "a")))
        pending.append(await batcher.add(event("late")))
        return [await outcome(one) for one in pending]

    assert run(service, work) == [
        "stored",
        "refused: invalid_event",
        "stored",
        "not taken: unwritable_event",
        "duplicate",
        "not taken: batcher_closed",
    ]
    assert service.ids == [["0", "1", "2"], ["0"]]


def test_a_full_request_and_one_that_has_lingered_are_sent_without_a_flush() -> None:
    service = FakeService()

    async def work(client: tidemark.AsyncClient) -> None:
        async with client.batcher(linger=60, max_events=2) as batcher:
            await asyncio.gather(*[await batcher.add(event(event_id)) for event_id in "abcd"])
        async with client.batcher(linger=0.01) as batcher:
            await (await batcher.add(event("e")))

    run(service, work)
    assert service.ids == [["a", "b"], ["c", "d"], ["e"]]


def test_an_adder_waits_for_room() -> None:
    service = FakeService()

    async def work(client: tidemark.AsyncClient) -> list[str]:
        async with client.batcher(linger=0, max_pending=2) as batcher:
            pending = []
            for index in range(20):
                pending.append(await batcher.add(event(str(index))))
                assert batcher.pending <= 2
        return [await outcome(one) for one in pending]

    assert run(service, work) == ["stored"] * 20


def test_an_exception_in_the_block_leaves_it_unchanged_and_the_events_are_sent() -> None:
    service = FakeService()

    async def work(client: tidemark.AsyncClient) -> None:
        async with client.batcher(linger=60) as batcher:
            await batcher.add(event("1"))
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        run(service, work)
    assert service.ids == [["1"]]


def test_events_of_a_block_that_is_cancelled_get_an_error() -> None:
    async def work(_: tidemark.AsyncClient) -> list[str]:
        pending: list[tidemark.PendingVerdict] = []
        is_sent = asyncio.Event()

        async def hang(_: httpx.Request) -> None:
            is_sent.set()
            await asyncio.Event().wait()

        async def publish() -> None:
            async with (
                httpx.AsyncClient(event_hooks={"request": [hang]}) as http,
                tidemark.AsyncClient("http://127.0.0.1:9", http=http) as client,
                client.batcher(linger=0, max_events=1) as batcher,
            ):
                pending.extend([await batcher.add(event("sent")), await batcher.add(event("queued"))])
                await asyncio.Event().wait()

        task = asyncio.create_task(publish())
        await is_sent.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        return [await outcome(one) for one in pending]

    assert run(FakeService(), work) == ["unknown: None", "not taken: batcher_closed"]


def test_a_body_that_is_refused_without_naming_an_event_is_halved() -> None:
    service = FakeService()

    def refuse(_: Body) -> httpx.Response:
        return answer(400, {"code": "malformed_json", "status": 400})

    service.faults = [refuse, None, refuse]

    async def work(client: tidemark.AsyncClient) -> list[str]:
        async with client.batcher(linger=60) as batcher:
            pending = [await batcher.add(event(event_id)) for event_id in "ab"]
        return [await outcome(one) for one in pending]

    assert run(service, work) == ["stored", "refused: malformed_json"]
    assert service.ids == [["a", "b"], ["a"], ["b"]]
