"""The address of the service, and the requests that are made of it."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from .contract import Counts, NewEvent, read_counts, read_problem
from .delivery import Answer, Delivery, Request, Steps, deliver, describe_failure
from .errors import NotTakenError, OutcomeUnknownError, PublishError, ReceiptError, RefusedError, is_doubtful
from .retry import RetryPolicy

RECEIPT_WAIT_SECONDS = 10


@dataclass(frozen=True)
class Publication(Counts):
    """The answer of the service to a publish, and the attempts before it."""

    receipt: str | None = None
    """After a 202: the address of the receipt with the verdicts of the pending events, kept for at least 24 hours."""
    attempts: int = 1
    doubtful_attempts: int = 0
    """Attempts whose outcome is unknown. If there are any, a duplicate may be a duplicate of this request's own attempt."""
    seconds: float = field(default=0.0, compare=False)
    """The duration of the answered attempt."""


class Service:
    """The address of a service, the key for it, and the steps of its requests."""

    def __init__(self, url: str, api_key: str | None, policy: RetryPolicy) -> None:
        self.publish_url = _read_url(url)
        # Receipts and subscriptions are below this address: the origin and the path prefix of the service.
        self.base = self.publish_url.join(".")
        self._headers = {} if api_key is None else {"authorization": f"Bearer {_check_key(api_key)}"}
        self.policy = policy

    def request(
        self,
        method: str,
        url: httpx.URL,
        *,
        prefer: Sequence[str] = (),
        content: bytes | None = None,
        timeout: float | None = None,
    ) -> Request:
        """Makes a request with the key, in JSON."""
        headers = dict(self._headers)
        if content is not None:
            headers["content-type"] = "application/json"
        if prefer:
            headers["prefer"] = ", ".join(prefer)
        limit = min(timeout or self.policy.request_timeout, self.policy.deadline)
        return Request(method, str(url), headers, content, limit)

    def publish(
        self, body: bytes, events: Sequence[Mapping[str, object]], *, lenient: bool, results: bool
    ) -> Steps[Publication]:
        """Publishes a body. Raises PublishError."""
        prefer = [*(["handling=lenient"] if lenient else []), *(["return=representation"] if results else [])]
        request = self.request("POST", self.publish_url, prefer=prefer, content=body)
        delivery = yield from deliver(request, self.policy)
        if isinstance(delivery.answer, Answer) and delivery.meaning == "success":
            return self._read_publication(delivery.answer, delivery, events)
        raise _publish_error(delivery, events)

    def follow_receipt(self, receipt: str) -> Steps[Counts]:
        """Asks a receipt until no event is pending. Raises ReceiptError."""
        url = self.base.join(receipt)
        if not self.is_below(url):
            raise ReceiptError(f"the receipt is at {url}, which is not below {self.base}")
        request = self.request("GET", url, prefer=[f"wait={RECEIPT_WAIT_SECONDS}"])
        delivery = yield from deliver(request, self.policy, lambda answer: _read_final(answer) is not None)
        reply = delivery.answer
        if not isinstance(reply, Answer):
            raise ReceiptError(f"the receipt could not be read: {reply.reason}", attempts=delivery.attempts)
        counts = _read_final(reply)
        if delivery.meaning == "success" and counts is not None:
            return counts
        reason = (
            "events of the receipt were still pending at the deadline"
            if delivery.meaning == "success"
            else f"the receipt could not be read: {describe_failure(reply)}"
        )
        problem = read_problem(reply.status, reply.body)
        raise ReceiptError(reason, status=reply.status, problem=problem, attempts=delivery.attempts)

    def is_below(self, url: httpx.URL) -> bool:
        """Tells whether an address has the origin of the service and is below its path. The key is sent to no other."""
        origin = (self.base.scheme, self.base.host, self.base.port)
        has_origin = (url.scheme, url.host, url.port) == origin and not url.userinfo
        return has_origin and url.path.startswith(self.base.path)

    def _read_publication(
        self, answer: Answer, delivery: Delivery, events: Sequence[Mapping[str, object]]
    ) -> Publication:
        counts = read_counts(answer.body)
        location = answer.headers.get("location")
        is_pending = answer.status == 202 or (counts is not None and counts.pending > 0)
        if counts is None or (is_pending and location is None):
            # It may come from another program.
            raise OutcomeUnknownError(
                f"{answer.status} without {'counts' if counts is None else 'a Location'}",
                events=events,
                status=answer.status,
                attempts=delivery.attempts,
                doubtful_attempts=delivery.doubtful_attempts + 1,
            )
        return Publication(
            **vars(counts),
            receipt=str(self.publish_url.join(location)) if is_pending and location is not None else None,
            attempts=delivery.attempts,
            doubtful_attempts=delivery.doubtful_attempts,
            seconds=answer.seconds,
        )


def identify(event: NewEvent) -> dict[str, object]:
    """Returns a copy of the event, with a random id if it has none."""
    if not isinstance(event, Mapping):
        raise TypeError(f"an event is a mapping, not {type(event).__name__}")
    identified = dict(event)
    if identified.get("event_id") is None:
        identified["event_id"] = str(uuid.uuid4())
    return identified


def write_body(events: NewEvent | Iterable[NewEvent]) -> tuple[bytes, list[dict[str, object]]]:
    """Writes the body of a request, and returns it with its events, which have ids now."""
    if isinstance(events, Mapping):
        event = identify(events)
        return write_json(event), [event]
    identified = [identify(event) for event in events]
    return write_json(identified), identified


def write_json(value: object) -> bytes:
    """Writes JSON in UTF-8. Raises TypeError or ValueError if the value cannot be written."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_write_other)
    return text.encode()


def _write_other(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"{type(value).__name__} cannot be written as JSON")
    if value.tzinfo is None:
        raise ValueError("a datetime needs a zone, such as datetime.now(timezone.utc)")
    return value.isoformat()


def _read_final(answer: Answer) -> Counts | None:
    counts = read_counts(answer.body)
    return counts if counts is not None and counts.pending == 0 else None


def _publish_error(delivery: Delivery, events: Sequence[Mapping[str, object]]) -> PublishError:
    reply = delivery.answer
    error: type[PublishError] = RefusedError if delivery.meaning == "refused" else NotTakenError
    problem = read_problem(reply.status, reply.body) if isinstance(reply, Answer) else None
    if is_doubtful(delivery.doubtful_attempts, problem):
        error = OutcomeUnknownError
    return error(
        describe_failure(reply),
        events=events,
        status=reply.status if isinstance(reply, Answer) else None,
        problem=problem,
        attempts=delivery.attempts,
        doubtful_attempts=delivery.doubtful_attempts,
    )


def _read_url(text: str) -> httpx.URL:
    url = httpx.URL(text)
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(f"not an address of http or https: {url}")
    if url.userinfo:
        raise ValueError("the URL must not hold a user or a password: use api_key")
    return url.join("/publish") if url.path in ("", "/") else url.copy_with(fragment=None)


def _check_key(api_key: str) -> str:
    # An error of the HTTP client would quote the key, and the key must not get into a logger.
    if not re.fullmatch(r"[\x21-\x7e]+", api_key):
        raise ValueError("the API key is empty, or has a space or a character that is not ASCII")
    return api_key
