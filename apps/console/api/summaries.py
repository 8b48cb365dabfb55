"""What each operation does, in a line, as the API's documentation lists it."""

from __future__ import annotations

_JOB = "/api/console/jobs/{job_id}"
_TASK = f"{_JOB}/tasks/{{task_id}}"
_FILE = "/api/console/files/{file_id}"

SUMMARIES: dict[tuple[str, str], str] = {
    ("GET", "/api/console/dashboard"): "The figures of the dashboard",
    ("GET", "/api/console/engines"): "Engines, what waits for them and how long they take",
    ("POST", "/api/console/engines/{engine_id}/pause"): "Claim nothing more of an engine (staff)",
    ("POST", "/api/console/engines/{engine_id}/resume"): "Claim an engine's tasks again (staff)",
    ("POST", "/api/console/files"): "Store a file, or begin an upload in parts",
    ("GET", _FILE): "Download a file",
    ("DELETE", _FILE): "Delete a file",
    ("POST", f"{_FILE}/complete"): "End an upload in parts",
    ("GET", f"{_FILE}/info"): "Name, size and hash of a file",
    ("PUT", f"{_FILE}/parts/{{number}}"): "Send one part of an upload",
    ("GET", "/api/console/healthz"): "Whether the process lives",
    ("GET", "/api/console/jobs"): "Jobs, newest first",
    ("POST", "/api/console/jobs"): "Submit a job",
    ("POST", "/api/console/jobs/bulk"): "Cancel, retry or delete many jobs",
    ("GET", "/api/console/jobs/bulk/{bulk_id}"): "How far a bulk action is, and how each job fared",
    ("GET", _JOB): "A job; with wait, as soon as it has ended",
    ("DELETE", _JOB): "Delete a job that has ended",
    ("POST", f"{_JOB}/cancel"): "Cancel a job",
    ("POST", f"{_JOB}/clone"): "Submit the same job again",
    ("GET", f"{_JOB}/events"): "Every change of a job since a number",
    ("GET", f"{_JOB}/logs"): "The log lines of all tasks, in time",
    ("POST", f"{_JOB}/lower"): "Back to its place in its tenant (staff)",
    ("POST", f"{_JOB}/raise"): "Put a job before those of all tenants (staff)",
    ("POST", f"{_JOB}/retry"): "Run again what failed, was skipped or cancelled",
    ("GET", f"{_JOB}/tasks"): "The tasks of a job, with their dependencies",
    ("GET", _TASK): "A task with its attempts, inputs, output and files",
    ("GET", f"{_TASK}/logs"): "The log lines of one attempt",
    ("POST", f"{_TASK}/retry"): "Run one task again, with what hangs on it",
    ("GET", f"{_TASK}/why"): "Why a task is where it is",
    ("GET", "/api/console/me"): "Who is asking, and what they may use",
    ("POST", "/api/console/nodes/{name}/drain"): "Drain all workers of a machine (staff)",
    ("POST", "/api/console/nodes/{name}/resume"): "Let a machine take work again (staff)",
    ("GET", "/api/console/pipelines"): "Pipelines that can be submitted by name",
    ("GET", "/api/console/queue"): "The board: the active jobs that wait longest, by stage",
    ("GET", "/api/console/readyz"): "Whether database, broker, beat and workers are there",
    ("GET", "/api/console/realtime/status"): "Capacity and sessions of the realtime pool",
    ("GET", "/api/console/tenants"): "All tenants (staff)",
    ("POST", "/api/console/tenants/{slug}/pause"): "Claim nothing more of a tenant (staff)",
    ("POST", "/api/console/tenants/{slug}/resume"): "Claim a tenant's tasks again (staff)",
    ("GET", "/api/console/usage"): "What ended in a span of time, by tenant, engine or label",
    ("GET", "/api/console/workers"): "Workers with what they have in hand, and machines (staff)",
    ("POST", "/api/console/workers/{worker_id}/drain"): "Drain a worker (staff)",
    ("POST", "/api/console/workers/{worker_id}/resume"): "Let a worker take work again (staff)",
}
