"""Reads the events of a durable subscription."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Protocol, TypeVar
from urllib.parse import quote

from .contract import read_problem
from .delivery import Answer, Delivery, Pause, Request, Steps, deliver, describe_failure
from .errors import SubscriptionError, SubscriptionMovedError
from .retry import RetryPolicy
from .service import Service, write_json

T = TypeVar("T")

StoredEvent = dict[str, Any]
"""An event as `GET /events` shows it: `topic`, `event_id`, `timestamp`, `source`, `payload`, `attributes`, `processed_at`."""

Start = Literal["beginning", "now"] | datetime

WAIT_SECONDS = 30


@dataclass(frozen=True)
class Batch:
    """Events behind the last acknowledged ones, in the order in which they were stored."""

    events: tuple[StoredEvent, ...]
    cursor: str
    """Acknowledges these events, and all before them."""


@dataclass(frozen=True)
class Selection:
    """The events of a subscription: of one topic, of all topics with a prefix, or of all topics."""

    name: str
    topic: str | None
    topic_prefix: str | None
    start: Start

    def __post_init__(self) -> None:
        # A URL resolves these two as steps of its path.
        if self.name in {".", ".."}:
            raise ValueError(f"a subscription must not be named {self.name}")


class Run(Protocol):
    """Runs the steps of a request: makes its attempts and pauses."""

    def __call__(self, steps: Steps[T]) -> T: ...


class RunAsync(Protocol):
    """Runs the steps of a request, asynchronously."""

    def __call__(self, steps: Steps[T]) -> Awaitable[T]: ...


class _Requests:
    """The requests of a subscription. Each method returns the steps of one."""

    def __init__(self, service: Service, selection: Selection) -> None:
        self._service = service
        self._selection = selection
        self._path = f"subscriptions/{quote(selection.name, safe='')}"

    def create(self, policy: RetryPolicy) -> Steps[None]:
        selected = {"topic": self._selection.topic, "topic_prefix": self._selection.topic_prefix}
        body = {name: value for name, value in selected.items() if value is not None} | {"from": self._selection.start}
        yield from self._ask(self._request("PUT", content=write_json(body)), policy)

    def read(self, policy: RetryPolicy, limit: int, wait: int) -> Steps[Batch]:
        request = self._request("GET", f"/events?limit={limit}", prefer=[f"wait={wait}"] if wait > 0 else [])
        answer = yield from self._ask(replace(request, timeout=request.timeout + wait), policy)
        batch = _read_batch(answer.body)
        if batch is None:
            raise SubscriptionError(f"{answer.status} without events and a cursor", status=answer.status)
        if wait > 0 and not batch.events and "wait=" not in answer.headers.get("preference-applied", ""):
            yield Pause(1)  # too many others wait, and the service answered at once
        return batch

    def ack(self, policy: RetryPolicy, cursor: str) -> Steps[None]:
        yield from self._ask(self._request("POST", "/ack", content=write_json({"cursor": cursor})), policy)

    def _request(self, method: str, rest: str = "", **options: Any) -> Request:
        return self._service.request(method, self._service.base.join(self._path + rest), **options)

    def _ask(self, request: Request, policy: RetryPolicy) -> Steps[Answer]:
        delivery = yield from deliver(request, policy)
        if isinstance(delivery.answer, Answer) and delivery.meaning == "success":
            return delivery.answer
        raise _error_of(delivery)


class Subscription:
    """
    A durable subscription: the service keeps its name and its position. Iterating over it gives each event at least once,
    in the order in which the events were stored, and acknowledges them page by page, after the loop body of the last event
    of a page. It waits for further events, retries indefinitely, and ends with `break` or an exception; the events of the
    page that was not acknowledged come again.

    A second worker on the same name gets SubscriptionMovedError as soon as it would acknowledge what another worker has.
    """

    def __init__(self, run: Run, service: Service, selection: Selection, *, limit: int) -> None:
        self._run, self._policy, self._limit = run, service.policy, limit
        self._requests = _Requests(service, selection)

    def create(self) -> None:
        """Creates the subscription; leaves one that exists where it is. Iterating does this, too."""
        self._run(self._requests.create(self._policy))

    def read(self, *, wait: int = 0) -> Batch:
        """
        Reads the events behind the last acknowledged ones. Reading again without `ack` gives them again.

        :param wait: waits for the first event for as many seconds if there is none, at most 60
        :raises SubscriptionError: if the service refuses, or the deadline is over
        """
        return self._run(self._requests.read(self._policy, self._limit, wait))

    def ack(self, cursor: str) -> None:
        """
        Acknowledges the events of a batch. The same cursor may be acknowledged again, as long as no later one was.

        :raises SubscriptionMovedError: if another worker has acknowledged since the batch was read
        """
        self._run(self._requests.ack(self._policy, cursor))

    def batches(self) -> Iterator[Batch]:
        """Gives the events by the page, and acknowledges each page after the loop body. Never ends by itself."""
        endless = replace(self._policy, deadline=math.inf)
        self._run(self._requests.create(endless))
        while True:
            batch = self._run(self._requests.read(endless, self._limit, WAIT_SECONDS))
            if batch.events:
                yield batch
            try:
                self._run(self._requests.ack(endless, batch.cursor))
            except SubscriptionMovedError:
                if batch.events:
                    raise

    def __iter__(self) -> Iterator[StoredEvent]:
        for batch in self.batches():
            yield from batch.events


class AsyncSubscription:
    """A durable subscription, as `Subscription`, for `async for`."""

    def __init__(self, run: RunAsync, service: Service, selection: Selection, *, limit: int) -> None:
        self._run, self._policy, self._limit = run, service.policy, limit
        self._requests = _Requests(service, selection)

    async def create(self) -> None:
        """Creates the subscription, as `Subscription.create`."""
        await self._run(self._requests.create(self._policy))

    async def read(self, *, wait: int = 0) -> Batch:
        """Reads the events behind the last acknowledged ones, as `Subscription.read`."""
        return await self._run(self._requests.read(self._policy, self._limit, wait))

    async def ack(self, cursor: str) -> None:
        """Acknowledges the events of a batch, as `Subscription.ack`."""
        await self._run(self._requests.ack(self._policy, cursor))

    async def batches(self) -> AsyncIterator[Batch]:
        """Gives the events by the page, and acknowledges each page after the loop body, as `Subscription.batches`."""
        endless = replace(self._policy, deadline=math.inf)
        await self._run(self._requests.create(endless))
        while True:
            batch = await self._run(self._requests.read(endless, self._limit, WAIT_SECONDS))
            if batch.events:
                yield batch
            try:
                await self._run(self._requests.ack(endless, batch.cursor))
            except SubscriptionMovedError:
                if batch.events:
                    raise

    async def __aiter__(self) -> AsyncIterator[StoredEvent]:
        async for batch in self.batches():
            for event in batch.events:
                yield event


def _read_batch(body: object) -> Batch | None:
    if not isinstance(body, Mapping) or not isinstance(body.get("cursor"), str):
        return None
    events = body.get("events")
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        return None
    return Batch(tuple(events), body["cursor"])


def _error_of(delivery: Delivery) -> SubscriptionError:
    reply = delivery.answer
    status = reply.status if isinstance(reply, Answer) else None
    problem = read_problem(reply.status, reply.body) if isinstance(reply, Answer) else None
    is_moved = problem is not None and problem.code == "subscription_moved"
    error = SubscriptionMovedError if is_moved else SubscriptionError
    return error(describe_failure(reply), status=status, problem=problem, attempts=delivery.attempts)
