"""The exceptions of the client. All of them are `TidemarkError`, and retries have been made already."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from .contract import Fault, Problem

Outcome = Literal["refused", "not taken", "unknown"]


class TidemarkError(Exception):
    """A request did not succeed."""

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        problem: Problem | None = None,
        attempts: int = 0,
        doubtful_attempts: int = 0,
        message: str | None = None,
    ) -> None:
        super().__init__(message or reason)
        self.reason = reason
        """The reason, without the outcome."""
        self.status = status
        """The HTTP status of the last answer; None if none came."""
        self.problem = problem
        """The problem document (RFC 9457) of the last answer; None if it had none."""
        self.attempts = attempts
        self.doubtful_attempts = doubtful_attempts
        """Attempts whose outcome is unknown. Each may have stored its events."""

    @property
    def code(self) -> str | None:
        """
        The stable name of the problem. The service gives it, or the batcher: `batcher_full`, `batcher_closed`,
        `unwritable_event`.
        """
        return self.problem.code if self.problem else None

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The first hundred faults of the request. From a batcher: those of this event, with pointers relative to it."""
        return self.problem.errors if self.problem else ()


class PublishError(TidemarkError):
    """
    Events were not published, or it is unknown whether they were: one of RefusedError, NotTakenError and
    OutcomeUnknownError.
    """

    outcome: ClassVar[Outcome]
    _meaning: ClassVar[str]

    def __init__(self, reason: str, *, events: Sequence[Mapping[str, object]] = (), **details: Any) -> None:
        super().__init__(reason, message=f"{_name_of(events)}{self._meaning}: {reason}", **details)
        self.events = tuple(events)
        """The events with their ids, to publish them again. Empty if a text was published."""


class RefusedError(PublishError):
    """The service refused the request, and would refuse it again. The store has none of its events."""

    outcome = "refused"
    _meaning = "refused"


class NotTakenError(PublishError):
    """The client gave up, and no event was stored. Publish `events` again later."""

    outcome = "not taken"
    _meaning = "given up, nothing was taken"


class OutcomeUnknownError(PublishError):
    """The client gave up, and the events may have been stored. Publish `events` again: the ids are the same, so it is safe."""

    outcome = "unknown"
    _meaning = "given up, it may have been taken (sending it again with the same ids is safe)"


class ReceiptError(TidemarkError):
    """A receipt could not be followed to the end. The events are durable and need not be sent again."""


class SubscriptionError(TidemarkError):
    """The service refused a request of a subscription, or the client gave it up."""


class SubscriptionMovedError(SubscriptionError):
    """Another worker has acknowledged events of this subscription since the page was read, so it works on them as well."""


def _name_of(events: Sequence[Mapping[str, object]]) -> str:
    if len(events) != 1:
        return ""
    event = events[0]
    event_id, topic = (json.dumps(event.get(name), ensure_ascii=False, default=str) for name in ("event_id", "topic"))
    return f"event {event_id} of {topic}: "


def is_doubtful(attempts: int, problem: Problem | None) -> bool:
    """
    Whether an earlier attempt may have stored the events of a request that was refused. A dead letter is a verdict:
    whichever attempt brought the event, the store has refused it.
    """
    return attempts > 0 and (problem is None or problem.code != "dead_lettered")
