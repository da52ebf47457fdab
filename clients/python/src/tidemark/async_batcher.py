"""Gathers events into requests, asynchronously."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from types import TracebackType
from typing import Any, Protocol

import anyio
from anyio.abc import TaskGroup

from .batch_queue import BatchQueue, Entry, Settled, publish_batch, refusal, set_outcomes
from .contract import NewEvent
from .errors import OutcomeUnknownError, PublishError
from .outcomes import Verdict
from .service import Publication


class PublishTextAsync(Protocol):
    """Publishes a JSON text, as `AsyncClient.publish_text`."""

    async def __call__(self, body: bytes, *, lenient: bool, results: bool) -> Publication: ...


class PendingVerdict:
    """The verdict of an event that was added. Awaiting it returns the verdict or raises a PublishError, each time."""

    def __init__(self) -> None:
        self._event = anyio.Event()
        self._value: Verdict | Exception | None = None

    @property
    def is_set(self) -> bool:
        """Whether awaiting it does not wait."""
        return self._event.is_set()

    def set_result(self, result: Verdict, /) -> None:
        """Sets the verdict. The batcher does this."""
        self._value = result
        self._event.set()

    def set_exception(self, exception: Exception, /) -> None:
        """Sets the error. The batcher does this."""
        self._value = exception
        self._event.set()

    def __await__(self) -> Generator[Any, Any, Verdict]:
        return self._wait().__await__()

    async def _wait(self) -> Verdict:
        await self._event.wait()
        assert self._value is not None  # noqa: S101
        if isinstance(self._value, Exception):
            raise self._value
        return self._value


class AsyncBatcher:
    """
    Gathers events into requests, which one task makes, one at a time and in the order in which the events were added. Its
    parameters, its states and its promises are those of `Batcher`. The task lives in the block `async with client.batcher()`,
    and the end of the block sends what is left. If the block is cancelled, the events that are left get an error.
    """

    def __init__(
        self, publish_text: PublishTextAsync, *, max_events: int, max_bytes: int, linger: float, max_pending: int
    ) -> None:
        self._publish_text = publish_text
        self._queue: BatchQueue[PendingVerdict] = BatchQueue(
            max_events=max_events, max_bytes=max_bytes, linger=linger, max_pending=max_pending
        )
        self._changed = anyio.Event()  # replaced at each change
        self._ended = anyio.Event()
        self._tasks: TaskGroup | None = None

    @property
    def pending(self) -> int:
        """The number of events that were added and have no outcome yet."""
        return self._queue.pending

    async def add(self, event: NewEvent) -> PendingVerdict:
        """
        Adds an event, and returns its verdict to await. Waits while `max_pending` events are pending. The event is
        serialised at once, so changing the object later has no effect.
        """
        if self._tasks is None:
            raise RuntimeError("a batcher works within its block: async with client.batcher() as batcher")
        outcome = PendingVerdict()
        try:
            identified, text = self._queue.write(event)
            while not self._queue.has_room:
                await self._changed.wait()
            self._queue.add(Entry(identified, text, time.monotonic(), outcome))
            self._notify()
        except PublishError as error:
            outcome.set_exception(error)
        return outcome

    async def flush(self) -> None:
        """Sends queued events without waiting for more; returns when all events that were added before have their outcome."""
        target = self._queue.flush()
        self._notify()
        while self._queue.settled < target:
            await self._changed.wait()

    async def close(self) -> None:
        """Accepts no more events, sends the queued ones, and returns when all have their outcome."""
        self._queue.is_closed = True
        self._notify()
        if self._tasks is not None:
            await self._ended.wait()

    async def __aenter__(self) -> AsyncBatcher:
        tasks = anyio.create_task_group()
        await tasks.__aenter__()
        tasks.start_soon(self._send_batches)
        self._tasks = tasks
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._tasks is not None  # noqa: S101
        # With an exception the group cancels the task, and waits for it.
        if isinstance(error, anyio.get_cancelled_exc_class()):
            await self._tasks.__aexit__(kind, error, trace)
            return
        try:
            await self.close()
        except BaseException as cancelled:
            await self._tasks.__aexit__(type(cancelled), cancelled, cancelled.__traceback__)
            raise
        await self._tasks.__aexit__(None, None, None)

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def _send_batches(self) -> None:
        try:
            while batch := await self._next_batch():
                await self._publish(batch)
        finally:
            self._queue.is_closed = True
            while rest := self._queue.take():  # the task was cancelled
                self._settle([(entry, refusal("batcher_closed", "cancelled", entry.event)) for entry in rest])
            self._ended.set()

    async def _next_batch(self) -> list[Entry[PendingVerdict]]:
        """Waits until a request is due, and takes its events; none if the batcher is closed and empty."""
        while self._queue.is_empty and not self._queue.is_closed:
            await self._changed.wait()
        while not self._queue.is_empty and (pause := self._queue.due_in(time.monotonic())) > 0:
            with anyio.move_on_after(pause):
                await self._changed.wait()
        return self._queue.take()

    async def _publish(self, batch: Sequence[Entry[PendingVerdict]]) -> None:
        steps = publish_batch(batch)
        reply: Publication | Exception | None = None
        unsettled = list(batch)
        try:
            while True:
                try:
                    step = steps.send(reply)
                except StopIteration:
                    return
                if isinstance(step, bytes):
                    reply = await self._attempt(step)
                else:
                    reply = None
                    self._settle(step)
                    unsettled = [entry for entry in unsettled if not entry.outcome.is_set]
        finally:
            # It was cancelled if any is left.
            self._settle([(entry, OutcomeUnknownError("cancelled", events=[entry.event])) for entry in unsettled])

    async def _attempt(self, body: bytes) -> Publication | Exception:
        try:
            return await self._publish_text(body, lenient=True, results=True)
        except Exception as error:
            return error

    def _settle(self, settled: Settled[PendingVerdict]) -> None:
        set_outcomes(settled)
        self._queue.settled += len(settled)
        self._notify()
