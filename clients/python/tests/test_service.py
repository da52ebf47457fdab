"""The client and a running service."""

from __future__ import annotations

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from conftest import KEY

import tidemark


class LosingTransport(httpx.BaseTransport):
    """Sends requests to the service, and loses the first answers."""

    def __init__(self, lost: int) -> None:
        self.inner = httpx.HTTPTransport()
        self.lost = lost

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request."""
        response = self.inner.handle_request(request)
        if self.lost == 0:
            return response
        self.lost -= 1
        response.read()
        response.close()
        raise httpx.ReadError("the answer was lost")

    def close(self) -> None:
        """Closes the connections."""
        self.inner.close()


def new_topic() -> str:
    """Makes the name of a topic that no other test has."""
    return f"python.{uuid.uuid4()}"


def event(topic: str, event_id: str | None = None) -> dict[str, object]:
    """Makes an event."""
    return {
        "topic": topic,
        **({} if event_id is None else {"event_id": event_id}),
        "timestamp": "2025-10-23T10:00:00Z",
        "source": "python",
        "payload": {"größe": 12345678901234567890},
    }


def stored(service: str, topic: str) -> list[dict[str, object]]:
    """Reads the events of a topic."""
    answer = httpx.get(f"{service}/events", params={"topic": topic}, headers={"authorization": f"Bearer {KEY}"})
    events: list[dict[str, object]] = answer.json()["events"]
    return events


def test_an_event_is_stored_once_although_answers_are_lost(service: str) -> None:
    topic = new_topic()
    with (
        httpx.Client(transport=LosingTransport(2)) as http,
        tidemark.Client(service, api_key=KEY, first_delay=0.01, http=http) as client,
    ):
        publication = client.publish(event(topic))
    assert (publication.accepted, publication.duplicates, publication.attempts) == (0, 1, 3)
    assert publication.doubtful_attempts == 2
    [kept] = stored(service, topic)
    assert kept["event_id"] == publication.results[0].event_id
    assert kept["payload"] == {"größe": 12345678901234567890}


def test_each_event_of_a_request_has_its_result(service: str) -> None:
    topic = new_topic()
    with tidemark.Client(service, api_key=KEY) as client:
        client.publish(event(topic, "1"))
        publication = client.publish([event(topic, "1"), event(topic, "2"), {**event(topic, "1"), "source": "other"}])
    assert [result.status for result in publication.results] == ["duplicate", "stored", "conflict"]
    assert (publication.received, publication.accepted, publication.duplicates, publication.conflicts) == (3, 1, 2, 1)


def test_a_refused_event_raises_with_the_problem_document(service: str) -> None:
    with tidemark.Client(service, api_key=KEY) as client, pytest.raises(tidemark.RefusedError) as raised:
        client.publish({**event("t", "1"), "source": ""})
    assert (raised.value.status, raised.value.code) == (422, "invalid_event")
    assert [fault.pointer for fault in raised.value.faults] == ["/source"]


def test_a_wrong_key_is_refused_at_once(service: str) -> None:
    with tidemark.Client(service, api_key="wrong") as client, pytest.raises(tidemark.RefusedError) as raised:
        client.publish(event("t", "1"))
    assert (raised.value.status, raised.value.attempts) == (401, 1)


def test_a_batcher_of_many_threads_gives_each_event_its_own_verdict(service: str) -> None:
    topic = new_topic()
    with (
        tidemark.Client(service, api_key=KEY) as client,
        client.batcher(max_events=50, max_pending=200) as batcher,
        ThreadPoolExecutor(8) as threads,
    ):
        futures = list(threads.map(lambda index: batcher.add(event(topic, str(index % 400))), range(1_000)))
        invalid = batcher.add({**event(topic, "x"), "source": ""})
        statuses = [future.result(60).status for future in futures]
        assert isinstance(invalid.exception(60), tidemark.RefusedError)
    assert (statuses.count("stored"), statuses.count("duplicate")) == (400, 600)


def test_the_asynchronous_client_publishes_concurrently(service: str) -> None:
    topic = new_topic()

    async def publish() -> list[tidemark.Publication]:
        async with tidemark.AsyncClient(service, api_key=KEY) as client:
            return await asyncio.gather(*(client.publish(event(topic, str(index % 5))) for index in range(20)))

    publications = asyncio.run(publish())
    assert sum(publication.accepted for publication in publications) == 5
    assert sum(publication.duplicates for publication in publications) == 15


def test_an_asynchronous_batcher_gives_each_event_its_own_verdict(service: str) -> None:
    topic = new_topic()

    async def publish() -> list[tidemark.Verdict | BaseException]:
        async with (
            tidemark.AsyncClient(service, api_key=KEY) as client,
            client.batcher(max_events=50, max_pending=200) as batcher,
        ):
            pending = [await batcher.add(event(topic, str(index % 400))) for index in range(1_000)]
            pending.append(await batcher.add({**event(topic, "x"), "source": ""}))
            return await asyncio.gather(*pending, return_exceptions=True)

    *verdicts, invalid = asyncio.run(publish())
    assert isinstance(invalid, tidemark.RefusedError)
    statuses = [verdict.status for verdict in verdicts if isinstance(verdict, tidemark.Verdict)]
    assert (statuses.count("stored"), statuses.count("duplicate")) == (400, 600)


def test_the_asynchronous_client_gives_up_an_attempt_that_takes_too_long(service: str) -> None:
    topic = new_topic()

    async def publish() -> tidemark.Publication:
        calls = 0

        async def delay_first(_: httpx.Request) -> None:
            nonlocal calls
            calls += 1
            if calls == 1:
                await asyncio.Event().wait()

        async with (
            httpx.AsyncClient(event_hooks={"request": [delay_first]}) as http,
            tidemark.AsyncClient(service, api_key=KEY, request_timeout=2, first_delay=0.01, http=http) as client,
        ):
            return await client.publish(event(topic))

    publication = asyncio.run(publish())
    assert (publication.accepted, publication.attempts, publication.doubtful_attempts) == (1, 2, 1)


def test_a_subscription_gives_each_event_once_to_a_worker_that_acknowledges(service: str) -> None:
    topic = new_topic()
    ids = [str(number) for number in range(7)]
    read: list[str] = []
    with tidemark.Client(service, api_key=KEY) as client:
        client.publish([event(topic, event_id) for event_id in [*ids, *ids]])
        for batch in client.subscribe(topic, topic=topic, limit=3).batches():
            read += [one["event_id"] for one in batch.events]
            if "3" in read:
                break
        for one in client.subscribe(topic, topic=topic, limit=3):
            read.append(one["event_id"])
            if len(read) == 10:
                break
    # The page of the first break was not acknowledged, and came again.
    assert read == ["0", "1", "2", "3", "4", "5", "3", "4", "5", "6"]


def test_a_worker_that_keeps_the_cursor_with_its_work_reads_each_event_exactly_once(service: str) -> None:
    topic = new_topic()
    with tidemark.Client(service, api_key=KEY) as client:
        client.publish([event(topic, str(number)) for number in range(4)])
        subscription = client.subscribe(topic, topic=topic, limit=2)
        subscription.create()
        batch = subscription.read()
        kept = batch.cursor  # in the transaction of its work; then the worker crashes before `ack`
        subscription.ack(kept)
        rest = subscription.read(wait=5)
        subscription.ack(rest.cursor)
        subscription.ack(rest.cursor)
        assert subscription.read().events == ()
        with pytest.raises(tidemark.SubscriptionMovedError):
            subscription.ack(batch.cursor)
    assert [one["event_id"] for one in (*batch.events, *rest.events)] == ["0", "1", "2", "3"]


def test_the_asynchronous_client_subscribes(service: str) -> None:
    topic = new_topic()

    async def take() -> list[str]:
        ids: list[str] = []
        async with tidemark.AsyncClient(service, api_key=KEY) as client:
            await client.publish([event(topic, str(number)) for number in range(3)])
            async for one in client.subscribe(topic, topic=topic):
                ids.append(one["event_id"])
                if len(ids) == 3:
                    break
        return ids

    assert asyncio.run(take()) == ["0", "1", "2"]
