"""Gathers events into requests."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from .contract import NewEvent, Problem
from .errors import NotTakenError, PublishError
from .outcomes import Verdict, errors_of, outcomes_of
from .service import Publication, identify, write_json


class PublishText(Protocol):
    """Publishes a JSON text, as `Client.publish_text`."""

    def __call__(self, body: bytes, *, lenient: bool, results: bool) -> Publication: ...


@dataclass(frozen=True)
class _Entry:
    event: Mapping[str, object]
    text: bytes
    added_at: float
    outcome: Future[Verdict]

    @property
    def size(self) -> int:
        """The bytes of its text and of the comma or bracket after it."""
        return len(self.text) + 1


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
        if min(max_events, max_bytes, max_pending) < 1:
            raise ValueError("limits must be at least 1")
        self._publish_text = publish_text
        self._max_events, self._max_bytes, self._max_pending = max_events, max_bytes, max_pending
        self._linger = linger
        self._changed = threading.Condition()
        # What follows is read and written under the condition's lock.
        self._queue: deque[_Entry] = deque()
        self._queued_bytes = 0
        self._added = 0
        self._settled = 0
        self._flush_until = 0
        self._is_closed = False
        self._thread = threading.Thread(target=self._send_batches, name="tidemark-batcher", daemon=True)
        self._thread.start()

    @property
    def pending(self) -> int:
        """The number of events that were added and have no outcome yet."""
        return self._added - self._settled

    def add(self, event: NewEvent, *, block: bool = True) -> Future[Verdict]:
        """
        Adds an event; the future gets its verdict, or a PublishError with the event. The event is serialised at once, so
        changing the object later has no effect. Callbacks of the future run in the thread of the batcher.

        In asyncio: `await asyncio.wrap_future(batcher.add(event, block=False))`.

        :param block: waits while `max_pending` events are pending; otherwise the future gets `batcher_full`. A callback
            never waits
        """
        identified = identify(event)
        outcome: Future[Verdict] = Future()
        outcome.set_running_or_notify_cancel()  # the event may be sent at any time, so it cannot be cancelled
        try:
            text = write_json(identified)
            if len(text) + 2 > self._max_bytes:
                reason = f"its {len(text)} bytes do not fit into a request of {self._max_bytes}"
                raise _refusal("body_too_large", reason, identified)
            self._enqueue(identified, text, outcome, block=block)
        except PublishError as error:
            outcome.set_exception(error)
        except (TypeError, ValueError, RecursionError) as error:
            refusal = _refusal("unwritable_event", f"it cannot be written as JSON: {error}", identified)
            refusal.__cause__ = error
            outcome.set_exception(refusal)
        return outcome

    def flush(self) -> None:
        """Sends queued events without waiting for more; returns when all events that were added before have their outcome."""
        self._refuse_own_thread("flush")
        with self._changed:
            target = self._flush_until = self._added
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._settled >= target)

    def close(self) -> None:
        """Accepts no more events, sends the queued ones, and returns when all have their outcome."""
        self._refuse_own_thread("close")
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join()

    def __enter__(self) -> Batcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _enqueue(self, event: Mapping[str, object], text: bytes, outcome: Future[Verdict], *, block: bool) -> None:
        with self._changed:
            if block and threading.current_thread() is not self._thread:
                self._changed.wait_for(lambda: self._is_closed or self.pending < self._max_pending)
            if self._is_closed:
                raise _refusal("batcher_closed", "the batcher is closed", event)
            if self.pending >= self._max_pending:
                raise _refusal("batcher_full", f"{self._max_pending} events are pending already", event)
            entry = _Entry(event, text, time.monotonic(), outcome)
            self._queue.append(entry)
            self._queued_bytes += entry.size
            self._added += 1
            self._changed.notify_all()

    def _send_batches(self) -> None:
        while batch := self._next_batch():
            self._publish(batch, doubts=0)

    def _next_batch(self) -> list[_Entry]:
        """Waits until a request is due, and takes its events; none if the batcher is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._is_closed)
            while self._queue and not self._is_due():
                self._changed.wait(max(self._queue[0].added_at + self._linger - time.monotonic(), 0))
            batch: list[_Entry] = []
            size = 1
            while self._queue and len(batch) < self._max_events and size + self._queue[0].size <= self._max_bytes:
                entry = self._queue.popleft()
                size += entry.size
                batch.append(entry)
            self._queued_bytes -= size - 1
            return batch

    def _is_due(self) -> bool:
        is_full = (
            len(self._queue) >= self._max_events
            or self._queued_bytes + 1 >= self._max_bytes
            or self.pending >= self._max_pending
        )
        is_flushed = self._settled < self._flush_until
        has_lingered = time.monotonic() >= self._queue[0].added_at + self._linger
        return is_full or is_flushed or self._is_closed or has_lingered

    def _publish(self, batch: Sequence[_Entry], doubts: int) -> None:
        events = [entry.event for entry in batch]
        try:
            body = b"[" + b",".join(entry.text for entry in batch) + b"]"
            publication = self._publish_text(body, lenient=True, results=True)
        except PublishError as error:
            errors = errors_of(error, events, doubts)
            if errors is None:
                middle = len(batch) // 2
                self._publish(batch[:middle], doubts + error.doubtful_attempts)
                self._publish(batch[middle:], doubts + error.doubtful_attempts)
            else:
                self._settle(batch, errors)
        except Exception as error:  # a fault of the HTTP client, such as one that was closed: each event gets it
            self._settle(batch, [error] * len(batch))
        else:
            self._settle(batch, outcomes_of(publication, events, doubts))

    def _settle(self, batch: Sequence[_Entry], outcomes: Sequence[Verdict | Exception]) -> None:
        for entry, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Verdict):
                entry.outcome.set_result(outcome)
            else:
                entry.outcome.set_exception(outcome)
        with self._changed:
            self._settled += len(batch)
            self._changed.notify_all()

    def _refuse_own_thread(self, name: str) -> None:
        if threading.current_thread() is self._thread:
            raise RuntimeError(f"{name} in a callback of an outcome would wait for itself")


def _refusal(code: str, reason: str, event: Mapping[str, object]) -> NotTakenError:
    return NotTakenError(reason, events=[event], problem=Problem(status=0, code=code, detail=reason))
