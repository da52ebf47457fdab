"""When a request is repeated."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime


@dataclass(frozen=True)
class RetryPolicy:
    """Times in seconds."""

    deadline: float
    """The time limit of all attempts and the pauses between them."""
    request_timeout: float
    """The time limit of one attempt."""
    first_delay: float
    """The pause after the first failed attempt; it doubles, and half of it is random."""
    longest_delay: float
    """The longest pause, unless `Retry-After` is longer."""


def read_retry_after(header: str | None, now: datetime) -> float:
    """Reads `Retry-After`, seconds or an HTTP date (RFC 9110, section 10.2.3), in seconds from now; 0 if it is invalid."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    if date.tzinfo is None:
        date = date.replace(tzinfo=timezone.utc)
    return max((date - now).total_seconds(), 0.0)


def backoff(failures: int, retry_after: float, policy: RetryPolicy) -> float:
    """
    Returns the pause before the next attempt in seconds. It doubles, and half of it is random, so that producers that
    failed together do not retry together. It is never shorter than `Retry-After`.
    """
    chance = random.random()  # noqa: S311
    ceiling = min(policy.first_delay * 2 ** min(failures - 1, 60), policy.longest_delay)
    jittered = ceiling * (0.5 + chance / 2)
    return retry_after + chance * policy.first_delay if retry_after > jittered else jittered
