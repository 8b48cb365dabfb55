"""The moves of a worker: it registers, renews its lease, drains, stops, or falls silent."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Case, Q, Value, When

from apps.tenants import audit, hints
from apps.tenants.clock import database_now
from apps.workers.models import Node, Tick, Worker
from apps.workers.standing import hold, restate
from apps.workers.status import ONLINE, WorkerKind, WorkerStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.tenants.audit import Actor


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
    """A batch worker begins its life; on a node that is drained it drains from the start."""
    now = database_now()
    Node.objects.get_or_create(name=node, defaults={"first_seen_at": now})
    with transaction.atomic():
        drained = _locked_node(node).drain_requested_at is not None
        return Worker.objects.create(
            name=name,
            kind=WorkerKind.BATCH,
            node_id=node,
            boot_id=boot_id,
            pid=pid,
            status=WorkerStatus.DRAINING if drained else WorkerStatus.READY,
            engines=dict(engines),
            capacity=slots,
            started_at=now,
            last_heartbeat_at=now,
            lease_until=now + timedelta(seconds=lease_seconds),
        )


@dataclass(frozen=True, slots=True)
class Proof:
    """What a batch worker says of itself: its status, and how long ago in seconds it last claimed
    a task, finished one, and heard its own canary. `stale`: its results that came too late.
    """

    status: WorkerStatus = WorkerStatus.READY
    claimed_ago: float | None = None
    finished_ago: float | None = None
    canary_ago: float | None = None
    stale: int = 0


def renew(worker_id: UUID, lease_seconds: float, proof: Proof = Proof()) -> bool:
    """Renew the lease; `False` when the worker was declared offline: it must register anew.

    A lease that ran out while nobody noticed may be renewed: nothing was taken away yet.
    """
    now = database_now()
    told_to_drain = When(drain_requested_at__isnull=False, then=Value(WorkerStatus.DRAINING))
    moments = {
        "last_claim_at": proof.claimed_ago,
        "last_finish_at": proof.finished_ago,
        "canary_at": proof.canary_ago,
    }
    return bool(
        Worker.objects.filter(id=worker_id, status__in=ONLINE).update(
            status=Case(told_to_drain, default=Value(proof.status)),
            last_heartbeat_at=now,
            lease_until=now + timedelta(seconds=lease_seconds),
            stale_reports=proof.stale,
            **{
                name: now - timedelta(seconds=ago)
                for name, ago in moments.items()
                if ago is not None
            },
        )
    )


def online_count() -> int:
    """How many batch workers are there."""
    return Worker.objects.filter(kind=WorkerKind.BATCH, status__in=ONLINE).count()


def stop(worker_id: UUID) -> None:
    """The worker leaves in order; it holds nothing any more."""
    now = database_now()
    Worker.objects.filter(id=worker_id, status__in=ONLINE).update(
        status=WorkerStatus.OFFLINE, stopped_at=now, lease_until=now
    )


def expire_silent() -> int:
    """Declare offline every batch worker whose lease ran out; returns how many."""
    silent = Worker.objects.filter(
        kind=WorkerKind.BATCH, status__in=ONLINE, lease_until__lt=database_now()
    )
    with transaction.atomic():
        return _held(silent).update(status=WorkerStatus.OFFLINE)


def expire_predecessors() -> int:
    """Declare offline every batch worker there is: for a start that knows it is alone."""
    return Worker.objects.filter(kind=WorkerKind.BATCH, status__in=ONLINE).update(
        status=WorkerStatus.OFFLINE
    )


# Draining ----------------------------------------------------------------------------------------


_DRAIN = ["drain_requested_at", "drain_requested_by", "drain_deadline_at"]


class WorkerGone(Exception):
    """The worker is offline: it takes no orders."""


def is_draining(worker_id: UUID) -> bool:
    """Whether it should take nothing more: it was told so, or its node was."""
    told = Q(drain_requested_at__isnull=False) | Q(node__drain_requested_at__isnull=False)
    return Worker.objects.filter(told, id=worker_id).exists()


def drain(worker_id: UUID, actor: Actor, deadline_seconds: int | None = None) -> None:
    """Take nothing more; what is in hand goes on. For this life of the worker only.

    The deadline ends the sessions that a realtime worker has left by then. Again changes nothing
    but the deadline, where one is given. Raises Worker.DoesNotExist, WorkerGone.
    """
    with transaction.atomic():
        worker = _locked_worker(worker_id)
        if worker.drain_requested_at is not None and deadline_seconds is None:
            return
        now = database_now()
        if worker.drain_requested_at is None:
            worker.drain_requested_at, worker.drain_requested_by = now, actor.name
        if deadline_seconds is not None:
            worker.drain_deadline_at = now + timedelta(seconds=deadline_seconds)
        worker.save(update_fields=_DRAIN)
        _begin_drain(Worker.objects.filter(id=worker_id))
        after = {"drain_deadline_at": worker.drain_deadline_at} if deadline_seconds else None
        audit.record(actor, "drain", worker, after=after)


def resume(worker_id: UUID, actor: Actor) -> None:
    """Take work again, unless its node is drained. Raises like `drain`."""
    with transaction.atomic():
        worker = _locked_worker(worker_id)
        if worker.drain_requested_at is None:
            return
        before = {"drain_requested_at": worker.drain_requested_at}
        worker.drain_requested_at, worker.drain_requested_by = None, ""
        worker.drain_deadline_at = None
        worker.save(update_fields=_DRAIN)
        _end_drain(Worker.objects.filter(id=worker_id))
        audit.record(actor, "resume", worker, before=before)


def drain_node(name: str, actor: Actor) -> None:
    """All workers of the node take nothing more, nor do those that start on it later.

    Again changes nothing. Raises Node.DoesNotExist.
    """
    with transaction.atomic():
        node = _locked_node(name)
        if node.drain_requested_at is not None:
            return
        node.drain_requested_at, node.drain_requested_by = database_now(), actor.name
        node.save(update_fields=["drain_requested_at", "drain_requested_by"])
        _begin_drain(Worker.objects.filter(node=node))
        audit.record(actor, "drain", node)


def resume_node(name: str, actor: Actor) -> None:
    """Its workers take work again, but those that were drained by themselves. Raises likewise."""
    with transaction.atomic():
        node = _locked_node(name)
        if node.drain_requested_at is None:
            return
        before = {"drain_requested_at": node.drain_requested_at}
        node.drain_requested_at, node.drain_requested_by = None, ""
        node.save(update_fields=["drain_requested_at", "drain_requested_by"])
        _end_drain(Worker.objects.filter(node=node))
        audit.record(actor, "resume", node, before=before)


def _locked_worker(worker_id: UUID) -> Worker:
    worker = Worker.objects.select_for_update(no_key=True).get(id=worker_id)
    if worker.status not in ONLINE:
        raise WorkerGone
    return worker


def _locked_node(name: str) -> Node:
    """Registering and draining take turns: no worker slips in between flag and statuses."""
    return Node.objects.select_for_update(no_key=True).get(name=name)


def _held(workers: QuerySet[Worker]) -> QuerySet[Worker]:
    """The same, their rows locked in the order of their ids: an UPDATE of several has none."""
    ids = list(workers.select_for_update(no_key=True).order_by("id").values_list("id", flat=True))
    return workers.filter(id__in=ids)


def _begin_drain(workers: QuerySet[Worker]) -> None:
    _held(workers.filter(status__in=ONLINE)).update(status=WorkerStatus.DRAINING)
    transaction.on_commit(hints.pool_changed)


def _end_drain(workers: QuerySet[Worker]) -> None:
    realtime = workers.filter(kind=WorkerKind.REALTIME, status__in=ONLINE).order_by("id")
    for worker_id in realtime.values_list("id", flat=True):
        worker = hold(worker_id)
        restate(worker)
        worker.save(update_fields=["status"])
    transaction.on_commit(hints.pool_changed)
    workers.filter(
        kind=WorkerKind.BATCH,
        status=WorkerStatus.DRAINING,
        drain_requested_at=None,
        node__drain_requested_at=None,
    ).update(status=WorkerStatus.READY)


# Ticks -------------------------------------------------------------------------------------------


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


_moments: list[tuple[float, datetime]] = []
"""When this process last looked, on its monotonic clock and on the database's."""


def time_jumped(lease_seconds: float, period_seconds: float) -> bool:
    """Whether time itself has jumped within the last lease, called about once per period.

    Either nobody swept for long (all was stopped, or the database was away), or the database's
    clock and this process's steady one moved by different amounts.
    """
    now = database_now()
    longest = max(lease_seconds / 3, 3 * period_seconds)
    until = now + timedelta(seconds=lease_seconds)
    swept, first = Tick.objects.get_or_create(name="swept", defaults={"at": now})
    gap = abs((now - swept.at).total_seconds())
    drift = _drift(now)
    Tick.objects.filter(name="swept").update(at=now)
    if not first and (gap > longest or drift > longest):
        Tick.objects.update_or_create(name="jumped", defaults={"at": until})
        return True
    return Tick.objects.filter(name="jumped", at__gt=now).exists()


def _drift(now: datetime) -> float:
    moment = time.monotonic()
    before, _moments[:] = list(_moments), [(moment, now)]
    if not before:
        return 0.0
    ((since, then),) = before
    return abs((now - then).total_seconds() - (moment - since))
