"""Each event of a batcher has its own outcome."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import httpx
import pytest
from scripted import EVENT, answer, problem

import tidemark

Body = list[dict[str, Any]]


class FakeService:
    """Stores each event once, as the service does, and refuses those without a topic; `faults` answer first."""

    def __init__(self) -> None:
        self.stored: set[str] = set()
        self.bodies: list[Body] = []
        self.faults: list[Callable[[Body], httpx.Response] | None] = []
        self.is_open = threading.Event()
        self.is_open.set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answers a publish."""
        self.is_open.wait(60)
        events: Body = json.loads(request.content)
        self.bodies.append(events)
        fault = self.faults.pop(0) if self.faults else None
        return self.store(events) if fault is None else fault(events)

    def store(self, events: Body) -> httpx.Response:
        """Stores events."""
        results, rejected = [], []
        for index, event in enumerate(events):
            if not event["topic"]:
                rejected.append({"index": index, "pointer": f"/{index}/topic", "reason": "must not be empty"})
                results.append({**event, "status": "rejected"})
                continue
            results.append({**event, "status": "duplicate" if event["event_id"] in self.stored else "stored"})
            self.stored.add(event["event_id"])
        if len(rejected) == len(events):
            errors = [{"pointer": one["pointer"], "detail": one["reason"]} for one in rejected[:100]]
            return problem(422, "invalid_event", errors=errors)
        accepted = sum(result["status"] == "stored" for result in results)
        received = len(events) - len(rejected)
        counts = {"received": received, "accepted": accepted, "duplicates": received - accepted}
        return answer(200, {**counts, "results": results, "rejected": rejected})

    @property
    def ids(self) -> list[list[str]]:
        """The ids of each request."""
        return [[event["event_id"] for event in body] for body in self.bodies]


@pytest.fixture
def service() -> FakeService:
    """A fake service."""
    return FakeService()


@pytest.fixture
def client(service: FakeService) -> Iterator[tidemark.Client]:
    """A client of the fake service."""
    with (
        httpx.Client(transport=httpx.MockTransport(service)) as http,
        tidemark.Client("http://tidemark.test", first_delay=0.001, http=http) as client,
    ):
        yield client


def event(event_id: str, topic: str = "t") -> dict[str, Any]:
    """Makes an event."""
    return {**EVENT, "event_id": event_id, "topic": topic}


def outcome(future: Future[tidemark.Verdict]) -> str:
    """Returns the status of a verdict, or the outcome of an error and its code."""
    error = future.exception(60)
    if error is None:
        return future.result().status
    assert isinstance(error, tidemark.PublishError)
    return f"{error.outcome}: {error.code}"


def test_events_are_sent_together_in_their_order_when_they_are_due(
    service: FakeService, client: tidemark.Client
) -> None:
    with client.batcher(linger=60) as batcher:
        futures = [batcher.add(event(str(index))) for index in range(3)]
        batcher.flush()
        assert (batcher.pending, [outcome(future) for future in futures]) == (0, ["stored"] * 3)
        futures.append(batcher.add(event("0")))
    assert outcome(futures[-1]) == "duplicate"
    assert service.ids == [["0", "1", "2"], ["0"]]


def test_a_full_request_does_not_linger(service: FakeService, client: tidemark.Client) -> None:
    size = len(json.dumps(event("0"), separators=(",", ":")))
    with (
        client.batcher(linger=60, max_events=2) as by_count,
        client.batcher(linger=60, max_bytes=2 * size + 3) as by_bytes,
    ):
        for batcher in (by_count, by_bytes):
            futures = [batcher.add(event(str(index))) for index in range(4)]
            assert all(future.result(60) for future in futures)
    assert service.ids == [["0", "1"], ["2", "3"]] * 2


def test_an_event_lingers_no_longer_than_it_may(client: tidemark.Client) -> None:
    with client.batcher(linger=0.01) as batcher:
        assert batcher.add(event("1")).result(60).status == "stored"


def test_an_invalid_event_gets_its_faults_and_its_neighbours_are_stored(client: tidemark.Client) -> None:
    with client.batcher(linger=60) as batcher:
        futures = [batcher.add(event(str(index), topic)) for index, topic in enumerate(["a", "", "c"])]
        batcher.flush()
    assert [outcome(future) for future in futures] == ["stored", "refused: invalid_event", "stored"]
    error = futures[1].exception()
    assert isinstance(error, tidemark.RefusedError)
    assert error.faults == (tidemark.Fault("/topic", "must not be empty"),)
    assert str(error) == 'event "1" of "": refused: /topic must not be empty'


def test_each_of_many_invalid_events_gets_its_own_fault(client: tidemark.Client) -> None:
    with client.batcher(linger=60) as batcher:
        futures = [batcher.add(event(str(index), "")) for index in range(250)]
    for index, future in enumerate(futures):
        error = future.exception()
        assert isinstance(error, tidemark.RefusedError)
        assert error.faults == (tidemark.Fault("/topic", "must not be empty"),)
        assert error.events[0]["event_id"] == str(index)


