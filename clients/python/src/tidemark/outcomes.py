"""The outcome of each event of a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .contract import Fault, Problem, Rejection
from .errors import OutcomeUnknownError, PublishError, RefusedError, is_doubtful
from .service import Publication

Event = Mapping[str, object]


@dataclass(frozen=True)
class Verdict:
    """The outcome of one event."""

    topic: str
    event_id: str
    status: Literal["stored", "duplicate", "conflict", "pending"]
    """`pending`: durable, with a verdict later. `conflict`: different content is stored under this id, and stays."""
    receipt: str | None = None
    """The receipt of a pending event, which gets the verdicts of its request."""
    doubtful_attempts: int = 0
    """Attempts whose outcome is unknown. If there are any, a duplicate may be a duplicate of an earlier attempt."""


def outcomes_of(publication: Publication, events: Sequence[Event], doubts: int) -> list[Verdict | PublishError]:
    """
    Returns the outcome of each event of a lenient request that was accepted, in the order of the request.

    :param doubts: attempts of earlier requests that may have stored these events
    """
    attempts, doubtful = publication.attempts, publication.doubtful_attempts + doubts
    if len(publication.results) != len(events):
        reason = "the answer does not have a result for each event"
        return [
            OutcomeUnknownError(reason, events=[event], attempts=attempts, doubtful_attempts=doubtful + 1)
            for event in events
        ]
    rejections = {rejection.index: rejection for rejection in publication.rejected}
    outcomes: list[Verdict | PublishError] = []
    for index, (event, result) in enumerate(zip(events, publication.results, strict=True)):
        if result.status == "rejected":
            outcomes.append(_rejected(event, rejections.get(index), attempts))
        else:
            receipt = publication.receipt if result.status == "pending" else None
            topic, event_id = str(event.get("topic")), str(event.get("event_id"))
            outcomes.append(Verdict(topic, event_id, result.status, receipt, doubtful))
    return outcomes


def errors_of(error: PublishError, events: Sequence[Event], doubts: int) -> list[PublishError] | None:
    """
    Returns the error of each event of a lenient request that failed. None if the body was refused and the answer does not
    name the event: an event that is nested too deeply to be split, or faults beyond the first hundred.

    :param doubts: attempts of earlier requests that may have stored these events
    """
    faults = [_faults_at(f"/{index}", error.faults) for index in range(len(events))]
    if error.status == 422 and all(faults):
        return [_broken_rule(event, own, error.attempts) for event, own in zip(events, faults, strict=True)]
    if error.status in (400, 413, 422) and len(events) > 1:
        return None
    doubtful = error.doubtful_attempts + doubts
    kind = OutcomeUnknownError if is_doubtful(doubtful, error.problem) else type(error)
    problem = replace(error.problem, errors=(), errors_total=0) if error.problem else None
    return [
        kind(
            error.reason,
            events=[event],
            status=error.status,
            problem=problem,
            attempts=error.attempts,
            doubtful_attempts=doubtful,
        )
        for event in events
    ]


def _rejected(event: Event, rejection: Rejection | None, attempts: int) -> RefusedError:
    if rejection is not None:
        fault = Fault(rejection.pointer.replace(f"/{rejection.index}", "", 1), rejection.reason)
        return _broken_rule(event, [fault], attempts)
    reason = "the store refused it permanently; it is kept as a dead letter"
    problem = Problem(status=422, code="dead_lettered", detail=reason)
    return RefusedError(reason, events=[event], status=422, problem=problem, attempts=attempts)


def _faults_at(pointer: str, faults: Sequence[Fault]) -> list[Fault]:
    return [
        Fault(fault.pointer[len(pointer) :], fault.detail)
        for fault in faults
        if fault.pointer == pointer or fault.pointer.startswith(f"{pointer}/")
    ]


def _broken_rule(event: Event, faults: Sequence[Fault], attempts: int) -> RefusedError:
    reason = ", ".join(f"{fault.pointer} {fault.detail}".strip() for fault in faults)
    problem = Problem(422, "invalid_event", detail=reason, errors=tuple(faults), errors_total=len(faults))
    return RefusedError(reason, events=[event], status=422, problem=problem, attempts=attempts)
