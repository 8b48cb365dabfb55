"""Cards by machine as staff see them, with who holds their memory; and their history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from django.utils import timezone

from apps.console.elapsed import elapsed_ms, version
from apps.console.gpu_state import node_states
from apps.tasks.models import Task
from apps.workers.models import Worker

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from apps.console.gpu_state import CardState, NodeState
    from apps.tenants.models import Tenant


class HolderRow(TypedDict):
    """A process on a card. `kind`: an attempt's, that of a host kept warm for its engine, a
    realtime worker's, foreign, or hidden: its machine does not show us the process.
    """

    kind: str
    pid: int
    used_mb: int | None
    tenant: str | None
    job_id: UUID | None
    task_id: str | None
    key: str | None
    attempt: int | None
    engine_id: str | None
    worker_id: str | None
    worker: str | None


class CardRow(TypedDict):
    """A card, or a MIG instance of `mig_parent`. What is not known now is None; `reason` says why
    where that concerns its memory or the whole card.
    """

    uuid: str
    index: int
    name: str
    mig_parent: str | None
    driver: str
    status: str
    reason: str | None
    total_mb: int | None
    used_mb: int | None
    utilization: int | None
    temperature: int | None
    power_w: float | None
    sampled_at: datetime | None
    age_ms: int | None
    first_seen_at: datetime
    last_seen_at: datetime
    holders: list[HolderRow]


class GpuNodeRow(TypedDict):
    """A machine. `status` is `none` where it has no card and never had one."""

    node: str
    status: str
    reason: str | None
    detail: str | None
    driver: str
    driver_version: str | None
    sampled_at: datetime
    age_ms: int | None
    cards: list[CardRow]


class GpuBoard(TypedDict):
    """All machines whose cards were looked at, read at `seq`."""

    seq: int
    nodes: list[GpuNodeRow]


def gpu_board(tenant: Tenant | None) -> GpuBoard:
    """All cards. Where staff have chosen a tenant, other tenants' processes are left out."""
    seq = version()
    nodes = node_states()
    names = _Names([card for node in nodes for card in node.cards], tenant)
    return {"seq": seq, "nodes": [_node_row(node, names) for node in nodes]}


def _node_row(node: NodeState, names: _Names) -> GpuNodeRow:
    looked = node.looked
    now = timezone.now()
    return {
        "node": looked.node_id,
        "status": node.status,
        "reason": looked.reason or None,
        "detail": looked.detail or None,
        "driver": looked.driver,
        "driver_version": looked.driver_version or None,
        "sampled_at": looked.at,
        "age_ms": elapsed_ms(looked.at, now),
        "cards": [_card_row(card, names, now) for card in node.cards],
    }


def _card_row(card: CardState, names: _Names, now: datetime) -> CardRow:
    gpu, known = card.gpu, card.known
    sampled_at = card.sample.at if card.sample else None
    return {
        "uuid": gpu.uuid,
        "index": gpu.index,
        "name": gpu.name,
        "mig_parent": gpu.mig_parent or None,
        "driver": gpu.driver,
        "status": card.status,
        "reason": card.reason or None,
        "total_mb": gpu.total_mb,
        "used_mb": card.used_mb,
        "utilization": known.utilization if known else None,
        "temperature": known.temperature if known else None,
        "power_w": known.power_w if known else None,
        "sampled_at": sampled_at,
        "age_ms": elapsed_ms(sampled_at, now),
        "first_seen_at": gpu.first_seen_at,
        "last_seen_at": gpu.last_seen_at,
        "holders": names.holders(known.holders) if known else [],
    }


class _Names:
    """Whose the processes of these cards are."""

    def __init__(self, cards: Iterable[CardState], tenant: Tenant | None) -> None:
        found = [one for card in cards if card.sample for one in card.sample.holders]
        self._tenant = tenant
        self._tasks = _tasks({one["task_id"] for one in found if one["task_id"]})
        workers = Worker.objects.filter(id__in={one["worker_id"] for one in found} - {None})
        self._workers = {str(key): name for key, name in workers.values_list("id", "name")}

    def holders(self, found: Iterable[dict[str, Any]]) -> list[HolderRow]:
        """The largest first."""
        rows = [self._row(one) for one in found if self._shows(one)]
        return sorted(rows, key=lambda row: (-(row["used_mb"] or 0), row["pid"]))

    def _shows(self, one: dict[str, Any]) -> bool:
        if self._tenant is None or one["task_id"] is None:
            return True
        task = self._tasks.get(one["task_id"])
        return task is not None and task.job.tenant_id == self._tenant.pk

    def _row(self, one: dict[str, Any]) -> HolderRow:
        task = self._tasks.get(one["task_id"] or "")
        return {
            "kind": one["kind"],
            "pid": one["pid"],
            "used_mb": one["used_mb"],
            "tenant": task.job.tenant.slug if task else None,
            "job_id": task.job_id if task else None,
            "task_id": one["task_id"],
            "key": task.key if task else None,
            "attempt": one["attempt"],
            "engine_id": one["engine_id"],
            "worker_id": one["worker_id"],
            "worker": self._workers.get(one["worker_id"] or ""),
        }


def _tasks(ids: set[str]) -> dict[str, Task]:
    found = Task.objects.filter(id__in=ids).select_related("job__tenant")
    shown = found.only("id", "key", "job_id", "job__tenant_id", "job__tenant__slug")
    return {str(task.pk): task for task in shown}
