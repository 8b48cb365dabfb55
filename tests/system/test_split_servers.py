"""The API behind gunicorn beside daphne; and workers that change places without loss."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.consoles import Client
from tests.split import SplitConsole
from tests.waiting import eventually

pytestmark = [pytest.mark.service, pytest.mark.system]

CHAIN: list[dict[str, Any]] = [
    {"key": "a", "engine_id": "test.a"},
    {"key": "b", "engine_id": "test.b", "depends_on": ["a"]},
]


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SplitConsole]:
    queues = ("engine.test.a,engine.test.slow", "engine.test.b")
    folder = tmp_path_factory.mktemp("split")
    with SplitConsole(folder, "yard_split", queues=queues) as console:
        yield console


@pytest.fixture(scope="module")
def acme(console: SplitConsole) -> Client:
    """A client of the API server."""
    return console.tenant("acme")


def test_a_job_runs_through_the_api_server(console: SplitConsole, acme: Client) -> None:
    job = acme.submit(CHAIN)
    assert acme.ended(job["id"])["status"] == "completed"
    with Client(console.url, acme.key) as beside:
        assert beside.job(job["id"])["status"] == "completed"


def test_the_admin_answers_there_too(console: SplitConsole) -> None:
    answer = httpx.get(f"{console.api}/admin/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/login/?next=/admin/")


def test_a_body_that_is_too_large_is_refused_there_too(acme: Client) -> None:
    assert acme.post("/jobs", content=b" " * 3_000_000).status_code == 413


def test_long_polls_are_answered_when_the_api_server_leaves(
    console: SplitConsole, acme: Client
) -> None:
    job = acme.submit([{"key": "a", "engine_id": "test.slow", "config": {"seconds": 30}}])
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(acme.job, job["id"], 25)
        eventually(lambda: acme.tasks(job["id"])["a"]["status"] == "running", seconds=20)
        began = time.monotonic()
        assert console.stop("api") == 0
        assert waiting.result()["id"] == job["id"]
    assert time.monotonic() - began < 15
    console.start_api()
    acme.post(f"/jobs/{job['id']}/cancel")


def test_new_workers_take_over_from_old_ones_and_nothing_runs_twice(
    console: SplitConsole, acme: Client
) -> None:
    slow = {"engine_id": "test.slow", "config": {"seconds": 0.3}}
    job = acme.submit([{"key": str(n), **slow} for n in range(40)])
    eventually(lambda: acme.job(job["id"])["progress"]["completed"] > 3)
    console.start_worker("worker-new", "engine.test.a,engine.test.slow")
    console.stop("worker-1")
    assert acme.ended(job["id"])["status"] == "completed"
    assert {task["attempt"] for task in acme.tasks(job["id"]).values()} == {1}
