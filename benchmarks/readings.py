"""What a console with a past is asked for: each reading as a request, timed whole and by database.

Run by `read_path.py` in a process of its own for each database: `fill N`, `measure N`, `claims N`.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from django.test import Client

REPEATS = 40
WARM_UP = 5
READY = "ready"
CLAIMS = 60


def setup() -> None:
    """Django on the database of the environment, with engines of the names in the fill."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "console_project.settings"
    django.setup()


def fill(jobs: int) -> None:
    """Make the tables and the past."""
    from django.core.management import call_command

    from benchmarks.history import History

    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    History(jobs).write()
    print(json.dumps({"seconds": time.perf_counter() - began}))


def measure(jobs: int) -> None:
    """Print milliseconds of each reading, whole requests and the database's part."""
    print(json.dumps({name: timed(read) for name, read in readings(jobs)}))


def claims(number: int) -> None:
    """Print milliseconds of claims where so many tasks are ready."""
    from apps.tasks import claims as claiming
    from apps.workers.models import Worker
    from benchmarks.history import make_ready

    make_ready(number, READY)
    worker = Worker.objects.get()
    found = {}
    for limit in (1, 50):
        took = []
        for _ in range(CLAIMS):
            began = time.perf_counter()
            taken = claiming.claim(worker.id, READY, limit)
            took.append(1000 * (time.perf_counter() - began))
            assert len(taken) == limit
        found[f"claim of {limit}"] = {"request": took[WARM_UP:], "database": []}
    for name, read in readings(None):
        found[f"{name}, all of that ready"] = timed(read)
    print(json.dumps(found))


def readings(jobs: int | None) -> Iterator[tuple[str, Callable[[], object]]]:
    """Every reading by its name; without a number of jobs those that look at what is active."""
    from apps.jobs.models import Job
    from apps.tenants import keys
    from apps.tenants.audit import SYSTEM
    from apps.tenants.models import Tenant

    staff = _staff()
    asked = {"dashboard": "dashboard", "engines": "engines", "queue": "queue"}
    if jobs is not None:
        middle = Job.objects.get(name=f"adhoc-{jobs // 22 * 11 + 6}")
        wide = Job.objects.get(name="wide")
        asked |= _lists(jobs, middle.id)
        asked[f"a DAG of {wide.total_tasks:,} tasks"] = f"jobs/{wide.id}/tasks"
        asked |= {"usage, 30 days": "usage?by=engine", "usage, 180 days by label": _half_a_year()}
    for name, path in asked.items():
        yield name, _ask(staff, path)
    owner = Tenant.objects.get(slug="tenant5")
    _, text = keys.issue(owner, name="bench", scopes=keys.SCOPES, actor=SYSTEM)
    tenant = _client(headers={"Authorization": f"Token {text}"})
    own = ("dashboard", "engines", "queue") if jobs is None else ("dashboard", "queue", *OWN)
    for name in own:
        yield f"{name}, a tenant's", _ask(tenant, asked[name])


OWN = ("jobs, first page", "jobs, a rare label", "jobs, a rare engine", "jobs, no such name")


def _lists(jobs: int, middle: UUID) -> dict[str, str]:
    from apps.console.api.pagination import Cursor

    return {
        "jobs, first page": "jobs",
        "jobs, deep by cursor": f"jobs?cursor={Cursor(middle, backwards=False).text()}",
        "jobs, failed": "jobs?status=failed",
        "jobs, running or cancelling": "jobs?status=running&status=cancelling",
        "jobs, a common engine": "jobs?engine=step1",
        "jobs, a rare engine": "jobs?engine=rare",
        "jobs, no such engine": "jobs?engine=none",
        "jobs, a rare error": "jobs?error_code=oom",
        "jobs, a common label": "jobs?label=team:t1",
        "jobs, a rare label": "jobs?label=batch:b0",
        "jobs, a common name": "jobs?q=night",
        "jobs, a rare name": f"jobs?q=import-{jobs // 22 * 11 + 9}",
        "jobs, no such name": "jobs?q=zebra",
        "jobs, an id": f"jobs?q={str(middle)[:13]}",
        "jobs, of a time": "jobs?created_before=2020-01-01T00:00:00Z",
        "jobs, no such pipeline": "jobs?pipeline=none",
    }


def _half_a_year() -> str:
    since = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 180 * 86_400))
    return f"usage?by=label&from={since}"


def _ask(client: Client, path: str) -> Callable[[], object]:
    def ask() -> object:
        answer = client.get(f"/api/console/{path}")
        assert answer.status_code == 200, answer.content
        return answer

    return ask


def _client(**more: Any) -> Client:
    from django.test import Client

    return Client(SERVER_NAME="localhost", **more)


def _staff() -> Client:
    from apps.tenants.models import User

    user, _ = User.objects.get_or_create(username="ada", is_staff=True)
    client = _client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


# Timing ------------------------------------------------------------------------------------------


def timed(read: Callable[[], object]) -> dict[str, list[float]]:
    """Milliseconds of whole readings, and of their statements when run again by themselves."""
    for _ in range(WARM_UP):
        read()
    took = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        read()
        took.append(1000 * (time.perf_counter() - began))
    with recorded() as statements:
        read()
    return {"request": took, "database": [_replay(statements) for _ in range(REPEATS)]}


@contextmanager
def recorded() -> Iterator[list[Callable[[], object]]]:
    """The statements that are run meanwhile, each to be run again; those that write are not."""
    from django.db import connection

    from apps.tenants import sql

    batch = sql.batch
    statements: list[Callable[[], object]] = []

    def note_batch(*found: sql.Statement, last: bool = False) -> list[list[tuple[Any, ...]]]:
        statements.append(lambda: batch(*found, last=last))
        return batch(*found, last=last)

    def note(execute: Any, text: str, params: Any, many: bool, context: Any) -> Any:
        if text.lstrip().upper().startswith(("SELECT", "WITH")):
            statements.append(lambda: _run(text, params))
        return execute(text, params, many, context)

    # These pass by Django's cursors.
    sql.batch = note_batch
    try:
        with connection.execute_wrapper(note):
            yield statements
    finally:
        sql.batch = batch


def _run(text: str, params: Any) -> object:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(text, params)
        return cursor.fetchall()


def _replay(statements: list[Callable[[], object]]) -> float:
    began = time.perf_counter()
    for statement in statements:
        statement()
    return 1000 * (time.perf_counter() - began)


def shown(values: list[float]) -> str:
    """Median and 99th percentile."""
    if not values:
        return ""
    ordered = sorted(values)
    return f"{statistics.median(ordered):.1f} / {ordered[int(0.99 * (len(ordered) - 1))]:.1f}"


if __name__ == "__main__":
    setup()
    {"fill": fill, "measure": measure, "claims": claims}[sys.argv[1]](int(sys.argv[2]))
