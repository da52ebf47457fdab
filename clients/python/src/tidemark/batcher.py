"""Gathers events into requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Protocol

from .batch_queue import BatchQueue, Entry, publish_batch, set_outcomes
from .contract import NewEvent
from .errors import PublishError
from .outcomes import Verdict
from .service import Publication


class PublishText(Protocol):
    """Publishes a JSON text, as `Client.publish_text`."""

    def __call__(self, body: bytes, *, lenient: bool, results: bool) -> Publication: ...


class Batcher:
    """
    Gathers events into requests, which one thread makes, one at a time and in the order in which the events were added.
    Every event has its own outcome: an invalid event does not affect the others. Several threads may add events.

    The queue is in one of these states:

    - empty: the thread waits for an event
    - lingering: the thread waits until a request is full or the oldest event has waited for `linger`
    - due: requests are sent until no event is left that was added before `flush` or `close`

    A closed batcher accepts no more events. It still sends those that it has. A process that ends without `close` loses
    the events that are pending.

    :param max_events: the maximum number of events in a request; the service accepts 10,000 (`MAX_BATCH_EVENTS`)
    :param max_bytes: the maximum number of bytes in a request; the service accepts 8,000,000 (`MAX_BODY_BYTES`)
    :param linger: the time in seconds that an event waits for others, unless a request is full
    :param max_pending: the maximum number of events that were added and have no outcome yet
    """

    def __init__(
        self, publish_text: PublishText, *, max_events: int, max_bytes: int, linger: float, max_pending: int
    ) -> None:
        self._publish_text = publish_text
        self._queue: BatchQueue[Future[Verdict]] = BatchQueue(
            max_events=max_events, max_bytes=max_bytes, linger=linger, max_pending=max_pending
        )
        # The queue is read and written under the condition's lock.
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._send_batches, name="tidemark-batcher", daemon=True)
        self._thread.start()

    @property
    def pending(self) -> int:
        """The number of events that were added and have no outcome yet."""
        return self._queue.pending

    def add(self, event: NewEvent, *, block: bool = True) -> Future[Verdict]:
        """
        Adds an event; the future gets its verdict, or a PublishError with the event. The event is serialised at once, so
        changing the object later has no effect. Callbacks of the future run in the thread of the batcher.

        :param block: waits while `max_pending` events are pending; otherwise the future gets `batcher_full`. A callback
            never waits
        """
        outcome: Future[Verdict] = Future()
        outcome.set_running_or_notify_cancel()  # the event may be sent at any time, so it cannot be cancelled
        try:
            identified, text = self._queue.write(event)
            with self._changed:
                if block and threading.current_thread() is not self._thread:
                    self._changed.wait_for(lambda: self._queue.has_room)
                self._queue.add(Entry(identified, text, time.monotonic(), outcome))
                self._changed.notify_all()
        except PublishError as error:
            outcome.set_exception(error)
        return outcome

    def flush(self) -> None:
        """Sends queued events without waiting for more; returns when all events that were added before have their outcome."""
        self._refuse_own_thread("flush")
        with self._changed:
            target = self._queue.flush()
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._queue.settled >= target)

    def close(self) -> None:
        """Accepts no more events, sends the queued ones, and returns when all have their outcome."""
        self._refuse_own_thread("close")
        with self._changed:
            self._queue.is_closed = True
            self._changed.notify_all()
        self._thread.join()

    def __enter__(self) -> Batcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send_batches(self) -> None:
        while batch := self._next_batch():
            self._publish(batch)

    def _next_batch(self) -> list[Entry[Future[Verdict]]]:
        """Waits until a request is due, and takes its events; none if the batcher is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: not self._queue.is_empty or self._queue.is_closed)
            while not self._queue.is_empty and (pause := self._queue.due_in(time.monotonic())) > 0:
                self._changed.wait(pause)
            return self._queue.take()

    def _publish(self, batch: Sequence[Entry[Future[Verdict]]]) -> None:
        steps = publish_batch(batch)
        reply: Publication | Exception | None = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration:
                return
            if isinstance(step, bytes):
                reply = self._attempt(step)
            else:
                reply = None
                set_outcomes(step)
                with self._changed:
                    self._queue.settled += len(step)
                    self._changed.notify_all()

    def _attempt(self, body: bytes) -> Publication | Exception:
        try:
            return self._publish_text(body, lenient=True, results=True)
        except Exception as error:
            return error

    def _refuse_own_thread(self, name: str) -> None:
        if threading.current_thread() is self._thread:
            raise RuntimeError(f"{name} in a callback of an outcome would wait for itself")
