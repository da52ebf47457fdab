"""The client."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import closing
from types import TracebackType
from typing import TypeVar

import httpx

from .attempt import build_request, no_answer_in_time, read_answer, read_failure
from .batcher import Batcher
from .contract import Counts, NewEvent
from .delivery import Answer, NoAnswer, Pause, Reply, Request, Steps
from .retry import RetryPolicy
from .service import Publication, Service, write_body
from .subscriptions import Selection, Start, Subscription

T = TypeVar("T")


class Client:
    """
    Publishes events to Tidemark. A client may be used by several threads. It keeps connections open until `close`, or
    until the end of its `with` block.

    :param url: the URL of the service, `http://localhost:8080`, or of its publish route, `https://example.com/intake/publish`
    :param api_key: the key, sent as `Authorization: Bearer` to the origin of the URL and to no other
    :param deadline: the time limit in seconds of all attempts of one publish and the pauses between them
    :param request_timeout: the time limit in seconds of one attempt; by default a quarter of the deadline
    :param first_delay: the pause in seconds after the first failed attempt; it doubles, and half of it is random
    :param longest_delay: the longest pause in seconds, unless `Retry-After` is longer
    :param http: an HTTP client with settings of your own (certificates, proxies); you close it
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        deadline: float = 120.0,
        request_timeout: float | None = None,
        first_delay: float = 0.1,
        longest_delay: float = 10.0,
        http: httpx.Client | None = None,
    ) -> None:
        policy = RetryPolicy(deadline, request_timeout or deadline / 4, first_delay, longest_delay)
        self._service = Service(url, api_key, policy)
        self._http = http or httpx.Client()
        self._owns_http = http is None

    def publish(
        self, events: NewEvent | Iterable[NewEvent], *, lenient: bool = False, results: bool = True
    ) -> Publication:
        """
        Publishes one event or several in one request, and returns once the service has accepted it: with verdicts, or
        with a receipt. Events without an id get one before the first attempt, so that every attempt carries the same id.

        :param lenient: stores the valid events of the request if others are invalid, and lists those in `rejected`
        :param results: asks for the outcome of each event
        :raises PublishError: with the outcome, and the events with their ids
        :raises TypeError, ValueError: if an event cannot be written as JSON
        """
        body, identified = write_body(events)
        return self._run(self._service.publish(body, identified, lenient=lenient, results=results))

    def publish_text(self, body: str | bytes, *, lenient: bool = False, results: bool = False) -> Publication:
        """
        Publishes a JSON text unchanged: one event, an array, or `{"events": [...]}`. Each event must have an id.

        :raises PublishError: with the outcome
        """
        content = body.encode() if isinstance(body, str) else body
        return self._run(self._service.publish(content, (), lenient=lenient, results=results))

    def follow_receipt(self, receipt: str) -> Counts:
        """
        Asks the receipt of a publication until no event is pending, or until the deadline. Returns the final counts.

        :raises ReceiptError: if events are still pending at the deadline, or the receipt cannot be read. The events are
            durable and need not be sent again. Nothing is sent to a receipt that is not of this service: an answer would
            otherwise choose who gets the key
        """
        return self._run(self._service.follow_receipt(receipt))

    def batcher(
        self,
        *,
        max_events: int = 1_000,
        max_bytes: int = 1_000_000,
        linger: float = 0.02,
        max_pending: int = 10_000,
    ) -> Batcher:
        """Creates a batcher, which gathers events into requests of this client."""
        return Batcher(
            self.publish_text, max_events=max_events, max_bytes=max_bytes, linger=linger, max_pending=max_pending
        )

    def subscribe(
        self,
        name: str,
        *,
        topic: str | None = None,
        topic_prefix: str | None = None,
        start: Start = "beginning",
        limit: int = 100,
    ) -> Subscription:
        """
        Returns a durable subscription: `for event in client.subscribe("billing", topic="order.paid")`. Nothing is sent until
        it is used.

        :param topic: selects the events of one topic; without it and a prefix, those of all topics
        :param topic_prefix: selects the events of all topics that begin with it
        :param start: the position of a new subscription: the beginning, now, or the time at which events were stored
        :param limit: the maximum number of events of a page
        """
        return Subscription(self._run, self._service, Selection(name, topic, topic_prefix, start), limit=limit)

    def close(self) -> None:
        """Closes the connections."""
        if self._owns_http:
            self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, steps: Steps[T]) -> T:
        reply: Reply = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as end:
                value: T = end.value
                return value
            if isinstance(step, Pause):
                time.sleep(step.seconds)
                reply = None
            else:
                reply = self._attempt(step)

    def _attempt(self, request: Request) -> Answer | NoAnswer:
        started_at = time.monotonic()
        try:
            response = self._http.send(build_request(self._http, request), stream=True, follow_redirects=False)
            with closing(response):
                content = bytearray()
                for chunk in response.iter_bytes():
                    content += chunk
                    # The time limits of httpx are about one read, and a body may have many.
                    if time.monotonic() - started_at > request.timeout:
                        return no_answer_in_time(request)
            return read_answer(response, bytes(content), started_at)
        except httpx.TransportError as error:
            return read_failure(error, request)
