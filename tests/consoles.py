"""Real consoles for tests: the embedded one, and one scaled over several processes."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg

from tests.servers import free_port
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parent.parent
ENGINES = ROOT / "tests" / "engines" / "engines.toml"
PASSWORD = "correct horse battery staple"
START_SECONDS = 120.0
STOP_SECONDS = 10.0
DATABASE = "console.sqlite3"
_CALL = "from django.core.management import call_command as call"


class Console:
    """A running console: its address, its folder, its commands. Use as a context manager."""

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.urls = [self.url]
        self.journal = folder / "journal"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._stack = ExitStack()
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CONSOLE_", "DATABASE_URL", "REDIS_URL", "DJANGO_"))
        }
        self.environment = (
            inherited
            | {
                "CONSOLE_DATA_DIR": str(self.data),
                "CONSOLE_ENGINES": str(ENGINES),
                "CONSOLE_ADMIN_PASSWORD": PASSWORD,
                "PORT": str(self.port),
                "YARD_JOURNAL": str(self.journal),
            }
            | (environment or {})
        )

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for name in list(self.processes):
            self.kill(name)
        self._stack.close()

    def start(self) -> None:
        """Start what is not running and wait until it answers."""
        raise NotImplementedError

    def spawn(self, name: str, *argv: str) -> None:
        """Start one process unless it runs; what it writes goes to `folder/<name>.log`."""
        if name in self.processes and self.processes[name].poll() is None:
            return
        log = self._stack.enter_context((self.folder / f"{name}.log").open("ab"))
        self.processes[name] = subprocess.Popen(
            argv, cwd=ROOT, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask one process to leave; its exit status, within the promised time."""
        process = self.processes.pop(name)
        process.send_signal(number)
        return process.wait(STOP_SECONDS * 2)

    def kill(self, name: str) -> None:
        """`kill -9` one process."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def log(self, name: str) -> str:
        """What one process has written."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def answers(self) -> bool:
        """Whether it serves requests."""
        for name, process in self.processes.items():
            assert process.poll() is None, f"{name} ended:\n{self.log(name)}"
        try:
            return httpx.get(f"{self.url}/api/console/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def manage(self, *arguments: str) -> str:
        """Run a management command; what it printed."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def tenant(self, slug: str, scopes: str = "jobs:read,jobs:write") -> Client:
        """Make a tenant and a key; a client that uses it."""
        # Both in one process: its start is most of the time.
        code = f"call('create_tenant', {slug!r}); call('issue_key', {slug!r}, '--scopes={scopes}')"
        lines = self.manage("shell", "-c", f"{_CALL}; {code}").splitlines()
        return self._stack.enter_context(Client(self.url, lines[-1]))

    def staff(self, name: str = "ann") -> httpx.Client:
        """Make an admin; a browser that is logged in as that."""
        code = f"User.objects.create_superuser({name!r}); call('login_link', {name!r})"
        users = "from apps.tenants.models import User"
        link = self.manage("shell", "-c", f"{_CALL}; {users}; {code}").split()[-1]
        browser = self._stack.enter_context(httpx.Client(base_url=self.url, timeout=30))
        assert browser.get(link).status_code == 302
        return browser

    def executions(self) -> list[tuple[str, int]]:
        """Every run of an engine there was: task id and attempt."""
        if not self.journal.exists():
            return []
        lines = self.journal.read_text().splitlines()
        return [(line.split()[0], int(line.split()[1])) for line in lines]


class EmbeddedConsole(Console):
    """`manage.py up` on a folder, whose database is there already unless `empty` is asked for."""

    def __init__(
        self, folder: Path, environment: dict[str, str] | None = None, *, empty: bool = False
    ) -> None:
        super().__init__(folder, environment)
        self._empty = empty

    def start(self) -> None:
        database = Path(self.environment["CONSOLE_DATA_DIR"]) / DATABASE
        if not self._empty and not database.exists():
            database.parent.mkdir(mode=0o700, exist_ok=True)
            shutil.copyfile(_migrated() / DATABASE, database)
        self.spawn("up", sys.executable, "manage.py", "up")
        eventually(self.answers, seconds=START_SECONDS)


class ScaledConsole(Console):
    """web, beat and two workers on two engines, on a database of their own.

    The second of several web processes is found at `urls[1]`.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        engines: Path = ENGINES,
        queues: Sequence[str] = ("engine.test.a", "engine.test.b"),
        template: str = "template1",
        *,
        webs: int = 1,
    ) -> None:
        self._queues = queues
        self._more_ports = [free_port() for _ in range(webs - 1)]
        # Tests of one module may run in several processes at once.
        self.database = f"{name}_{os.getpid()}"
        url = _fresh_database(os.environ["DATABASE_URL"], self.database, template)
        super().__init__(
            folder,
            {
                "DATABASE_URL": url,
                "CONSOLE_ENGINES": str(engines),
                "REDIS_URL": os.environ["REDIS_URL"].rstrip("/").removesuffix("/0") + "/7",
                "CONSOLE_SECRET_KEY": "s" * 60,
                "CONSOLE_KEY_PEPPER": "p" * 60,
                "CONSOLE_FILES_URL": str(folder / "files"),
            },
        )
        self.environment["CONSOLE_URL"] = self.url
        self.urls += [f"http://127.0.0.1:{port}" for port in self._more_ports]

    def start(self) -> None:
        self.manage("migrate", "--verbosity", "0")
        python = sys.executable
        self.spawn("web", python, "manage.py", "serve", "--port", str(self.port))
        for number, port in enumerate(self._more_ports, 2):
            self.spawn(f"web-{number}", python, "manage.py", "serve", "--port", str(port))
        celery = (python, "-m", "celery", "-A", "console_project")
        for number, queue in enumerate(self._queues, 1):
            name = f"worker-{number}"
            self.spawn(name, *celery, "worker", "-Q", queue, "-n", f"{name}@localhost")
        schedule = str(self.folder / "beat-schedule")
        self.spawn("beat", *celery, "beat", "-s", schedule)
        eventually(self.answers, seconds=START_SECONDS)


