"""
Makes a request until it has its outcome. Nothing here does any I/O: a generator yields the attempts and pauses, so that
the client and the asynchronous client do the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Literal, TypeAlias, TypeVar

from .contract import read_problem
from .retry import RetryPolicy, backoff, read_retry_after

T = TypeVar("T")


@dataclass(frozen=True)
class Request:
    """An attempt to make."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None
    timeout: float


@dataclass(frozen=True)
class Pause:
    """A time to wait, in seconds."""

    seconds: float


@dataclass(frozen=True)
class Answer:
    """A complete answer."""

    status: int
    headers: Mapping[str, str]
    body: object
    """The parsed JSON body; None if it is not JSON."""
    seconds: float


@dataclass(frozen=True)
class NoAnswer:
    """No complete answer came. `was_sent` is False if the connection was never made: then no event can have been stored."""

    reason: str
    was_sent: bool


Reply: TypeAlias = "Answer | NoAnswer | None"
Steps: TypeAlias = Generator[Request | Pause, Reply, T]
"""The steps of a request: its attempts, each answered with an Answer or a NoAnswer, and its pauses, each with None."""

Meaning: TypeAlias = Literal["success", "refused", "retry, nothing was taken", "retry, it may have been taken"]


@dataclass(frozen=True)
class Delivery:
    """The end of a request: its last answer, and the attempts before it."""

    answer: Answer | NoAnswer
    meaning: Meaning
    attempts: int
    doubtful_attempts: int
    """Attempts whose outcome is unknown. Each may have stored its events, so that a later attempt finds duplicates."""


def deliver(
    request: Request, policy: RetryPolicy, is_enough: Callable[[Answer], bool] = lambda _: True
) -> Steps[Delivery]:
    """
    Makes a request, and repeats it after 429, 5xx and lost answers: the service promises that this is safe. Never repeats
    it after any other 4xx, nor before `Retry-After`. Another attempt is made only if its whole time limit ends before the
    deadline, because an attempt without an answer leaves its outcome unknown.

    :param is_enough: tells whether a 2xx answer is final; otherwise the request is repeated
    """
    last_attempt_at = time.monotonic() + policy.deadline - request.timeout
    attempts = doubtful_attempts = 0
    while True:
        reply = yield request
        assert reply is not None  # noqa: S101
        attempts += 1
        meaning = read_meaning(reply)
        if meaning == "retry, it may have been taken":
            doubtful_attempts += 1
        delivery = Delivery(reply, meaning, attempts, doubtful_attempts)
        if meaning == "refused" or (meaning == "success" and isinstance(reply, Answer) and is_enough(reply)):
            return delivery
        retry_after = reply.headers.get("retry-after") if isinstance(reply, Answer) else None
        pause = backoff(attempts, read_retry_after(retry_after, datetime.now(timezone.utc)), policy)
        if time.monotonic() + pause > last_attempt_at:
            return delivery
        yield Pause(pause)


def read_meaning(reply: Answer | NoAnswer) -> Meaning:
    """Returns what an answer means for the sender of the request."""
    if isinstance(reply, NoAnswer):
        return "retry, it may have been taken" if reply.was_sent else "retry, nothing was taken"
    if 200 <= reply.status < 300:
        return "success"
    if reply.status == 429:
        return "retry, nothing was taken"
    if reply.status < 500:
        return "refused"
    problem = read_problem(reply.status, reply.body)
    # The code of Tidemark's own 503 says whether events were taken; the 503 of a proxy has none.
    is_certain = reply.status == 503 and problem is not None and problem.code != "outcome_unknown"
    return "retry, nothing was taken" if is_certain else "retry, it may have been taken"


def describe_failure(reply: Answer | NoAnswer) -> str:
    """Describes a failure in one line: the problem in the answer, or the error of the connection."""
    if isinstance(reply, NoAnswer):
        return reply.reason
    location = reply.headers.get("location")
    if 300 <= reply.status < 400 and location is not None:
        return f"{reply.status}: moved to {location}; redirects are not followed, use the new URL"
    problem = read_problem(reply.status, reply.body)
    if problem is None:
        return str(reply.status)
    return f"{reply.status} {problem.code}" + (f": {problem.detail}" if problem.detail else "")
