"""From the embedded console to a scaled one, with everything that was there."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.consoles import PASSWORD, ROOT, Client, EmbeddedConsole, ScaledConsole
from tests.waiting import eventually

pytestmark = [pytest.mark.service, pytest.mark.system]

LEAVES = {"key": "a", "engine_id": "test.a", "config": {"leave": {"said.txt": "all aboard"}}}
SLOW = {"key": "a", "engine_id": "test.a", "config": {"seconds": 3}}


@dataclass
class Left:
    """What an embedded console leaves when it is killed at work."""

    data: Path
    key: str
    ended: dict[str, Any]
    running: dict[str, Any]
    file: str


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    with EmbeddedConsole(tmp_path_factory.mktemp("embedded")) as console:
        acme = console.tenant("acme")
        uploaded = acme.post("/files", params={"name": "in.txt"}, content=b"hello").json()["id"]
        ended = acme.ended(acme.submit([LEAVES], labels={"team": "a"})["id"])
        running = acme.submit([SLOW])
        eventually(lambda: acme.tasks(running["id"])["a"]["status"] == "running")
        console.kill("up")
        return Left(console.data, acme.key, ended, running, uploaded)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a migrated database with nothing in it."""
    console = ScaledConsole(tmp_path_factory.mktemp("template"), "yard_migrated")
    console.manage("migrate", "--verbosity", "0")
    return console.database


@pytest.fixture
def scaled(tmp_path: Path, left: Left, template: str) -> Iterator[ScaledConsole]:
    """A console on an empty database, not started, and a copy of what was left."""
    shutil.copytree(left.data, tmp_path / "old")
    console = ScaledConsole(tmp_path, "yard_adopted", template=template)
    console.environment["CONSOLE_KEY_PEPPER"] = (left.data / "key_pepper").read_text()
    yield console
    console.__exit__(None, None, None)


def adopt(
    console: ScaledConsole, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "adopt", str(console.folder / "old"), *arguments],
        cwd=ROOT, env=console.environment | environment, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip


def refused(console: ScaledConsole, words: str, *arguments: str, **environment: str) -> bool:
    answer = adopt(console, *arguments, **environment)
    assert answer.returncode != 0
    assert "Traceback" not in answer.stderr
    assert words in answer.stderr
    return not tenants(console)


def tenants(console: ScaledConsole) -> int:
    with psycopg.connect(console.environment["DATABASE_URL"]) as connection:
        row = connection.execute("SELECT count(*) FROM tenants_tenant").fetchone()
        assert row is not None
        return int(row[0])


def counted(console: ScaledConsole, job_id: str) -> tuple[int, ...]:
    """Attempts, failures and losses of a job's only task."""
    with psycopg.connect(console.environment["DATABASE_URL"]) as connection:
        columns = b"SELECT attempt, failures, losses FROM tasks_task WHERE job_id = %s"
        return connection.execute(columns, [job_id]).fetchall()[0]


def old_database(console: ScaledConsole) -> closing[sqlite3.Connection]:
    path = console.folder / "old" / "console.sqlite3"
    return closing(sqlite3.connect(path, isolation_level=None))


def test_everything_comes_along_and_goes_on(scaled: ScaledConsole, left: Left) -> None:
    answer = adopt(scaled, CONSOLE_OLD_KEY=left.key)
    assert answer.returncode == 0, answer.stderr
    scaled.start()
    with Client(scaled.url, left.key) as acme:
        assert acme.job(left.ended["id"]) == left.ended
        assert _files(acme, left) == [b"hello", b"all aboard"]
        assert acme.ended(left.running["id"])["status"] == "completed"
        new = acme.submit([{"key": "a", "engine_id": "test.a"}], labels={"team": "a"})
        assert acme.ended(new["id"])["status"] == "completed"
        assert acme.get("/jobs").json()["results"][0]["id"] == new["id"]
    assert counted(scaled, left.running["id"]) == (2, 0, 0)
    assert _log_in(scaled) == 204


def _files(acme: Client, left: Left) -> list[bytes]:
    """What was uploaded, and what the task of the ended job left behind."""
    task = acme.tasks(left.ended["id"])["a"]
    files = acme.get(f"/jobs/{left.ended['id']}/tasks/{task['id']}").json()["files"]
    return [acme.get(f"/files/{file}").content for file in (left.file, files[0]["id"])]


def _log_in(console: ScaledConsole) -> int:
    with httpx.Client(base_url=console.url, timeout=60) as client:
        client.get("/console/login")
        headers = {"X-CSRFToken": client.cookies[f"csrftoken_{console.port}"]}
        body = {"username": "admin", "password": PASSWORD}
        return client.post("/console/login", json=body, headers=headers).status_code


def test_the_embedded_data_stays_as_it_was(scaled: ScaledConsole) -> None:
    def seen() -> list[tuple[Any, ...]]:
        with old_database(scaled) as database:
            return database.execute("SELECT * FROM tasks_task").fetchall()

    before = seen()
    assert adopt(scaled).returncode == 0
    assert seen() == before


def test_a_database_with_rows_is_refused(scaled: ScaledConsole) -> None:
    scaled.manage("create_tenant", "globex")
    assert not refused(scaled, "The new database is not empty: tenants_")
    assert tenants(scaled) == 1


def test_a_second_time_is_refused(scaled: ScaledConsole) -> None:
    assert adopt(scaled).returncode == 0
    assert not refused(scaled, "The new database is not empty")


def test_another_pepper_is_refused(scaled: ScaledConsole) -> None:
    assert refused(scaled, "key_pepper, or every key would be dead", CONSOLE_KEY_PEPPER="x" * 60)


def test_a_running_console_is_refused(scaled: ScaledConsole) -> None:
    with EmbeddedConsole(scaled.folder, {"CONSOLE_DATA_DIR": str(scaled.folder / "old")}):
        assert refused(scaled, "is running: stop it")


def test_data_of_newer_code_is_refused(scaled: ScaledConsole) -> None:
    with old_database(scaled) as database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied)"
            " VALUES ('jobs', '0999_x', '2026-01-01')"
        )
    assert refused(scaled, "jobs.0999_x, which is unknown here")


def test_files_that_are_nowhere_are_named(scaled: ScaledConsole) -> None:
    shutil.rmtree(scaled.folder / "old" / "files")
    assert refused(scaled, "files are in no storage")
    assert adopt(scaled, "--without-missing-files").returncode == 0


def test_a_value_that_does_not_fit_leaves_nothing_behind(scaled: ScaledConsole) -> None:
    with old_database(scaled) as database:
        database.execute("UPDATE jobs_job SET name = ?", ["x" * 300])
    assert refused(scaled, "jobs_job cannot be taken over: value too long")


def test_an_old_key_that_does_not_open_the_new_console_is_told(scaled: ScaledConsole) -> None:
    answer = adopt(scaled, CONSOLE_OLD_KEY="ym_wrong")
    assert answer.returncode != 0
    assert "CONSOLE_OLD_KEY does not open the new console" in answer.stderr


def test_a_folder_without_a_console_is_named(scaled: ScaledConsole) -> None:
    os.remove(scaled.folder / "old" / "console.sqlite3")
    assert refused(scaled, "There is no embedded console's data in")