def test_a_body_that_is_refused_without_naming_an_event_is_halved_until_that_event_is_alone(
    service: FakeService, client: tidemark.Client
) -> None:
    def refuse(_: Body) -> httpx.Response:
        return problem(400, "malformed_json", detail="too deep")

    service.faults = [refuse, None, refuse, refuse]
    with client.batcher(linger=60) as batcher:
        futures = [batcher.add(event(event_id)) for event_id in "abcd"]
    assert [outcome(future) for future in futures] == ["stored", "stored", "refused: malformed_json", "stored"]
    assert service.ids == [["a", "b", "c", "d"], ["a", "b"], ["c", "d"], ["c"], ["d"]]


def test_events_of_an_attempt_whose_answer_was_lost_are_stored_once(
    service: FakeService, client: tidemark.Client
) -> None:
    def store_and_lose(events: Body) -> httpx.Response:
        service.store(events)
        raise httpx.ReadError("reset")

    service.faults = [store_and_lose]
    with client.batcher() as batcher:
        verdict = batcher.add({key: value for key, value in EVENT.items() if key != "event_id"}).result(60)
    assert (verdict.status, verdict.doubtful_attempts, len(service.stored)) == ("duplicate", 1, 1)


def test_a_dead_letter_is_distinguished_from_an_invalid_event(service: FakeService, client: tidemark.Client) -> None:
    results = [{**event("1"), "status": "rejected"}, {**event("2"), "status": "stored"}]
    counts = {"received": 2, "accepted": 1, "duplicates": 0, "dead_lettered": 1}
    service.faults = [lambda _: answer(200, {**counts, "results": results})]
    with client.batcher(linger=60) as batcher:
        futures = [batcher.add(event("1")), batcher.add(event("2"))]
    assert [outcome(future) for future in futures] == ["refused: dead_lettered", "stored"]


def test_pending_events_come_with_their_receipt(service: FakeService, client: tidemark.Client) -> None:
    counts = {"received": 1, "accepted": 0, "duplicates": 0, "pending": 1}
    results = [{**event("1"), "status": "pending"}]
    service.faults = [lambda _: answer(202, {**counts, "results": results}, location="/receipts/r1")]
    with client.batcher() as batcher:
        verdict = batcher.add(event("1")).result(60)
    assert verdict == tidemark.Verdict("t", "1", "pending", "http://tidemark.test/receipts/r1")


def test_an_answer_without_a_result_for_every_event_leaves_the_outcomes_unknown(
    service: FakeService, client: tidemark.Client
) -> None:
    service.faults = [lambda _: answer(200, {"received": 1, "accepted": 1, "duplicates": 0})]
    with client.batcher() as batcher:
        assert outcome(batcher.add(event("1"))) == "unknown: None"


def test_a_batcher_is_bounded_and_a_caller_waits_for_room(service: FakeService, client: tidemark.Client) -> None:
    service.is_open.clear()
    with client.batcher(linger=0, max_pending=2) as batcher:
        futures = [batcher.add(event(event_id)) for event_id in "ab"]
        assert outcome(batcher.add(event("c"), block=False)) == "not taken: batcher_full"
        waiter = threading.Thread(target=lambda: futures.append(batcher.add(event("d"))))
        waiter.start()
        service.is_open.set()
        waiter.join(60)
        batcher.flush()
    assert [outcome(future) for future in futures] == ["stored"] * 3


def test_an_event_that_cannot_be_sent_harms_no_other(client: tidemark.Client) -> None:
    with client.batcher(linger=60, max_bytes=1_000) as batcher:
        futures = [
            batcher.add(event("1")),
            batcher.add({**event("2"), "payload": {"x": object()}}),
            batcher.add({**event("3"), "payload": {"x": "x" * 1_000}}),
        ]
    futures.append(batcher.add(event("4")))
    assert [outcome(future) for future in futures] == [
        "stored",
        "not taken: unwritable_event",
        "not taken: body_too_large",
        "not taken: batcher_closed",
    ]


def test_a_callback_may_add_an_event_and_may_not_wait_for_itself(service: FakeService, client: tidemark.Client) -> None:
    raised: list[BaseException] = []
    added: list[Future[tidemark.Verdict]] = []

    def follow_up(_: Future[tidemark.Verdict]) -> None:
        added.append(batcher.add(event("2")))
        try:
            batcher.flush()
        except RuntimeError as error:
            raised.append(error)

    service.is_open.clear()
    with client.batcher(linger=0) as batcher:
        batcher.add(event("1")).add_done_callback(follow_up)
        service.is_open.set()
        batcher.flush()
    assert [outcome(future) for future in added] == ["stored"]
    assert len(raised) == 1
