"""One attempt of a request, as httpx makes it: the parts that both clients share."""

from __future__ import annotations

import json
import time

import httpx

from .delivery import Answer, NoAnswer, Request

# These errors come before a connection is made, so nothing was sent.
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def build_request(http: httpx.Client | httpx.AsyncClient, request: Request) -> httpx.Request:
    """
    Builds the request of an attempt. It is sent without following a redirect, which is an answer: another address would
    get the key, and a POST would become a GET (RFC 9110, section 15.4.2).
    """
    return http.build_request(
        request.method,
        request.url,
        headers=request.headers,
        content=request.content,
        timeout=request.timeout,
    )


def read_answer(response: httpx.Response, content: bytes, started_at: float) -> Answer:
    """Reads a complete answer."""
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    return Answer(response.status_code, response.headers, body, time.monotonic() - started_at)


def read_failure(error: httpx.TransportError, request: Request) -> NoAnswer:
    """Describes why no answer came."""
    was_sent = not isinstance(error, NEVER_SENT)
    if was_sent and isinstance(error, httpx.TimeoutException):
        return no_answer_in_time(request)
    return NoAnswer(str(error) or type(error).__name__, was_sent)


def no_answer_in_time(request: Request) -> NoAnswer:
    """Describes an attempt without an answer within its time limit."""
    return NoAnswer(f"no answer within {request.timeout:g} s", was_sent=True)
