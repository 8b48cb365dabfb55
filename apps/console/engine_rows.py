"""Engines with their queues, workers and usual durations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypedDict

from django.db.models import Count, Min
from django.utils import timezone

from apps.console.batch_pool import TAKING, served_engines
from apps.console.elapsed import elapsed_ms
from apps.console.job_rows import visible_jobs
from apps.tasks.engines.registry import registry
from apps.tasks.models import Task
from apps.tasks.status import TaskStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from apps.tenants.models import Tenant

RECENT_JOBS = 50
RECENT_TASKS = 5_000


class EngineRow(TypedDict):
    """An engine. To a tenant every number is its own, and `workers` is None."""

    engine_id: str
    stage: str
    kind: str
    status: str
    queue_depth: int
    running: int
    oldest_wait_ms: int | None
    workers: int | None
    models: Sequence[str]
    p50_ms: int | None
    p95_ms: int | None
    demo: bool


def tasks_of(tenant: Tenant | None, status: TaskStatus) -> QuerySet[Task]:
    """Tasks in an active status, by that status's partial index; None: of all tenants.

    The copied `tenant_id` leads the database to the right part of the index; that the rows are
    the tenant's is decided by their job, as everywhere.
    """
    tasks = Task.objects.filter(status=status)
    return tasks if tenant is None else tasks.of(tenant).filter(tenant_id=tenant.id)


def engine_rows(tenant: Tenant | None) -> list[EngineRow]:
    """All engines, as staff see them or as this tenant does."""
    ready = {
        engine_id: (count, oldest)
        for engine_id, count, oldest in tasks_of(tenant, TaskStatus.READY)
        .values_list("engine_id")
        .annotate(count=Count("id"), oldest=Min("ready_at"))
    }
    running = dict(
        tasks_of(tenant, TaskStatus.RUNNING).values_list("engine_id").annotate(count=Count("id"))
    )
    durations = _recent_durations(tenant)
    served = served_engines()
    now = timezone.now()
    nothing: tuple[int, datetime | None] = (0, None)
    rows: list[EngineRow] = []
    for engine in registry().engines.values():
        queue_depth, oldest = ready.get(engine.engine_id, nothing)
        workers = served.get(engine.engine_id, [])
        taken_ms = sorted(durations.get(engine.engine_id, []))
        rows.append(
            {
                "engine_id": engine.engine_id,
                "stage": engine.stage,
                "kind": engine.kind,
                "status": _status(workers, to_tenant=tenant is not None),
                "queue_depth": queue_depth,
                "running": running.get(engine.engine_id, 0),
                "oldest_wait_ms": elapsed_ms(oldest, now),
                "workers": len(workers) if tenant is None else None,
                "models": engine.models,
                "p50_ms": percentile(taken_ms, 0.50),
                "p95_ms": percentile(taken_ms, 0.95),
                "demo": engine.demo,
            }
        )
    return rows


def percentile(ordered: Sequence[int], share: float) -> int | None:
    """The value that this share of the ordered values does not exceed."""
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else None


def _status(workers: Collection[str], *, to_tenant: bool) -> str:
    if not workers:
        return "unavailable"
    if TAKING.isdisjoint(workers):
        return "unavailable" if to_tenant else "draining"
    return "available" if to_tenant else "ready"


def _recent_durations(tenant: Tenant | None) -> dict[str, list[int]]:
    """How long completed tasks of the newest jobs took, by engine, in milliseconds.

    The newest of each tenant by itself: what others run must not push its own out of the window.
    """
    jobs = visible_jobs() if tenant is None else visible_jobs().of(tenant)
    newest = list(jobs.order_by("-id").values_list("id", flat=True)[:RECENT_JOBS])
    tasks = Task.objects.filter(job_id__in=newest, status=TaskStatus.COMPLETED).order_by("-id")
    durations: dict[str, list[int]] = {}
    columns = tasks.values_list("engine_id", "started_at", "completed_at")
    for engine_id, started_at, completed_at in columns[:RECENT_TASKS]:
        if (taken_ms := elapsed_ms(started_at, completed_at)) is not None:
            durations.setdefault(engine_id, []).append(taken_ms)
    return durations
