"""What people do to jobs: cancel, retry, delete. Each is one transaction, audited."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from apps.jobs import files
from apps.jobs.status import TERMINAL, JobStatus
from apps.jobs.transitions import (
    Change,
    InvalidTransition,
    NotThere,
    bury,
    lock_one,
    require_active,
)
from apps.tasks import mapping, rerun, usage
from apps.tasks.models import Task
from apps.tasks.settle import Outcome, Report, settle, stop_tasks
from apps.tasks.status import TaskStatus
from apps.tenants import audit

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from apps.jobs.models import Job
    from apps.tenants.audit import Actor

UNCONFIRMED = timedelta(seconds=30)
"""After so long without proof that a cancelled task's process is gone, `force` is allowed."""

RETRYABLE = frozenset({JobStatus.FAILED, JobStatus.CANCELLED})


def cancel(job_id: UUID, actor: Actor, *, force: bool = False) -> Job:
    """Cancel what has not started, tell what runs to stop; the job ends with its last process.

    Again while cancelling changes nothing. `force` gives up on processes whose end nobody
    confirmed for 30 s. Raises InvalidTransition when the job has ended.
    """
    with transaction.atomic():
        change = lock_one(job_id, actor.name)
        if change.job.status != JobStatus.CANCELLING:
            before = change.job.status
            change.request_cancel()
            stop_tasks(change, TaskStatus.CANCELLED, "Cancelled.")
            change.end_if_done()
            change.write("job.cancelled" if change.job.status in TERMINAL else "job.cancelling")
            usage.note_end(change)
            audit.record(
                actor,
                "cancel",
                change.job,
                tenant=change.job.tenant_id,
                before={"status": before},
                after={"status": change.job.status},
            )
    if force and change.job.status == JobStatus.CANCELLING:
        _give_up(change, actor)
        change.job.refresh_from_db()
    return change.job


def _give_up(change: Change, actor: Actor) -> None:
    silent = Task.objects.filter(
        job_id=change.job.id,
        status=TaskStatus.RUNNING,
        cancel_requested_at__lt=change.at - UNCONFIRMED,
    )
    settle(
        [
            Report(task_id, change.job.id, attempt, Outcome.CANCELLED, error="Not confirmed.")
            for task_id, attempt in silent.values_list("id", "attempt")
        ]
    )
    with transaction.atomic():
        audit.record(actor, "force_cancel", change.job, tenant=change.job.tenant_id)


def retry(job_id: UUID, actor: Actor) -> Job:
    """Run again what failed though required, was skipped or cancelled, and what hangs on it."""

    return _rerun(job_id, actor, rerun.all_lacking)


def retry_task(job_id: UUID, task_id: UUID, actor: Actor, config: dict[str, Any] | None) -> Task:
    """Run one task again, with what it still needs and what hangs on it; maybe newly configured.

    Of a template, its instances that did not complete, or all. Raises like `retry`, and
    ValidationError for a config that cannot be.
    """
    with transaction.atomic():
        _rerun(job_id, actor, lambda rows: rerun.one_task(rows, task_id), of_task=task_id)
        if config is not None:
            task = Task.objects.select_related("job").get(id=task_id)
            files.resolve(task.job.tenant_id, files.references(config))
            mapping.configure(task, config)
    return Task.objects.get(id=task_id)


def delete(job_id: UUID, actor: Actor) -> None:
    """Remove an ended job from sight now, its rows and files soon. Raises InvalidTransition."""
    with transaction.atomic():
        change = lock_one(job_id, actor.name)
        bury(change)
        audit.record(
            actor,
            "delete",
            change.job,
            tenant=change.job.tenant_id,
            before={"name": change.job.name, "status": change.job.status},
        )


def _rerun(
    job_id: UUID,
    actor: Actor,
    choose: Callable[[dict[UUID, rerun.Node]], set[UUID]],
    of_task: UUID | None = None,
) -> Job:
    with transaction.atomic():
        change = lock_one(job_id, actor.name)
        if change.job.status not in RETRYABLE:
            message = f"A job that is {change.job.status} cannot be retried."
            raise InvalidTransition(message)
        require_active(change.job)
        rows = rerun.nodes(change.job)
        chosen = choose(rows)
        if of_task is not None and not chosen:
            raise NotThere
        again = rerun.closure(rows, chosen)
        rerun.reopen(change, rows, again)
        audit.record(
            actor,
            "retry",
            change.job,
            tenant=change.job.tenant_id,
            after={"tasks": len(again)} | ({"task": str(of_task)} if of_task else {}),
        )
    return change.job
