"""The asynchronous client."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import aclosing
from types import TracebackType
from typing import TypeVar

import anyio
import httpx

from .async_batcher import AsyncBatcher
from .attempt import build_request, no_answer_in_time, read_answer, read_failure
from .contract import Counts, NewEvent
from .delivery import Answer, NoAnswer, Pause, Reply, Request, Steps
from .retry import RetryPolicy
from .service import Publication, Service, write_body
from .subscriptions import AsyncSubscription, Selection, Start

T = TypeVar("T")


class AsyncClient:
    """Publishes events to Tidemark from asyncio or trio. Its parameters and promises are those of `Client`."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        deadline: float = 120.0,
        request_timeout: float | None = None,
        first_delay: float = 0.1,
        longest_delay: float = 10.0,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        policy = RetryPolicy(deadline, request_timeout or deadline / 4, first_delay, longest_delay)
        self._service = Service(url, api_key, policy)
        self._http = http or httpx.AsyncClient()
        self._owns_http = http is None

    async def publish(
        self, events: NewEvent | Iterable[NewEvent], *, lenient: bool = False, results: bool = True
    ) -> Publication:
        """Publishes one event or several in one request, as `Client.publish`."""
        body, identified = write_body(events)
        return await self._run(self._service.publish(body, identified, lenient=lenient, results=results))

    async def publish_text(self, body: str | bytes, *, lenient: bool = False, results: bool = False) -> Publication:
        """Publishes a JSON text unchanged, as `Client.publish_text`."""
        content = body.encode() if isinstance(body, str) else body
        return await self._run(self._service.publish(content, (), lenient=lenient, results=results))

    async def follow_receipt(self, receipt: str) -> Counts:
        """Asks the receipt of a publication until no event is pending, as `Client.follow_receipt`."""
        return await self._run(self._service.follow_receipt(receipt))

    def batcher(
        self,
        *,
        max_events: int = 1_000,
        max_bytes: int = 1_000_000,
        linger: float = 0.02,
        max_pending: int = 10_000,
    ) -> AsyncBatcher:
        """Creates a batcher, which gathers events into requests of this client: `async with client.batcher() as batcher`."""
        return AsyncBatcher(
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
    ) -> AsyncSubscription:
        """Returns a durable subscription for `async for`, as `Client.subscribe`."""
        return AsyncSubscription(self._run, self._service, Selection(name, topic, topic_prefix, start), limit=limit)

    async def close(self) -> None:
        """Closes the connections."""
        if self._owns_http:
            await self._http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _run(self, steps: Steps[T]) -> T:
        reply: Reply = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as end:
                value: T = end.value
                return value
            if isinstance(step, Pause):
                await anyio.sleep(step.seconds)
                reply = None
            else:
                reply = await self._attempt(step)

    async def _attempt(self, request: Request) -> Answer | NoAnswer:
        started_at = time.monotonic()
        try:
            with anyio.fail_after(request.timeout):
                response = await self._http.send(
                    build_request(self._http, request), stream=True, follow_redirects=False
                )
                async with aclosing(response):
                    content = await response.aread()
            return read_answer(response, content, started_at)
        except httpx.TransportError as error:
            return read_failure(error, request)
        except TimeoutError:
            return no_answer_in_time(request)
