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
from apps.tasks import transitions
from apps.tasks.bell import ring_on_commit
from apps.tasks.models import Task, TaskDependency
from apps.tasks.settle import Outcome, Report, settle, stop_tasks
from apps.tasks.status import TaskStatus
from apps.tenants import audit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from apps.jobs.models import Job
    from apps.tenants.audit import Actor

UNCONFIRMED = timedelta(seconds=30)
"""After so long without proof that a cancelled task's process is gone, `force` is allowed."""

RETRYABLE = frozenset({JobStatus.FAILED, JobStatus.CANCELLED})
RERUN = frozenset({TaskStatus.FAILED, TaskStatus.SKIPPED, TaskStatus.CANCELLED})


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

    def chosen(rows: dict[UUID, _Node]) -> set[UUID]:
        return {
            task_id
            for task_id, node in rows.items()
            if node.status in RERUN and (node.required or node.status != TaskStatus.FAILED)
        }

    return _rerun(job_id, actor, chosen)


def retry_task(job_id: UUID, task_id: UUID, actor: Actor, config: dict[str, Any] | None) -> Task:
    """Run one task again, with what it still needs and what hangs on it; maybe newly configured."""
    with transaction.atomic():
        _rerun(job_id, actor, lambda rows: {task_id} & rows.keys(), of_task=task_id)
        if config is not None:
            task = Task.objects.select_related("job").get(id=task_id)
            files.resolve(task.job.tenant_id, files.references(config))
            Task.objects.filter(id=task_id).update(config=config)
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


class _Node:
    """A task as the retry sees it."""

    __slots__ = ("dependents", "depends_on", "engine_id", "required", "status")

    def __init__(self, status: str, required: bool, engine_id: str) -> None:
        self.status = status
        self.required = required
        self.engine_id = engine_id
        self.depends_on: list[UUID] = []
        self.dependents: list[UUID] = []

    @property
    def ended_well(self) -> bool:
        if self.status == TaskStatus.COMPLETED:
            return True
        return not self.required and self.status in (TaskStatus.FAILED, TaskStatus.SKIPPED)


def _rerun(
    job_id: UUID,
    actor: Actor,
    choose: Callable[[dict[UUID, _Node]], set[UUID]],
    of_task: UUID | None = None,
) -> Job:
    with transaction.atomic():
        change = lock_one(job_id, actor.name)
        if change.job.status not in RETRYABLE:
            message = f"A job that is {change.job.status} cannot be retried."
            raise InvalidTransition(message)
        require_active(change.job)
        rows = _nodes(change.job)
        chosen = choose(rows)
        if of_task is not None and not chosen:
            raise NotThere
        again = _closure(rows, chosen)
        _reopen(change, rows, again)
        audit.record(
            actor,
            "retry",
            change.job,
            tenant=change.job.tenant_id,
            after={"tasks": len(again)} | ({"task": str(of_task)} if of_task else {}),
        )
    return change.job


def _nodes(job: Job) -> dict[UUID, _Node]:
    rows = {
        task_id: _Node(status, required, engine_id)
        for task_id, status, required, engine_id in Task.objects.filter(job=job).values_list(
            "id", "status", "required", "engine_id"
        )
    }
    edges = TaskDependency.objects.filter(task__job=job).values_list("task_id", "depends_on_id")
    for task_id, needed in edges:
        rows[task_id].depends_on.append(needed)
        rows[needed].dependents.append(task_id)
    return rows


def _closure(rows: dict[UUID, _Node], chosen: set[UUID]) -> set[UUID]:
    """The chosen, all that hangs on them, and whatever those need that has not ended well."""
    again = set(_reach(chosen, lambda node_id: rows[node_id].dependents))
    while True:
        needed = {
            other
            for node_id in again
            for other in rows[node_id].depends_on
            if other not in again and not rows[other].ended_well
        }
        if not needed:
            return again
        again |= set(_reach(needed, lambda node_id: rows[node_id].dependents))


def _reach(starts: Iterable[UUID], following: Callable[[UUID], list[UUID]]) -> set[UUID]:
    seen = set(starts)
    line = list(seen)
    while line:
        for other in following(line.pop()):
            if other not in seen:
                seen.add(other)
                line.append(other)
    return seen


def _reopen(change: Change, rows: dict[UUID, _Node], again: set[UUID]) -> None:
    """Reset those tasks, recompute what each waits for, and ready those that wait for nothing."""
    before: dict[str, int] = {}
    by_remaining: dict[int, list[UUID]] = {}
    for node_id in again:
        node = rows[node_id]
        before[node.status] = before.get(node.status, 0) + 1
        waits = sum(1 for other in node.depends_on if other in again or not rows[other].ended_well)
        by_remaining.setdefault(waits, []).append(node_id)
    still_failed = any(
        node.required and node.status == TaskStatus.FAILED
        for node_id, node in rows.items()
        if node_id not in again
    )
    change.reopen(error=change.job.error if still_failed else None)
    transitions.reset(change, sorted(again), before)
    for remaining, ids in by_remaining.items():
        for part in range(0, len(ids), 500):
            Task.objects.filter(id__in=ids[part : part + 500]).update(remaining=remaining)
    free = Task.objects.filter(job_id=change.job.id, remaining=0)
    readied = transitions.make_ready(change, free)
    change.write("job.retried")
    ring_on_commit(engine_id for _, engine_id in readied)
