"""Writes events of one job at a steady rate: its tasks seem to start and to be handed back."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING
from uuid import UUID

import django

if TYPE_CHECKING:
    from apps.tenants.sql import Statement

TICK_SECONDS = 0.01
MOST_TASKS = 300
"""Those that change by turns."""


def main(job_id: str, rate: int, seconds: float) -> None:
    """Write so many events a second, each of one task, as its transitions would."""
    django.setup()
    from django.db.models import F

    from apps.jobs.models import Job
    from apps.tasks.models import Task

    # An earlier run may have ended with some of them started.
    Job.objects.filter(id=job_id).update(ready_tasks=F("total_tasks"), running_tasks=0)
    ids = list(Task.objects.filter(job_id=job_id).order_by("id").values_list("id", flat=True))
    ids = ids[:MOST_TASKS]
    began, written, slowest = time.monotonic(), 0, 0.0
    while (passed := time.monotonic() - began) < seconds:
        due = int(passed * rate) - written
        if due:
            _write(UUID(job_id), ids, written, due)
            written += due
            slowest = max(slowest, time.monotonic() - began - passed)
        time.sleep(TICK_SECONDS)
    print(
        f"{written} events in {time.monotonic() - began:.1f} s, "
        f"slowest write {1000 * slowest:.0f} ms"
    )


def _write(job_id: UUID, ids: list[UUID], first: int, number: int) -> None:
    from django.db import transaction

    from apps.jobs.transitions import Change, changes_of, lock_statement, tell, write_all
    from apps.tenants import sql

    with transaction.atomic():
        (locked,) = sql.batch(lock_statement([job_id]))
        (found,) = changes_of(locked).values()
        statements: list[Statement] = []
        for n in range(first, first + number):
            change = Change(found.job, found.at)
            starts = n // len(ids) % 2 == 0
            status = "running" if starts else "ready"
            change.task(ids[n % len(ids)], status=status, started_at=found.at if starts else None)
            change.count(*(("ready", "running") if starts else ("running", "ready")))
            last = n == first + number - 1
            statements += write_all([change]) if last else [tell([change])]
        sql.batch(*statements)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
