"""The example that keeps its cursor in its own PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from conftest import KEY, ROOT

import tidemark

EXAMPLE = Path(__file__).parents[1] / "examples/exactly_once.py"
EVENTS = 3_000
DEADLINE = 120

START_POSTGRES = """
import { startPostgresProgram } from "./test/support/infrastructure/programs.ts";
const server = await startPostgresProgram();
console.log(server.url);
process.stdin.resume().once("end", () => server.stop());
"""


@pytest.fixture
def database_url() -> Iterator[str]:
    """Starts a PostgreSQL that ends with the test; returns its address."""
    environment = {**os.environ, "PATH": f"{ROOT / 'node_modules/.bin'}{os.pathsep}{os.environ['PATH']}"}
    command = ["node", "--input-type=module", "--eval", START_POSTGRES]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.stdin.close()
    assert server.returncode == 0


def handled(database: psycopg.Connection) -> list[str]:
    """Reads the ids of the events that the example has handled, in the order of its work."""
    if database.execute("SELECT to_regclass('work')").fetchone() == (None,):
        return []
    return [event_id for (event_id,) in database.execute("SELECT event_id FROM work ORDER BY id")]


def kill_after(database: psycopg.Connection, worker: subprocess.Popen[bytes], *, events: int) -> None:
    """Waits until a worker has handled as many events, and kills it."""
    end = time.monotonic() + DEADLINE
    while len(handled(database)) < events:
        assert worker.poll() is None, f"the example ended with {worker.returncode}"
        assert time.monotonic() < end, f"waited {DEADLINE} s for {events} events, and saw {len(handled(database))}"
        time.sleep(0.01)
    worker.kill()


def test_the_example_handles_each_event_once_although_it_is_killed_again_and_again(
    service: str, database_url: str
) -> None:
    topic = str(uuid.uuid4())
    ids = [str(number) for number in range(EVENTS)]
    with tidemark.Client(service, api_key=KEY) as client:
        client.publish(
            [
                {"topic": topic, "event_id": one, "timestamp": "2025-10-23T10:00:00Z", "source": "tests", "payload": {}}
                for one in ids
            ]
        )
    environment = {
        **os.environ,
        "TIDEMARK_URL": service,
        "TIDEMARK_API_KEY": KEY,
        "DATABASE_URL": database_url,
        "SUBSCRIPTION": topic,
        "TOPIC": topic,
    }
    kills = 0
    with psycopg.connect(database_url, autocommit=True) as database:
        while (count := len(handled(database))) < EVENTS:
            with subprocess.Popen([sys.executable, str(EXAMPLE)], env=environment) as worker:
                kill_after(database, worker, events=min(EVENTS, count + (1, 450)[kills % 2]))
            kills += 1
        assert handled(database) == ids
    assert kills > 5