class Client(httpx.Client):
    """A tenant's client."""

    def __init__(self, url: str, key: str) -> None:
        super().__init__(
            base_url=f"{url}/api/console",
            timeout=60,
            headers={"Authorization": f"Token {key}"},
        )
        self.key = key

    def submit(self, tasks: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        """Submit a job that must be accepted."""
        answer = self.post("/jobs", json={"name": "test", "tasks": tasks, **more})
        assert answer.status_code == 201, answer.text
        job: dict[str, Any] = answer.json()
        return job

    def job(self, job_id: str, wait: int = 0) -> dict[str, Any]:
        """The job, as soon as it has ended or after so many seconds."""
        job: dict[str, Any] = self.get(
            f"/jobs/{job_id}", params={"wait": wait} if wait else {}
        ).json()
        return job

    def ended(self, job_id: str, seconds: float = 60) -> dict[str, Any]:
        """The job once it has ended."""
        done = ("completed", "failed", "cancelled")
        try:
            return eventually(
                lambda: job if (job := self.job(job_id, wait=5))["status"] in done else None,
                seconds=seconds,
            )
        except AssertionError as error:
            waiting = [task for task in self.tasks(job_id).values() if not task["completed_at"]]
            message = f"{error}: {self.job(job_id)} waits for {waiting}"
            raise AssertionError(message) from error

    def tasks(self, job_id: str) -> dict[str, dict[str, Any]]:
        """The tasks of a job by their keys."""
        tasks = self.get(f"/jobs/{job_id}/tasks").json()["tasks"]
        return {task["key"]: task for task in tasks}

    def events(self, job_id: str) -> list[dict[str, Any]]:
        """All events of a job."""
        events: list[dict[str, Any]] = []
        after = 0
        while True:
            page = self.get(f"/jobs/{job_id}/events", params={"after": after}).json()
            events += page["events"]
            if not page["events"]:
                return events
            after = page["events"][-1]["seq"]


def _fresh_database(url: str, name: str, template: str) -> str:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@cache
def _migrated() -> Path:
    """A data folder with an empty database of today's age, made once in each test process."""
    folder = Path(tempfile.mkdtemp(prefix="yard-migrated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    Console(folder, {"CONSOLE_DATA_DIR": str(folder)}).manage("migrate", "--verbosity", "0")
    return folder
