"""A worker that is killed with a card in its hands: the next attempt gets it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cards.driver import Driver
from tests.consoles import Client, Console, EmbeddedConsole, ScaledConsole
from tests.waiting import eventually

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]
ENGINES = Path(__file__).with_name("engines.toml")
QUEUES = ("engine.test.card",) * 2
LEASE = 4


@pytest.fixture(params=["embedded", pytest.param("scaled", marks=pytest.mark.service)])
def console(library: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Console]:
    """A machine with one card, and its worker or two."""
    folder = tmp_path / "driver"
    folder.mkdir()
    driver = Driver.install(library, folder)
    driver.has_cards(1)
    made: Console = (
        ScaledConsole(tmp_path, "yard_killed", ENGINES, QUEUES)
        if request.param == "scaled"
        else EmbeddedConsole(tmp_path, {"CONSOLE_ENGINES": str(ENGINES)})
    )
    made.environment |= {
        "CONSOLE_GPU_SECONDS": "1", "LD_LIBRARY_PATH": str(folder),
        "CONSOLE_LEASE_SECONDS": str(LEASE),
    }  # fmt: skip
    with made:
        yield made


def test_the_card_of_a_killed_worker_goes_to_the_next_attempt(console: Console) -> None:
    acme, staff = console.tenant("acme"), console.staff()
    tasks = [{"key": key, "engine_id": "test.card", "config": {"seconds": 5}} for key in "ab"]
    job = acme.submit(tasks)
    (held,) = eventually(lambda: having(acme, job, "running"), seconds=30)
    assert eventually(lambda: cards_of(staff, job, held)) == [["GPU-0"]]
    if "up" in console.processes:
        console.kill("up")
        console.start()
    else:
        pid = int(held["worker"].rpartition("/")[2])
        console.kill(next(name for name, one in console.processes.items() if one.pid == pid))
    assert acme.ended(job["id"])["status"] == "completed"
    lost, again = cards_of(staff, job, held)
    assert lost == again == ["GPU-0"]
    (other,) = [task for task in having(acme, job, "completed") if task["key"] != held["key"]]
    assert cards_of(staff, job, other) == [["GPU-0"]]


def having(acme: Client, job: dict[str, Any], status: str) -> list[dict[str, Any]]:
    return [task for task in acme.tasks(job["id"]).values() if task["status"] == status]


def cards_of(staff: httpx.Client, job: dict[str, Any], task: dict[str, Any]) -> list[list[str]]:
    """What each of its attempts has had."""
    path = f"/api/console/jobs/{job['id']}/tasks/{task['id']}"
    attempts = staff.get(path).json()["attempts"]
    return [attempt["cards"] for attempt in sorted(attempts, key=lambda one: one["number"])]
