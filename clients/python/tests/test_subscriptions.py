"""What a subscription asks for, acknowledges and raises."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import httpx
import pytest
from scripted import answer, problem

import tidemark

Fault = httpx.Response | Exception


class FakeSubscription:
    """A subscription to events that are numbers, two a page; `faults` answer first. At its end it refuses: loops end."""

    def __init__(self, *, last: int) -> None:
        self.last = last
        self.position = 0
        self.log: list[str] = []
        self.faults: list[Fault | None] = []
        self.created: Any = None
        self.headers: list[httpx.Headers] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answers a request."""
        action = request.url.raw_path.decode().removeprefix("/subscriptions/a%2Fb").strip("/")
        self.log.append(f"{request.method} {action}".strip())
        self.headers.append(request.headers)
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, Exception):
            raise fault
        return self.respond(request) if fault is None else fault

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Answers a request without a fault."""
        if request.method == "PUT":
            self.created = json.loads(request.content)
            return answer(201, {"name": "a/b"})
        if request.method == "POST":
            self.position = int(json.loads(request.content)["cursor"])
            return httpx.Response(204)
        if self.position >= self.last:
            return problem(404, "not_found")
        page = range(self.position, min(self.position + 2, self.last))
        body = {"count": len(page), "events": [{"event_id": str(number)} for number in page], "cursor": str(page.stop)}
        return answer(200, body, preference_applied="wait=30")


Take = Callable[..., list[str]]


@pytest.fixture(params=["Client", "AsyncClient"])
def take(request: pytest.FixtureRequest) -> Take:
    """
    Returns a function that reads the ids of a subscription until it ends, or until the loop body breaks at an id; raises
    what the loop raises.
    """

    def options(**more: Any) -> dict[str, Any]:
        return {"topic": "t", **more}

    def run(service: FakeSubscription, *, until: str | None = None, into: list[str], **more: Any) -> list[str]:
        transport = httpx.MockTransport(service)
        arguments: dict[str, Any] = {"url": "http://tidemark.test", "first_delay": 0.001, "api_key": "secret"}
        if request.param == "Client":
            with httpx.Client(transport=transport) as http, tidemark.Client(**arguments, http=http) as client:
                for event in client.subscribe("a/b", **options(**more)):
                    into.append(event["event_id"])
                    if event["event_id"] == until:
                        break
            return into

        async def run_async() -> None:
            async with (
                httpx.AsyncClient(transport=transport) as http,
                tidemark.AsyncClient(**arguments, http=http) as client,
            ):
                async for event in client.subscribe("a/b", **options(**more)):
                    into.append(event["event_id"])
                    if event["event_id"] == until:
                        break

        asyncio.run(run_async())
        return into

    return run


def test_each_page_is_acknowledged_after_the_body_of_its_last_event(take: Take) -> None:
    service, ids = FakeSubscription(last=3), list[str]()

    with pytest.raises(tidemark.SubscriptionError, match="404 not_found"):
        take(service, into=ids)

    assert ids == ["0", "1", "2"]
    events = "GET events?limit=100"
    assert service.log == ["PUT", events, "POST ack", events, "POST ack", events]
    assert service.created == {"topic": "t", "from": "beginning"}
    assert {headers["authorization"] for headers in service.headers} == {"Bearer secret"}
    assert service.headers[1]["prefer"] == "wait=30"


def test_a_loop_that_ends_before_the_end_of_a_page_leaves_the_page_unacknowledged(take: Take) -> None:
    service = FakeSubscription(last=4)
    assert take(service, until="2", into=[]) == ["0", "1", "2"]
    assert service.position == 2
    assert take(service, until="3", into=[]) == ["2", "3"]


def test_lost_answers_are_asked_for_again_and_no_event_is_left_out(take: Take) -> None:
    service, ids = FakeSubscription(last=4), list[str]()
    lost = httpx.ReadError("reset")
    service.faults = [lost, None, problem(503, "store_unreachable"), None, lost, None, httpx.ReadTimeout("late")]

    with pytest.raises(tidemark.SubscriptionError):
        take(service, into=ids)

    assert ids == ["0", "1", "2", "3"]


def test_a_worker_whose_subscription_another_worker_has_moved_is_told(take: Take) -> None:
    service, ids = FakeSubscription(last=4), list[str]()
    service.faults = [None, None, problem(409, "subscription_moved")]

    with pytest.raises(tidemark.SubscriptionMovedError):
        take(service, into=ids)

    assert ids == ["0", "1"]


def test_a_page_without_events_is_acknowledged_and_a_move_meanwhile_does_not_matter(take: Take) -> None:
    service, ids = FakeSubscription(last=2), list[str]()
    empty = answer(200, {"count": 0, "events": [], "cursor": "0"}, preference_applied="wait=30")
    service.faults = [None, empty, problem(409, "subscription_moved")]

    with pytest.raises(tidemark.SubscriptionError, match="404"):
        take(service, into=ids)

    assert ids == ["0", "1"]
    assert service.log[:5] == ["PUT", "GET events?limit=100", "POST ack", "GET events?limit=100", "POST ack"]


@pytest.mark.parametrize("body", [[], {"events": []}, {"cursor": "1"}, {"events": [1], "cursor": "1"}])
def test_a_page_of_another_program_is_no_page(take: Take, body: object) -> None:
    service = FakeSubscription(last=2)
    service.faults = [None, answer(200, body)]
    with pytest.raises(tidemark.SubscriptionError, match="200 without events and a cursor"):
        take(service, into=[])


def test_a_subscription_may_select_a_prefix_and_begin_at_a_time(take: Take) -> None:
    service = FakeSubscription(last=0)
    start = datetime(2026, 11, 30, 10, tzinfo=timezone.utc)
    with pytest.raises(tidemark.SubscriptionError):
        take(service, into=[], topic=None, topic_prefix="order.", start=start)
    assert service.created == {"topic_prefix": "order.", "from": "2026-11-30T10:00:00+00:00"}


@pytest.mark.parametrize("name", [".", ".."])
@pytest.mark.parametrize("kind", [tidemark.Client, tidemark.AsyncClient])
def test_a_name_that_a_url_cannot_hold_is_refused(
    kind: type[tidemark.Client] | type[tidemark.AsyncClient], name: str
) -> None:
    with pytest.raises(ValueError, match="a subscription must not be named"):
        kind("http://tidemark.test").subscribe(name)
