"""The batch workers that are there, and what they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models.functions import Now

from apps.workers.models import Worker
from apps.workers.status import ONLINE, WorkerKind, WorkerStatus

if TYPE_CHECKING:
    from django.db.models import QuerySet

TAKING = frozenset({WorkerStatus.READY, WorkerStatus.BUSY})


def online_workers() -> QuerySet[Worker]:
    """Batch workers whose lease holds."""
    return Worker.objects.filter(
        kind=WorkerKind.BATCH, status__in=ONLINE, lease_until__gte=Now()
    ).order_by()


def served_engines() -> dict[str, list[str]]:
    """Each engine that some worker here runs, with the statuses of those workers."""
    served: dict[str, list[str]] = {}
    for status, engines in online_workers().values_list("status", "engines"):
        for engine_id in engines:
            served.setdefault(engine_id, []).append(status)
    return served
