"""The sweep: what no event tells is found here. Any worker or beat may run it, at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from apps.jobs.transitions import lock
from apps.tasks import transitions, waits
from apps.tasks.mend import mend
from apps.tasks.models import Task
from apps.tasks.settle import Outcome, Report, settle
from apps.tasks.status import TaskStatus
from apps.tenants.clock import database_now
from apps.tenants.crash import point
from apps.tenants.frozen import end_frozen_sessions
from apps.workers import sessions
from apps.workers.status import WorkerStatus
from apps.workers.transitions import expire_predecessors, expire_silent, time_jumped

if TYPE_CHECKING:
    from uuid import UUID

CHUNK = 200


def sweep() -> set[str]:
    """Expire silent workers, take back their tasks, ready what waited long enough; note the rest.

    Returns the engines that have ready work, for the caller to ring. After a gap in time nobody
    is expired for the length of a lease: it was not the workers that were silent.
    """
    lease = float(settings.CONSOLE_LEASE_SECONDS)
    end_frozen_sessions(max(1.0, lease / 3))
    jumped = time_jumped(lease, settings.CONSOLE_SWEEP_SECONDS)
    if not jumped:
        expire_silent()
    sessions.sweep(time_jumped=jumped)
    point("sweep.middle")
    take_back("Its worker fell silent and its lease ran out.")
    ready_due_retries()
    mend()
    return waits.observe()


def take_over() -> None:
    """At the start of the only process there is: whatever was running belongs to nobody now."""
    expire_predecessors()
    take_back("The console stopped while it ran.", counted=False)


def take_back(error: str, *, counted: bool = True) -> None:
    """Settle as lost every running task whose worker is offline."""
    orphans = Task.objects.filter(
        status=TaskStatus.RUNNING, worker__status=WorkerStatus.OFFLINE
    ).values_list("id", "job_id", "attempt")
    while rows := list(orphans[:CHUNK]):
        reports = [
            Report(
                task_id,
                job_id,
                attempt,
                Outcome.LOST,
                error=error,
                error_code="lost",
                counted=counted,
            )
            for task_id, job_id, attempt in rows
        ]
        if len(settle(reports).stale) == len(reports):
            return


def ready_due_retries() -> set[str]:
    """Ready every task whose wait for a retry is over; returns their engines."""
    engines: set[str] = set()
    now = database_now()
    waiting = Task.objects.filter(status=TaskStatus.PENDING, retry_at__lte=now)
    by_job: dict[UUID, list[UUID]] = {}
    for task_id, job_id in waiting.order_by("retry_at").values_list("id", "job_id")[:CHUNK]:
        by_job.setdefault(job_id, []).append(task_id)
    for job_id, ids in by_job.items():
        with transaction.atomic():
            change = lock([job_id]).get(job_id)
            if change is None:
                continue
            due = Task.objects.filter(id__in=ids, retry_at__lte=now)
            readied = transitions.make_ready(change, due)
            if readied:
                change.write()
            engines |= {engine_id for _, engine_id in readied}
    return engines
