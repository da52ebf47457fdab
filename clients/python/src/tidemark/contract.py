"""The part of the HTTP contract that a producer needs. Unknown fields of answers are ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast, get_args

NewEvent: TypeAlias = Mapping[str, object]
"""
An event to publish: `topic`, `timestamp` and `source`, and optionally `event_id` and `payload`. Any other field is stored,
and returned under `attributes`. The timestamp is a text (RFC 3339 with a zone) or a `datetime` with a zone.
"""

Status: TypeAlias = Literal["stored", "duplicate", "conflict", "rejected", "pending"]


@dataclass(frozen=True)
class Fault:
    """A rule that an event breaks."""

    pointer: str
    """The JSON Pointer (RFC 6901) into the body."""
    detail: str


@dataclass(frozen=True)
class Problem:
    """The reason why a request was refused (RFC 9457)."""

    status: int
    code: str
    """The stable name of the problem."""
    title: str = ""
    detail: str = ""
    type: str = "about:blank"
    errors: tuple[Fault, ...] = ()
    """The first hundred faults of the request."""
    errors_total: int = 0


@dataclass(frozen=True)
class Result:
    """The outcome of one event of a request."""

    topic: str | None
    event_id: str | None
    status: Status
    """`rejected`: the event is invalid, or the store refused it permanently (`dead_lettered`)."""


@dataclass(frozen=True)
class Rejection:
    """An invalid event of a lenient request."""

    index: int
    """The position among the events of the request, from 0."""
    pointer: str
    reason: str


@dataclass(frozen=True)
class Counts:
    """The counts of the verdicts on the events of a request. Counts that an answer omits are 0."""

    received: int
    accepted: int
    """Stored now, for the first time."""
    duplicates: int
    """Stored already, or repeated within the request; conflicts included."""
    conflicts: int = 0
    """Duplicates whose content differs from the stored event."""
    dead_lettered: int = 0
    """Refused by the store permanently."""
    pending: int = 0
    """Durable, without a verdict yet."""
    message: str = ""
    results: tuple[Result, ...] = field(default=(), repr=False)
    """The outcome of each event, in the order of the request. A receipt has none."""
    rejected: tuple[Rejection, ...] = ()
    """The invalid events of a lenient request. `received` does not count them."""


def read_counts(body: object) -> Counts | None:
    """Reads the answer of a publish or a receipt; None if it is malformed."""
    if not isinstance(body, dict):
        return None
    names = ("received", "accepted", "duplicates")
    optional = ("conflicts", "dead_lettered", "pending")
    counts = {name: body.get(name) for name in names} | {name: body.get(name, 0) for name in optional}
    if any(type(count) is not int or count < 0 for count in counts.values()):
        return None
    results = [_read_result(result) for result in _items(body.get("results"))]
    rejected = [_read_rejection(rejection) for rejection in _items(body.get("rejected"))]
    if None in results or None in rejected:
        return None
    return Counts(
        **cast("dict[str, int]", counts),
        message=_text(body.get("message")),
        results=tuple(cast("list[Result]", results)),
        rejected=tuple(cast("list[Rejection]", rejected)),
    )


def read_problem(status: int, body: object) -> Problem | None:
    """Reads the problem in an answer; None if the body is not a problem of the service."""
    if not isinstance(body, dict) or not isinstance(body.get("code"), str):
        return None
    # The errors in a problem of a proxy may have another format.
    faults = [
        Fault(fault["pointer"], fault["detail"])
        for fault in _items(body.get("errors"))
        if isinstance(fault, dict) and isinstance(fault.get("pointer"), str) and isinstance(fault.get("detail"), str)
    ]
    total = body.get("errors_total")
    return Problem(
        status=status,
        code=body["code"],
        title=_text(body.get("title")),
        detail=_text(body.get("detail")),
        type=_text(body.get("type")) or "about:blank",
        errors=tuple(faults),
        errors_total=total if isinstance(total, int) else len(faults),
    )


def _read_result(result: object) -> Result | None:
    if not isinstance(result, dict) or result.get("status") not in get_args(Status):
        return None
    return Result(result.get("topic"), result.get("event_id"), result["status"])


def _read_rejection(rejection: object) -> Rejection | None:
    if not isinstance(rejection, dict) or not isinstance(rejection.get("index"), int):
        return None
    return Rejection(rejection["index"], _text(rejection.get("pointer")), _text(rejection.get("reason")))


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
