"""Workers and the machines they run on, as staff see them, in a constant number of queries."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypedDict

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from apps.console.engine_rows import tasks_of
from apps.console.session_rows import HeldSession, empty_in, held_sessions
from apps.tasks.status import TaskStatus
from apps.workers.models import Node, Worker
from apps.workers.standing import is_lost, lost_workers, shown_status
from apps.workers.status import ONLINE, WorkerKind, WorkerStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime
    from uuid import UUID

    from apps.tasks.models import Task
    from apps.tenants.models import Tenant

GONE_FOR = timedelta(hours=1)
MOST_GONE = 200
MOST_IN_HAND = 50
_SHOWN = ("worker_id", "job_id", "key", "engine_id", "started_at", "attempt")


class InHand(TypedDict):
    """A task that a worker runs."""

    task_id: UUID
    job_id: UUID
    tenant: str
    key: str
    engine_id: str
    started_at: datetime | None
    attempt: int


class ServedEngine(TypedDict):
    """An engine that a worker serves. `drift`: another online worker runs it defined otherwise."""

    engine_id: str
    slots: int | None
    hash: str | None
    drift: bool


class WorkerRow(TypedDict):
    """A worker. `last_proof_at`: when it last showed that it consumes. `lost`: it fell silent, and
    has neither left in order nor come back.
    """

    id: UUID
    name: str
    kind: str
    node: str
    pid: int | None
    status: str
    lost: bool
    engines: list[ServedEngine]
    slots: int
    in_hand: int
    tasks_in_hand: list[InHand]
    sessions_in_hand: list[HeldSession]
    models: list[str]
    empty_in_seconds: int | None
    started_at: datetime
    last_heartbeat_at: datetime
    last_proof_at: datetime | None
    last_claim_at: datetime | None
    last_finish_at: datetime | None
    canary_at: datetime | None
    lease_until: datetime
    stopped_at: datetime | None
    drain_requested_at: datetime | None
    drain_requested_by: str | None
    drain_deadline_at: datetime | None
    engines_hash: str
    drift: bool
    stale_reports: int


class NodeRow(TypedDict):
    """A machine. `workers` counts those online."""

    name: str
    drain_requested_at: datetime | None
    drain_requested_by: str | None
    workers: int


class Fleet(TypedDict):
    """All workers that are online or were within the hour, and the realtime workers that were lost,
    newest first; and their machines.
    """

    workers: list[WorkerRow]
    nodes: list[NodeRow]


def fleet(tenant: Tenant | None) -> Fleet:
    """The workers with what each has in hand: of all tenants, or of the one that was chosen."""
    workers = _listed()
    return {"workers": _rows(workers, tenant), "nodes": _nodes(workers)}


def worker_row(worker_id: UUID, tenant: Tenant | None) -> WorkerRow:
    """One worker, online or not. Raises Worker.DoesNotExist."""
    worker = Worker.objects.select_related("node").get(id=worker_id)
    online = Worker.objects.filter(status__in=ONLINE).exclude(id=worker_id).select_related("node")
    return _rows([worker, *online], tenant)[0]


def node_row(name: str) -> NodeRow:
    """One machine, also one without workers. Raises Node.DoesNotExist."""
    online = Worker.objects.filter(node_id=name, status__in=ONLINE).count()
    return _node(Node.objects.get(name=name), online)


def _rows(workers: list[Worker], tenant: Tenant | None) -> list[WorkerRow]:
    hashes = _hashes(workers)
    counts, tasks = _in_hand([worker.pk for worker in workers], tenant)
    rows = [
        _row(worker, hashes, counts.get(worker.pk, 0), tasks.get(worker.pk, []))
        for worker in workers
    ]
    _add_sessions({row["id"]: row for row in rows if row["kind"] == WorkerKind.REALTIME}, tenant)
    return rows


def _add_sessions(rows: dict[UUID, WorkerRow], tenant: Tenant | None) -> None:
    """What realtime workers have in hand, and when those that drain will be empty."""
    if not rows:
        return
    held = held_sessions(rows.keys(), tenant)
    draining = [row["id"] for row in rows.values() if row["status"] == WorkerStatus.DRAINING]
    empty = empty_in(draining)
    for worker_id, row in rows.items():
        row["sessions_in_hand"] = held.get(worker_id, [])
        row["empty_in_seconds"] = empty.get(worker_id)


def _listed() -> list[Worker]:
    now = timezone.now()
    workers = Worker.objects.select_related("node")
    online = list(workers.filter(status__in=ONLINE))
    # Apart from each other: those that left must not push one that was lost out of sight.
    lost = list(lost_workers())
    gone = workers.filter(status=WorkerStatus.OFFLINE, lease_until__gte=now - GONE_FOR)
    left = gone.exclude(id__in=[worker.pk for worker in lost]).order_by("-id")[:MOST_GONE]
    return sorted([*online, *lost, *left], key=lambda worker: worker.pk, reverse=True)


def _hashes(workers: Iterable[Worker]) -> dict[str, set[str]]:
    """The definitions that each engine is run with at the moment."""
    found: dict[str, set[str]] = {}
    for worker in workers:
        if worker.status in ONLINE:
            for engine_id, served in worker.engines.items():
                found.setdefault(engine_id, set()).add(served.get("hash") or "")
    return found


def _in_hand(
    worker_ids: Collection[UUID], tenant: Tenant | None
) -> tuple[dict[UUID, int], dict[UUID, list[InHand]]]:
    running = tasks_of(tenant, TaskStatus.RUNNING).filter(worker_id__in=worker_ids)
    counts = dict(running.values_list("worker_id").annotate(number=Count("id")))
    place = Window(RowNumber(), partition_by=F("worker_id"), order_by=F("id").asc())
    first = running.annotate(place=place).filter(place__lte=MOST_IN_HAND)
    tasks: dict[UUID, list[InHand]] = {}
    for task in first.select_related("job__tenant").only(*_SHOWN, "job__tenant__slug"):
        if task.worker_id is not None:
            tasks.setdefault(task.worker_id, []).append(_held(task))
    return counts, tasks


def _held(task: Task) -> InHand:
    return {
        "task_id": task.pk,
        "job_id": task.job_id,
        "tenant": task.job.tenant.slug,
        "key": task.key,
        "engine_id": task.engine_id,
        "started_at": task.started_at,
        "attempt": task.attempt,
    }


def _row(
    worker: Worker, hashes: dict[str, set[str]], in_hand: int, tasks: list[InHand]
) -> WorkerRow:
    now = timezone.now()
    engines = [_served(worker, engine_id, hashes) for engine_id in sorted(worker.engines)]
    proofs = [at for at in (worker.last_claim_at, worker.last_finish_at, worker.canary_at) if at]
    return {
        "id": worker.pk,
        "name": worker.name,
        "kind": worker.kind,
        "node": worker.node_id,
        "pid": worker.pid,
        "status": shown_status(worker, now).value,
        "lost": is_lost(worker, now),
        "engines": engines,
        "slots": worker.capacity,
        "in_hand": in_hand if worker.kind == WorkerKind.BATCH else worker.active,
        "tasks_in_hand": tasks,
        "sessions_in_hand": [],
        "models": list(worker.model_names),
        "empty_in_seconds": None,
        "started_at": worker.started_at,
        "last_heartbeat_at": worker.last_heartbeat_at,
        "last_proof_at": max(proofs, default=None),
        "last_claim_at": worker.last_claim_at,
        "last_finish_at": worker.last_finish_at,
        "canary_at": worker.canary_at,
        "lease_until": worker.lease_until,
        "stopped_at": worker.stopped_at,
        "drain_requested_at": worker.drain_requested_at,
        "drain_requested_by": worker.drain_requested_by or None,
        "drain_deadline_at": worker.drain_deadline_at,
        "engines_hash": worker.engines_hash,
        "drift": any(engine["drift"] for engine in engines),
        "stale_reports": worker.stale_reports,
    }


def _served(worker: Worker, engine_id: str, hashes: dict[str, set[str]]) -> ServedEngine:
    served = worker.engines[engine_id]
    others = hashes.get(engine_id, set()) - {served.get("hash") or ""}
    return {
        "engine_id": engine_id,
        "slots": served.get("slots"),
        "hash": served.get("hash"),
        "drift": worker.status in ONLINE and bool(others),
    }


def _nodes(workers: list[Worker]) -> list[NodeRow]:
    """Machines with a worker in the list, and those that are drained."""
    online: dict[str, int] = {}
    for worker in workers:
        online.setdefault(worker.node_id, 0)
        online[worker.node_id] += worker.status in ONLINE
    return [
        _node(node, online.get(node.name, 0))
        for node in Node.objects.order_by("name")
        if node.name in online or node.drain_requested_at
    ]


def _node(node: Node, online: int) -> NodeRow:
    return {
        "name": node.name,
        "drain_requested_at": node.drain_requested_at,
        "drain_requested_by": node.drain_requested_by or None,
        "workers": online,
    }
