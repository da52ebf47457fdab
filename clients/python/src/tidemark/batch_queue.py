"""The queue of a batcher, and the requests that are made of its events. It has no thread, no lock and no clock of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar

from .contract import NewEvent, Problem
from .errors import NotTakenError, PublishError
from .outcomes import Verdict, errors_of, outcomes_of
from .service import Publication, identify, write_json


class Settable(Protocol):
    """The outcome of an event, which a batcher sets once."""

    def set_result(self, result: Verdict, /) -> None:
        """Sets the verdict."""

    def set_exception(self, exception: Exception, /) -> None:
        """Sets the error."""


Outcome = TypeVar("Outcome", bound=Settable)


@dataclass(frozen=True)
class Entry(Generic[Outcome]):
    """An event that was added."""

    event: Mapping[str, object]
    text: bytes
    added_at: float
    outcome: Outcome

    @property
    def size(self) -> int:
        """The bytes of its text and of the comma or bracket after it."""
        return len(self.text) + 1


class BatchQueue(Generic[Outcome]):
    """The events that were added and have no outcome yet. Its user lets one thread at a time call it."""

    def __init__(self, *, max_events: int, max_bytes: int, linger: float, max_pending: int) -> None:
        if min(max_events, max_bytes, max_pending) < 1:
            raise ValueError("limits must be at least 1")
        self._max_events, self._max_bytes, self._max_pending = max_events, max_bytes, max_pending
        self._linger = linger
        self._entries: deque[Entry[Outcome]] = deque()
        self._bytes = 0
        self._flush_until = 0
        self.added = 0
        self.settled = 0
        self.is_closed = False

    @property
    def pending(self) -> int:
        """The number of events that were added and have no outcome yet."""
        return self.added - self.settled

    @property
    def has_room(self) -> bool:
        """Whether `max_pending` allows another event. A closed queue makes no caller wait."""
        return self.is_closed or self.pending < self._max_pending

    @property
    def is_empty(self) -> bool:
        """Whether no event waits for its request."""
        return not self._entries

    def write(self, event: NewEvent) -> tuple[Mapping[str, object], bytes]:
        """
        Gives an event an id and writes it.

        :raises PublishError: if it cannot be written, or fits into no request
        """
        identified = identify(event)
        try:
            text = write_json(identified)
        except (TypeError, ValueError, RecursionError) as error:
            raise refusal("unwritable_event", f"it cannot be written as JSON: {error}", identified) from error
        if len(text) + 2 > self._max_bytes:
            reason = f"its {len(text)} bytes do not fit into a request of {self._max_bytes}"
            raise refusal("body_too_large", reason, identified)
        return identified, text

    def add(self, entry: Entry[Outcome]) -> None:
        """
        Adds an event.

        :raises PublishError: if the queue is closed or full
        """
        if self.is_closed:
            raise refusal("batcher_closed", "the batcher is closed", entry.event)
        if not self.has_room:
            raise refusal("batcher_full", f"{self._max_pending} events are pending already", entry.event)
        self._entries.append(entry)
        self._bytes += entry.size
        self.added += 1

    def flush(self) -> int:
        """Makes the events that were added due. Returns the value that `settled` reaches when all have their outcome."""
        self._flush_until = self.added
        return self.added

    def due_in(self, now: float) -> float:
        """Returns the seconds until a request is due: 0 if it is full, flushed or closed, or has lingered."""
        is_full = (
            len(self._entries) >= self._max_events
            or self._bytes + 1 >= self._max_bytes
            or self.pending >= self._max_pending
        )
        if is_full or self.settled < self._flush_until or self.is_closed:
            return 0
        return max(self._entries[0].added_at + self._linger - now, 0)

    def take(self) -> list[Entry[Outcome]]:
        """Takes the events of the next request out of the queue."""
        batch: list[Entry[Outcome]] = []
        size = 1
        while self._entries and len(batch) < self._max_events and size + self._entries[0].size <= self._max_bytes:
            entry = self._entries.popleft()
            size += entry.size
            batch.append(entry)
        self._bytes -= size - 1
        return batch


Settled: TypeAlias = "list[tuple[Entry[Outcome], Verdict | Exception]]"
"""Events with their outcomes, to be set."""


def publish_batch(
    batch: Sequence[Entry[Outcome]],
) -> Generator[bytes | Settled[Outcome], Publication | Exception | None, None]:
    """
    The requests that publish a batch: yields each body, to be answered with the publication or the exception, and the
    outcomes of events, to be answered with None. A body that is refused without naming an event is halved until that
    event is alone.
    """
    parts: list[tuple[Sequence[Entry[Outcome]], int]] = [(batch, 0)]
    while parts:
        part, doubts = parts.pop()
        events = [entry.event for entry in part]
        reply = yield b"[" + b",".join(entry.text for entry in part) + b"]"
        outcomes: Sequence[Verdict | Exception] | None
        if isinstance(reply, Publication):
            outcomes = outcomes_of(reply, events, doubts)
        elif isinstance(reply, PublishError):
            outcomes = errors_of(reply, events, doubts)
            if outcomes is None:
                middle = len(part) // 2
                doubts += reply.doubtful_attempts
                parts += [(part[middle:], doubts), (part[:middle], doubts)]
                continue
        else:
            assert reply is not None  # noqa: S101
            outcomes = [reply] * len(
                part
            )  # a fault of the HTTP client, such as one that was closed: each event gets it
        yield list(zip(part, outcomes, strict=True))


def set_outcomes(settled: Settled[Outcome]) -> None:
    """Sets the outcomes of events."""
    for entry, outcome in settled:
        if isinstance(outcome, Verdict):
            entry.outcome.set_result(outcome)
        else:
            entry.outcome.set_exception(outcome)


def refusal(code: str, reason: str, event: Mapping[str, object]) -> NotTakenError:
    """Makes the error of an event that a batcher does not take."""
    return NotTakenError(reason, events=[event], problem=Problem(status=0, code=code, detail=reason))
