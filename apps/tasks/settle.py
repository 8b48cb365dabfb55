"""Settlements: what workers report becomes true, or is refused, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef

from apps.jobs.models import StoredFile
from apps.jobs.transitions import Change, lock
from apps.tasks import transitions
from apps.tasks.models import Attempt, Task, TaskFile
from apps.tasks.status import AttemptOutcome, TaskStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from uuid import UUID

LOSSES_UNTIL_POISON = 3

Verdict = tuple[AttemptOutcome, TaskStatus]
"""How the attempt ended, and where that left its task."""


class Outcome(StrEnum):
    """What a worker says of a claim."""

    STARTED = "started"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    LOST = "lost"
    CANCELLED = "cancelled"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class LeftFile:
    """A file an attempt left, already in the storage at `path`."""

    id: UUID
    name: str
    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Report:
    """One worker's word on one attempt. `final`: no retry may follow. `counted`: a loss counts."""

    task_id: UUID
    job_id: UUID
    attempt: int
    outcome: Outcome
    output: object = None
    output_bytes: int = 0
    error: str = ""
    error_code: str = ""
    final: bool = False
    counted: bool = True
    files: tuple[LeftFile, ...] = ()


@dataclass
class Settled:
    """What a settlement did: engines with new ready work, and reports that came too late."""

    ready: dict[str, int] = field(default_factory=dict)
    stale: list[Report] = field(default_factory=list)

    def add_ready(self, readied: Iterable[tuple[UUID, str]]) -> None:
        for _, engine_id in readied:
            self.ready[engine_id] = self.ready.get(engine_id, 0) + 1


def settle(reports: Sequence[Report]) -> Settled:
    """Settle what workers report, in one transaction with one event per job.

    Lock the jobs; see which reports still hold their task; record starts; move the tasks under
    their fence; release dependents; end the jobs that are done. Times are the database's.
    """
    settled = Settled()
    with transaction.atomic():
        changes = lock(report.job_id for report in reports)
        tasks = _held(reports)
        recorded = _recorded(reports)
        by_job: dict[UUID, list[tuple[Report, Task]]] = {}
        for report in reports:
            task = tasks.get((report.task_id, report.attempt))
            if task is None or report.job_id not in changes:
                settled.stale.append(report)
            else:
                by_job.setdefault(report.job_id, []).append((report, task))
        for job_id, pairs in by_job.items():
            starts = [task for _, task in pairs if task.id not in recorded]
            _settle_job(changes[job_id], pairs, starts, settled)
    return settled


def _held(reports: Sequence[Report]) -> dict[tuple[UUID, int], Task]:
    rows = (
        Task.objects.filter(
            id__in=[report.task_id for report in reports], status=TaskStatus.RUNNING
        )
        .select_related("worker")
        .defer("config", "output")
    )
    return {(task.id, task.attempt): task for task in rows}


def _recorded(reports: Sequence[Report]) -> set[UUID]:
    wanted = {(report.task_id, report.attempt) for report in reports}
    rows = Attempt.objects.filter(task_id__in=[task_id for task_id, _ in wanted])
    return {
        task_id
        for task_id, number in rows.values_list("task_id", "number")
        if (task_id, number) in wanted
    }


def _settle_job(
    change: Change, pairs: list[tuple[Report, Task]], starts: list[Task], settled: Settled
) -> None:
    record_starts(change, starts)
    ended: list[UUID] = []
    broken: list[tuple[Task, str]] = []
    for report, task in pairs:
        status = _settle_one(change, report, task)
        if status is TaskStatus.FAILED and task.required:
            broken.append((task, report.error))
        elif status in (TaskStatus.COMPLETED, TaskStatus.FAILED):
            ended.append(task.id)
    if ended:
        settled.add_ready(transitions.release_dependents(change, ended))
    if broken:
        _doom(change, *broken[0])
    change.end_if_done()
    if change.tasks or change.sets or change.fields:
        change.write()


def _settle_one(change: Change, report: Report, task: Task) -> TaskStatus | None:
    """Where the report left the task; `None` when it moved nothing."""
    if report.outcome is Outcome.STARTED:
        return None
    verdict = _VERDICTS[report.outcome](change, report, task)
    if verdict is None:
        return None
    outcome, status = verdict
    _end_attempt(change, report, task, outcome)
    if status is TaskStatus.COMPLETED:
        _keep_files(change, report, task)
    return status


def _doom(change: Change, task: Task, error: str) -> None:
    change.fail_soon(f"Task {task.key} failed: {error}")
    stop_tasks(change, TaskStatus.SKIPPED, f"Task {task.key} failed.")


