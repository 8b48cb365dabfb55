"""The realtime pool: all of it for staff, a tenant's share for the tenant."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypedDict

from django.utils import timezone

from apps.workers.models import Worker
from apps.workers.status import WorkerKind, WorkerStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from apps.tenants.models import Tenant

REMEMBERED = timedelta(hours=1)
"""How long a silent worker stays in the list."""


class ModelRow(TypedDict):
    """How many sessions a model has and could have."""

    model: str
    capacity: int
    active: int


class RealtimeWorkerRow(TypedDict):
    """A realtime worker."""

    id: UUID
    endpoint: str
    capacity: int
    active: int
    models: list[str]
    status: str
    last_heartbeat: datetime


class RealtimeStatus(TypedDict):
    """Sessions and room for them. Offline workers add nothing to the totals."""

    worker_count: int
    total_capacity: int
    active_sessions: int
    utilization: float
    models: list[ModelRow]
    workers: list[RealtimeWorkerRow]


def realtime_status(tenant: Tenant | None) -> RealtimeStatus:
    """The pool as staff see it, or the tenant's share: its quota, else all the room there is."""
    workers = _workers()
    online = [worker for worker in workers if worker["status"] != WorkerStatus.OFFLINE]
    capacity = sum(worker["capacity"] for worker in online)
    if tenant is not None and tenant.max_sessions is not None:
        capacity = tenant.max_sessions
    active = sum(worker["active"] for worker in online)
    return {
        "worker_count": len(online) if tenant is None else 0,
        "total_capacity": capacity,
        "active_sessions": active,
        "utilization": round(active / capacity, 4) if capacity else 0.0,
        "models": _models(online, capacity),
        "workers": workers if tenant is None else [],
    }


def _models(online: Iterable[RealtimeWorkerRow], most: int) -> list[ModelRow]:
    room: dict[str, int] = {}
    for worker in online:
        for model in worker["models"]:
            room[model] = room.get(model, 0) + worker["capacity"]
    return [
        {"model": model, "capacity": min(room[model], most), "active": 0} for model in sorted(room)
    ]


def _workers() -> list[RealtimeWorkerRow]:
    """The newest life of each worker that is there or was until recently."""
    now = timezone.now()
    found = Worker.objects.filter(
        kind=WorkerKind.REALTIME, lease_until__gte=now - REMEMBERED, stopped_at=None
    ).order_by("name", "-id")
    rows: dict[str, RealtimeWorkerRow] = {}
    for worker in found:
        silent = worker.lease_until < now
        row: RealtimeWorkerRow = {
            "id": worker.id,
            "endpoint": worker.endpoint,
            "capacity": worker.capacity,
            "active": 0,
            "models": list(worker.model_names),
            "status": WorkerStatus.OFFLINE.value if silent else worker.status,
            "last_heartbeat": worker.last_heartbeat_at,
        }
        rows.setdefault(worker.name, row)
    return list(rows.values())
