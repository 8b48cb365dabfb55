"""The rows of a new job: one statement on PostgreSQL, whatever it has of tasks."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from uuid_utils.compat import uuid7

from apps.jobs.models import Job
from apps.jobs.transitions import Change, tell
from apps.tasks.engines.registry import registry
from apps.tasks.status import TaskStatus
from apps.tenants import audit, sql
from apps.tenants.clock import database_now

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from apps.tasks.graph import TaskSpec
    from apps.tasks.submit import Submission
    from apps.tenants.audit import Actor
    from apps.tenants.models import Tenant

_JOB = """
WITH ROWS r(id uuid, tenant_id uuid, name text, pipeline text, status text, priority int,
  parameters text, seq int, at timestamptz, created_by text, total int, pending int, ready int)
INSERT INTO jobs_job (id, tenant_id, name, pipeline, status, priority, parameters, seq,
  created_at, created_by, changed_at, raised_by, total_tasks, pending_tasks, ready_tasks,
  running_tasks, completed_tasks, failed_tasks, skipped_tasks, cancelled_tasks)
SELECT id, tenant_id, name, pipeline, status, priority, parameters::jsonb, seq, at, created_by,
  at, '', total, pending, ready, 0, 0, 0, 0, 0 FROM r RETURNING 1
"""

_LABELS = """
WITH ROWS r(job_id uuid, tenant_id uuid, name text, value text)
INSERT INTO jobs_joblabel (job_id, tenant_id, name, value)
SELECT job_id, tenant_id, name, value FROM r RETURNING 1
"""

_ENGINES = """
WITH ROWS r(job_id uuid, tenant_id uuid, engine_id text)
INSERT INTO jobs_jobengine (job_id, tenant_id, engine_id)
SELECT job_id, tenant_id, engine_id FROM r RETURNING 1
"""

_TASKS = """
WITH ROWS r(id uuid, job_id uuid, tenant_id uuid, position int, key text, stage text,
  engine_id text, status text, ready_at timestamptz, required boolean, priority int, config text,
  max_retries int, timeout_seconds float8, remaining int, map_spec text)
INSERT INTO tasks_task (id, job_id, tenant_id, position, key, stage, engine_id, status, ready_at,
  required, priority, config, max_retries, timeout_seconds, remaining, map_spec, seq, attempt,
  failures, losses, output_bytes)
SELECT id, job_id, tenant_id, position, key, stage, engine_id, status, ready_at, required,
  priority, config::jsonb, max_retries, timeout_seconds, remaining, map_spec::jsonb, 1, 0, 0, 0, 0
FROM r RETURNING 1
"""

_EDGES = """
WITH ROWS r(task_id uuid, depends_on_id uuid)
INSERT INTO tasks_taskdependency (task_id, depends_on_id) SELECT task_id, depends_on_id FROM r
RETURNING 1
"""


def store(
    tenant: Tenant,
    job_id: UUID,
    submission: Submission,
    specs: Sequence[TaskSpec],
    actor: Actor,
    **cloned: str,
) -> Job:
    """Store a job with its tasks, its first event and its entry in the trail. The end of the
    caller's transaction travels along: nothing may follow in it.
    """
    job = _job(tenant, job_id, submission, specs, actor)
    change = Change(job, job.created_at, actor.name)
    change.put(status=job.status, created_at=job.created_at)
    change.set_of({"dependencies": 0}, status=TaskStatus.READY, ready_at=job.created_at)
    event = tell([change], "job.submitted")
    owner = {"job_id": sql.uuid_in(job_id), "tenant_id": sql.uuid_in(tenant.id)}
    labels = [{**owner, "name": name, "value": value} for name, value in submission.labels.items()]
    engines = sorted({spec.engine_id for spec in specs})
    ids = {spec.key: uuid7().hex for spec in specs}
    inserts: tuple[tuple[str, list[dict[str, Any]]], ...] = (
        (_JOB, [_job_row(job)]),
        (_LABELS, labels),
        (_ENGINES, [{**owner, "engine_id": engine_id} for engine_id in engines]),
        (_TASKS, [owner | row for row in _task_rows(job, specs, ids)]),
        (_EDGES, list(_edge_rows(specs, ids))),
    )
    sql.together(
        *((text, [sql.rows(values)]) for text, values in inserts if values),
        event,
        audit.statement(
            actor,
            "clone" if cloned else "submit",
            job,
            tenant=tenant,
            after={"name": job.name, **cloned},
        ),
        last=True,
    )
    job._state.adding = False
    return job


def _job(
    tenant: Tenant,
    job_id: UUID,
    submission: Submission,
    specs: Sequence[TaskSpec],
    actor: Actor,
) -> Job:
    now = database_now()
    roots = sum(1 for spec in specs if not spec.depends_on)
    return Job(
        id=job_id,
        tenant=tenant,
        name=submission.name,
        pipeline=submission.pipeline,
        priority=submission.priority,
        parameters=submission.parameters,
        created_at=now,
        created_by=actor.name,
        changed_at=now,
        total_tasks=len(specs),
        pending_tasks=len(specs) - roots,
        ready_tasks=roots,
    )


def _job_row(job: Job) -> dict[str, Any]:
    return {
        "id": sql.uuid_in(job.id),
        "tenant_id": sql.uuid_in(job.tenant_id),
        "name": job.name,
        "pipeline": job.pipeline,
        "status": job.status,
        "priority": job.priority,
        "parameters": sql.json_in(job.parameters),
        "seq": job.seq,
        "at": sql.time_in(job.created_at),
        "created_by": job.created_by,
        "total": job.total_tasks,
        "pending": job.pending_tasks,
        "ready": job.ready_tasks,
    }


def _task_rows(
    job: Job, specs: Sequence[TaskSpec], ids: dict[str, str]
) -> Iterable[dict[str, Any]]:
    engines = registry().engines
    ready_at = sql.time_in(job.created_at)
    for position, spec in enumerate(specs):
        yield {
            "id": ids[spec.key],
            "position": position,
            "key": spec.key,
            "stage": spec.stage or engines[spec.engine_id].stage,
            "engine_id": spec.engine_id,
            "status": TaskStatus.PENDING if spec.depends_on else TaskStatus.READY,
            "ready_at": None if spec.depends_on else ready_at,
            "required": spec.required,
            "priority": job.priority if spec.priority is None else spec.priority,
            "config": sql.json_in(spec.config),
            "max_retries": spec.max_retries,
            "timeout_seconds": spec.timeout_seconds,
            "remaining": len(spec.depends_on),
            "map_spec": sql.json_in(asdict(spec.map)) if spec.map else None,
        }


def _edge_rows(specs: Sequence[TaskSpec], ids: dict[str, str]) -> Iterable[dict[str, Any]]:
    for spec in specs:
        for needed in spec.depends_on:
            yield {"task_id": ids[spec.key], "depends_on_id": ids[needed]}
