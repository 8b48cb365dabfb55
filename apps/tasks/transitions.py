"""The moves of tasks, under their job's lock; each writes rows and records them in the change."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Case, F, Field, Q, Value, When

from apps.tasks.held import RELEASE, Held, Move
from apps.tasks.models import Task
from apps.tasks.status import MOVES, UNSTARTED, AttemptOutcome, TaskStatus
from apps.tenants import sql

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


def backoff_seconds(failures: int) -> float:
    """1 s doubled per failure, give or take 20 %, at most 300 s."""
    wait = BACKOFF_FIRST_SECONDS * 2.0 ** (failures - 1)
    jitter = random.uniform(1 - BACKOFF_JITTER, 1 + BACKOFF_JITTER)  # noqa: S311
    return min(wait * jitter, BACKOFF_LONGEST_SECONDS)


def complete(change: Change, held: Held, output: object, output_bytes: int) -> Move:
    """running → completed, with its output."""
    change.count(TaskStatus.RUNNING, TaskStatus.COMPLETED)
    facts = {"completed_at": change.at, "progress": 1.0}
    change.task(held.id, status=TaskStatus.COMPLETED, error=None, error_code=None, **facts)
    return _move(
        change,
        held,
        TaskStatus.COMPLETED,
        AttemptOutcome.COMPLETED,
        output=None if output is None else sql.json_in(output),
        output_bytes=output_bytes,
        **facts,
    )


def fail(change: Change, held: Held, outcome: AttemptOutcome, error: str, error_code: str) -> Move:
    """running → failed, for good. A required task takes its job along."""
    lost = outcome is AttemptOutcome.LOST
    counters = {"losses": held.losses + 1} if lost else {"failures": held.failures + 1}
    facts = {"completed_at": change.at, "error": error, "error_code": error_code or None}
    change.count(TaskStatus.RUNNING, TaskStatus.FAILED)
    shown = {name: value for name, value in counters.items() if name == "failures"}
    change.task(held.id, status=TaskStatus.FAILED, **facts, **shown)
    return _move(
        change, held, TaskStatus.FAILED, outcome, progress=held.progress, **facts, **counters
    )


def retry_later(
    change: Change, held: Held, outcome: AttemptOutcome, error: str, error_code: str
) -> Move:
    """running → pending: it failed, and is tried again after its back-off."""
    failures = held.failures + 1
    facts = {
        "failures": failures,
        "retry_at": change.at + timedelta(seconds=backoff_seconds(failures)),
    }
    change.count(TaskStatus.RUNNING, TaskStatus.PENDING)
    hidden = {"error": None, "error_code": None, "started_at": None, "progress": None}
    change.task(held.id, status=TaskStatus.PENDING, worker=None, **facts, **hidden)
    facts |= {"error": error, "error_code": error_code or None}
    return _move(change, held, TaskStatus.PENDING, outcome, started_at=None, **facts)


def hand_back(change: Change, held: Held, outcome: AttemptOutcome, *, losses: int = 0) -> Move:
    """running → ready: its worker died or stopped; no failure is counted."""
    change.count(TaskStatus.RUNNING, TaskStatus.READY)
    facts = {"ready_at": change.at, "started_at": None, "progress": None}
    change.task(held.id, status=TaskStatus.READY, worker=None, **facts)
    return _move(change, held, TaskStatus.READY, outcome, losses=held.losses + losses, **facts)


def cancel_running(change: Change, held: Held, reason: str) -> Move:
    """running → cancelled: its process is gone, or its late report is refused."""
    change.count(TaskStatus.RUNNING, TaskStatus.CANCELLED)
    facts = {"completed_at": change.at, "reason": reason}
    change.task(held.id, status=TaskStatus.CANCELLED, **facts)
    return _move(
        change,
        held,
        TaskStatus.CANCELLED,
        AttemptOutcome.CANCELLED,
        progress=held.progress,
        **facts,
    )


def _move(
    change: Change, held: Held, to: TaskStatus, outcome: AttemptOutcome, **facts: Any
) -> Move:
    kept = {
        "ready_at": held.ready_at,
        "started_at": held.started_at,
        "failures": held.failures,
        "losses": held.losses,
    }
    return Move(held, to, outcome, change.seq, change.at, **(kept | facts))


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


@dataclass
class Released:
    """What ends set free: ready tasks with their engines, and templates that may be expanded."""

    ready: list[tuple[UUID, str]] = field(default_factory=list)
    templates: list[UUID] = field(default_factory=list)


Ends = list[tuple["Change", "list[UUID]"]]
"""Tasks that have ended, by their jobs."""


def release_statement(ends: Ends) -> sql.Statement:
    """Counts these ends down in their dependents and readies those that wait for nothing more."""
    rows = [
        {"id": sql.uuid_in(task_id), "seq": change.seq, "at": sql.time_in(change.at)}
        for change, ended in ends
        for task_id in ended
    ]
    return RELEASE, [sql.rows(rows)]


def foresee(ends: Ends, waiting: Iterable[sql.Row]) -> list[sql.Row]:
    """What the statement will return, from `held.dependents` of at least these ends."""
    ended = {task_id for _, ids in ends for task_id in ids}
    found: dict[UUID, sql.Row] = {}
    for needed, task_id, job_id, engine_id, status, remaining, mapped in waiting:
        if sql.uuid_of(needed) in ended:
            *_, left, _ = found.get(task_id, (remaining, mapped))
            free = left == 1 and status == TaskStatus.PENDING and not mapped
            becomes = TaskStatus.READY if free else status
            found[task_id] = (task_id, job_id, engine_id, becomes, left - 1, mapped)
    return list(found.values())


def has_templates(found: Iterable[sql.Row]) -> bool:
    """Whether a template waits for nothing more."""
    return any(
        mapped and not remaining and status == TaskStatus.PENDING
        for *_, status, remaining, mapped in found
    )


def released(ends: Ends, found: Iterable[sql.Row]) -> dict[UUID, Released]:
    """What the statement set free in each job; told in the jobs' changes."""
    rows: dict[UUID, list[tuple[UUID, str, str]]] = {}
    for task_id, job_id, engine_id, status, remaining, _ in found:
        if not remaining:
            rows.setdefault(sql.uuid_of(job_id), []).append(
                (sql.uuid_of(task_id), engine_id, status)
            )
    freed = {
        job_id: Released(
            [
                (task_id, engine_id)
                for task_id, engine_id, status in of_job
                if status == TaskStatus.READY
            ],
            [task_id for task_id, _, status in of_job if status == TaskStatus.PENDING],
        )
        for job_id, of_job in rows.items()
    }
    for change, _ in ends:
        if change.job.id in freed:
            _tell_ready(change, [task_id for task_id, _ in freed[change.job.id].ready])
    return freed


def make_ready(change: Change, tasks: Any) -> list[tuple[UUID, str]]:
    """pending → ready, for those of the queryset that are pending; a template never is."""
    due = tasks.filter(status=TaskStatus.PENDING, map_spec__isnull=True)
    due = list(due.values_list("id", "engine_id"))
    ids = [task_id for task_id, _ in due]
    Task.objects.filter(id__in=ids).update(
        status=TaskStatus.READY,
        ready_at=change.at,
        retry_at=None,
        error=None,
        error_code=None,
        seq=change.seq,
    )
    _tell_ready(change, ids)
    return due


def _tell_ready(change: Change, ids: list[UUID]) -> None:
    facts = {"status": TaskStatus.READY, "ready_at": change.at, "retry_at": None}
    if len(ids) > SPELLED_OUT or change.sets:
        change.set_of({"ids": [str(task_id) for task_id in ids]}, **facts)
    else:
        for task_id in ids:
            change.task(task_id, **facts)
    change.count(TaskStatus.PENDING, TaskStatus.READY, len(ids))


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
