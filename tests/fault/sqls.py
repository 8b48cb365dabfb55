"""Statements of the invariants that only the database can answer; each counts what is wrong."""

from __future__ import annotations

_SILENT = (
    "SELECT count(*) FROM tasks_task t JOIN workers_worker w ON w.id = t.worker_id "
    "WHERE t.status = 'running' AND w.lease_until < "
)

SILENT = {
    "pg": _SILENT + "clock_timestamp() - interval '{seconds} seconds'",
    "sqlite": _SILENT + "strftime('%Y-%m-%d %H:%M:%f', 'now', '-{seconds} seconds')",
}
"""Tasks in the hands of workers whose lease ran out so long ago."""

ONE_TENANT = {
    "tasks_task": (
        "SELECT count(*) FROM tasks_task t JOIN jobs_job j ON j.id = t.job_id "
        "WHERE t.tenant_id <> j.tenant_id"
    ),
    "tasks_taskdependency": (
        "SELECT count(*) FROM tasks_taskdependency d JOIN tasks_task a ON a.id = d.task_id "
        "JOIN tasks_task b ON b.id = d.depends_on_id WHERE a.job_id <> b.job_id"
    ),
    "tasks_taskfile": (
        "SELECT count(*) FROM tasks_taskfile l JOIN tasks_task t ON t.id = l.task_id "
        "JOIN jobs_storedfile f ON f.id = l.file_id WHERE f.tenant_id <> t.tenant_id"
    ),
    "jobs_submitreceipt": (
        "SELECT count(*) FROM jobs_submitreceipt r JOIN jobs_job j ON j.id = r.job_id "
        "WHERE j.tenant_id <> r.tenant_id"
    ),
    "tasks_usagedelta": (
        "SELECT count(*) FROM tasks_usagedelta u JOIN jobs_job j ON j.id = u.job_id "
        "WHERE j.tenant_id <> u.tenant_id"
    ),
    "jobs_bulkitem": (
        "SELECT count(*) FROM jobs_bulkitem i JOIN jobs_bulkaction b ON b.id = i.bulk_id "
        "JOIN jobs_job j ON j.id = i.job_id "
        "WHERE i.result = 'done' AND b.tenant_id IS NOT NULL AND b.tenant_id <> j.tenant_id"
    ),
    "mapped tasks": (
        "SELECT count(*) FROM tasks_task i JOIN tasks_task t ON t.id = i.mapped_from_id "
        "WHERE i.job_id <> t.job_id"
    ),
}
"""By table: rows that lead from one tenant, or one job, into another."""
