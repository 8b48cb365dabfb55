"""Running tasks as a settlement sees them, and the moves that end their attempts, in bulk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apps.tasks.status import MOVES, AttemptOutcome, TaskStatus
from apps.tenants import sql

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from apps.jobs.transitions import Change

Place = tuple["UUID", int]
"""A task and the attempt that fences it."""


@dataclass(slots=True)
class Held:
    """A running task. `recorded`: its start stands in the event log."""

    id: UUID
    job_id: UUID
    attempt: int
    key: str
    required: bool
    engine_id: str
    failures: int
    losses: int
    max_retries: int
    worker_id: UUID | None
    worker: str | None
    ready_at: datetime | None
    started_at: datetime | None
    progress: float | None
    recorded: bool

    @property
    def place(self) -> Place:
        return self.id, self.attempt


@dataclass(slots=True)
class Move:
    """One running task on its way to another status; what is not said is empty afterwards."""

    held: Held
    to: TaskStatus
    outcome: AttemptOutcome
    seq: int
    at: datetime
    completed_at: datetime | None = None
    ready_at: datetime | None = None
    started_at: datetime | None = None
    retry_at: datetime | None = None
    progress: float | None = None
    output: str | None = None
    output_bytes: int = 0
    error: str | None = None
    error_code: str | None = None
    reason: str | None = None
    failures: int = 0
    losses: int = 0


_COLUMNS = """
  t.id, t.job_id, t.attempt, t.key, t.required, t.engine_id, t.failures, t.losses, t.max_retries,
  t.worker_id, w.name, t.ready_at, t.started_at, t.progress, a.number IS NOT NULL
"""

_BY_PLACE = f"""
WITH ROWS r(id uuid, attempt int)
SELECT {_COLUMNS}
FROM r JOIN tasks_task t ON t.id = r.id AND t.attempt = r.attempt
LEFT JOIN workers_worker w ON w.id = t.worker_id
LEFT JOIN tasks_attempt a ON a.task_id = t.id AND a.number = t.attempt
WHERE t.status = 'running'
FOR NO KEY UPDATE OF t
"""  # noqa: S608

_DEPENDENTS = """
WITH ROWS r(id uuid)
SELECT d.depends_on_id, t.id, t.job_id, t.engine_id, t.status, t.remaining, t.map_spec IS NOT NULL
FROM r JOIN tasks_taskdependency d ON d.depends_on_id = r.id JOIN tasks_task t ON t.id = d.task_id
"""

_BY_JOB = f"""
SELECT {_COLUMNS}
FROM tasks_task t
LEFT JOIN workers_worker w ON w.id = t.worker_id
LEFT JOIN tasks_attempt a ON a.task_id = t.id AND a.number = t.attempt
WHERE t.job_id = %s AND t.status = 'running'
"""  # noqa: S608

_MOVE = """
WITH ROWS r(id uuid, attempt int, status text, completed_at timestamptz, ready_at timestamptz,
  started_at timestamptz, retry_at timestamptz, progress float8, output text, output_bytes int,
  error text, error_code text, reason text, failures int, losses int, seq int)
UPDATE tasks_task SET status = r.status, completed_at = r.completed_at, ready_at = r.ready_at,
  started_at = r.started_at, retry_at = r.retry_at, progress = r.progress,
  output = r.output::jsonb, output_bytes = r.output_bytes, error = r.error,
  error_code = r.error_code, reason = r.reason, failures = r.failures, losses = r.losses,
  seq = r.seq, worker_id = NULL, cancel_requested_at = NULL
FROM r
WHERE tasks_task.id = r.id AND tasks_task.attempt = r.attempt AND tasks_task.status = 'running'
RETURNING tasks_task.id
"""

RELEASE = """
WITH ROWS r(id uuid, seq int, at timestamptz)
UPDATE tasks_task SET remaining = tasks_task.remaining - s.n,
  status = CASE WHEN tasks_task.remaining = s.n AND tasks_task.status = 'pending'
    AND tasks_task.map_spec IS NULL THEN 'ready' ELSE tasks_task.status END,
  ready_at = CASE WHEN tasks_task.remaining = s.n AND tasks_task.status = 'pending'
    AND tasks_task.map_spec IS NULL THEN s.at ELSE tasks_task.ready_at END,
  seq = CASE WHEN tasks_task.remaining = s.n AND tasks_task.status = 'pending'
    AND tasks_task.map_spec IS NULL THEN s.seq ELSE tasks_task.seq END
FROM (
  SELECT d.task_id, count(*) AS n, max(r.seq) AS seq, max(r.at) AS at
  FROM r JOIN tasks_taskdependency d ON d.depends_on_id = r.id GROUP BY d.task_id
) s
WHERE tasks_task.id = s.task_id
RETURNING tasks_task.id, job_id, engine_id, status, remaining, map_spec IS NOT NULL AS mapped
"""

RECORD = """
WITH ROWS r(task_id uuid, number int, worker_id uuid, started_at timestamptz,
  ended_at timestamptz, outcome text, error text, error_code text, signalled_at timestamptz,
  gone_at timestamptz, freed_at timestamptz, ready_at timestamptz)
