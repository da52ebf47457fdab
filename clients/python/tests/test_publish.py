"""Tests the requests, the retries and the exceptions of a publish."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import httpx
import pytest
from conftest import Call
from scripted import EVENT, SHORTLY, STORED, Scripted, answer, problem

import tidemark

WITHOUT_ID = {name: value for name, value in EVENT.items() if name != "event_id"}
LOST = httpx.ReadError("connection reset")
UNREACHABLE = httpx.ConnectError("connection refused")


@pytest.mark.parametrize(
    "failure",
    [
        LOST,
        httpx.ReadTimeout("late"),
        UNREACHABLE,
        problem(503, "log_full"),
        problem(429, "too_many_requests"),
        httpx.Response(500, text="oops"),
        httpx.Response(502),
    ],
    ids=lambda failure: type(failure).__name__ if isinstance(failure, Exception) else str(failure.status_code),
)
def test_a_retry_carries_the_same_bytes_with_the_id_that_was_made_before_the_first_attempt(
    call: Call, failure: httpx.Response | Exception
) -> None:
    service = Scripted(failure, failure, answer(200, STORED))

    publication = call(service, "publish", WITHOUT_ID)

    assert (publication.accepted, publication.attempts) == (1, 3)
    assert len(set(service.bodies)) == 1
    assert len(service.events[0]["event_id"]) == 36


@pytest.mark.parametrize(
    ("failure", "doubts"),
    [
        (LOST, 1),
        (UNREACHABLE, 0),
        (problem(503, "log_full"), 0),
        (problem(503, "outcome_unknown"), 1),
        (httpx.Response(503, text="<h1>Busy</h1>"), 1),
        (problem(429, "too_many_requests"), 0),
    ],
)
def test_attempts_that_may_have_stored_the_events_are_counted(
    call: Call, failure: httpx.Response | Exception, doubts: int
) -> None:
    publication = call(Scripted(failure, answer(200, STORED)), "publish", EVENT)
    assert publication.doubtful_attempts == doubts


@pytest.mark.parametrize("form", ["seconds", "an HTTP date"])
def test_a_retry_after_beyond_the_deadline_is_honoured_by_giving_up(call: Call, form: str) -> None:
    later = format_datetime(datetime.now(timezone.utc) + timedelta(hours=1), usegmt=True)
    service = Scripted(problem(429, "slow_down", retry_after="3600" if form == "seconds" else later))

    with pytest.raises(tidemark.NotTakenError) as raised:
        call(service, "publish", EVENT)

    assert (raised.value.status, raised.value.code, raised.value.attempts) == (429, "slow_down", 1)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 415, 422])
def test_no_other_4xx_is_repeated_and_the_exception_has_the_problem_document(call: Call, status: int) -> None:
    errors = [{"pointer": "/topic", "detail": "must not be empty"}]
    service = Scripted(problem(status, "named", title="Named", detail="no", errors=errors, errors_total=7))

    with pytest.raises(tidemark.RefusedError, match=f'^event "e" of "t": refused: {status} named: no$') as raised:
        call(service, "publish", EVENT)

    faults = (tidemark.Fault("/topic", "must not be empty"),)
    assert raised.value.problem == tidemark.Problem(status, "named", "Named", "no", errors=faults, errors_total=7)
    assert (raised.value.outcome, raised.value.events) == ("refused", (EVENT,))
    assert len(service.requests) == 1


def test_a_client_that_gives_up_says_that_nothing_was_taken(call: Call) -> None:
    with pytest.raises(
        tidemark.NotTakenError, match="given up, nothing was taken: 503 log_full: the log is full"
    ) as raised:
        call(Scripted(problem(503, "log_full", detail="the log is full")), "publish", [EVENT, EVENT], **SHORTLY)
    assert (raised.value.doubtful_attempts, raised.value.code) == (0, "log_full")


def test_a_client_that_gives_up_returns_the_events_with_their_ids_when_the_outcome_is_unknown(call: Call) -> None:
    service = Scripted(LOST)

    with pytest.raises(tidemark.OutcomeUnknownError) as raised:
        call(service, "publish", WITHOUT_ID, **SHORTLY)

    assert (raised.value.status, raised.value.problem) == (None, None)
    assert raised.value.doubtful_attempts == raised.value.attempts == len(service.requests)
    assert [dict(event) for event in raised.value.events] == [service.events[0]]


def test_a_refusal_after_an_unknown_attempt_leaves_the_outcome_unknown(call: Call) -> None:
    with pytest.raises(tidemark.OutcomeUnknownError) as raised:
        call(Scripted(LOST, problem(401, "unauthorized")), "publish", EVENT)
    assert (raised.value.status, raised.value.attempts) == (401, 2)


def test_a_dead_letter_is_refused_also_after_an_unknown_attempt(call: Call) -> None:
    with pytest.raises(tidemark.RefusedError) as raised:
        call(Scripted(LOST, problem(422, "dead_lettered")), "publish", EVENT)
    assert (raised.value.code, raised.value.attempts) == ("dead_lettered", 2)


@pytest.mark.parametrize(
    "foreign",
    [
        httpx.Response(200, text="<h1>Welcome</h1>"),
        answer(200, {"received": 1, "accepted": -1, "duplicates": 2}),
        answer(200, {"received": True, "accepted": 1, "duplicates": 0}),
        answer(202, {"received": 1, "accepted": 0, "duplicates": 0, "pending": 1}),
    ],
    ids=["no JSON", "a negative count", "a count that is none", "no receipt"],
)
def test_an_answer_that_is_not_the_services_leaves_the_outcome_unknown(call: Call, foreign: httpx.Response) -> None:
    with pytest.raises(tidemark.OutcomeUnknownError) as raised:
        call(Scripted(foreign), "publish", EVENT)
    assert raised.value.attempts == 1


def test_an_event_is_sent_as_json_in_utf_8_with_its_datetime_and_no_digit_lost(call: Call) -> None:
    service = Scripted(answer(200, STORED))
    event = {
        **EVENT,
        "timestamp": datetime(2025, 10, 23, 10, tzinfo=timezone.utc),
        "payload": {"größe": 12345678901234567890},
    }

    call(service, "publish", event)

    expected = (
        '{"topic":"t","event_id":"e","timestamp":"2025-10-23T10:00:00+00:00","source":"s",'
        '"payload":{"größe":12345678901234567890}}'
    )
    assert service.bodies == [expected.encode()]
    assert service.requests[0].headers["content-type"] == "application/json"
    assert "authorization" not in service.requests[0].headers


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        (float("nan"), ValueError),
        (datetime(2025, 1, 1), ValueError),
        (object(), TypeError),
        ("\ud800", ValueError),
    ],
)
def test_an_event_that_is_not_json_is_not_sent(call: Call, payload: object, error: type[Exception]) -> None:
    service = Scripted(answer(200, STORED))
    with pytest.raises(error):
        call(service, "publish", {**EVENT, "payload": {"value": payload}})
    assert not service.requests


def test_requests_are_strict_by_default_and_lenient_on_request(call: Call) -> None:
    service = Scripted(
        answer(200, {**STORED, "rejected": [{"index": 1, "pointer": "/1/topic", "reason": "is required"}]})
    )

    publication = call(service, "publish", [EVENT, {}], with_={"lenient": True})
    call(service, "publish", [EVENT, {}])
    call(service, "publish_text", "[]")

    assert publication.rejected == (tidemark.Rejection(1, "/1/topic", "is required"),)
    assert [request.headers.get("prefer") for request in service.requests] == [
        "handling=lenient, return=representation",
        "return=representation",
        None,
    ]
