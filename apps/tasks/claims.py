"""Claims: the statements through which workers take tasks."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count, F

from apps.tasks.models import Task
from apps.tasks.status import TaskStatus
from apps.tenants.clock import database_now
from apps.tenants.models import Tenant

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Claim:
    """A task this worker holds, at the attempt that fences it."""

    task_id: UUID
    attempt: int
    job_id: UUID
    tenant_id: UUID
    engine_id: str
    key: str
    timeout_seconds: float | None
    config: dict[str, Any]


def claim(worker_id: UUID, engine_id: str, limit: int) -> list[Claim]:
    """Take up to `limit` ready tasks of an engine: the tenant with the least running goes first,
    within a tenant the highest priority, then the oldest. Writes task rows only.
    """
    turns = _turns(engine_id, limit)
    if not turns:
        return []
    with transaction.atomic():
        ids: list[UUID] = []
        for tenant_id, number in turns.items():
            ids += (
                Task.objects.select_for_update(skip_locked=True)
                .filter(engine_id=engine_id, status=TaskStatus.READY, tenant_id=tenant_id)
                .order_by("-priority", "id")
                .values_list("id", flat=True)[:number]
            )
        Task.objects.filter(id__in=ids, status=TaskStatus.READY).update(
            status=TaskStatus.RUNNING,
            attempt=F("attempt") + 1,
            worker_id=worker_id,
            started_at=database_now(),
        )
        rows = Task.objects.filter(id__in=ids).order_by("-priority", "id")
        return [
            Claim(*row)
            for row in rows.values_list(
                "id",
                "attempt",
                "job_id",
                "job__tenant_id",
                "engine_id",
                "key",
                "timeout_seconds",
                "config",
            )
        ]


def _turns(engine_id: str, limit: int) -> dict[UUID, int]:
    """How many tasks each tenant may start now, one at a time to whoever runs the least."""
    waiting = dict(
        Task.objects.filter(engine_id=engine_id, status=TaskStatus.READY)
        .values_list("tenant_id")
        .annotate(number=Count("id"))
    )
    if not waiting:
        return {}
    active = set(Tenant.objects.filter(id__in=waiting, active=True).values_list("id", flat=True))
    running = dict(
        Task.objects.filter(tenant_id__in=active, status=TaskStatus.RUNNING)
        .values_list("tenant_id")
        .annotate(number=Count("id"))
    )
    line = [(running.get(tenant_id, 0), str(tenant_id), tenant_id) for tenant_id in active]
    heapq.heapify(line)
    turns: dict[UUID, int] = {}
    while line and sum(turns.values()) < limit:
        load, name, tenant_id = heapq.heappop(line)
        turns[tenant_id] = turns.get(tenant_id, 0) + 1
        if turns[tenant_id] < waiting[tenant_id]:
            heapq.heappush(line, (load + 1, name, tenant_id))
    return turns
