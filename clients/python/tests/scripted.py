"""A service whose answers a test chooses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx

EVENT = {"topic": "t", "event_id": "e", "timestamp": "2025-10-23T10:00:00Z", "source": "s"}
PENDING = {"received": 1, "accepted": 0, "duplicates": 0, "pending": 1}
STORED = {"received": 1, "accepted": 1, "duplicates": 0, "pending": 0}

SHORTLY = {"deadline": 60.05, "request_timeout": 60}
"""Options with which a client gives up after 50 ms, and no attempt ends for lack of time."""

Step = httpx.Response | Exception


def answer(status: int, body: object, **headers: str) -> httpx.Response:
    """Makes an answer in JSON."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=body, headers=names)


def problem(status: int, code: str, **more: Any) -> httpx.Response:
    """Makes an answer with a problem document."""
    headers = {"retry-after": more.pop("retry_after")} if "retry_after" in more else {}
    return httpx.Response(status, json={"code": code, "status": status, **more}, headers=headers)


class Scripted:
    """Answers each request with the next step, and repeats the last step indefinitely; remembers the requests."""

    def __init__(self, *steps: Step) -> None:
        self.steps: Sequence[Step] = steps
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answers a request."""
        step = self.steps[min(len(self.requests), len(self.steps) - 1)]
        self.requests.append(request)
        if isinstance(step, Exception):
            raise step
        return httpx.Response(step.status_code, headers=step.headers, content=step.content)

    @property
    def bodies(self) -> list[bytes]:
        """The bodies of the requests."""
        return [request.content for request in self.requests]

    @property
    def events(self) -> list[Any]:
        """The bodies of the requests, parsed."""
        return [json.loads(body) for body in self.bodies]
