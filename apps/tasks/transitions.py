"""The moves of tasks, under their job's lock; each writes rows and records them in the change."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Case, F, Field, Q, Value, When

from apps.tasks.models import Task, TaskDependency
from apps.tasks.status import MOVES, UNSTARTED, TaskStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from apps.jobs.transitions import Change

BACKOFF_FIRST_SECONDS = 1.0
BACKOFF_LONGEST_SECONDS = 300.0
BACKOFF_JITTER = 0.2
SPELLED_OUT = 8

ENDED_WELL = Q(status=TaskStatus.COMPLETED) | Q(
    required=False, status__in=[TaskStatus.FAILED, TaskStatus.SKIPPED]
)
"""What a dependency must be for its dependents to start: an optional failure blocks nobody."""

_LEAVES_RUNNING: dict[str, Any] = {"worker": None, "retry_at": None, "cancel_requested_at": None}


def backoff_seconds(failures: int) -> float:
    """1 s doubled per failure, give or take 20 %, at most 300 s."""
    wait = BACKOFF_FIRST_SECONDS * 2.0 ** (failures - 1)
    jitter = random.uniform(1 - BACKOFF_JITTER, 1 + BACKOFF_JITTER)  # noqa: S311
    return min(wait * jitter, BACKOFF_LONGEST_SECONDS)


def leave_running(
    change: Change, task_id: UUID, attempt: int, to: TaskStatus, **changes: Any
) -> bool:
    """Move one running task on, if `attempt` still holds it; `False`: the report came too late."""
    assert TaskStatus.RUNNING in MOVES[to]  # noqa: S101
    moved = Task.objects.filter(id=task_id, attempt=attempt, status=TaskStatus.RUNNING).update(
        status=to, seq=change.seq, **(_LEAVES_RUNNING | changes)
    )
    if moved:
        change.count(TaskStatus.RUNNING, to)
    return bool(moved)


def complete(change: Change, task: Task, output: object, output_bytes: int) -> bool:
    """running → completed, with its output."""
    if not leave_running(
        change,
        task.id,
        task.attempt,
        TaskStatus.COMPLETED,
        completed_at=change.at,
        output=output,
        output_bytes=output_bytes,
        progress=1.0,
        error=None,
        error_code=None,
    ):
        return False
    change.task(
        task.id,
        status=TaskStatus.COMPLETED,
        completed_at=change.at,
        progress=1.0,
        error=None,
        error_code=None,
    )
    return True


def fail(change: Change, task: Task, error: str, error_code: str, *, losses: int = 0) -> bool:
    """running → failed, for good. A required task takes its job along."""
    counters = {"losses": task.losses + losses} if losses else {"failures": task.failures + 1}
    facts = {"completed_at": change.at, "error": error, "error_code": error_code or None}
    if not leave_running(change, task.id, task.attempt, TaskStatus.FAILED, **facts, **counters):
        return False
    shown = {name: value for name, value in counters.items() if name == "failures"}
    change.task(task.id, status=TaskStatus.FAILED, **facts, **shown)
    return True


def retry_later(change: Change, task: Task, error: str, error_code: str) -> bool:
    """running → pending: it failed, and is tried again after its back-off."""
    failures = task.failures + 1
    facts = {
        "failures": failures,
        "retry_at": change.at + timedelta(seconds=backoff_seconds(failures)),
        "error": error,
        "error_code": error_code or None,
        "started_at": None,
        "progress": None,
    }
    if not leave_running(change, task.id, task.attempt, TaskStatus.PENDING, **facts):
        return False
    shown = facts | {"error": None, "error_code": None}
    change.task(task.id, status=TaskStatus.PENDING, worker=None, **shown)
    return True


def hand_back(change: Change, task: Task, *, losses: int = 0) -> bool:
    """running → ready: its worker died or stopped; no failure is counted."""
    facts = {"ready_at": change.at, "started_at": None, "progress": None}
    if not leave_running(
        change, task.id, task.attempt, TaskStatus.READY, losses=task.losses + losses, **facts
    ):
        return False
    change.task(task.id, status=TaskStatus.READY, worker=None, **facts)
    return True


def cancel_running(change: Change, task: Task, reason: str) -> bool:
    """running → cancelled: its process is gone, or its late report is refused."""
    facts = {"completed_at": change.at, "reason": reason}
    if not leave_running(change, task.id, task.attempt, TaskStatus.CANCELLED, **facts):
        return False
    change.task(task.id, status=TaskStatus.CANCELLED, **facts)
    return True


def stop_all(change: Change, unstarted: TaskStatus, reason: str) -> None:
    """In one statement: what has not started becomes `unstarted`, what runs is told to stop.

    A claim under way is waited for and then seen as running: nothing slips through between.
    """
    assert MOVES[unstarted] >= UNSTARTED  # noqa: S101
    waits = Q(status__in=UNSTARTED)
    runs = Q(status=TaskStatus.RUNNING)
    Task.objects.filter(job_id=change.job.id, status__in=[*UNSTARTED, TaskStatus.RUNNING]).update(
        status=_where(waits, unstarted.value, "status"),
        completed_at=_where(waits, change.at, "completed_at"),
        reason=_where(waits, reason, "reason"),
        seq=_where(waits, change.seq, "seq"),
        cancel_requested_at=_where(runs, change.at, "cancel_requested_at"),
        retry_at=None,
    )


def _where(condition: Q, value: object, name: str) -> Case:
    """The value where the condition holds, else what the column has."""
    kind = Task._meta.get_field(name)
    assert isinstance(kind, Field)  # noqa: S101
    return Case(When(condition, then=Value(value)), default=F(name), output_field=kind)


def settle_stopped(change: Change, unstarted: TaskStatus, reason: str) -> None:
    """Tell the event log about `stop_all`, once claims under way are recorded as started."""
    job = change.job
    if not job.pending_tasks and not job.ready_tasks:
        return
    change.set_of(
        {"status": sorted(UNSTARTED)},
        status=unstarted,
        completed_at=change.at,
        reason=reason,
        retry_at=None,
    )
    change.count(TaskStatus.PENDING, unstarted, job.pending_tasks)
    change.count(TaskStatus.READY, unstarted, job.ready_tasks)


def release_dependents(change: Change, ended: Iterable[UUID]) -> list[tuple[UUID, str]]:
    """Count these ends down in their dependents and ready those that wait for nothing more.

    Returns `(task id, engine id)` of the readied ones.
    """
    steps: dict[UUID, int] = {}
    edges = TaskDependency.objects.filter(depends_on_id__in=list(ended))
    for child in edges.values_list("task_id", flat=True):
        steps[child] = steps.get(child, 0) + 1
    by_step: dict[int, list[UUID]] = {}
    for child, step in steps.items():
        by_step.setdefault(step, []).append(child)
    for step, children in by_step.items():
        Task.objects.filter(id__in=children).update(remaining=F("remaining") - step)
    return make_ready(change, Task.objects.filter(id__in=list(steps), remaining=0))


def make_ready(change: Change, tasks: Any) -> list[tuple[UUID, str]]:
    """pending → ready, for those of the queryset that are pending."""
    due = list(tasks.filter(status=TaskStatus.PENDING).values_list("id", "engine_id"))
    ids = [task_id for task_id, _ in due]
    Task.objects.filter(id__in=ids).update(
        status=TaskStatus.READY,
        ready_at=change.at,
        retry_at=None,
        error=None,
        error_code=None,
        seq=change.seq,
    )
    facts = {"status": TaskStatus.READY, "ready_at": change.at, "retry_at": None}
    if len(ids) > SPELLED_OUT or change.sets:
        change.set_of({"ids": [str(task_id) for task_id in ids]}, **facts)
    else:
        for task_id in ids:
            change.task(task_id, **facts)
    change.count(TaskStatus.PENDING, TaskStatus.READY, len(ids))
    return due


def reset(change: Change, ids: list[UUID], before: dict[str, int]) -> None:
    """Any end → pending, for a retry of the job: counters start anew, attempts go on.

    `before` says how many of them were in each status.
    """
    fresh: dict[str, Any] = {
        "status": TaskStatus.PENDING,
        "failures": 0,
        "ready_at": None,
        "started_at": None,
        "completed_at": None,
        "retry_at": None,
        "progress": None,
        "error": None,
        "error_code": None,
        "reason": None,
    }
    for part in range(0, len(ids), 500):
        Task.objects.filter(id__in=ids[part : part + 500]).update(
            **fresh,
            losses=0,
            output=None,
            output_bytes=0,
            cancel_requested_at=None,
            worker=None,
            seq=change.seq,
        )
    change.set_of({"ids": [str(task_id) for task_id in ids]}, worker=None, **fresh)
    for status, number in before.items():
        change.count(status, TaskStatus.PENDING, number)
