"""Many jobs at once on whole consoles: the processes die midway, and each job is done once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.consoles import Client, Console, EmbeddedConsole, ScaledConsole
from tests.waiting import eventually

pytestmark = pytest.mark.system

JOBS = 120
RETRIED = "job.retried"
FAILS = [{"key": "a", "engine_id": "test.a", "config": {"final": True}}]
both = pytest.mark.parametrize(
    "console", ["embedded", pytest.param("scaled", marks=pytest.mark.service)], indirect=True
)


@pytest.fixture
def console(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Console]:
    if request.param == "embedded":
        with EmbeddedConsole(tmp_path) as embedded:
            yield embedded
    else:
        with ScaledConsole(tmp_path, "yard_bulk") as scaled:
            yield scaled


def failed_jobs(client: Client) -> list[str]:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: client.submit(FAILS)["id"], range(JOBS)))
    eventually(lambda: listed(client, "failed") == JOBS, seconds=90, every=0.5)
    return made


def listed(client: Client, status: str) -> int:
    count: int = client.get("/jobs", params={"status": status}).json()["count"]
    return count


def started(client: Client, **of: Any) -> str:
    answer = client.post("/jobs/bulk", json=of)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def progress(client: Client, bulk_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/jobs/bulk/{bulk_id}").json()
    return found


def restart(console: Console) -> None:
    """Kill all that works, as a power cut would, and start it again."""
    for name in list(console.processes):
        console.kill(name)
    console.start()


@both
def test_a_retry_of_many_goes_on_after_all_processes_died(console: Console) -> None:
    client = console.tenant("acme")
    made = failed_jobs(client)
    bulk_id = started(client, action="retry", filter={"status": "failed"})
    eventually(lambda: progress(client, bulk_id)["done"] >= JOBS // 4, every=0.02)
    restart(console)
    assert progress(client, bulk_id)["pending"] > 0
    eventually(lambda: progress(client, bulk_id)["completed_at"], seconds=60, every=0.2)
    assert progress(client, bulk_id)["succeeded"] == JOBS
    retried = [event for job in made for event in client.events(job) if event["type"] == RETRIED]
    assert len(retried) == JOBS


@both
def test_exactly_as_many_submits_pass_as_may(console: Console) -> None:
    client = console.tenant("acme")
    console.manage(
        "shell", "-c",
        "from apps.tenants.models import Tenant; Tenant.objects.update(max_submits_per_minute=13)",
    )  # fmt: skip
    body = {"name": "n", "tasks": [{"key": "a", "engine_id": "test.a"}]}
    with ThreadPoolExecutor(100) as pool:
        codes = list(pool.map(lambda _: client.post("/jobs", json=body).status_code, range(100)))
    assert (codes.count(201), codes.count(429)) == (13, 87)
