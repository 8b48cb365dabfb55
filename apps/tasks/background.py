"""What Celery carries: bells and ticks. Each returns at once or runs a bounded piece of upkeep."""

from __future__ import annotations

from celery import shared_task

from apps.tasks import bell, worker
from apps.tasks.prune import prune
from apps.tasks.sweep import sweep
from apps.workers.transitions import take_tick

__all__ = ["hear_bell", "prune_once", "sweep_once", "worker"]

SWEEP_SECONDS = 5.0
PRUNE_SECONDS = 3600.0


@shared_task(name="tasks.bell")
def hear_bell(engine_id: str) -> None:
    """An engine has ready work."""
    bell.hear(engine_id)


@shared_task(name="tasks.sweep")
def sweep_once() -> None:
    """The sweep, once per period however many beats call for it."""
    if take_tick("sweep", SWEEP_SECONDS):
        bell.ring(sorted(sweep()))


@shared_task(name="tasks.prune")
def prune_once() -> None:
    """Remove what was deleted or has expired, in chunks."""
    if take_tick("prune", PRUNE_SECONDS):
        prune()
