"""While PostgreSQL is away every answer is 503 with the time to come again, and never 500."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.consoles import PASSWORD, Console
from tests.security.routes import OPEN, ROUTES, STAFF, Row
from tests.servers import PrivatePostgres, free_port
from tests.waiting import eventually

pytestmark = [pytest.mark.service, pytest.mark.system]

NOTHING = "00000000-0000-7000-8000-000000000000"
IDS = {
    "job_id": NOTHING, "task_id": NOTHING, "file_id": NOTHING, "bulk_id": NOTHING,
    "worker_id": NOTHING, "engine_id": "test.a", "number": "1", "slug": "acme", "name": "node",
    "session_id": NOTHING, "uuid": "GPU-1",
}  # fmt: skip
PAGES = [
    ("GET", "/admin/"),
    ("GET", "/admin/tenants/tenant/"),
    ("POST", "/admin/tenants/tenant/add/"),
    ("POST", "/console/login"),
    ("POST", "/console/logout"),
    ("GET", "/api/console/metrics"),
    ("GET", f"/api/console/jobs/{NOTHING}/logs/download"),
]


class Webs(Console):
    """Both web servers on a PostgreSQL of their own; no worker, and a Redis that is not there."""

    def __init__(self, folder: Path, database: str) -> None:
        super().__init__(
            folder,
            {
                "DATABASE_URL": database,
                "REDIS_URL": "redis://127.0.0.1:1/0",
                "CONSOLE_SECRET_KEY": "s" * 60,
                "CONSOLE_KEY_PEPPER": "p" * 60,
                "CONSOLE_FILES_URL": str(folder / "files"),
                "CONSOLE_DB_POOL": "1",
                "CONSOLE_METRICS_TOKEN": "figures",
                "WEB_CONCURRENCY": "1",
            },
        )
        self.api = f"http://127.0.0.1:{free_port()}"
        self.environment |= {"CONSOLE_URL": self.url, "API_PORT": self.api.rpartition(":")[2]}

    def start(self) -> None:
        self.manage("migrate", "--verbosity", "0")
        self.environment["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD
        self.manage("createsuperuser", "--noinput", "--username=ada", "--email=a@example.org")
        python = sys.executable
        self.spawn("web", python, "manage.py", "serve")
        conf = "python:console_project.gunicorn_settings"
        self.spawn("api", python, "-m", "gunicorn", "-c", conf, "console_project.wsgi")
        eventually(lambda: all(self.serves(url) for url in (self.url, self.api)), seconds=60)

    def serves(self, url: str) -> bool:
        try:
            return httpx.get(f"{url}/api/console/healthz").status_code == 200
        except httpx.TransportError:
            return False


@dataclass
class Away:
    """The console after its database went; the credentials were made before."""

    console: Webs
    postgres: PrivatePostgres
    key: dict[str, str]
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, server: str, method: str, path: str, **more: Any) -> httpx.Response:
        base = {"web": self.console.url, "api": self.console.api}[server]
        return httpx.request(method, base + path, timeout=60, **more)

    def as_staff(self, server: str, method: str, path: str, **more: Any) -> httpx.Response:
        token = self.cookies[f"csrftoken_{self.console.port}"]
        headers = {"X-CSRFToken": token, "Origin": self.console.url}
        return self.ask(server, method, path, cookies=self.cookies, headers=headers, **more)


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Away]:
    folder = tmp_path_factory.mktemp("away")
    with PrivatePostgres() as postgres, Webs(folder, postgres.url) as console:
        key = console.tenant("acme").key
        found = Away(console, postgres, {"Authorization": f"Token {key}"})
        found.cookies = _log_in(console)
        for server in ("web", "api"):
            assert found.ask(server, "GET", "/api/console/jobs", headers=found.key).is_success
            assert found.as_staff(server, "GET", "/api/console/workers").is_success
        postgres.kill()
        yield found


def _log_in(console: Webs) -> dict[str, str]:
    with httpx.Client(base_url=console.url, timeout=60) as client:
        client.get("/console/login")
        headers = {"X-CSRFToken": client.cookies[f"csrftoken_{console.port}"]}
        body = {"username": "ada", "password": PASSWORD}
        assert client.post("/console/login", json=body, headers=headers).status_code == 204
        return dict(client.cookies)


def _as_key(away: Away, server: str, row: Row) -> httpx.Response:
    if isinstance(row.data, bytes):
        more: dict[str, Any] = {"content": row.data}
    else:
        more = {"json": row.data} if row.data is not None else {}
    if row.needs == STAFF:
        return away.as_staff(server, row.method, row.url(IDS), **more)
    return away.ask(server, row.method, row.url(IDS), headers=away.key, **more)


def _page(away: Away, server: str, method: str, path: str) -> httpx.Response:
    if path.endswith("metrics"):
        return away.ask(server, method, path, headers={"Authorization": "Bearer figures"})
    body = {"username": "ada", "password": PASSWORD} if path.endswith("login") else None
    return away.as_staff(server, method, path, json=body)


def _wrong(answer: httpx.Response) -> bool:
    return answer.status_code != 503 or int(answer.headers.get("Retry-After", 0)) <= 0


@pytest.mark.parametrize("server", ["web", "api"])
def test_every_route_says_when_to_come_again(away: Away, server: str) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda row: _as_key(away, server, row), ROUTES))
    found = {
        str(row): answer.status_code
        for row, answer in zip(ROUTES, answers, strict=True)
        if _wrong(answer)
    }
    assert found == {}


@pytest.mark.parametrize("server", ["web", "api"])
def test_pages_and_login_say_when_to_come_again(away: Away, server: str) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda page: _page(away, server, *page), PAGES))
    assert [page for page, answer in zip(PAGES, answers, strict=True) if _wrong(answer)] == []


def test_probes_answer_without_a_database(away: Away) -> None:
    assert "GET api/console/readyz" in OPEN
    assert away.ask("api", "GET", "/api/console/healthz").status_code == 200
    ready = away.ask("api", "GET", "/api/console/readyz")
    assert (ready.status_code, ready.json()["database"]) == (503, False)
