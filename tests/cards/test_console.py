"""Whole consoles with a stub driver: sampled while engines are busy, named, explained."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cards.driver import Driver
from tests.consoles import Client, Console, EmbeddedConsole, ScaledConsole
from tests.waiting import eventually

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def driver(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Driver:
    return Driver.install(library, tmp_path_factory.mktemp("driver"))


@pytest.fixture(
    scope="module", params=["embedded", pytest.param("scaled", marks=pytest.mark.service)]
)
def console(
    driver: Driver, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Console]:
    """One process on SQLite; or web and workers on PostgreSQL and Redis."""
    folder = tmp_path_factory.mktemp("cards", numbered=True)
    scaled = request.param == "scaled"
    running: Console = ScaledConsole(folder, "yard_cards") if scaled else EmbeddedConsole(folder)
    running.environment |= {"CONSOLE_GPU_SECONDS": "1", "LD_LIBRARY_PATH": str(driver.folder)}
    driver.has_cards(2)
    with running:
        yield running


@pytest.fixture(scope="module")
def staff(console: Console) -> httpx.Client:
    return console.staff()


@pytest.fixture(scope="module")
def acme(console: Console) -> Client:
    return console.tenant("acme")


def cards(staff: httpx.Client) -> list[dict[str, Any]]:
    nodes = staff.get("/api/console/gpus").json()["nodes"]
    return [card for node in nodes for card in node["cards"]]


def test_cards_are_sampled_while_every_engine_is_busy(
    staff: httpx.Client, acme: Client, driver: Driver
) -> None:
    tasks = [{"key": str(n), "engine_id": "test.a", "config": {"seconds": 60}} for n in range(6)]
    job = acme.submit(tasks)
    eventually(lambda: running(acme, job) == 4, seconds=30)
    for used_mb in (10, 20, 30):
        driver.has_cards(2, used_mb=used_mb)
        eventually(partial(both_show, staff, used_mb), seconds=15)
    assert running(acme, job) == 4
    acme.post(f"/jobs/{job['id']}/cancel")


def test_a_running_task_is_named_credited_and_explained_when_it_is_killed(
    staff: httpx.Client, acme: Client, console: Console, driver: Driver
) -> None:
    task = {"key": "big", "engine_id": "test.b", "config": {"seconds": 60}, "max_retries": 0}
    job = acme.submit([task])
    task_id = job_task(acme, job)
    pid = eventually(lambda: pid_of(console, task_id), seconds=30)
    driver.has_cards(1, f"process GPU-0 {pid} 300", used_mb=700)
    holder = eventually(lambda: held_by(staff, task_id), seconds=30)
    assert (holder["kind"], holder["tenant"], holder["job_id"]) == ("attempt", "acme", job["id"])
    attempt = eventually(lambda: attempt_with(acme, job, task_id, "gpu_seconds"), seconds=15)
    assert attempt["gpu_memory_peak_mb"] == 300
    os.kill(pid, signal.SIGKILL)
    (found,) = eventually(
        lambda: (attempt_with(acme, job, task_id, "autopsy") or {}).get("autopsy"), seconds=15
    )
    # A look that came between death and autopsy found its process gone.
    assert 300 in [sample["used_mb"] for sample in found["samples"]]
    acme.post(f"/jobs/{job['id']}/cancel")


def running(acme: Client, job: dict[str, Any]) -> int:
    number: int = acme.job(job["id"])["progress"]["running"]
    return number


def both_show(staff: httpx.Client, used_mb: int) -> bool:
    return [card["used_mb"] for card in cards(staff)] == [used_mb, used_mb]


def job_task(acme: Client, job: dict[str, Any]) -> str:
    (task,) = acme.tasks(job["id"]).values()
    return str(task["id"])


def pid_of(console: Console, task_id: str) -> int | None:
    lines = console.journal.read_text().splitlines() if console.journal.exists() else []
    return next((int(line.split()[2]) for line in lines if line.startswith(task_id)), None)


def held_by(staff: httpx.Client, task_id: str) -> dict[str, Any] | None:
    holders = [holder for card in cards(staff) for holder in card["holders"]]
    return next((holder for holder in holders if holder["task_id"] == task_id), None)


def attempt_with(
    acme: Client, job: dict[str, Any], task_id: str, name: str
) -> dict[str, Any] | None:
    attempts = acme.get(f"/jobs/{job['id']}/tasks/{task_id}").json()["attempts"]
    return next((attempt for attempt in attempts if attempt[name]), None)
