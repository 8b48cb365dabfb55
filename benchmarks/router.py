"""How many sessions a second the router places, and how long one waits for its place."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

from benchmarks.machine import describe
from benchmarks.read_path import _postgresql, _sqlite
from benchmarks.readings import shown
from tests.consoles import ROOT

if TYPE_CHECKING:
    from apps.tenants.models import Tenant

WORKERS = (1, 10, 1_000)
AT_ONCE = (1, 8)
SESSIONS = 800
WARM_UP = 20


def main() -> None:
    """Print both databases, PostgreSQL where it is given; each in a process of its own."""
    print("| sessions opened | workers | at once | a second | ms, median / p99 |")
    print("|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="yard-bench-") as folder:
        for name in ("SQLite", *(("PostgreSQL",) if "DATABASE_URL" in os.environ else ())):
            make = _postgresql if name == "PostgreSQL" else _sqlite
            with ExitStack() as stack:
                site = stack.enter_context(make(Path(folder), SESSIONS))
                argv = [sys.executable, "-m", "benchmarks.router", "measure", name]
                subprocess.run(argv, cwd=ROOT, env=site._environment, check=True)


def measure(name: str) -> None:
    """Print a line for each size."""
    from django.core.management import call_command

    from apps.tenants.models import Tenant
    from apps.workers.models import Session, Worker

    call_command("migrate", verbosity=0)
    tenant = Tenant.objects.create(slug="bench", name="bench")
    for number in WORKERS:
        for at_once in AT_ONCE:
            _register(number)
            seconds, times = _open_all(tenant, at_once)
            rate = SESSIONS / seconds
            cells = [name, f"{number:,}", at_once, f"{rate:.0f}", shown(times)]
            print(f"| {' | '.join(map(str, cells))} |", flush=True)
            Session.objects.all().delete()
            Worker.objects.all().delete()


def _register(number: int) -> None:
    """So many workers with room for all, known to PostgreSQL's planner as after a minute of its
    own: until then it takes the tables for small, and reads them whole.
    """
    from django.db import connection
    from uuid_utils.compat import uuid4

    from apps.tenants.clock import database_now
    from apps.workers.models import Node, ServedModel, Worker

    now = database_now()
    Node.objects.get_or_create(name="bench", defaults={"first_seen_at": now})
    fields: dict[str, Any] = {
        "kind": "realtime",
        "node_id": "bench",
        "capacity": 2 * SESSIONS // number + 1,
        "model_names": ["m"],
        "started_at": now,
        "last_heartbeat_at": now,
        "lease_until": now.replace(year=now.year + 1),
    }
    rows = [Worker(name=f"w{n}", boot_id=uuid4(), **fields) for n in range(number)]
    Worker.objects.bulk_create(rows)
    ServedModel.objects.bulk_create(ServedModel(worker=row, model="m") for row in rows)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE workers_worker, workers_servedmodel, workers_node")


def _open_all(tenant: Tenant, at_once: int) -> tuple[float, list[float]]:
    """Seconds for all, and milliseconds of each."""
    _open_some(tenant, WARM_UP)
    with ThreadPoolExecutor(at_once) as pool:
        began = time.perf_counter()
        parts = list(pool.map(lambda _: _open_some(tenant, SESSIONS // at_once), range(at_once)))
        return time.perf_counter() - began, [ms for part in parts for ms in part]


def _open_some(tenant: Tenant, number: int) -> list[float]:
    from django.db import connection

    from apps.tenants.audit import SYSTEM
    from apps.workers.router import Wanted, open_session

    wanted = Wanted("m", 3600, {})
    times = []
    for _ in range(number):
        began = time.perf_counter()
        open_session(tenant, wanted, SYSTEM)
        times.append(1000 * (time.perf_counter() - began))
    connection.close()
    return times


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        os.environ["DJANGO_SETTINGS_MODULE"] = "console_project.settings"
        django.setup()
        measure(sys.argv[2])
    else:
        print(f"Measured on: {describe()}\n")
        main()
