"""The moves of a job: under its row's lock, each change with its event."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import F

from apps.jobs.models import Job
from apps.jobs.status import MOVES, TERMINAL, JobStatus
from apps.tenants import hints, sql
from apps.tenants.clock import stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
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
        sql.together(*write_all([self], kind))

    @property
    def happened(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.tasks or self.sets or self.fields)

    @property
    def kind(self) -> str:
        """What the event is called when nobody names it."""
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
_LOCKED = tuple(f.attname for f in Job._meta.concrete_fields if f.attname != "parameters")
_TIMES = tuple(name for name in _LOCKED if name.endswith("_at"))
_ALWAYS_WRITTEN = {"status", "error", "started_at", "completed_at", "failing_at", "total_tasks"}

_LOCK = f"""
WITH ROWS r(id uuid)
SELECT {", ".join(f"j.{name}" for name in _LOCKED)}, clock_timestamp()
FROM jobs_job j WHERE j.id IN (SELECT id FROM r) AND j.deleted_at IS NULL
ORDER BY j.id FOR NO KEY UPDATE OF j
"""  # noqa: S608

_WRITE_JOBS = f"""
WITH ROWS r(id uuid, seq int, changed_at timestamptz, status text, error text,
  started_at timestamptz, completed_at timestamptz, failing_at timestamptz, total_tasks int,
  {", ".join(f"{name} int" for name in _COUNTERS)})
UPDATE jobs_job SET seq = r.seq, changed_at = r.changed_at, status = r.status, error = r.error,
  started_at = r.started_at, completed_at = r.completed_at, failing_at = r.failing_at,
  total_tasks = r.total_tasks, {", ".join(f"{name} = r.{name}" for name in _COUNTERS)}
FROM r WHERE jobs_job.id = r.id RETURNING 1
"""  # noqa: S608

_WRITE_EVENTS = """
WITH ROWS r(job_id uuid, seq int, at timestamptz, type text, actor text, changes text)
INSERT INTO jobs_jobevent (job_id, seq, at, type, actor, changes)
SELECT job_id, seq, at, type, actor, changes::jsonb FROM r RETURNING 1
"""


def write_all(changes: Sequence[Change], kind: str | None = None) -> list[sql.Statement]:
    """The statements that store these jobs with one event each; run them with `sql.together`."""
    for change in changes:
        if rare := change.fields.keys() - _ALWAYS_WRITTEN:
            change.job.save(update_fields=rare)
    event = tell(changes, kind)
    return [(_WRITE_JOBS, [sql.rows([_job_row(change.job) for change in changes])]), event]


def tell(changes: Sequence[Change], kind: str | None = None) -> sql.Statement:
    """Count the next event of each of these jobs; the statement that stores them.

    Once they are committed, whoever looks at these jobs is told.
    """
    for change in changes:
        change.job.seq += 1
        change.job.changed_at = change.at
    news = [(change.job.id, change.job.tenant_id, change.job.seq) for change in changes]
    transaction.on_commit(partial(hints.jobs_changed, news))
    return _WRITE_EVENTS, [sql.rows([_event_row(change, kind) for change in changes])]


def _job_row(job: Job) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(job, name) for name in _COUNTERS}
    row |= {"id": sql.uuid_in(job.id), "seq": job.seq, "status": job.status, "error": job.error}
    row["total_tasks"] = job.total_tasks
    for name in ("changed_at", "started_at", "completed_at", "failing_at"):
        row[name] = sql.time_in(getattr(job, name))
    return row


def _event_row(change: Change, kind: str | None) -> dict[str, Any]:
    told = _plain(change.fields) | {"progress": progress(change.job)}
    changes: dict[str, Any] = {"job": told, "tasks": change.tasks}
    if change.sets:
        changes["sets"] = change.sets
    return {
        "job_id": sql.uuid_in(change.job.id),
        "seq": change.job.seq,
        "at": sql.time_in(change.at),
        "type": kind or change.kind,
        "actor": change.actor,
        "changes": sql.json_in(changes),
    }


def progress(job: Job) -> dict[str, int]:
    """How many tasks of the job are in each status, and in all."""
    counts = {status: int(getattr(job, f"{status}_tasks")) for status in COUNTED}
    return {"total": job.total_tasks} | counts


def lock(ids: Iterable[UUID], actor: str = SYSTEM) -> dict[UUID, Change]:
    """Lock jobs in ascending order of id and open a change for each that is there.

    Must be the first statement that writes or locks in its transaction: every transaction that
    takes several jobs takes them in this order, so none can wait for another in a circle.
    """
    (found,) = sql.batch(lock_statement(ids))
    return changes_of(found, actor)


def lock_statement(ids: Iterable[UUID]) -> sql.Statement:
    """The statement behind `lock`, to be run together with what reads under the lock."""
    return _LOCK, [sql.rows([{"id": sql.uuid_in(job_id)} for job_id in set(ids)])]


def changes_of(found: Sequence[sql.Row], actor: str = SYSTEM) -> dict[UUID, Change]:
    """The changes to jobs that were locked."""
    changes = {}
    for *values, now in found:
        job = _job_of(dict(zip(_LOCKED, values, strict=True)))
        # A later change never carries an earlier time, even when two commits overlap.
        at = max(sql.time_of(now) or job.changed_at, job.changed_at)
        changes[job.id] = Change(job, at, actor)
    return changes


def _job_of(row: dict[str, Any]) -> Job:
    row["id"], row["tenant_id"] = sql.uuid_of(row["id"]), sql.uuid_of(row["tenant_id"])
    for name in _TIMES:
        row[name] = sql.time_of(row[name])
    return Job.from_db(connection.alias, list(row), list(row.values()))


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
    job = change.job
    Job.objects.filter(id=job.id).update(deleted_at=change.at, seq=F("seq"))
    transaction.on_commit(partial(hints.jobs_changed, [(job.id, job.tenant_id, job.seq)]))


def _plain(changes: dict[str, Any]) -> dict[str, Any]:
    return {
        name: stamp(value) if hasattr(value, "isoformat") else value
        for name, value in changes.items()
    }
