"""No process works on a database that is newer or older than its code."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tests.consoles import ROOT, Console
from tests.servers import free_port

pytestmark = pytest.mark.system

CELERY = ["-m", "celery", "-A", "console_project"]
STARTS = {
    "web": ["manage.py", "serve"],
    "api": ["-m", "gunicorn", "-c", "python:console_project.gunicorn_settings",
            "console_project.wsgi"],
    "worker": [*CELERY, "worker", "-Q", "engine.test.a"],
    "beat": [*CELERY, "beat"],
    "up": ["manage.py", "up"],
}  # fmt: skip
NEWER = ("tasks", "0999_from_the_future")


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Console:
    console = Console(tmp_path_factory.mktemp("schema"))
    console.environment["API_PORT"] = str(free_port())
    console.manage("migrate", "--verbosity", "0")
    return console


def recorded(console: Console) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(console.data / "console.sqlite3", isolation_level=None))


def start(console: Console, name: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *STARTS[name]], cwd=ROOT, env=console.environment, timeout=60,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("name", STARTS)
def test_old_code_does_not_start_on_a_newer_database(console: Console, name: str) -> None:
    with recorded(console) as database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES (?, ?, '2026-01-01')", NEWER
        )
        answer = start(console, name)
        database.execute("DELETE FROM django_migrations WHERE name = ?", NEWER[1:])
    assert answer.returncode != 0
    assert "The database is newer than this code" in answer.stderr
    assert ".".join(NEWER) in answer.stderr
    assert "Traceback" not in answer.stderr


def test_new_code_does_not_start_before_the_migrations_ran(console: Console) -> None:
    with recorded(console) as database:
        database.execute(
            "UPDATE django_migrations SET app = 'aside' WHERE id ="
            " (SELECT max(id) FROM django_migrations WHERE app = 'jobs')"
        )
        answer = start(console, "web")
        database.execute("UPDATE django_migrations SET app = 'jobs' WHERE app = 'aside'")
    assert answer.returncode != 0
    assert "manage.py migrate" in answer.stderr
    assert "Traceback" not in answer.stderr
