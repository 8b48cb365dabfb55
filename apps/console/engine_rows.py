"""Engines with their queues, workers and usual durations."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypedDict

from django.core.cache import cache
from django.utils import timezone

from apps.console.batch_pool import TAKING, served_engines
from apps.console.elapsed import elapsed_ms
from apps.tasks.engines.registry import registry
from apps.tasks.histogram import percentile
from apps.tasks.lines import Line, running, waiting
from apps.tasks.models import EnginePause, Task
from apps.tasks.rollups import Sums
from apps.tasks.status import TaskStatus
from apps.tasks.sums import HOUR, By, Span, usage

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.tenants.models import Tenant

LATELY = timedelta(hours=24)
KEPT_SECONDS = 10
MOST_UNFOLDED = 5_000
"""Of what is not folded yet: the next minute has the rest."""


class EngineRow(TypedDict):
    """An engine. To a tenant every number is its own, and `workers` is None.

    `p50_ms`, `p95_ms` and `failure_rate` are of what ended in the last 24 hours.
    """

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
    failure_rate: float | None
    demo: bool


def tasks_of(tenant: Tenant | None, status: TaskStatus) -> QuerySet[Task]:
    """Tasks in an active status, by that status's partial index; None: of all tenants.

    The copied `tenant_id` leads the database to the right part of the index; that the rows are
    the tenant's is decided by their job, as everywhere.
    """
    tasks = Task.objects.filter(status=status)
    if status == TaskStatus.READY:
        tasks = tasks.filter(ready_at__isnull=False)
    return tasks if tenant is None else tasks.of(tenant).filter(tenant_id=tenant.id)


def engine_rows(tenant: Tenant | None) -> list[EngineRow]:
    """All engines, as staff see them or as this tenant does."""
    own = tenant.id if tenant else None
    lines: dict[str, list[Line]] = {}
    for line in waiting(own):
        lines.setdefault(line.engine_id, []).append(line)
    busy = running(own)
    served = served_engines()
    paused = _paused(tenant)
    now = timezone.now()
    lately = _lately(own, now)
    rows: list[EngineRow] = []
    for engine in registry().engines.values():
        waits = lines.get(engine.engine_id, [])
        oldest = min((one.oldest for one in waits if one.oldest), default=None)
        workers = served.get(engine.engine_id, [])
        sums = lately.get(engine.engine_id, Sums())
        rows.append(
            {
                "engine_id": engine.engine_id,
                "stage": engine.stage,
                "kind": engine.kind,
                "status": "paused"
                if engine.engine_id in paused
                else _status(workers, to_tenant=tenant is not None),
                "queue_depth": sum(one.ready for one in waits),
                "running": busy.get(engine.engine_id, 0),
                "oldest_wait_ms": elapsed_ms(oldest, now),
                "workers": len(workers) if tenant is None else None,
                "models": engine.models,
                "p50_ms": percentile(sums.durations, 0.50),
                "p95_ms": percentile(sums.durations, 0.95),
                "failure_rate": _failure_rate(sums),
                "demo": engine.demo,
            }
        )
    return rows


def _paused(tenant: Tenant | None) -> Collection[str]:
    """The engines of which nothing is claimed; for a tenant that is paused itself, all."""
    if tenant is not None and tenant.paused_at is not None:
        return registry().engines
    return set(EnginePause.objects.values_list("engine_id", flat=True))


def _status(workers: Collection[str], *, to_tenant: bool) -> str:
    if not workers:
        return "unavailable"
    if TAKING.isdisjoint(workers):
        return "unavailable" if to_tenant else "draining"
    return "available" if to_tenant else "ready"


def _lately(tenant_id: UUID | None, now: datetime) -> dict[str, Sums]:
    """What the engines' tasks came to in the last 24 hours and the one that goes on.

    Kept for some seconds: a day's figures do not change from one look to the next.
    """
    key = f"lately:{tenant_id}"
    kept: dict[str, Sums] | None = cache.get(key)
    if kept is None:
        span = Span.around(now - LATELY, now + HOUR)
        found = usage(span, tenant_id, By.ENGINE, unfolded=MOST_UNFOLDED)
        kept = {engine_id: group.tasks for (_, engine_id, _), group in found.groups.items()}
        cache.set(key, kept, KEPT_SECONDS)
    return kept


def _failure_rate(sums: Sums) -> float | None:
    """The share of runs that failed, were it for good or to be repeated; not of cancelled ones."""
    failed = sums.failed + sums.retried
    runs = failed + sums.completed
    return round(failed / runs, 4) if runs else None
