"""What attempts hold on cards: their peaks, their GPU time, and the usage of their tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest

from apps.tasks.models import Attempt, Task, UsageDelta
from apps.tenants.clock import database_now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.tasks.held import Place
    from apps.workers.cards.holders import Use

GPU = "gpu"
"""The status of a delta that is no end of anything: only its GPU time counts."""


def credit(uses: Mapping[Place, Use]) -> set[Place]:
    """Add what running attempts hold; returns those that still run.

    Each in a transaction of its own: several rows at once could wait for a settlement that waits
    for them.
    """
    return {place for place, use in uses.items() if _credit(place, use)}


def _credit(place: Place, use: Use) -> bool:
    task_id, number = place
    gpu_ms = round(use.gpu_seconds * 1000)
    changes: dict[str, Any] = {"gpu_ms": Coalesce(F("gpu_ms"), 0) + gpu_ms}
    if use.used_mb is not None:
        peak = Coalesce(F("gpu_memory_peak_mb"), 0)
        changes["gpu_memory_peak_mb"] = Greatest(peak, use.used_mb)
    with transaction.atomic():
        attempts = Attempt.objects.filter(task_id=task_id, number=number)
        if not attempts.filter(ended_at=None).update(**changes):
            return False
        task = Task.objects.only("tenant_id", "job_id", "engine_id").get(id=task_id)
        UsageDelta.objects.create(
            at=database_now(),
            tenant_id=task.tenant_id,
            job_id=task.job_id,
            engine_id=task.engine_id,
            status=GPU,
            gpu_ms=gpu_ms,
        )
    return True
