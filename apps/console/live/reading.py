"""What the hub reads: each function is run in a thread, and returns text ready to be sent."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson

from apps.console.dashboard import dashboard
from apps.console.elapsed import version
from apps.console.event_rows import event_page
from apps.console.gpu_rows import gpu_board
from apps.console.job_rows import COLUMNS, job_detail, job_rows, visible_jobs
from apps.console.live.frames import dump
from apps.console.queue_rows import queue_board
from apps.console.realtime import realtime_status
from apps.console.task_rows import job_tasks
from apps.jobs.status import ACTIVE
from apps.tasks.log_pages import Wanted, read_task
from apps.tasks.models import Task

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from apps.jobs.models import Job
    from apps.tenants.models import Tenant
    from apps.tenants.owned import TenantQuerySet

EVENTS_AT_ONCE = 1_000
LINES_AT_ONCE = 1_000
MOST_ROWS = 100
NEWEST = 50
AGE_STEP_MS = 5_000
"""An age alone is worth a new frame only when it has grown by so much."""


# Jobs --------------------------------------------------------------------------------------------


def jobs_of(tenant: Tenant | None) -> TenantQuerySet[Job]:
    """The jobs that a tenant may see; all for staff who chose none."""
    return visible_jobs() if tenant is None else visible_jobs().of(tenant)


def job_head(job_id: UUID, tenant: Tenant | None) -> int | None:
    """The number of its newest event; None where the tenant has no such job."""
    return jobs_of(tenant).filter(id=job_id).values_list("seq", flat=True).first()


def heads(job_ids: Collection[UUID]) -> dict[UUID, int]:
    """The newest event of each."""
    return dict(visible_jobs().filter(id__in=job_ids).values_list("id", "seq"))


def events_after(job_id: UUID, after: int, *, to_tenant: bool) -> list[tuple[int, bytes]]:
    """The next events with their numbers, at most `EVENTS_AT_ONCE`."""
    found: list[tuple[int, bytes]] = []
    while len(found) < EVENTS_AT_ONCE:
        page = event_page(job_id, found[-1][0] if found else after, to_tenant=to_tenant)
        found += [(event["seq"], dump(event)) for event in page["events"]]
        if page["next"] is None:
            break
    return found


def snapshot(job_id: UUID, *, to_tenant: bool) -> tuple[int, bytes]:
    """A job with all its tasks, and the event they are at least as new as. Raises NotThere."""
    tasks = job_tasks(job_id)
    job = job_detail(job_id, to_tenant=to_tenant)
    return min(tasks["seq"], job["seq"]), dump({"job": job, "tasks": tasks["tasks"]})


def watched_heads(tenant: Tenant | None) -> dict[UUID, int]:
    """The newest event of each job that is likely to change: active ones, and the newest."""
    jobs = jobs_of(tenant)
    active = jobs.filter(status__in=ACTIVE).order_by("-id").values_list("id", "seq")
    return dict([*active[:1000], *jobs.order_by("-id").values_list("id", "seq")[:NEWEST]])


def changed_rows(tenant: Tenant | None, job_ids: Collection[UUID]) -> tuple[int, bytes]:
    """These jobs as a list shows them, those that are gone, and whether there are too many."""
    seq = version()
    more = len(job_ids) > MOST_ROWS
    asked = () if more else job_ids
    rows = job_rows(jobs_of(tenant).filter(id__in=asked).order_by("-id").values(*COLUMNS))
    removed = sorted(set(asked) - {row["id"] for row in rows})
    return seq, dump({"changed": rows, "removed": removed, "more": more})


# Boards ------------------------------------------------------------------------------------------


def board(kind: str, tenant: Tenant | None, *, realtime: bool) -> tuple[int, bytes, str]:
    """The body that GET would answer, its version, and what tells it from another."""
    body: Any
    match kind:
        case "dashboard":
            body = dashboard(tenant, realtime=realtime)
        case "gpus":
            body = gpu_board(tenant)
        case "queue":
            body = queue_board(tenant)
        case _:
            body = realtime_status(tenant)
    return body["seq"], dump(body), fingerprint(body)


def fingerprint(body: Any) -> str:
    """The same for bodies that differ by their version, and by ages of a few seconds, only."""
    return hashlib.sha256(dump(_stable(orjson.loads(dump(body))))).hexdigest()[:32]


def _stable(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _stable(part, key) for key, part in value.items() if key != "seq"}
    if isinstance(value, list):
        return [_stable(part) for part in value]
    return value // AGE_STEP_MS if name.endswith("_ms") and isinstance(value, int) else value


# Logs --------------------------------------------------------------------------------------------


def task_attempt(task_id: UUID, tenant: Tenant | None) -> int | None:
    """The task's current attempt; None where the tenant has no such task."""
    tasks = Task.objects.filter(job__in=jobs_of(tenant))
    return tasks.filter(id=task_id).values_list("attempt", flat=True).first()


def log_lines(task_id: UUID, attempt: int, after: int) -> tuple[int, list[tuple[int, bytes]]]:
    """The next lines of the newest attempt with their numbers; of a later one from its start."""
    newest = Task.objects.filter(id=task_id).values_list("attempt", flat=True).first() or attempt
    after = after if newest == attempt else 0
    page = read_task(task_id, newest, Wanted(), after=after, limit=LINES_AT_ONCE)
    return newest, [(line["n"], dump(line)) for line in page.lines]
