"""The realtime pool: all of it for staff, a tenant's share for the tenant."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypedDict

from django.db.models import Count
from django.utils import timezone

from apps.console.elapsed import version
from apps.console.session_rows import open_sessions
from apps.workers import estimates, told
from apps.workers.models import Worker
from apps.workers.standing import lost_workers, shown_status
from apps.workers.status import ONLINE, WorkerKind, WorkerStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from apps.tenants.models import Tenant


class ModelRow(TypedDict):
    """How many sessions a model has and could have. What follows is for staff, else None: places
    free at ready workers, in how many minutes they are gone at this rate (None: they are not),
    how many workers the rate wants, and how many take sessions. See `estimates.demand`.
    """

    model: str
    capacity: int
    active: int
    free: int | None
    full_in_minutes: float | None
    wants: int | None
    has: int | None


class RealtimeWorkerRow(TypedDict):
    """A realtime worker. `drain_requested_at`: when it was drained itself, not its machine. To a
    tenant `active` counts its own sessions, `last_heartbeat` was then or later (`told.heard`);
    `name` and `drain_requested_at` are None.
    """

    id: UUID
    name: str | None
    endpoint: str
    capacity: int
    active: int
    models: list[str]
    status: str
    last_heartbeat: datetime
    drain_requested_at: datetime | None


class _Unseen(TypedDict):
    name: None
    drain_requested_at: None


class RealtimeStatus(TypedDict):
    """Sessions and room for them, read at `seq`. Offline workers add nothing to the totals."""

    seq: int
    worker_count: int
    total_capacity: int
    active_sessions: int
    utilization: float
    models: list[ModelRow]
    workers: list[RealtimeWorkerRow]


def realtime_status(tenant: Tenant | None) -> RealtimeStatus:
    """The pool as staff see it, or the tenant's share: its quota, else all the room there is."""
    seq = version()
    return _whole(seq) if tenant is None else _share(seq, tenant)


def model_rows() -> list[ModelRow]:
    """Each model with its estimates, as staff see it."""
    return _estimated(_workers())


def _whole(seq: int) -> RealtimeStatus:
    workers = _workers()
    online = _online(workers)
    capacity = sum(worker["capacity"] for worker in online)
    active = sum(worker["active"] for worker in online)
    return {
        "seq": seq,
        "worker_count": len(online),
        "total_capacity": capacity,
        "active_sessions": active,
        "utilization": round(active / capacity, 4) if capacity else 0.0,
        "models": _estimated(workers),
        "workers": workers,
    }


def _share(seq: int, tenant: Tenant) -> RealtimeStatus:
    workers = _workers()
    online = _online(workers)
    capacity = sum(worker["capacity"] for worker in online)
    if tenant.max_sessions is not None:
        capacity = tenant.max_sessions
    by_worker: Counter[UUID] = Counter()
    by_model: Counter[str] = Counter()
    own = open_sessions(tenant).order_by().values_list("worker_id", "model")
    for worker_id, model, number in own.annotate(number=Count("id")):
        by_worker[worker_id] += number
        by_model[model] += number
    active = sum(by_worker.values())
    room = _room(online)
    held = [
        _own(worker, by_worker[worker["id"]]) for worker in workers if worker["id"] in by_worker
    ]
    return {
        "seq": seq,
        "worker_count": len(held),
        "total_capacity": capacity,
        "active_sessions": active,
        "utilization": round(active / capacity, 4) if capacity else 0.0,
        "models": [
            _model(model, min(room[model], capacity), by_model[model])
            for model in sorted(room.keys() | by_model.keys())
        ],
        "workers": held,
    }


def _own(worker: RealtimeWorkerRow, active: int) -> RealtimeWorkerRow:
    """Without what others do there: it is full only by the tenant's own sessions."""
    status = worker["status"]
    if status == WorkerStatus.BUSY and active < worker["capacity"]:
        status = WorkerStatus.READY.value
    heard = told.heard(worker["last_heartbeat"], timezone.now())
    unseen: _Unseen = {"name": None, "drain_requested_at": None}
    return {**worker, "active": active, "status": status, "last_heartbeat": heard, **unseen}


def _room(workers: Iterable[RealtimeWorkerRow]) -> Counter[str]:
    room: Counter[str] = Counter()
    for worker in workers:
        room.update(dict.fromkeys(worker["models"], worker["capacity"]))
    return room


def _model(model: str, capacity: int, active: int) -> ModelRow:
    return {
        "model": model,
        "capacity": capacity,
        "active": active,
        "free": None,
        "full_in_minutes": None,
        "wants": None,
        "has": None,
    }


# For staff ---------------------------------------------------------------------------------------


def _estimated(workers: list[RealtimeWorkerRow]) -> list[ModelRow]:
    """Also the models that only lost workers served: what is missing is not passed over."""
    online = _online(workers)
    counted = open_sessions(None).order_by().values_list("model")
    active: Counter[str] = Counter(dict(counted.annotate(number=Count("id"))))
    room = _room(online)
    served = {model for worker in workers for model in worker["models"]}
    models = sorted(served | active.keys())
    opened = estimates.arrivals(models)
    usual = estimates.usual_lengths(models)
    return [
        _with_estimate(_model(model, room[model], active[model]), online, opened, usual)
        for model in models
    ]


def _with_estimate(
    row: ModelRow,
    online: list[RealtimeWorkerRow],
    opened: Mapping[str, int],
    usual: Mapping[str, float | None],
) -> ModelRow:
    model = row["model"]
    taking = [
        worker for worker in online if model in worker["models"] and worker["status"] in _TAKING
    ]
    capacity = sum(worker["capacity"] for worker in taking)
    found = estimates.demand(
        opened=opened[model],
        usual=usual[model],
        active=row["active"],
        capacity=capacity,
        workers=len(taking),
    )
    free = sum(max(0, worker["capacity"] - worker["active"]) for worker in taking)
    return {
        **row,
        "free": free,
        "full_in_minutes": found.full_in_minutes,
        "wants": found.wants,
        "has": len(taking),
    }


_TAKING = frozenset({WorkerStatus.READY, WorkerStatus.BUSY})


def _online(workers: Iterable[RealtimeWorkerRow]) -> list[RealtimeWorkerRow]:
    return [worker for worker in workers if worker["status"] != WorkerStatus.OFFLINE]


def _workers() -> list[RealtimeWorkerRow]:
    """The workers that are there, and those that were lost."""
    now = timezone.now()
    online = Worker.objects.filter(kind=WorkerKind.REALTIME, status__in=ONLINE)
    found = [*online.select_related("node"), *lost_workers()]
    return [
        {
            "id": worker.pk,
            "name": worker.name,
            "endpoint": worker.endpoint,
            "capacity": worker.capacity,
            "active": worker.active,
            "models": list(worker.model_names),
            "status": shown_status(worker, now).value,
            "last_heartbeat": worker.last_heartbeat_at,
            "drain_requested_at": worker.drain_requested_at,
        }
        for worker in sorted(found, key=lambda worker: worker.name)
    ]
