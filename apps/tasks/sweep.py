"""The sweep: what no event tells is found here. Any worker or beat may run it, at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from apps.jobs.transitions import lock
from apps.tasks import transitions
from apps.tasks.models import Task
from apps.tasks.settle import Outcome, Report, settle
from apps.tasks.status import TaskStatus
from apps.tenants.clock import database_now
from apps.workers.status import WorkerStatus
from apps.workers.transitions import expire_predecessors, expire_silent

if TYPE_CHECKING:
    from uuid import UUID

CHUNK = 200


def sweep() -> set[str]:
    """Expire silent workers, take back their tasks, ready what waited long enough to be retried.

    Returns the engines that have ready work, for the caller to ring.
    """
    expire_silent()
    take_back("Its worker fell silent and its lease ran out.")
    ready_due_retries()
    return set(
        Task.objects.filter(status=TaskStatus.READY).values_list("engine_id", flat=True).distinct()
    )


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
