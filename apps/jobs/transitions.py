"""The moves of a job: under its row's lock, each change with its event."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import F

from apps.jobs.models import Job, JobEvent
from apps.jobs.status import MOVES, TERMINAL, JobStatus
from apps.tenants.clock import database_now, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

SYSTEM = "system"

COUNTED = ("pending", "ready", "running", "completed", "failed", "skipped", "cancelled")


class InvalidTransition(Exception):
    """The object's status forbids this move; nothing was changed."""


class NotThere(Exception):
    """The job or task does not exist (any more)."""


@dataclass
class Change:
    """What one transaction does to one locked job: counters, moves, and the event that says so.

    Collect with `task`, `set_of`, `count` and the moves; `write` stores the job and its event.
    """

    job: Job
    at: datetime
    actor: str = SYSTEM
    tasks: list[dict[str, Any]] = field(default_factory=list)
    sets: list[dict[str, Any]] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def seq(self) -> int:
        """The event number this change will get."""
        return self.job.seq + 1

    @property
    def stopping(self) -> bool:
        """Nothing of this job may start or be accepted any more."""
        return self.job.status == JobStatus.CANCELLING or self.job.failing_at is not None

    def task(self, task_id: UUID, **changes: object) -> None:
        """Record what became of one task, in the API's names."""
        self.tasks.append({"id": str(task_id), **_plain(changes)})

    def set_of(self, where: dict[str, Any], **changes: object) -> None:
        """Record the same change for many: all tasks `where` names, after the single ones."""
        self.sets.append({"where": where, "changes": _plain(changes)})

    def count(self, source: str, target: str, number: int = 1) -> None:
        """Move tasks from one status counter to another."""
        for status, step in ((source, -number), (target, number)):
            name = f"{status}_tasks"
            setattr(self.job, name, getattr(self.job, name) + step)

    def put(self, **changes: Any) -> None:
        """Set fields of the job."""
        for name, value in changes.items():
            setattr(self.job, name, value)
        self.fields.update(changes)

    def begin(self) -> None:
        """First claim of the job."""
        if self.job.started_at is None:
            self.put(started_at=self.at)
        if self.job.status == JobStatus.PENDING:
            self._move(JobStatus.RUNNING)

    def fail_soon(self, error: str) -> None:
        """A required task is lost for good: the job ends when its last process is gone."""
        self.put(failing_at=self.at, error=error)

    def request_cancel(self) -> None:
        """The job ends when its last process is gone."""
        self._move(JobStatus.CANCELLING)
        self.put(cancel_requested_at=self.at, cancel_requested_by=self.actor)

    def end_if_done(self) -> None:
        """End the job once none of its tasks can move: its status follows from theirs."""
        job = self.job
        if job.pending_tasks or job.ready_tasks or job.running_tasks or job.status in TERMINAL:
            return
        if job.failing_at is not None or job.error is not None:
            self._move(JobStatus.FAILED)
        elif job.cancelled_tasks:
            self._move(JobStatus.CANCELLED)
        else:
            self._move(JobStatus.COMPLETED)
        self.put(completed_at=self.at)

    def reopen(self, error: str | None) -> None:
        """Retry: back to pending, with a clean slate; `error` is what still stands against it."""
        self._move(JobStatus.PENDING)
        self.put(
            started_at=None,
            completed_at=None,
            failing_at=None,
            cancel_requested_at=None,
            cancel_requested_by=None,
            error=error,
        )

    def write(self, kind: str | None = None) -> None:
        """Store the job and the event; without a kind, what happened names it."""
        job = self.job
        job.seq = self.seq
        job.changed_at = self.at
        job.save(update_fields=["seq", "changed_at", *self.fields, *_COUNTERS])
        job_changes = _plain(self.fields) | {"progress": progress(job)}
        changes: dict[str, Any] = {"job": job_changes, "tasks": self.tasks}
        if self.sets:
            changes["sets"] = self.sets
        JobEvent.objects.create(
            job=job,
            seq=job.seq,
            at=self.at,
            type=kind or self._kind(),
            actor=self.actor,
            changes=changes,
        )

    def _kind(self) -> str:
        status = self.fields.get("status")
        if status in TERMINAL:
            return f"job.{status}"
        kinds = {str(task.get("status", "changed")) for task in self.tasks}
        return f"task.{kinds.pop()}" if len(kinds) == 1 else "tasks.changed"

    def _move(self, to: JobStatus) -> None:
        if self.job.status not in MOVES[to]:
            message = f"A job that is {self.job.status} cannot become {to}."
            raise InvalidTransition(message)
        self.put(status=to)


_COUNTERS = [f"{status}_tasks" for status in COUNTED]


def progress(job: Job) -> dict[str, int]:
    """How many tasks of the job are in each status, and in all."""
    counts = {status: int(getattr(job, f"{status}_tasks")) for status in COUNTED}
    return {"total": job.total_tasks} | counts


def lock(ids: Iterable[UUID], actor: str = SYSTEM) -> dict[UUID, Change]:
    """Lock jobs in ascending order of id and open a change for each that is there.

    Must be the first statement that writes or locks in its transaction: every transaction that
    takes several jobs takes them in this order, so none can wait for another in a circle.
    """
    jobs = list(
        Job.objects.select_for_update(no_key=True)
        .filter(id__in=sorted(set(ids)), deleted_at=None)
        .order_by("id")
    )
    now = database_now() if jobs else None
    # A later change never carries an earlier time, even when two machines' commits overlap.
    return {job.id: Change(job, max(now, job.changed_at), actor) for job in jobs if now}


def lock_one(job_id: UUID, actor: str = SYSTEM) -> Change:
    """The same for one job, which must be there."""
    change = lock([job_id], actor).get(job_id)
    if change is None:
        raise NotThere
    return change


def require_active(job: Job) -> None:
    """Nothing may start for a tenant that was switched off."""
    if not job.tenant.active:
        message = "The job's tenant is inactive: nothing of it can start."
        raise InvalidTransition(message)


def bury(change: Change) -> None:
    """Delete: a tombstone now, the rows later, in chunks."""
    if change.job.status not in TERMINAL:
        message = f"A job that is {change.job.status} cannot be deleted: cancel it first."
        raise InvalidTransition(message)
    Job.objects.filter(id=change.job.id).update(deleted_at=change.at, seq=F("seq"))


def _plain(changes: dict[str, Any]) -> dict[str, Any]:
    return {
        name: stamp(value) if hasattr(value, "isoformat") else value
        for name, value in changes.items()
    }