def stop_tasks(change: Change, unstarted: TaskStatus, reason: str) -> None:
    """Stop everything of a job: see `transitions.stop_all`. Claims under way show as started."""
    transitions.stop_all(change, unstarted, reason)
    known = Attempt.objects.filter(task_id=OuterRef("id"), number=OuterRef("attempt"))
    running = Task.objects.filter(job_id=change.job.id, status=TaskStatus.RUNNING)
    record_starts(change, list(running.select_related("worker").exclude(Exists(known))))
    transitions.settle_stopped(change, unstarted, reason)


def record_starts(change: Change, tasks: list[Task]) -> None:
    """Write attempts of claimed tasks and say so in the event log."""
    if not tasks:
        return
    change.begin()
    Attempt.objects.bulk_create(
        Attempt(
            task=task,
            number=task.attempt,
            worker_id=task.worker_id,
            started_at=task.started_at or change.at,
        )
        for task in tasks
    )
    Task.objects.filter(id__in=[task.id for task in tasks]).update(seq=change.seq)
    for task in tasks:
        change.task(
            task.id,
            status=TaskStatus.RUNNING,
            attempt=task.attempt,
            started_at=task.started_at,
            worker=task.worker.name if task.worker else None,
        )
    change.count(TaskStatus.READY, TaskStatus.RUNNING, len(tasks))


def _complete(change: Change, report: Report, task: Task) -> Verdict | None:
    if change.stopping:
        return _cancel(change, report, task)
    moved = transitions.complete(change, task, report.output, report.output_bytes)
    return (AttemptOutcome.COMPLETED, TaskStatus.COMPLETED) if moved else None


def _fail(change: Change, report: Report, task: Task) -> Verdict | None:
    if change.stopping:
        return _cancel(change, report, task)
    timed_out = report.outcome is Outcome.TIMED_OUT
    outcome = AttemptOutcome.TIMED_OUT if timed_out else AttemptOutcome.FAILED
    if report.final or task.failures + 1 > task.max_retries:
        moved = transitions.fail(change, task, report.error, report.error_code)
        return (outcome, TaskStatus.FAILED) if moved else None
    moved = transitions.retry_later(change, task, report.error, report.error_code)
    return (outcome, TaskStatus.PENDING) if moved else None


def _lose(change: Change, report: Report, task: Task) -> Verdict | None:
    if change.stopping:
        return _cancel(change, report, task)
    losses = 1 if report.counted else 0
    if task.losses + losses >= LOSSES_UNTIL_POISON:
        moved = transitions.fail(change, task, report.error, "poison", losses=losses)
        return (AttemptOutcome.LOST, TaskStatus.FAILED) if moved else None
    moved = transitions.hand_back(change, task, losses=losses)
    return (AttemptOutcome.LOST, TaskStatus.READY) if moved else None


def _release(change: Change, report: Report, task: Task) -> Verdict | None:
    if change.stopping:
        return _cancel(change, report, task)
    moved = transitions.hand_back(change, task)
    return (AttemptOutcome.CANCELLED, TaskStatus.READY) if moved else None


def _cancel(change: Change, report: Report, task: Task) -> Verdict | None:
    if not change.stopping:
        return _release(change, report, task)
    reason = "Cancelled." if change.job.failing_at is None else "The job failed."
    moved = transitions.cancel_running(change, task, reason)
    return (AttemptOutcome.CANCELLED, TaskStatus.CANCELLED) if moved else None


_VERDICTS: dict[Outcome, Callable[[Change, Report, Task], Verdict | None]] = {
    Outcome.COMPLETED: _complete,
    Outcome.FAILED: _fail,
    Outcome.TIMED_OUT: _fail,
    Outcome.LOST: _lose,
    Outcome.RELEASED: _release,
    Outcome.CANCELLED: _cancel,
}


def _end_attempt(change: Change, report: Report, task: Task, outcome: AttemptOutcome) -> None:
    Attempt.objects.filter(task_id=task.id, number=task.attempt).update(
        ended_at=change.at,
        outcome=outcome,
        error=report.error or None,
        error_code=report.error_code or None,
    )


def _keep_files(change: Change, report: Report, task: Task) -> None:
    files = [
        StoredFile(
            id=left.id,
            tenant_id=change.job.tenant_id,
            name=left.name,
            path=left.path,
            size_bytes=left.size_bytes,
            sha256=left.sha256,
            created_at=change.at,
            completed_at=change.at,
        )
        for left in report.files
    ]
    StoredFile.objects.bulk_create(files)
    TaskFile.objects.bulk_create(
        TaskFile(task=task, attempt=task.attempt, file=file) for file in files
    )
