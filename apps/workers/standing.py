"""Where a realtime worker stands: its status follows from facts, under the lock of its row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from apps.tenants import hints
from apps.workers.models import Worker
from apps.workers.status import ONLINE, WorkerKind, WorkerStatus, status_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet


MOST_LOST = 200
"""So many realtime workers that fell silent are shown, the newest first; each until it comes back
or leaves in order, which `DELETE /workers/{name}` does for it.
"""


def hold(worker_id: UUID) -> Worker:
    """The realtime worker with its node, its row locked. Sessions are opened and closed under it.

    Raises Worker.DoesNotExist.
    """
    held = Worker.objects.select_for_update(no_key=True, of=("self",)).select_related("node")
    return held.get(id=worker_id)


def shown_status(worker: Worker, now: datetime) -> WorkerStatus:
    """What it is now. Of a realtime worker from the facts: nobody may have swept yet."""
    if worker.kind == WorkerKind.BATCH:
        return WorkerStatus(worker.status)
    return _from_facts(worker, gone=worker.status not in ONLINE or worker.lease_until < now)


def lost_workers() -> QuerySet[Worker]:
    """Realtime workers that are known to be gone, and have neither left in order nor come back."""
    lost = Worker.objects.filter(
        kind=WorkerKind.REALTIME,
        status=WorkerStatus.OFFLINE,
        stopped_at=None,
        superseded_at=None,
    )
    return lost.select_related("node").order_by("-id")[:MOST_LOST]


def is_lost(worker: Worker, now: datetime) -> bool:
    """Whether it is offline and neither left in order nor was replaced by its next boot."""
    gone = shown_status(worker, now) == WorkerStatus.OFFLINE
    return gone and worker.stopped_at is None and worker.superseded_at is None


def restate(worker: Worker) -> None:
    """Set the status of a held realtime worker after its facts changed; the caller saves it.

    One that is offline stays so: it comes back by a heartbeat, as `online` says.
    """
    worker.status = _from_facts(worker, gone=worker.status not in ONLINE)


def online(worker: Worker) -> None:
    """A heartbeat came: the held worker is there. The caller saves it."""
    worker.status = _from_facts(worker, gone=False)


def offline(worker: Worker) -> None:
    """The held worker is gone, and holds nothing. The caller has closed its sessions."""
    worker.status = WorkerStatus.OFFLINE
    worker.save(update_fields=["status", "lease_until", "stopped_at", "superseded_at"])
    transaction.on_commit(hints.pool_changed)


def _from_facts(worker: Worker, *, gone: bool) -> WorkerStatus:
    told = (worker.drain_requested_at, worker.node.drain_requested_at)
    return status_of(
        gone=gone,
        drained=any(told),
        said=worker.said,
        full=worker.active >= worker.capacity,
    )
