"""A running service, and the clients of the tests."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import tidemark

ROOT = Path(__file__).parents[3]
KEY = "tdm_python_client_tests"

Handler = Callable[[httpx.Request], httpx.Response]
Call = Callable[..., Any]


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Starts single with a key on a free port; returns its address."""
    folder = tmp_path_factory.mktemp("single")
    keys = [
        {"name": "tests", "sha256": hashlib.sha256(KEY.encode()).hexdigest(), "scopes": ["publish", "read", "admin"]}
    ]
    (folder / "keys.json").write_text(json.dumps(keys))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        "PATH": f"{ROOT / 'node_modules/.bin'}{os.pathsep}{os.environ['PATH']}",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DATABASE_PATH": str(folder / "tidemark.db"),
        "API_KEYS_FILE": str(folder / "keys.json"),
        "LOG_LEVEL": "error",
    }
    process = subprocess.Popen(["node", "services/single/src/main.ts"], cwd=ROOT, env=environment)  # noqa: S607
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url, process)
        yield url
    finally:
        process.terminate()
        assert process.wait(60) == 0


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Asks /readyz until it answers 200."""
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the service ended with {process.returncode}")
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{url} was not ready within a minute")


@pytest.fixture(params=["Client", "AsyncClient"])
def call(request: pytest.FixtureRequest) -> Call:
    """
    Returns a function that calls a method of a client whose requests a handler answers: `call(handler, "publish", event)`.
    Options of the client are keyword arguments, and so are those of the method, in `with_`.
    """

    def run(handler: Handler, method: str, *args: Any, with_: dict[str, Any] | None = None, **options: Any) -> Any:
        transport = httpx.MockTransport(handler)
        options = {"url": "http://tidemark.test", "first_delay": 0.001, **options}
        if request.param == "Client":
            with httpx.Client(transport=transport) as http, tidemark.Client(**options, http=http) as client:
                return getattr(client, method)(*args, **(with_ or {}))

        async def run_async() -> Any:
            async with (
                httpx.AsyncClient(transport=transport) as http,
                tidemark.AsyncClient(**options, http=http) as client,
            ):
                return await getattr(client, method)(*args, **(with_ or {}))

        return asyncio.run(run_async())

    return run
