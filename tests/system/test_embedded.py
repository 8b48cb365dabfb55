"""The embedded console as a process: starts, stops, dies, comes back."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.consoles import ROOT, Client, Console, EmbeddedConsole
from tests.servers import free_port
from tests.waiting import eventually

pytestmark = pytest.mark.system


@pytest.fixture
def console(tmp_path: Path) -> Iterator[EmbeddedConsole]:
    """One that is stopped or killed; the others share `embedded`."""
    with EmbeddedConsole(tmp_path) as console:
        yield console


@pytest.fixture(scope="module")
def acme(embedded: Console) -> Client:
    return embedded.tenant("acme")


def up(console: Console, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "up"],
        env=console.environment | environment, capture_output=True, text=True,
        timeout=30, check=False, cwd="/",
    )  # fmt: skip


def long_task(seconds: float) -> dict[str, object]:
    return {"key": "long", "engine_id": "test.slow", "config": {"seconds": seconds}}


def host_pids(console: EmbeddedConsole) -> list[int]:
    """Every process that still carries this console's journal in its environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"YARD_JOURNAL={console.journal}".encode() in entry.read_bytes():
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


def test_a_taken_port_is_one_clear_sentence(embedded: Console, tmp_path: Path) -> None:
    answer = up(embedded, CONSOLE_DATA_DIR=str(tmp_path / "other"))
    assert answer.returncode != 0
    assert answer.stderr.startswith(f"CommandError: Port {embedded.port} on 127.0.0.1")
    assert len(answer.stderr.splitlines()) == 1


def test_a_second_console_on_the_same_folder_is_refused(embedded: Console) -> None:
    answer = up(embedded, PORT=str(embedded.port + 1))
    assert answer.returncode != 0
    assert "Another console is running on" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_nonsense_in_the_environment_is_one_clear_sentence(embedded: Console) -> None:
    answer = up(embedded, CONSOLE_LEASE_SECONDS="soon")
    assert answer.returncode != 0
    assert "CONSOLE_LEASE_SECONDS must be a whole number" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_mistake_in_the_engines_file_names_its_line(embedded: Console, tmp_path: Path) -> None:
    file = tmp_path / "engines.toml"
    file.write_text('[engines.x]\npython = "a:b"\nspeed = 9\n')
    other = {"CONSOLE_DATA_DIR": str(tmp_path / "other"), "PORT": str(free_port())}
    answer = up(embedded, CONSOLE_ENGINES=str(file), **other)
    assert answer.returncode != 0
    assert "engines.toml, line 3: engine x: Unknown setting 'speed'." in answer.stderr
    assert "Traceback" not in answer.stderr


def test_secrets_and_folder_are_readable_by_us_alone(embedded: Console) -> None:
    assert stat.S_IMODE(embedded.data.stat().st_mode) == 0o700
    for name in ("secret_key", "key_pepper"):
        assert stat.S_IMODE((embedded.data / name).stat().st_mode) == 0o600


def test_sigterm_hands_a_long_task_back_within_ten_seconds(console: EmbeddedConsole) -> None:
    client = console.tenant("acme")
    job = client.submit([long_task(60)])
    eventually(console.executions)
    began = time.monotonic()
    assert console.stop("up") == 0
    assert time.monotonic() - began < 10
    assert eventually(lambda: not host_pids(console))
    console.start()
    task = client.tasks(job["id"])["long"]
    assert (task["status"], task["failures"]) in [("ready", 0), ("running", 0)]


def test_ctrl_c_lets_a_short_task_finish(console: EmbeddedConsole) -> None:
    client = console.tenant("acme")
    job = client.submit([long_task(1.5)])
    eventually(console.executions)
    assert console.stop("up", signal.SIGINT) == 0
    console.start()
    assert client.job(job["id"])["status"] == "completed"


def test_a_long_poll_does_not_hold_the_stop_back(console: EmbeddedConsole) -> None:
    client = console.tenant("acme")
    job = client.submit([long_task(60)])
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(client.get, f"/jobs/{job['id']}", params={"wait": 25})
        eventually(console.executions)
        began = time.monotonic()
        console.stop("up")
        assert time.monotonic() - began < 10
        waiting.exception()


def test_a_restart_after_kill_9_resumes_at_once(console: EmbeddedConsole) -> None:
    client = console.tenant("acme")
    job = client.submit(
        [long_task(2), {"key": "next", "engine_id": "test.a", "depends_on": ["long"]}]
    )
    eventually(console.executions)
    console.kill("up")
    assert eventually(lambda: not host_pids(console))
    console.start()
    assert client.ended(job["id"], seconds=20)["status"] == "completed"
    assert client.tasks(job["id"])["long"]["attempt"] == 2


def test_a_hundred_jobs_at_once_are_all_accepted(embedded: Console, acme: Client) -> None:
    task = {"key": "a", "engine_id": "test.a"}
    with ThreadPoolExecutor(32) as pool:
        jobs = list(pool.map(lambda _: acme.submit([task])["id"], range(100)))
    assert all(acme.ended(job_id)["status"] == "completed" for job_id in jobs)
    assert "locked" not in embedded.log("up")


def test_ten_thousand_tasks_are_accepted_within_five_seconds(acme: Client) -> None:
    tasks = [
        {"key": str(n), "engine_id": "test.a", "depends_on": [str(n - 1)] if n else []}
        for n in range(10_000)
    ]
    began = time.monotonic()
    job = acme.submit(tasks)
    assert time.monotonic() - began < 15
    assert acme.post(f"/jobs/{job['id']}/cancel").status_code == 202
    assert acme.ended(job["id"])["status"] == "cancelled"


def test_a_hundred_thousand_tasks_are_refused_at_once(acme: Client) -> None:
    tasks = [{"key": "a"}] * 100_000
    began = time.monotonic()
    answer = acme.post("/jobs", json={"name": "bomb", "tasks": tasks})
    assert answer.status_code == 400
    assert "tasks" in answer.json()["errors"][0]["attr"]
    assert time.monotonic() - began < 3


def test_the_box_says_how_to_go_on(embedded: Console) -> None:
    said = eventually(lambda: log if "Stop with" in (log := embedded.log("up")) else "")
    for part in (
        f"{embedded.url}/console/link/",
        "User: admin",
        "create_tenant",
        "issue_key",
        "tour",
    ):
        assert part in said


def test_no_password_is_shown_that_was_given(embedded: Console) -> None:
    assert embedded.environment["CONSOLE_ADMIN_PASSWORD"] not in embedded.log("up")
    assert os.environ.get("CONSOLE_ADMIN_PASSWORD") is None


def test_a_chunked_body_is_read_like_any_other(acme: Client) -> None:
    body = b'{"name": "chunked", "tasks": [{"key": "a", "engine_id": "test.a"}]}'
    headers = {"Content-Type": "application/json"}
    answer = acme.post("/jobs", content=iter([body[:20], body[20:]]), headers=headers)
    assert answer.status_code == 201
    assert answer.json()["name"] == "chunked"
