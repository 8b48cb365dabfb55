"""The moves of a worker: it registers, renews its lease, stops, or falls silent."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from apps.tenants.clock import database_now
from apps.workers.models import Node, Tick, Worker
from apps.workers.status import ONLINE, WorkerKind, WorkerStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID


def register(
    *,
    name: str,
    node: str,
    boot_id: UUID,
    pid: int,
    engines: Mapping[str, object],
    slots: int,
    lease_seconds: float,
) -> Worker:
    """A batch worker begins its life."""
    now = database_now()
    Node.objects.get_or_create(name=node, defaults={"first_seen_at": now})
    return Worker.objects.create(
        name=name,
        kind=WorkerKind.BATCH,
        node_id=node,
        boot_id=boot_id,
        pid=pid,
        engines=dict(engines),
        capacity=slots,
        started_at=now,
        last_heartbeat_at=now,
        lease_until=now + timedelta(seconds=lease_seconds),
    )


def renew(worker_id: UUID, lease_seconds: float) -> bool:
    """Renew the lease; `False` when the worker was declared offline: it must register anew.

    A lease that ran out while nobody noticed may be renewed: nothing was taken away yet.
    """
    now = database_now()
    return bool(
        Worker.objects.filter(id=worker_id, status__in=ONLINE).update(
            last_heartbeat_at=now, lease_until=now + timedelta(seconds=lease_seconds)
        )
    )


def stop(worker_id: UUID) -> None:
    """The worker leaves in order; it holds nothing any more."""
    now = database_now()
    Worker.objects.filter(id=worker_id, status__in=ONLINE).update(
        status=WorkerStatus.OFFLINE, stopped_at=now, lease_until=now
    )


def expire_silent() -> int:
    """Declare offline every batch worker whose lease ran out; returns how many."""
    return Worker.objects.filter(
        kind=WorkerKind.BATCH, status__in=ONLINE, lease_until__lt=database_now()
    ).update(status=WorkerStatus.OFFLINE)


def expire_predecessors() -> int:
    """Declare offline every batch worker there is: for a start that knows it is alone."""
    return Worker.objects.filter(kind=WorkerKind.BATCH, status__in=ONLINE).update(
        status=WorkerStatus.OFFLINE
    )


def take_tick(name: str, period_seconds: float) -> bool:
    """Whether the caller runs this duty now: true once per period, however many ask."""
    now = database_now()
    slot = int(now.timestamp() // period_seconds)
    if Tick.objects.filter(name=name, slot__lt=slot).update(slot=slot, at=now):
        return True
    if Tick.objects.filter(name=name).exists():
        return False
    _, created = Tick.objects.get_or_create(name=name, defaults={"slot": slot, "at": now})
    return created