INSERT INTO tasks_attempt AS a (task_id, number, worker_id, started_at, ended_at, outcome, error,
  error_code, signalled_at, gone_at, freed_at, ready_at)
SELECT task_id, number, worker_id, started_at, ended_at, outcome, error, error_code, signalled_at,
  gone_at, freed_at, ready_at FROM r WHERE true
ON CONFLICT (task_id, number) DO UPDATE SET ended_at = excluded.ended_at,
  outcome = excluded.outcome, error = excluded.error, error_code = excluded.error_code,
  signalled_at = coalesce(a.signalled_at, excluded.signalled_at),
  gone_at = excluded.gone_at, freed_at = excluded.freed_at
RETURNING 1
"""

MARK_STARTED = """
WITH ROWS r(id uuid, seq int)
UPDATE tasks_task SET seq = r.seq FROM r WHERE tasks_task.id = r.id RETURNING 1
"""

USAGE = """
WITH ROWS r(at timestamptz, tenant_id uuid, job_id uuid, engine_id text, status text,
  wait_ms bigint, duration_ms bigint)
INSERT INTO tasks_usagedelta (at, tenant_id, job_id, engine_id, status, wait_ms, duration_ms)
SELECT at, tenant_id, job_id, engine_id, status, wait_ms, duration_ms FROM r RETURNING 1
"""

_REFUSED = """
WITH ROWS r(task_id uuid, number int)
UPDATE tasks_attempt SET outcome = 'stale' FROM r
WHERE tasks_attempt.task_id = r.task_id AND tasks_attempt.number = r.number
  AND tasks_attempt.outcome = 'lost' RETURNING 1
"""


def held_at(places: Collection[Place]) -> sql.Statement:
    """Reads those of these attempts that still hold their task, and keeps it so until the end of
    the transaction; see `by_place`.
    """
    wanted = [{"id": sql.uuid_in(task), "attempt": attempt} for task, attempt in places]
    return _BY_PLACE, [sql.rows(wanted)]


def dependents(task_ids: Iterable[UUID]) -> sql.Statement:
    """Reads what waits for these tasks: nobody changes it while their jobs are locked."""
    return _DEPENDENTS, [sql.rows([{"id": sql.uuid_in(task_id)} for task_id in task_ids])]


def by_place(found: Iterable[sql.Row]) -> dict[Place, Held]:
    """What `held_at` has read."""
    return {held.place: held for held in map(_held, found)}


def held_of(job_id: UUID) -> list[Held]:
    """What runs of one job."""
    return [_held(row) for row in sql.run(_BY_JOB, job_id)]


def move(moves: Sequence[Move]) -> sql.Statement:
    """Moves running tasks on under their fence."""
    assert all(TaskStatus.RUNNING in MOVES[one.to] for one in moves)  # noqa: S101
    return _MOVE, [sql.rows([_move_row(one) for one in moves])]


def refuse(places: Iterable[Place]) -> None:
    """A result came for attempts that had been given up: they were not lost, but stale."""
    rows = [{"task_id": sql.uuid_in(task), "number": attempt} for task, attempt in places]
    if rows:
        sql.run(_REFUSED, sql.rows(rows))


def start_row(held: Held, change: Change) -> dict[str, Any]:
    """The attempt of a task that was claimed, for `RECORD`."""
    return {
        "task_id": sql.uuid_in(held.id),
        "number": held.attempt,
        "worker_id": sql.uuid_in(held.worker_id),
        "started_at": sql.time_in(held.started_at or change.at),
        "ready_at": sql.time_in(held.ready_at),
    }


def _held(row: sql.Row) -> Held:
    task_id, job_id, *facts = row
    attempt, key, required, engine_id, failures, losses, max_retries, worker_id, *rest = facts
    worker, ready_at, started_at, progress, recorded = rest
    return Held(
        sql.uuid_of(task_id),
        sql.uuid_of(job_id),
        attempt,
        key,
        bool(required),
        engine_id,
        failures,
        losses,
        max_retries,
        None if worker_id is None else sql.uuid_of(worker_id),
        worker,
        sql.time_of(ready_at),
        sql.time_of(started_at),
        progress,
        bool(recorded),
    )


def _move_row(one: Move) -> dict[str, Any]:
    return {
        "id": sql.uuid_in(one.held.id),
        "attempt": one.held.attempt,
        "status": one.to,
        "completed_at": sql.time_in(one.completed_at),
        "ready_at": sql.time_in(one.ready_at),
        "started_at": sql.time_in(one.started_at),
        "retry_at": sql.time_in(one.retry_at),
        "progress": one.progress,
        "output": one.output,
        "output_bytes": one.output_bytes,
        "error": one.error,
        "error_code": one.error_code,
        "reason": one.reason,
        "failures": one.failures,
        "losses": one.losses,
        "seq": one.seq,
    }
