"""Usage as the API shows it: what ended in a span of time, by tenant, engine or label."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from apps.tasks.histogram import percentile
from apps.tasks.sums import By, Group, usage
from apps.tenants.models import Tenant

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from apps.tasks.sums import Name, Span


class UsageRow(TypedDict):
    """One tenant, engine or label; the two that it is not one of are None.

    Jobs are None for an engine: a job has no engine. Sessions are not measured yet.
    """

    tenant: str | None
    engine_id: str | None
    label: str | None
    jobs: int | None
    jobs_completed: int | None
    jobs_failed: int | None
    jobs_cancelled: int | None
    tasks: int
    tasks_completed: int
    tasks_failed: int
    tasks_cancelled: int
    retries: int
    task_seconds: float
    gpu_seconds: float
    session_minutes: float | None
    duration_p50_ms: int | None
    duration_p95_ms: int | None
    wait_p50_ms: int | None
    wait_p95_ms: int | None


UsageReport = TypedDict(
    "UsageReport",
    {"from": "datetime", "to": "datetime", "by": str, "complete": bool, "results": list[UsageRow]},
)


def usage_report(span: Span, tenant: Tenant | None, by: By) -> UsageReport:
    """What ended, of all tenants or of one; by tenant, one has its row even where nothing did."""
    found = usage(span, tenant.id if tenant else None, by)
    groups = dict(found.groups)
    if tenant is not None and by is By.TENANT:
        groups.setdefault((tenant.id, "", ""), Group())
    slugs = _slugs(groups, tenant)
    rows = [_row(name, group, slugs) for name, group in groups.items()]
    rows.sort(key=lambda row: (row["tenant"] or "", row["engine_id"] or "", row["label"] or ""))
    return {
        "from": span.since,
        "to": span.until,
        "by": by.value,
        "complete": found.complete,
        "results": rows,
    }


def _slugs(groups: dict[Name, Group], tenant: Tenant | None) -> dict[UUID | None, str]:
    if tenant is not None:
        return {tenant.id: tenant.slug, None: tenant.slug}
    wanted = {tenant_id for tenant_id, _, _ in groups if tenant_id is not None}
    return dict(Tenant.objects.filter(id__in=wanted).values_list("id", "slug"))


def _row(name: Name, group: Group, slugs: dict[UUID | None, str]) -> UsageRow:
    tenant_id, engine_id, label = name
    jobs = None if engine_id else group.jobs
    tasks = group.tasks
    return {
        "tenant": slugs.get(tenant_id),
        "engine_id": engine_id or None,
        "label": label or None,
        "jobs": None if jobs is None else jobs.ended,
        "jobs_completed": None if jobs is None else jobs.completed,
        "jobs_failed": None if jobs is None else jobs.failed,
        "jobs_cancelled": None if jobs is None else jobs.cancelled,
        "tasks": tasks.ended,
        "tasks_completed": tasks.completed,
        "tasks_failed": tasks.failed,
        "tasks_cancelled": tasks.cancelled,
        "retries": tasks.retried,
        "task_seconds": tasks.duration_ms / 1000,
        "gpu_seconds": tasks.gpu_ms / 1000,
        "session_minutes": None,
        "duration_p50_ms": percentile(tasks.durations, 0.50),
        "duration_p95_ms": percentile(tasks.durations, 0.95),
        "wait_p50_ms": percentile(tasks.waits, 0.50),
        "wait_p95_ms": percentile(tasks.waits, 0.95),
    }
